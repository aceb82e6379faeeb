/* curves.h: the target-logit curves of the figures. Arithmetic of the library, no measurement. */
#ifndef MARGIN_STABILITY_CURVES_H
#define MARGIN_STABILITY_CURVES_H

#include <jansson.h>

/* psi of every whole degree, and its slope by the cosine, which is null at the ends, where the sine
 * is 0: first the curves of ArcFace's figure 4b, then each past_pi for arcface. */
json_t *curves_json(void);

#endif
