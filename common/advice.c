/* advice.c: which scale and margin suit a loss (see advice.h). Must not know a loss by name. */
#include "advice.h"

#include <math.h>

#include "bounds.h"
#include "caps.h"

static double psi(const margin_config *config, double theta)
{
    double value = NAN;
    margin_psi(config, theta, &value, NULL);
    return value;
}

/* The loss with `share` of its default margins. */
static margin_config with_share(margin_loss loss, double share)
{
    margin_config config;
    margin_config_init(&config, loss);
    config.m1 = 1.0 + (config.m1 - 1.0) * share;
    config.m2 *= share;
    config.m3 *= share;
    return config;
}

/* Does a sample a quarter of the way to the nearest other class stay right, margin included? */
static int leaves_room(const margin_config *config, double nearest)
{
    return psi(config, 0.25 * nearest) >= cos(0.75 * nearest) - 1e-12;
}

/* To two significant digits, downwards. */
static double rounded_down(double value)
{
    if (!(value > 0.0)) return 0.0;
    const double unit = pow(10.0, floor(log10(value)) - 1.0);
    return floor(value / unit + 1e-9) * unit;
}

static margin_config choose_margin(margin_loss loss, double nearest, int *shrunk)
{
    double low = 0.0, high = 1.0;
    margin_config config = with_share(loss, high);
    *shrunk = !leaves_room(&config, nearest);
    if (!*shrunk) return config;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        config = with_share(loss, middle);
        if (leaves_room(&config, nearest))
            low = middle;
        else
            high = middle;
    }
    config = with_share(loss, low);
    config.m1 = 1.0 + rounded_down(config.m1 - 1.0);
    config.m2 = rounded_down(config.m2);
    config.m3 = rounded_down(config.m3);
    return config;
}

/* The search begins above every answer that there is: cosines are at most 2 apart, and an angle
 * added is below pi, where no class weight is at fault if the nearest is opposite. */
static double margin_limit(margin_loss loss, double nearest)
{
    const int index = margin_loss_get(loss)->margin_index;
    if (index < 1 || index > 3) return NAN;
    margin_config config;
    margin_config_init(&config, loss);
    double *const margin = (double *const[]){&config.m1, &config.m2, &config.m3}[index - 1];
    double low = index == 1 ? 1.0 : 0.0, high = index == 1 ? 100.0 : index == 2 ? 3.14 : 3.0;
    *margin = high;
    if (psi(&config, 0.0) >= cos(nearest)) return NAN;
    for (int i = 0; i < 60; i++) {
        *margin = 0.5 * (low + high);
        if (psi(&config, 0.0) >= cos(nearest))
            low = *margin;
        else
            high = *margin;
    }
    return low;
}

static int centre_reaches(const margin_config *config, size_t dim, double classes, double scale)
{
    const double wanted = log(ADVICE_POSTERIOR / (1.0 - ADVICE_POSTERIOR));
    return scale * psi(config, 0.0) - bound_log_others(dim, classes, scale) >= wanted;
}

/* The logit's lead over all others at a centre grows with s towards s (psi(0) - cos nearest). */
static double centre_scale(const margin_config *config, size_t dim, double classes)
{
    double low = 1e-3, high = 1e9; /* the library's largest */
    if (!centre_reaches(config, dim, classes, high)) return NAN;
    while (high / low > 1.0 + 1e-12) {
        const double middle = sqrt(low * high);
        if (centre_reaches(config, dim, classes, middle))
            high = middle;
        else
            low = middle;
    }
    return high;
}

double advice_nearest(size_t dim, size_t classes)
{
    return packing_least(dim, (double)classes);
}

advice advice_of(margin_loss loss, size_t dim, size_t classes)
{
    const double nearest = advice_nearest(dim, classes), count = (double)classes;
    advice a = {.margin_most = margin_limit(loss, nearest)};
    a.config = choose_margin(loss, nearest, &a.shrunk);
    const double slope = psi(&a.config, 0.25 * M_PI);
    a.scale_centre = centre_scale(&a.config, dim, count);
    a.scale_slope = slope > 0.0 ? log(count - 1.0) / slope : NAN;
    a.config.scale = isnan(a.scale_centre) ? NAN : ceil(fmax(a.scale_centre, a.scale_slope));
    return a;
}

advice_bounds advice_bounds_of(size_t dim, size_t classes)
{
    const double count = (double)classes;
    advice_bounds b = {.posterior = {0.9, 0.99, ADVICE_POSTERIOR},
                       .scale = {10, 20, 30, 64},
                       .adacos_scale = bound_adacos_scale(count),
                       .nearest_least = packing_least(dim, count),
                       .nearest_most = packing_most(dim, count),
                       .nearest_random = sphere_nearest(dim, count),
                       .closest_random = sphere_closest(dim, count),
                       .posterior_aimed_at = ADVICE_POSTERIOR};
    for (int i = 0; i < ADVICE_POSTERIORS; i++)
        b.cosface_scale[i] = bound_cosface_scale(count, b.posterior[i]);
    for (int i = 0; i < ADVICE_SCALES; i++)
        b.normface_loss[i] = bound_normface_loss(count, b.scale[i]);
    return b;
}
