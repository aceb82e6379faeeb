/* combined.c: target logit / s = cos(m1 theta + m2) - m3: SphereFace, ArcFace and CosFace in one.
 */
#include "loss.h"

const margin_loss_row margin_loss_combined = {
    .info = {.name = "combined",
             .formula = "cos(m1 theta + m2) - m3",
             .source = "Deng et al., ArcFace, 2019, eq. 4",
             .scale = 64.0,
             .m1 = 1.0,
             .m2 = 0.3,
             .m3 = 0.2,
             .past_pi = MARGIN_PAST_PI_PAPER,
             .margin_index = 4,
             .normalised = 1,
             .has_angle = 1},
    .target = margin_angular_target,
};
