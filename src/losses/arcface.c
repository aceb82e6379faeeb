/* arcface.c: target logit / s = cos(theta + m), an additive angular margin; slope -sin(theta + m).
 * Beyond theta = pi - m see margin_past_pi. */
#include "loss.h"

const margin_loss_row margin_loss_arcface = {
    .info = {.name = "arcface",
             .formula = "cos(theta + m)",
             .source = "Deng et al., ArcFace, 2019, eq. 3",
             .scale = 64.0,
             .m1 = 1.0,
             .m2 = 0.5,
             .past_pi = MARGIN_PAST_PI_PAPER,
             .margin_index = 2,
             .normalised = 1,
             .has_angle = 1},
    .target = margin_angular_target,
};
