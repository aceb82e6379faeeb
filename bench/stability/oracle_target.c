/* oracle_target.c: psi of every loss, written from the formulas. It must not know batches, softmax
 * or anything of libmargin's sources.
 *
 * With phi = m1 theta + m2: up to pi every angular loss is cos(phi) - m3; past_pi says what
 * follows. Sources: Liu et al., SphereFace (psi, lambda); Wang et al., CosFace; Deng et al.,
 * ArcFace, eq. 3 and 4. */
#include "oracle.h"

typedef struct margins {
    wide m1, m2, m3;
} margins;

/* 1 if the formula of this loss is known here; its margins, those that it has not neutral. */
static int margins_of(const margin_config *config, margins *m)
{
    switch (config->loss) {
    case MARGIN_SOFTMAX:
    case MARGIN_NORMSOFTMAX:
        *m = (margins){1, 0, 0};
        return 1;
    case MARGIN_SPHEREFACE:
        *m = (margins){config->m1, 0, 0};
        return 1;
    case MARGIN_COSFACE:
        *m = (margins){1, 0, config->m3};
        return 1;
    case MARGIN_ARCFACE:
        *m = (margins){1, config->m2, 0};
        return 1;
    case MARGIN_COMBINED:
        *m = (margins){config->m1, config->m2, config->m3};
        return 1;
    default:
        return 0;
    }
}

int oracle_knows(margin_loss loss)
{
    const margin_config config = {.loss = loss};
    margins ignored;
    return margins_of(&config, &ignored);
}

static void angular(margin_past_pi how, margins m, wide c, wide theta, wide *psi, wide *slope)
{
    const wide phi = m.m1 * theta + m.m2;
    const int past = phi > wide_pi();
    if (how == MARGIN_PAST_PI_EASY && c <= 0) {
        *psi = c;
        *slope = -wide_sin(theta);
    } else if (past && how == MARGIN_PAST_PI_MONOTONE) {
        const wide k = wide_floor(phi / wide_pi()), half = k / 2;
        const wide sign = half > wide_floor(half) ? -1 : 1;
        *psi = sign * wide_cos(phi) - 2 * k - m.m3;
        *slope = -sign * m.m1 * wide_sin(phi);
    } else if (past && how == MARGIN_PAST_PI_TAYLOR) {
        *psi = c - m.m2 * wide_sin(m.m2) - m.m3;
        *slope = -wide_sin(theta);
    } else if (past && how == MARGIN_PAST_PI_CLAMP) {
        *psi = -1 - m.m3;
        *slope = 0;
    } else { /* paper also beyond pi, and easy where its margin applies */
        *psi = wide_cos(phi) - m.m3;
        *slope = -m.m1 * wide_sin(phi);
    }
}

int oracle_target(const margin_config *config, wide c, wide theta, wide *psi, wide *slope)
{
    margins m;
    if (!margins_of(config, &m)) return ORACLE_UNKNOWN_LOSS;
    switch (config->loss) {
    case MARGIN_SPHEREFACE:
    case MARGIN_ARCFACE:
    case MARGIN_COMBINED:
        angular(config->past_pi, m, c, theta, psi, slope);
        break;
    default:
        *psi = c - m.m3;
        *slope = -wide_sin(theta);
        break;
    }
    if (config->loss == MARGIN_SPHEREFACE) {
        const wide lambda = config->lambda;
        *psi = (lambda * c + *psi) / (1 + lambda);
        *slope = (lambda * -wide_sin(theta) + *slope) / (1 + lambda);
    }
    if (config->gradient == MARGIN_GRADIENT_DETACHED) *slope = -wide_sin(theta);
    return 0;
}
