/* figure_parts.h: what stands behind each row of figures.c: the trainings of a figure, and the
 * numbers of one that needs none, whose tables are written at once. Must not know how a run works
 * or how a figure looks. */
#ifndef SEPARATION_FIGURE_PARTS_H
#define SEPARATION_FIGURE_PARTS_H

#include "figures.h"

/* Every chosen loss on one data set: the runs of a person's own. */
void plan_own(const figure_request *request, const run_data *data, plan_list *plans);

void plan_fig3(const figure_request *request, plan_list *plans);
void plan_fashion(const figure_request *request, plan_list *plans);
void plan_cosface_fig4(const figure_request *request, plan_list *plans);
void plan_constancy(const figure_request *request, plan_list *plans);
/* Besides its trainings: the gaps of features without a network. */
json_t *constancy_free(const figure_request *request);
void plan_sphereface_fig5(const figure_request *request, plan_list *plans);
void plan_amsoftmax_sphere(const figure_request *request, plan_list *plans);
void plan_fig4a(const figure_request *request, plan_list *plans);
void plan_table3(const figure_request *request, plan_list *plans);
void plan_annealing(const figure_request *request, plan_list *plans);
void plan_sweep(const figure_request *request, plan_list *plans);

/* ---- without training: {"chosen": what was chosen where the paper is silent, "curves": [{"label",
 * "loss", the loss's settings, "points": [[x, y], ...]}, ...]} with x and y as said ---- */

/* Target logit / s over theta in degrees: ArcFace's seven losses; AM-Softmax's five. */
json_t *curves_arcface_fig4b(const figure_request *request);
json_t *curves_amsoftmax_psi(const figure_request *request);

/* Where class 1 begins, two classes: theta_2 over theta_1 in degrees. Class 2's boundary is the
 * mirror image. */
json_t *curves_arcface_fig5(const figure_request *request);

/* The same in each panel's own plane: "plane" is "cosine" (cos theta_2 over cos theta_1) or "angle"
 * (degrees). Softmax's curve is the end of its zone of doubt. */
json_t *curves_cosface_fig2(const figure_request *request);

/* Curves have a "panel": "scale" (s over C), "loss" (NormFace's least loss in nat over s), "margin"
 * (CosFace's largest margin over C; where the best spread of the classes is known between two
 * bounds only, "low" and "high" say which a curve is). */
json_t *curves_bounds(const figure_request *request);

/* Angles in degrees over the number of identities: "curves" have a "kind" (nearest: mean angle to
 * the nearest neighbour, exact; closest: closest pair, its pairs taken as independent; asymptotic:
 * the paper's formula for that) and a "dim"; "drawn" is what random directions gave, "speed" how
 * fast. */
json_t *curves_sphere_size(const figure_request *request);

#endif
