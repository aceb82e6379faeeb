/* curves.h: the target-logit curves of the figures. Arithmetic of the library, no measurement. */
#ifndef MARGIN_STABILITY_CURVES_H
#define MARGIN_STABILITY_CURVES_H

#include <jansson.h>

#include "margin.h"

/* A point of a curve: its figure, the curve's label, psi and its slope at an angle in degrees. */
typedef void (*curve_visitor)(void *context, const char *figure, const char *label,
                              margin_loss loss, int degrees, double psi, double slope);

/* Calls `visit` for every point of curves_json, with NaN for null. */
void visit_curves(curve_visitor visit, void *context);
/* psi of every whole degree, and its slope by the cosine, which is null at the ends, where the sine
 * is 0: first the curves of ArcFace's figure 4b, then each past_pi for arcface. */
json_t *curves_json(void);

#endif
