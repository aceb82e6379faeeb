/* figure_curves.c: target logits, decision margins and bounds as curves (see figure_curves.h). Must
 * not know how a figure looks, nor the formula of a loss: that is asked of the library. */
#include "figure_curves.h"

#include <math.h>

#include "bounds.h"
#include "caps.h"
#include "degrees.h"
#include "json_out.h"

/* ---- what the figures have in common ------------------------------------------------------- */

typedef struct setting {
    const char *label;
    margin_loss loss;
    double m1, m2, m3, lambda;
} setting;

static margin_config config_of(const setting *s)
{
    margin_config config;
    margin_config_init(&config, s->loss);
    config.m1 = s->m1;
    config.m2 = s->m2;
    config.m3 = s->m3;
    config.lambda = s->lambda;
    return config;
}

static double radians(double degrees)
{
    return degrees * (M_PI / 180.0);
}

/* The target's logit over s. */
static double psi(const margin_config *config, double theta_degrees)
{
    double value = NAN;
    margin_psi(config, fmin(radians(theta_degrees), M_PI), &value, NULL);
    return value;
}

static void add_point(json_t *points, double x, double y)
{
    json_t *const point = json_array();
    json_array_append_new(point, json_number(x));
    json_array_append_new(point, json_number(y));
    json_array_append_new(points, point);
}

static json_t *new_curve(json_t *numbers, const char *label)
{
    json_t *const curve = json_object();
    json_object_set_new(curve, "label", json_string(label));
    json_object_set_new(curve, "points", json_array());
    json_array_append_new(json_object_get(numbers, "curves"), curve);
    return json_object_get(curve, "points");
}

static json_t *last_curve(json_t *numbers)
{
    json_t *const curves = json_object_get(numbers, "curves");
    return json_array_get(curves, json_array_size(curves) - 1);
}

/* A curve that carries its loss and the loss's settings; returns its points. */
static json_t *new_loss_curve(json_t *numbers, const setting *s)
{
    json_t *const points = new_curve(numbers, s->label), *const curve = last_curve(numbers);
    json_object_set_new(curve, "loss", json_string(margin_loss_get(s->loss)->name));
    json_object_set_new(curve, "m1", json_number(s->m1));
    json_object_set_new(curve, "m2", json_number(s->m2));
    json_object_set_new(curve, "m3", json_number(s->m3));
    json_object_set_new(curve, "lambda", json_number(s->lambda));
    return points;
}

static json_t *new_figure(const char *const *chosen, size_t count)
{
    json_t *const numbers = json_object(), *const list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(chosen[i]));
    json_object_set_new(numbers, "chosen", list);
    json_object_set_new(numbers, "curves", json_array());
    return numbers;
}

#define NEW_FIGURE(chosen) new_figure(chosen, sizeof(chosen) / sizeof *(chosen))

/* ---- target logits --------------------------------------------------------------------------- */

static json_t *target_logits(json_t *numbers, const setting *settings, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const margin_config config = config_of(&settings[k]);
        json_t *const points = new_loss_curve(numbers, &settings[k]);
        for (int degree = 0; degree <= 180; degree++)
            add_point(points, degree, psi(&config, degree));
    }
    return numbers;
}

