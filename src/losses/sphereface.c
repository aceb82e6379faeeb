/* sphereface.c: target logit / s = psi(m theta), a multiplicative angular margin, m >= 1 real;
 * psi(phi) = (-1)^k cos(phi) - 2k with k = floor(phi / pi), so it falls all the way to pi.
 * With lambda the target is (lambda cos(theta) + psi) / (1 + lambda): the paper's annealing. */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    const margin_target t = margin_angular_target(setting, row);
    const double lambda = setting->config->lambda, whole = 1.0 + lambda;
    const margin_target r = {.psi = (lambda * row->angle.cosine + t.psi) / whole,
                             .slope = (t.slope - lambda * row->angle.sine) / whole};
    return r;
}

const margin_loss_row margin_loss_sphereface = {
    .info = {.name = "sphereface",
             .formula = "psi(m theta)",
             .source = "Liu et al., SphereFace, 2017, eq. 7",
             .scale = 64.0,
             .m1 = 1.35,
             .past_pi = MARGIN_PAST_PI_MONOTONE,
             .margin_index = 1,
             .normalised = 1,
             .has_angle = 1,
             .has_lambda = 1},
    .target = target,
};
