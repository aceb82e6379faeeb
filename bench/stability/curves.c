/* curves.c: see curves.h. */
#include "curves.h"

#include <math.h>
#include <stdio.h>

#include "json_out.h"
#include "margin.h"

static const double PI = 3.14159265358979324;

static void visit_curve(curve_visitor visit, void *context, const char *figure, const char *label,
                        const margin_config *config)
{
    for (int degrees = 0; degrees <= 180; degrees++) {
        const double theta = fmin(degrees * PI / 180, PI);
        double psi = NAN, slope = NAN;
        margin_psi(config, theta, &psi, &slope);
        const double by_cosine = degrees % 180 == 0 ? NAN : -slope / sin(theta);
        visit(context, figure, label, config->loss, degrees, psi, by_cosine);
    }
}

/* The seven curves, in the figure's legend order. */
static void visit_paper(curve_visitor visit, void *context)
{
    const struct {
        const char *label;
        margin_loss loss;
        double m1, m2, m3, lambda;
    } rows[] = {
        {"Softmax", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"SphereFace (m=4, lambda=5)", MARGIN_SPHEREFACE, 4, 0, 0, 5},
        {"SphereFace (m=1.35)", MARGIN_SPHEREFACE, 1.35, 0, 0, 0},
        {"ArcFace (m=0.5)", MARGIN_ARCFACE, 1, 0.5, 0, 0},
        {"CosFace (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0},
        {"CM1 (1, 0.3, 0.2)", MARGIN_COMBINED, 1, 0.3, 0.2, 0},
        {"CM2 (0.9, 0.4, 0.15)", MARGIN_COMBINED, 0.9, 0.4, 0.15, 0},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        margin_config config;
        margin_config_init(&config, rows[k].loss);
        config.m1 = rows[k].m1;
        config.m2 = rows[k].m2;
        config.m3 = rows[k].m3;
        config.lambda = rows[k].lambda;
        visit_curve(visit, context, "target_logit", rows[k].label, &config);
    }
}

static void visit_past_pi(curve_visitor visit, void *context)
{
    for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
        margin_config config;
        margin_config_init(&config, MARGIN_ARCFACE);
        config.past_pi = (margin_past_pi)how;
        visit_curve(visit, context, "past_pi", margin_past_pi_name(config.past_pi), &config);
    }
}

void visit_curves(curve_visitor visit, void *context)
{
    visit_paper(visit, context);
    visit_past_pi(visit, context);
}

static void append_point(void *points, const char *figure, const char *label, margin_loss loss,
                         int degrees, double psi, double slope)
{
    json_t *point = json_object();
    json_object_set_new(point, "figure", json_string(figure));
    json_object_set_new(point, "loss", json_string(margin_loss_get(loss)->name));
    json_object_set_new(point, "label", json_string(label));
    json_object_set_new(point, "theta_deg", json_integer(degrees));
    json_object_set_new(point, "psi", json_number(psi));
    json_object_set_new(point, "slope", json_number(slope));
    json_array_append_new(points, point);
}

json_t *curves_json(void)
{
    json_t *points = json_array();
    visit_curves(append_point, points);
    return points;
}
