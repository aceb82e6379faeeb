/* figure_curves.c: target logits, decision margins and bounds as curves (see figures.h). Must
 * not know how a figure looks, nor the formula of a loss: that is asked of the library. */
#include "figures.h"

#include <math.h>

#include "bounds.h"
#include "caps.h"
#include "degrees.h"
#include "json_out.h"
#include "table.h"

/* ---- what the figures have in common ------------------------------------------------------- */

json_t *figure_sentences(const char *const *sentences, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(sentences[i]));
    return list;
}

typedef struct setting {
    const char *label;
    margin_loss loss;
    double m1, m2, m3, lambda;
} setting;

/* A figure in the making: its JSON and its table grow together. */
typedef struct plot {
    json_t *numbers, *curve; /* of the figure, of the curve at hand */
    tables *out;
} plot;

static plot new_plot(const figure_request *request, const char *table, const char *columns,
                     json_t *chosen)
{
    table_begin(request->out, table, columns);
    return (plot){.numbers = json_row("chosen curves", "oo", chosen, json_array()),
                  .out = request->out};
}

#define CHOSEN(...)                                                                                \
    figure_sentences((const char *const[]){__VA_ARGS__},                                           \
                     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static json_t *finish(plot *p)
{
    table_end(p->out);
    return p->numbers;
}

/* Begins a curve; `kind` is its loss's name, or its panel. */
static void new_curve(plot *p, const char *label, const char *kind)
{
    p->curve = json_row("label points", "so", label, json_array());
    json_array_append_new(json_object_get(p->numbers, "curves"), p->curve);
    table_series(p->out, kind, "%s", label);
}

static void put_point(plot *p, double x, double y)
{
    json_array_append_new(json_object_get(p->curve, "points"), json_numbers((double[]){x, y}, 2));
}

static void add_point(plot *p, double x, double y)
{
    put_point(p, x, y);
    table_row(p->out, "gg", x, y);
}

/* Begins a curve that carries its loss and the loss's settings; returns them for the library. */
static margin_config new_loss_curve(plot *p, const setting *s)
{
    const char *const name = margin_loss_get(s->loss)->name;
    margin_config config;
    new_curve(p, s->label, name);
    json_put(p->curve, "loss m1 m2 m3 lambda", "sgggg", name, s->m1, s->m2, s->m3, s->lambda);
    margin_config_init(&config, s->loss);
    config.m1 = s->m1;
    config.m2 = s->m2;
    config.m3 = s->m3;
    config.lambda = s->lambda;
    return config;
}

/* The target's logit over s. */
static double psi(const margin_config *config, double theta_degrees)
{
    double value = NAN;
    margin_psi(config, fmin(theta_degrees * (M_PI / 180.0), M_PI), &value, NULL);
    return value;
}

/* ---- over the angle: target logits, and decision margins of two classes -------------------- */

/* The other class's angle at which its plain cosine equals the target's logit over s; none where
 * that logit is below -1. */
static double other_angle(const margin_config *config, double theta_degrees)
{
    const double logit = psi(config, theta_degrees);
    return logit < -1.0 ? NAN : degrees(acos(fmin(logit, 1.0)));
}

/* A figure with a curve for each setting, y over 0 to `most` degrees. */
static json_t *curves_of(const figure_request *request, const char *table, json_t *chosen,
                         const setting *settings, size_t count, int most,
                         double (*y)(const margin_config *config, double theta_degrees))
{
    plot p = new_plot(request, table, "#series loss x y", chosen);
    for (size_t k = 0; k < count; k++) {
        const margin_config config = new_loss_curve(&p, &settings[k]);
        for (int degree = 0; degree <= most; degree++)
            add_point(&p, degree, y(&config, degree));
    }
    return finish(&p);
}

json_t *curves_arcface_fig4b(const figure_request *request)
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
    return curves_of(
        request, "arcface_fig4b",
        CHOSEN("The paper draws 20 to 100 degrees; the right panel goes on to 180, where past_pi "
               "is the library's default: the bare cosine for ArcFace and the combined margins, "
               "psi for SphereFace."),
        settings, sizeof settings / sizeof *settings, 180, psi);
}