json_t *curves_arcface_fig4b(const figure_request *request, char *error, size_t error_size)
{
    static const setting settings[] = {
        {"Softmax", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"SphereFace (m=4, λ=5)", MARGIN_SPHEREFACE, 4, 0, 0, 5},
        {"SphereFace (m=1.35)", MARGIN_SPHEREFACE, 1.35, 0, 0, 0},
        {"ArcFace (m=0.5)", MARGIN_ARCFACE, 1, 0.5, 0, 0},
        {"CosFace (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0},
        {"CM1 (1, 0.3, 0.2)", MARGIN_COMBINED, 1, 0.3, 0.2, 0},
        {"CM2 (0.9, 0.4, 0.15)", MARGIN_COMBINED, 0.9, 0.4, 0.15, 0},
    };
    static const char *const chosen[] = {
        "The paper draws 20 to 100 degrees; the right panel goes on to 180, where past_pi is the "
        "library's default: the bare cosine for ArcFace and the combined margins, psi for "
        "SphereFace."};
    (void)request, (void)error, (void)error_size;
    return target_logits(NEW_FIGURE(chosen), settings, sizeof settings / sizeof *settings);
}

json_t *curves_amsoftmax_psi(const figure_request *request, char *error, size_t error_size)
{
    static const setting settings[] = {
        {"Softmax: cos θ", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"A-Softmax (m=2, λ=0)", MARGIN_SPHEREFACE, 2, 0, 0, 0},
        {"A-Softmax (m=4, λ=0)", MARGIN_SPHEREFACE, 4, 0, 0, 0},
        {"A-Softmax (m=4, λ=5)", MARGIN_SPHEREFACE, 4, 0, 0, 5},
        {"AM-Softmax: cos θ − 0.35", MARGIN_COSFACE, 1, 0, 0.35, 0},
    };
    static const char *const chosen[] = {
        "Curves and range are those of the authors' script; nothing was left to choose."};
    (void)request, (void)error, (void)error_size;
    return target_logits(NEW_FIGURE(chosen), settings, sizeof settings / sizeof *settings);
}

/* ---- decision margins ------------------------------------------------------------------------ */

/* The other class's angle at which its plain cosine equals the target's logit over s; none where
 * that logit is below -1. */
static double other_angle(const margin_config *config, double theta_degrees)
{
    const double logit = psi(config, theta_degrees);
    return logit < -1.0 ? NAN : degrees(acos(fmin(logit, 1.0)));
}

json_t *curves_arcface_fig5(const figure_request *request, char *error, size_t error_size)
{
    static const setting settings[] = {
        {"Softmax", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"SphereFace (m=1.35)", MARGIN_SPHEREFACE, 1.35, 0, 0, 0},
        {"CosFace (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0},
        {"ArcFace (m=0.5)", MARGIN_ARCFACE, 1, 0.5, 0, 0},
    };
    static const char *const chosen[] = {
        "The paper gives neither ranges nor margins: 0 to 90 degrees and those of its tables.",
        "Softmax is the normalised one, for raw softmax has no boundary in angles alone.",
        "All panels in angles; the paper's first version drew softmax and CosFace in cosines."};
    json_t *const numbers = NEW_FIGURE(chosen);
    (void)request, (void)error, (void)error_size;
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        const margin_config config = config_of(&settings[k]);
        json_t *const points = new_loss_curve(numbers, &settings[k]);
        for (int degree = 0; degree <= 90; degree++)
            add_point(points, degree, other_angle(&config, degree));
    }
    return numbers;
}

/* ---- CosFace's figure 2 ---------------------------------------------------------------------- */

static void add_cosine_panel(json_t *numbers, const setting *s)
{
    const margin_config config = config_of(s);
    json_t *const points = new_loss_curve(numbers, s);
    json_object_set_new(last_curve(numbers), "plane", json_string("cosine"));
    for (int i = -100; i <= 100; i++) {
        const double cosine = i / 100.0;
        add_point(points, cosine, psi(&config, degrees(acos(cosine))));
    }
}

static void add_angle_panel(json_t *numbers, const setting *s)
{
    const margin_config config = config_of(s);
    json_t *const points = new_loss_curve(numbers, s);
    json_object_set_new(last_curve(numbers), "plane", json_string("angle"));
    for (int i = 0; i <= 100; i++) { /* up to pi / m, where theta_2 is pi */
        const double theta = 180.0 / s->m1 * i / 100.0;
        add_point(points, theta, other_angle(&config, theta));
    }
}

/* Raw softmax decides |w1| cos theta_1 = |w2| cos theta_2, so over cosines alone its boundary lies
 * anywhere between the slopes 1 / ratio and ratio. */
static void add_softmax_panel(json_t *numbers, double ratio)
{
    static const setting softmax = {"Softmax", MARGIN_SOFTMAX, 1, 0, 0, 0};
    json_t *const points = new_loss_curve(numbers, &softmax);
    json_object_set_new(last_curve(numbers), "plane", json_string("cosine"));
    json_object_set_new(last_curve(numbers), "norm_ratio", json_number(ratio));
    for (int i = -100; i <= 100; i++)
        add_point(points, i / 100.0, i / 100.0 * ratio);
}

json_t *curves_cosface_fig2(const figure_request *request, char *error, size_t error_size)
{
    static const setting nsl = {"NSL", MARGIN_NORMSOFTMAX, 1, 0, 0, 0};
    static const setting a_softmax = {"A-Softmax (m=4)", MARGIN_SPHEREFACE, 4, 0, 0, 0};
    static const setting lmcl = {"LMCL (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0};
    static const char *const chosen[] = {
        "The paper names no margins: m = 0.35 for LMCL, which it trains with, and m = 4 for "
        "A-Softmax, its authors' choice.",
        "Softmax's overlap is drawn for class weights whose norms differ by a factor of at most "
        "1.5; the paper gives no number.",
        "Cosines from 0 to 1 as in the paper."};
    json_t *const numbers = NEW_FIGURE(chosen);
    (void)request, (void)error, (void)error_size;
    add_softmax_panel(numbers, 1.5);
    add_cosine_panel(numbers, &nsl);
    add_angle_panel(numbers, &a_softmax);
    add_cosine_panel(numbers, &lmcl);
    return numbers;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* The next number of classes on a logarithmic axis: 2, 3, ..., 1e6, then more. */
static double next_classes(double classes)
{
    const double most = 1e6, next = fmax(classes + 1.0, round(classes * pow(10.0, 0.05)));
    return classes < most ? fmin(next, most) : INFINITY;
}

static json_t *new_bound_curve(json_t *numbers, const char *panel, const char *label,
                               const char *source)
{
    json_t *const points = new_curve(numbers, label);
    json_object_set_new(last_curve(numbers), "panel", json_string(panel));
    json_object_set_new(last_curve(numbers), "source", json_string(source));
    return points;
}

static void add_scale_curves(json_t *numbers)
{
    static const double posteriors[] = {0.9, 0.99, 0.999};
    for (size_t k = 0; k < sizeof posteriors / sizeof *posteriors; k++) {
        char label[64];
        snprintf(label, sizeof label, "CosFace, P = %g", posteriors[k]);
        json_t *const points = new_bound_curve(numbers, "scale", label, "cosface");
        json_object_set_new(last_curve(numbers), "posterior", json_number(posteriors[k]));
        for (double c = 2.0; isfinite(c); c = next_classes(c))
            add_point(points, c, bound_cosface_scale(c, posteriors[k]));
    }
    json_t *const points = new_bound_curve(numbers, "scale", "AdaCos, fixed s", "adacos");
    for (double c = 2.0; isfinite(c); c = next_classes(c))
        add_point(points, c, bound_adacos_scale(c));
}

static void add_loss_curves(json_t *numbers)
{
    static const double classes[] = {10, 100, 1000, 10575, 100000};
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        char label[64];
        snprintf(label, sizeof label, "C = %.0f", classes[k]);
        json_t *const points = new_bound_curve(numbers, "loss", label, "normface");
        json_object_set_new(last_curve(numbers), "classes", json_number(classes[k]));
        for (int i = 0; i <= 120; i++)
            add_point(points, 0.25 * i, bound_normface_loss(classes[k], 0.25 * i));
    }
}

/* Both sides of the bracket; where they are one, both curves have the same value. */
static void add_margin_curves(json_t *numbers)
{
    static const size_t dims[] = {2, 64, 512};
    for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
        for (int side = 0; side < 2; side++) {
            char label[64];
            snprintf(label, sizeof label, "D = %zu", dims[k]);
            json_t *const points = new_bound_curve(numbers, "margin", label, "cosface");
            json_object_set_new(last_curve(numbers), "dim", json_number((double)dims[k]));
            json_object_set_new(last_curve(numbers), "side", json_string(side ? "high" : "low"));
            for (double c = 2.0; isfinite(c); c = next_classes(c)) {
                const double angle = side ? packing_most(dims[k], c) : packing_least(dims[k], c);
                add_point(points, c, 1.0 - cos(angle));
            }
        }
    }
}

json_t *curves_bounds(const figure_request *request, char *error, size_t error_size)
{
    static const char *const chosen[] = {
        "NormFace's bound on the loss and CosFace's on the scale are one inequality solved for "
        "either side: P = exp(-loss).",
        "For C > D + 1 CosFace's paper says only that the largest margin is much smaller than "
        "C / (C - 1). The band holds it: below, so many classes fit for sure (caps of the whole "
        "angle do not cover the sphere); above, not more do (Rankin, and caps of half the angle).",
        "ArcFace's largest margin is the angle itself: arccos(1 - m)."};
    json_t *const numbers = NEW_FIGURE(chosen);
    (void)request, (void)error, (void)error_size;
    add_scale_curves(numbers);
    add_loss_curves(numbers);
    add_margin_curves(numbers);
    return numbers;
}
