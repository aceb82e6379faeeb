/* figure_plans.h: the trainings behind each figure. Must not know how a run works. */
#ifndef SEPARATION_FIGURE_PLANS_H
#define SEPARATION_FIGURE_PLANS_H

#include "figures.h"

/* Every chosen loss on one data set: the runs of a person's own. */
void plan_own(const figure_request *request, const run_data *data, plan_list *plans);

void plan_fig3(const figure_request *request, plan_list *plans);
void plan_fashion(const figure_request *request, plan_list *plans);
void plan_cosface_fig4(const figure_request *request, plan_list *plans);
void plan_constancy(const figure_request *request, plan_list *plans);
/* Besides its trainings: the gaps of features without a network. */
json_t *constancy_free(const figure_request *request, char *error, size_t error_size);
void plan_sphereface_fig5(const figure_request *request, plan_list *plans);
void plan_amsoftmax_sphere(const figure_request *request, plan_list *plans);
void plan_fig4a(const figure_request *request, plan_list *plans);
void plan_table3(const figure_request *request, plan_list *plans);
void plan_annealing(const figure_request *request, plan_list *plans);
void plan_sweep(const figure_request *request, plan_list *plans);

/* ---- for those who write such a function ---- */

/* What the command line says of every run: instruction set, epochs, samples, checkpoints. */
void take_options(const figure_request *request, run_plan *plan);
/* One run for each seed; features are kept of the first. */
void add_seeds(const figure_request *request, run_plan plan, size_t features, plan_list *plans);
/* The loss's one margin; nothing for a loss that has none. */
void set_margin(run_plan *plan, double margin);
run_plan toy_plan(const figure_request *request, const run_data *data, margin_loss loss);

#endif
