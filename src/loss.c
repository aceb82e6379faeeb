/* loss.c: the table of losses, what the angular ones share, and the configuration's ranges.
 * It knows no loss by name. */
#include "loss.h"

#include <math.h>
#include <string.h>

#include "dmath.h"
#include "simd/environment.h"
#include "sized.h"

static const margin_loss_row *const rows[MARGIN_LOSS_COUNT] = {
#define MARGIN_LOSS_ROW(id, name) &margin_loss_##name,
    MARGIN_LOSS_TABLE(MARGIN_LOSS_ROW)
#undef MARGIN_LOSS_ROW
};

static const margin_loss_row *row_of(margin_loss loss)
{
    return (unsigned)loss < MARGIN_LOSS_COUNT ? rows[loss] : NULL;
}

const margin_loss_info *margin_loss_get(margin_loss loss)
{
    const margin_loss_row *row = row_of(loss);
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

/* Returns what replaces `paper`, which is cos(phi) and its slope, beyond pi; k = floor(phi / pi).
 */
static margin_target past_pi(margin_past_pi choice, const margin_row *row, int k,
                             margin_target paper)
{
    margin_target r = paper;
    switch (choice) {
    case MARGIN_PAST_PI_MONOTONE: {
        const double sign = k % 2 == 0 ? 1.0 : -1.0;
        r.psi = sign * paper.psi - 2.0 * k;
        r.slope = sign * paper.slope;
        break;
    }
    case MARGIN_PAST_PI_TAYLOR:
        r.psi = row->angle.cosine - row->margins->m2 * row->margins->sine_m2;
        r.slope = -row->angle.sine;
        break;
    case MARGIN_PAST_PI_CLAMP:
        r.psi = -1.0;
        r.slope = 0.0;
        break;
    default:
        break;
    }
    return r;
}

margin_margins margin_margins_of(double m1, double m2, double m3)
{
    margin_margins m = {.m1 = m1, .m2 = m2, .m3 = m3};
    dm_sincos(m2, &m.sine_m2, &m.cosine_m2);
    return m;
}

void margin_set_margin(margin_config *config, double margin)
{
    double *const field[] = {&config->m1, &config->m2, &config->m3};
    *field[rows[config->loss]->info.margin_index - 1] = margin;
}

margin_setting margin_setting_of(const margin_config *config)
{
    const margin_setting setting = {config, margin_margins_of(config->m1, config->m2, config->m3)};
    return setting;
}

margin_geometry margin_geometry_of(const margin_config *config)
{
    if (!rows[config->loss]->info.normalised) return MARGIN_GEOMETRY_RAW;
    return config->feature_norm == MARGIN_FEATURE_NORM_KEEP ? MARGIN_GEOMETRY_KEPT
                                                            : MARGIN_GEOMETRY_UNIT;
}

double margin_theta(const margin_angle *angle)
{
    return dm_atan2(angle->sine, angle->cosine);
}

/* Writes the sine and cosine of phi = m1 theta + m2 to *phi and returns floor(phi / pi). */
static int widened(const margin_margins *m, const margin_angle *angle, margin_angle *phi)
{
    if (m->m1 == 1.0) { /* the sine of a sum: its sign tells on which side of pi phi is */
        phi->sine = angle->sine * m->cosine_m2 + angle->cosine * m->sine_m2;
        phi->cosine = angle->cosine * m->cosine_m2 - angle->sine * m->sine_m2;
        return phi->sine < 0.0;
    }
    const double sum = m->m1 * margin_theta(angle) + m->m2;
    dm_sincos(sum, &phi->sine, &phi->cosine);
    return sum > DM_PI ? (int)floor(sum / DM_PI) : 0;
}

margin_target margin_angular_target(const margin_setting *setting, const margin_row *row)
{
    const margin_past_pi choice = setting->config->past_pi;
    const margin_margins *m = row->margins;
    margin_target r = {.psi = row->angle.cosine, .slope = -row->angle.sine};
    if (choice == MARGIN_PAST_PI_EASY && !(row->angle.cosine > 0.0)) return r;
    if (m->m1 != 1.0 || m->m2 != 0.0) {
        margin_angle phi;
        const int k = widened(m, &row->angle, &phi);
        r.psi = phi.cosine;
        r.slope = -m->m1 * phi.sine;
        if (k > 0) r = past_pi(choice, row, k, r);
    }
    r.psi -= m->m3;
    return r;
}

margin_target margin_target_at(const margin_setting *setting, const margin_row *row)
{
    margin_target r = rows[setting->config->loss]->target(setting, row);
    if (setting->config->gradient == MARGIN_GRADIENT_DETACHED) r.slope = -row->angle.sine;
    return r;
}

/* Returns what is wrong with the margins of `c`: one that the loss does not have must stay neutral.
 */
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
    if (c->products != MARGIN_TYPE_FLOAT32 && c->products != MARGIN_TYPE_BFLOAT16)
        return "products must be float32 or bfloat16";
    if (c->threads < 0 || c->threads > 1024) return "threads must be in [0, 1024]";
    return margins_fault(c, info);
}

static margin_status psi_at(const margin_config *given, double theta, double *psi,
                            double *dpsi_dtheta)
{
    margin_config config;
    if (given == NULL) return MARGIN_ERROR_NULL;
    if (margin_read_config(given, &config) != MARGIN_OK) return MARGIN_ERROR_SIZE;
    if (margin_config_fault(&config) != NULL) return MARGIN_ERROR_CONFIG;
    if (!(theta >= 0.0 && theta <= DM_PI)) return MARGIN_ERROR_CONFIG;
    const margin_setting setting = margin_setting_of(&config);
    margin_row row = {.norm = NAN, .label = -1, .margins = &setting.margins};
    dm_sincos(theta, &row.angle.sine, &row.angle.cosine);
    const margin_target t = margin_target_at(&setting, &row);
    if (psi != NULL) *psi = t.psi;
    if (dpsi_dtheta != NULL) *dpsi_dtheta = t.slope;
    return MARGIN_OK;
}

margin_status margin_psi(const margin_config *config, double theta, double *psi,
                         double *dpsi_dtheta)
{
    margin_environment caller;
    margin_environment_enter(&caller);
    const margin_status status = psi_at(config, theta, psi, dpsi_dtheta);
    margin_environment_leave(&caller);
    return status;
}