json_t *curves_amsoftmax_psi(const figure_request *request)
{
    static const setting settings[] = {
        {"Softmax: cos θ", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"A-Softmax (m=2, λ=0)", MARGIN_SPHEREFACE, 2, 0, 0, 0},
        {"A-Softmax (m=4, λ=0)", MARGIN_SPHEREFACE, 4, 0, 0, 0},
        {"A-Softmax (m=4, λ=5)", MARGIN_SPHEREFACE, 4, 0, 0, 5},
        {"AM-Softmax: cos θ − 0.35", MARGIN_COSFACE, 1, 0, 0.35, 0},
    };
    return curves_of(
        request, "amsoftmax_psi",
        CHOSEN("Curves and range are those of the authors' script; nothing was left to choose."),
        settings, sizeof settings / sizeof *settings, 180, psi);
}

json_t *curves_arcface_fig5(const figure_request *request)
{
    static const setting settings[] = {
        {"Softmax", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"SphereFace (m=1.35)", MARGIN_SPHEREFACE, 1.35, 0, 0, 0},
        {"CosFace (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0},
        {"ArcFace (m=0.5)", MARGIN_ARCFACE, 1, 0.5, 0, 0},
    };
    return curves_of(
        request, "arcface_fig5",
        CHOSEN("The paper gives neither ranges nor margins: 0 to 90 degrees and those of its "
               "tables.",
               "Softmax is the normalised one, for raw softmax has no boundary in angles alone.",
               "All panels in angles; the paper's first version drew softmax and CosFace in "
               "cosines."),
        settings, sizeof settings / sizeof *settings, 90, other_angle);
}

/* ---- CosFace's figure 2 ---------------------------------------------------------------------- */

static void add_cosine_panel(plot *p, const setting *s)
{
    const margin_config config = new_loss_curve(p, s);
    json_put(p->curve, "plane", "s", "cosine");
    for (int i = -100; i <= 100; i++)
        add_point(p, i / 100.0, psi(&config, degrees(acos(i / 100.0))));
}

static void add_angle_panel(plot *p, const setting *s)
{
    const margin_config config = new_loss_curve(p, s);
    json_put(p->curve, "plane", "s", "angle");
    for (int i = 0; i <= 100; i++) { /* up to pi / m, where theta_2 is pi */
        const double theta = 180.0 / s->m1 * i / 100.0;
        add_point(p, theta, other_angle(&config, theta));
    }
}

/* Raw softmax decides |w1| cos theta_1 = |w2| cos theta_2, so over cosines alone its boundary lies
 * anywhere between the slopes 1 / ratio and ratio. */
static void add_softmax_panel(plot *p, double ratio)
{
    static const setting softmax = {"Softmax", MARGIN_SOFTMAX, 1, 0, 0, 0};
    new_loss_curve(p, &softmax);
    json_put(p->curve, "plane norm_ratio", "sg", "cosine", ratio);
    for (int i = -100; i <= 100; i++)
        add_point(p, i / 100.0, i / 100.0 * ratio);
}

json_t *curves_cosface_fig2(const figure_request *request)
{
    static const setting nsl = {"NSL", MARGIN_NORMSOFTMAX, 1, 0, 0, 0};
    static const setting a_softmax = {"A-Softmax (m=4)", MARGIN_SPHEREFACE, 4, 0, 0, 0};
    static const setting lmcl = {"LMCL (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0};
    plot p = new_plot(
        request, "cosface_fig2", "#series loss x y",
        CHOSEN("The paper names no margins: m = 0.35 for LMCL, which it trains with, and m = 4 for "
               "A-Softmax, its authors' choice.",
               "Softmax's overlap is drawn for class weights whose norms differ by a factor of at "
               "most 1.5; the paper gives no number.",
               "Cosines from 0 to 1 as in the paper."));
    add_softmax_panel(&p, 1.5);
    add_cosine_panel(&p, &nsl);
    add_angle_panel(&p, &a_softmax);
    add_cosine_panel(&p, &lmcl);
    return finish(&p);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* The next number of classes on a logarithmic axis: 2, 3, ..., 1e6, then more. */
static double next_classes(double classes)
{
    const double most = 1e6, next = fmax(classes + 1.0, round(classes * pow(10.0, 0.05)));
    return classes < most ? fmin(next, most) : INFINITY;
}

static void new_bound(plot *p, const char *panel, const char *label, const char *source)
{
    new_curve(p, label, panel);
    json_put(p->curve, "panel source", "ss", panel, source);
}

/* The same, of this value of `name`; the curve has it under `key`, too. */
static void new_bound_of(plot *p, const char *panel, const char *name, double value,
                         const char *source, const char *key)
{
    char label[64];
    snprintf(label, sizeof label, "%s = %.15g", name, value);
    new_bound(p, panel, label, source);
    json_put(p->curve, key, "g", value);
}

/* A point of a bound that is known: its bracket in the table is a single number. */
static void add_bound(plot *p, double x, double y)
{
    put_point(p, x, y);
    table_row(p->out, "ggg", x, y, y);
}

static void add_scales(plot *p)
{
    static const double posteriors[] = {0.9, 0.99, 0.999};
    for (size_t k = 0; k < sizeof posteriors / sizeof *posteriors; k++) {
        new_bound_of(p, "scale", "CosFace, P", posteriors[k], "cosface", "posterior");
        for (double c = 2.0; isfinite(c); c = next_classes(c))
            add_bound(p, c, bound_cosface_scale(c, posteriors[k]));
    }
    new_bound(p, "scale", "AdaCos, fixed s", "adacos");
    for (double c = 2.0; isfinite(c); c = next_classes(c))
        add_bound(p, c, bound_adacos_scale(c));
}

static void add_losses(plot *p)
{
    static const double classes[] = {10, 100, 1000, 10575, 100000};
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        new_bound_of(p, "loss", "C", classes[k], "normface", "classes");
        for (int i = 0; i <= 120; i++)
            add_bound(p, 0.25 * i, bound_normface_loss(classes[k], 0.25 * i));
    }
}

/* Both sides of the bracket; where they are one, both curves have the same value. The table has
 * them in one row. */
static void add_margins(plot *p)
{
    static const size_t dims[] = {2, 64, 512};
    for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
        for (int high = 0; high < 2; high++) {
            new_bound_of(p, "margin", "D", (double)dims[k], "cosface", "dim");
            json_put(p->curve, "side", "s", high ? "high" : "low");
            for (double c = 2.0; isfinite(c); c = next_classes(c)) {
                const double least = 1.0 - cos(packing_least(dims[k], c));
                const double most = 1.0 - cos(packing_most(dims[k], c));
                put_point(p, c, high ? most : least);
                if (!high) table_row(p->out, "ggg", c, least, most);
            }
        }
    }
}

json_t *curves_bounds(const figure_request *request)
{
    plot p = new_plot(
        request, "bounds", "#series panel x y high",
        CHOSEN("NormFace's bound on the loss and CosFace's on the scale are one inequality solved "
               "for either side: P = exp(-loss).",
               "For C > D + 1 CosFace's paper says only that the largest margin is much smaller "
               "than C / (C - 1). The band holds it: below, so many classes fit for sure (caps of "
               "the whole angle do not cover the sphere); above, not more do (Rankin, and caps of "
               "half the angle).",
               "ArcFace's largest margin is the angle itself: arccos(1 - m)."));
    add_scales(&p);
    add_losses(&p);
    add_margins(&p);
    return finish(&p);
}
