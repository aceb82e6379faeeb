/* loss.c: the table of losses, what the angular ones share, and the configuration's ranges.
 * It knows no loss by name. */
#include "loss.h"

#include <math.h>
#include <string.h>

#include "dmath.h"

static const margin_loss_row *const rows[MARGIN_LOSS_COUNT] = {
#define MARGIN_LOSS_ROW(id, name) &margin_loss_##name,
    MARGIN_LOSS_TABLE(MARGIN_LOSS_ROW)
#undef MARGIN_LOSS_ROW
};

const margin_loss_row *margin_loss_row_get(margin_loss loss)
{
    return (unsigned)loss < MARGIN_LOSS_COUNT ? rows[loss] : NULL;
}

const margin_loss_info *margin_loss_get(margin_loss loss)
{
    const margin_loss_row *row = margin_loss_row_get(loss);
    return row == NULL ? NULL : &row->info;
}

int margin_loss_find(const char *name, margin_loss *out)
{
    for (unsigned i = 0; name != NULL && i < MARGIN_LOSS_COUNT; i++) {
        if (strcmp(rows[i]->info.name, name) == 0) {
            *out = (margin_loss)i;
            return 1;
        }
    }
    return 0;
}

/* What replaces cos(phi) beyond pi; `slope` is d / d theta. */
static margin_target past_pi(const margin_config *config, const margin_angle *angle, double phi,
                             margin_target paper)
{
    margin_target r = paper;
    switch (config->past_pi) {
    case MARGIN_PAST_PI_MONOTONE: {
        const double k = floor(phi / DM_PI), sign = fmod(k, 2.0) == 0.0 ? 1.0 : -1.0;
        r.psi = sign * paper.psi - 2.0 * k;
        r.slope = sign * paper.slope;
        break;
    }
    case MARGIN_PAST_PI_TAYLOR: {
        double sine, cosine;
        dm_sincos(config->m2, &sine, &cosine);
        r.psi = angle->cosine - config->m2 * sine;
        r.slope = -angle->sine;
        break;
    }
    case MARGIN_PAST_PI_CLAMP:
        r.psi = -1.0;
        r.slope = 0.0;
        break;
    default:
        break;
    }
    return r;
}

margin_target margin_angular_target(const margin_config *config, const margin_angle *angle)
{
    if (config->past_pi == MARGIN_PAST_PI_EASY && !(angle->cosine > 0.0)) {
        const margin_target plain = {angle->cosine, -angle->sine};
        return plain;
    }
    const double phi = config->m1 * angle->theta + config->m2;
    margin_target r = {angle->cosine, -angle->sine};
    if (config->m1 != 1.0 || config->m2 != 0.0) {
        double sine, cosine;
        dm_sincos(phi, &sine, &cosine);
        r.psi = cosine;
        r.slope = -config->m1 * sine;
    }
    if (phi > DM_PI) r = past_pi(config, angle, phi, r);
    r.psi -= config->m3;
    return r;
}

margin_target margin_target_at(const margin_config *config, const margin_angle *angle)
{
    margin_target r = rows[config->loss]->target(config, angle);
    if (config->gradient == MARGIN_GRADIENT_DETACHED) r.slope = -angle->sine;
    return r;
}

/* A margin that the loss does not have must stay neutral. */
static const char *margins_fault(const margin_config *c, const margin_loss_info *info)
{
    const int index = info->margin_index, all = index == 4;
    if (!(c->m1 > 0.0 && c->m1 <= 1000.0)) return "m1 must be in (0, 1000]";
    if (!(c->m2 >= 0.0 && c->m2 < DM_PI)) return "m2 must be in [0, pi)";
    if (!isfinite(c->m3) || fabs(c->m3) > 1e6) return "m3 must be in [-1e6, 1e6]";
    if (index == 1 && c->m1 < 1.0) return "m1 must be at least 1 for this loss";
    if (!all && index != 1 && c->m1 != 1.0) return "this loss has no m1: it must be 1";
    if (!all && index != 2 && c->m2 != 0.0) return "this loss has no m2: it must be 0";
    if (!all && index != 3 && c->m3 != 0.0) return "this loss has no m3: it must be 0";
    return NULL;
}

const char *margin_config_fault(const margin_config *c)
{
    const margin_loss_info *info = margin_loss_get(c->loss);
    if (info == NULL) return "unknown loss";
    if (!(c->scale > 0.0 && c->scale <= 1e9)) return "scale must be in (0, 1e9]";
    if (!(c->lambda >= 0.0 && c->lambda <= 1e9)) return "lambda must be in [0, 1e9]";
    if (c->lambda > 0.0 && !info->has_lambda) return "this loss has no lambda: it must be 0";
    if ((unsigned)c->past_pi >= MARGIN_PAST_PI_COUNT) return "unknown past_pi";
    if ((unsigned)c->gradient >= MARGIN_GRADIENT_COUNT) return "unknown gradient";
    if ((unsigned)c->feature_norm >= MARGIN_FEATURE_NORM_COUNT) return "unknown feature_norm";
    if (c->feature_norm == MARGIN_FEATURE_NORM_KEEP && !info->has_lambda) {
        return "this loss has no feature_norm: it must be fixed";
    }
    if (c->threads < 0 || c->threads > 1024) return "threads must be in [0, 1024]";
    return margins_fault(c, info);
}

margin_status margin_psi(const margin_config *config, double theta, double *psi,
                         double *dpsi_dtheta)
{
    if (config == NULL) return MARGIN_ERROR_NULL;
    if (margin_config_fault(config) != NULL) return MARGIN_ERROR_CONFIG;
    if (!(theta >= 0.0 && theta <= DM_PI)) return MARGIN_ERROR_CONFIG;
    margin_angle angle = {.theta = theta};
    dm_sincos(theta, &angle.sine, &angle.cosine);
    const margin_target t = margin_target_at(config, &angle);
    if (psi != NULL) *psi = t.psi;
    if (dpsi_dtheta != NULL) *dpsi_dtheta = t.slope;
    return MARGIN_OK;
}
