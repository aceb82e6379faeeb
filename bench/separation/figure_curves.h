/* figure_curves.h: the figures that need no training: curves of the losses and of the papers'
 * bounds. Each function gives a figure's numbers (see figures.h). Must not know how a figure looks.
 *
 * A figure is {"chosen": what was chosen where the paper is silent, "curves": [{"label", "loss",
 * the loss's settings, "points": [[x, y], ...]}, ...]}; its x and y are said at each function. */
#ifndef SEPARATION_FIGURE_CURVES_H
#define SEPARATION_FIGURE_CURVES_H

#include "figures.h"

/* Target logit / s over theta in degrees: ArcFace's seven losses; AM-Softmax's five. */
json_t *curves_arcface_fig4b(const figure_request *request, char *error, size_t error_size);
json_t *curves_amsoftmax_psi(const figure_request *request, char *error, size_t error_size);

/* Where class 1 begins, two classes: theta_2 over theta_1 in degrees. Class 2's boundary is the
 * mirror image. */
json_t *curves_arcface_fig5(const figure_request *request, char *error, size_t error_size);

/* The same in each panel's own plane: "plane" is "cosine" (cos theta_2 over cos theta_1) or "angle"
 * (degrees). Softmax's curve is the end of its zone of doubt. */
json_t *curves_cosface_fig2(const figure_request *request, char *error, size_t error_size);

/* Curves have a "panel": "scale" (s over C), "loss" (NormFace's least loss in nat over s), "margin"
 * (CosFace's largest margin over C; where the best spread of the classes is known between two
 * bounds only, "low" and "high" say which a curve is). */
json_t *curves_bounds(const figure_request *request, char *error, size_t error_size);

/* Angles in degrees over the number of identities: "curves" have a "kind" (nearest: mean angle to
 * the nearest neighbour, exact; closest: closest pair, its pairs taken as independent; asymptotic:
 * the paper's formula for that) and a "dim"; "drawn" is what random directions gave, "speed" how
 * fast. */
json_t *curves_sphere_size(const figure_request *request, char *error, size_t error_size);

#endif
