/* normsoftmax.c: target logit / s = cos(theta), embedding and weight normalised, no margin. */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    (void)setting;
    const margin_target r = {.psi = row->angle.cosine, .slope = -row->angle.sine};
    return r;
}

const margin_loss_row margin_loss_normsoftmax = {
    .info = {.name = "normsoftmax",
             .formula = "cos(theta)",
             .source = "Wang et al., NormFace, 2017; ArcFace eq. 2",
             .scale = 64.0,
             .m1 = 1.0,
             .normalised = 1},
    .target = target,
};
