/* cosface.c: target logit / s = cos(theta) - m, an additive cosine margin; slope -sin(theta). */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    (void)setting;
    const margin_target r = {.psi = row->angle.cosine - row->margins->m3,
                             .slope = -row->angle.sine};
    return r;
}

const margin_loss_row margin_loss_cosface = {
    .info = {.name = "cosface",
             .formula = "cos(theta) - m",
             .source = "Wang et al., CosFace, 2018, eq. 4; Wang et al., AM-Softmax, 2018",
             .scale = 64.0,
             .m1 = 1.0,
             .m3 = 0.35,
             .margin_index = 3,
             .normalised = 1},
    .target = target,
};
