/* figure_plans.h: the trainings behind each figure. Must not know how a run works. */
#ifndef SEPARATION_FIGURE_PLANS_H
#define SEPARATION_FIGURE_PLANS_H

#include "figures.h"

/* Every chosen loss on one data set in two dimensions: the trainings that --data and --loss name. */
void plan_toy(const figure_request *request, const run_data *data, plan_list *plans);

void plan_fig3(const figure_request *request, plan_list *plans);
void plan_fashion(const figure_request *request, plan_list *plans);

#endif
