/* tables.c: see record.h. */
#include "record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "degrees.h"
#include "json_out.h"

static const char *loss_name(const record_point *p)
{
    return margin_loss_get(p->loss)->name;
}

/* The library's name is the same on every instruction set: only the best has points. */
static const char *name_of(const record_point *p)
{
    return is_library(p->implementation) ? "margin" : implementation_name(p->implementation);
}

/* 1 if the implementation's name is among the `words`, which are divided by blanks. */
static int is_among(const record_point *p, const char *words)
{
    const char *const name = name_of(p), *const at = strstr(words, name);
    return at != NULL && (at[strlen(name)] == ' ' || at[strlen(name)] == '\0');
}

static int compare(double a, double b)
{
    return a < b ? -1 : a > b;
}

/* By sweep, loss, implementation (the library first), then along the sweep. */
static int compare_points(const void *a, const void *b)
{
    const record_point *x = a, *y = b;
    int order = strcmp(x->sweep, y->sweep);
    order = order ? order : compare(x->loss, y->loss);
    order = order ? order : is_library(y->implementation) - is_library(x->implementation);
    order = order ? order : strcmp(name_of(x), name_of(y));
    order = order ? order : compare((double)x->classes, (double)y->classes);
    order = order ? order : compare(x->theta, y->theta);
    return order ? order : compare(x->scale, y->scale);
}

/* NaN where some of the results are not finite. */
static double error_of(const record_point *p, metric which)
{
    return p->nonfinite > 0 ? NAN : p->most[which];
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static void gradient_error(tables *out, const record_point *points, size_t count)
{
    table_begin(out, "gradient_error", "#series loss theta_deg grad_x grad_w lost");
    for (size_t i = 0; i < count; i++) {
        const record_point *p = &points[i];
        if (strcmp(p->sweep, "theta") == 0 && !is_among(p, "clamp-4 detached floor")) {
            table_series(out, loss_name(p), "%s %s", loss_name(p), name_of(p));
            table_row(out, "gggd", degrees(p->theta), error_of(p, METRIC_GRAD_X),
                      error_of(p, METRIC_GRAD_W), p->nonfinite > 0);
        }
    }
    table_end(out);
}

/* The same near 0 and near pi, by the distance from it. */
static void gradient_ends(tables *out, const record_point *points, size_t count)
{
    table_begin(out, "gradient_ends", "#series loss distance grad_x lost");
    for (size_t first = 0, next; first < count; first = next) {
        const record_point *one = &points[first];
        for (next = first; next < count && strcmp(points[next].sweep, one->sweep) == 0 &&
                           points[next].loss == one->loss &&
                           points[next].implementation == one->implementation;)
            next++;
        for (size_t k = 0; k < 2 * (next - first); k++) {
            const int at_pi = k >= next - first;
            const record_point *p = &points[at_pi ? next - 1 - (k - (next - first)) : first + k];
            const double distance = at_pi ? M_PI - p->theta : p->theta;
            if (strcmp(p->sweep, "theta") == 0 && margin_loss_get(p->loss)->has_angle &&
                !is_among(p, "detached floor naive") && distance > 0 && distance < 0.11) {
                table_series(out, loss_name(p), "%s %s %s", loss_name(p), name_of(p),
                             at_pi ? "pi" : "0");
                table_row(out, "ggd", distance, error_of(p, METRIC_GRAD_X), p->nonfinite > 0);
            }
        }
    }
    table_end(out);
}

/* Angle and scale together; angles are numbered from 0. */
static void nonfinite_map(tables *out, const record_point *points, size_t count)
{
    table_begin(out, "nonfinite_map", "#series loss angle theta log10_scale nonfinite wrong");
    for (int k = 0; k < IMPLEMENTATIONS; k++) {
        double last = NAN;
        int angle = -1;
        for (size_t i = 0; i < count; i++) {
            const record_point *p = &points[i];
            if (p->implementation == k && strcmp(p->sweep, "map") == 0 && !isnan(p->theta)) {
                angle += !(fabs(p->theta - last) < 5e-10);
                last = p->theta;
                table_series(out, loss_name(p), "%s", name_of(p));
                table_row(out, "dgggd", angle, p->theta, log10(p->scale), p->nonfinite,
                          error_of(p, METRIC_GRAD_X) > 0.1);
            }
        }
    }
    table_end(out);
}

static void class_error(tables *out, const record_point *points, size_t count)
{
    table_begin(out, "class_error", "#series loss classes loss_rel grad_x grad_w");
    for (size_t i = 0; i < count; i++) {
        const record_point *p = &points[i];
        if (strcmp(p->sweep, "classes") == 0 && is_among(p, "margin plain acos")) {
            table_series(out, loss_name(p), "%s %s", loss_name(p), name_of(p));
            table_row(out, "zggg", p->classes, error_of(p, METRIC_LOSS_REL),
                      error_of(p, METRIC_GRAD_X), error_of(p, METRIC_GRAD_W));
        }
    }
    table_end(out);
}

/* The middle of a bin of signed errors in ulp, and the share of the inputs in it. */
static void ulp_histogram(tables *out, const float_sweep *floats, size_t count)
{
    table_begin(out, "ulp_histogram", "#series isa error_ulp share");
    for (size_t k = 0; k < count; k++) {
        const float_sweep *f = &floats[k];
        const int on_all = strcmp(f->isa, "none") == 0;
        table_series(out, f->isa, "%s%s%s (%g ulp)", f->name, on_all ? "" : " ",
                     on_all ? "" : f->isa, round(1e4 * f->worst) / 1e4);
        for (int bin = 0; bin < ULP_BINS; bin++)
            table_row(out, "gg", ulp_first + (bin + 0.5) * ulp_width,
                      (double)f->bins[bin] / (double)f->tried);
    }
    table_end(out);
}

/* ---- target-logit curves ----------------------------------------------------------------------
 */

enum { PAPER_CURVES = 7, CURVES = PAPER_CURVES + MARGIN_PAST_PI_COUNT };

typedef struct curve {
    const char *figure, *label;
    margin_config config;
} curve;

/* The seven of ArcFace's figure 4b, in its legend's order, and each past_pi for arcface. */
static void list_curves(curve list[CURVES])
{
    static const struct {
        const char *label;
        margin_loss loss;
        double m1, m2, m3, lambda;
    } rows[PAPER_CURVES] = {
        {"Softmax", MARGIN_NORMSOFTMAX, 1, 0, 0, 0},
        {"SphereFace (m=4, lambda=5)", MARGIN_SPHEREFACE, 4, 0, 0, 5},
        {"SphereFace (m=1.35)", MARGIN_SPHEREFACE, 1.35, 0, 0, 0},
        {"ArcFace (m=0.5)", MARGIN_ARCFACE, 1, 0.5, 0, 0},
        {"CosFace (m=0.35)", MARGIN_COSFACE, 1, 0, 0.35, 0},
        {"CM1 (1, 0.3, 0.2)", MARGIN_COMBINED, 1, 0.3, 0.2, 0},
        {"CM2 (0.9, 0.4, 0.15)", MARGIN_COMBINED, 0.9, 0.4, 0.15, 0},
    };
    for (int k = 0; k < CURVES; k++) {
        const int paper = k < PAPER_CURVES;
        margin_config *const config = &list[k].config;
        margin_config_init(config, paper ? rows[k].loss : MARGIN_ARCFACE);
        if (paper) {
            config->m1 = rows[k].m1;
            config->m2 = rows[k].m2;
            config->m3 = rows[k].m3;
            config->lambda = rows[k].lambda;
        } else {
            config->past_pi = (margin_past_pi)(k - PAPER_CURVES);
        }
        list[k].figure = paper ? "target_logit" : "past_pi";
        list[k].label = paper ? rows[k].label : margin_past_pi_name(config->past_pi);
    }
}

/* psi at so many degrees; *slope by the cosine. */
static double psi_at(const curve *c, int degree, double *slope)
{
    const double theta = fmin(degree * PI / 180, PI);
    double psi = NAN, by_angle = NAN;
    margin_psi(&c->config, theta, &psi, &by_angle);
    *slope = degree % 180 == 0 ? NAN : -by_angle / sin(theta);
    return psi;
}

json_t *curves_json(void)
{
    json_t *points = json_array();
    curve list[CURVES];
    list_curves(list);
    for (const curve *c = list; c < list + CURVES; c++) {
        for (int degree = 0; degree <= 180; degree++) {
            double slope, psi = psi_at(c, degree, &slope);
            json_array_append_new(points,
                                  json_row("figure loss label theta_deg psi slope", "sssdgg",
                                           c->figure, margin_loss_get(c->config.loss)->name,
                                           c->label, degree, psi, slope));
        }
    }
    return points;
}

static void curves(tables *out, const char *figure)
{
    curve list[CURVES];
    list_curves(list);
    table_begin(out, figure, "#series loss theta_deg psi slope");
    for (const curve *c = list; c < list + CURVES; c++) {
        for (int degree = 0; degree <= 180 && strcmp(c->figure, figure) == 0; degree++) {
            double slope, psi = psi_at(c, degree, &slope);
            table_series(out, margin_loss_get(c->config.loss)->name, "%s", c->label);
            table_row(out, "dgg", degree, psi, slope);
        }
    }
    table_end(out);
}

/* ---- the report -------------------------------------------------------------------------------
 */

/* What is promised by loss, over all instruction sets. */
static void promises(tables *out, const verdict *v)
{
    table_begin(out, "promises", "promise bound loss judged outside share");
    for (int p = 0; p < GOAL_LOSS; p++) {
        for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
            size_t judged = 0, outside = 0;
            double share = 0;
            for (size_t k = 0; k < v->count; k++) {
                const verdict_line *line = &v->lines[k];
                if (line->judged && (int)line->loss == loss) {
                    judged += line->all.tried[p];
                    outside += line->all.outside[p];
                    share = fmax(share, line->all.share[p]);
                }
            }
            if (judged > 0)
                table_row(out, "ssszzg", promise_names[p], promise_texts[p],
                          margin_loss_get((margin_loss)loss)->name, judged, outside, share);
        }
    }
    table_end(out);
}

/* The largest error of a gradient over the angles of an implementation, where it is attained, how
 * many angles have a result that is not finite, and of how many. */
static void summary_cells(tables *out, const record_point *points, size_t count, int loss,
                          const char *name)
{
    double worst = NAN, at = NAN, lost = 0, all = 0;
    for (size_t i = 0; i < count && name != NULL; i++) {
        const record_point *p = &points[i];
        if (strcmp(p->sweep, "theta") == 0 && (int)p->loss == loss && is_among(p, name)) {
            const double error = fmax(error_of(p, METRIC_GRAD_X), error_of(p, METRIC_GRAD_W));
            at = error <= worst || isnan(error) ? at : degrees(p->theta);
            worst = fmax(worst, error);
            lost += p->nonfinite > 0;
            all++;
        }
    }
    table_cells(out, "oooo", worst, at, all > 0 ? lost : NAN, all > 0 ? all : NAN);
}

/* This library, and the usual way to write the loss: through acos where the margin is on the angle,
 * else plainly. */
static void summary(tables *out, const record_point *points, size_t count)
{
    table_begin(out, "summary_stability",
                "loss worst_gradient at_degrees nonfinite points usual usual_worst_gradient "
                "usual_at_degrees usual_nonfinite usual_points");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const char *usual = NULL;
        int there = 0;
        for (size_t i = 0; i < count; i++) {
            const record_point *p = &points[i];
            if (strcmp(p->sweep, "theta") == 0 && (int)p->loss == loss) {
                there = 1;
                usual = is_among(p, "acos") ? "acos" : usual;
                usual = usual == NULL && is_among(p, "plain") ? "plain" : usual;
            }
        }
        if (there) {
            table_cells(out, "s", margin_loss_get((margin_loss)loss)->name);
            summary_cells(out, points, count, loss, "margin");
            table_cells(out, "s", usual);
            summary_cells(out, points, count, loss, usual);
            table_row(out, "");
        }
    }
    table_end(out);
}

void write_tables(tables *out, const records *r, const verdict *v, const float_sweep *floats,
                  size_t float_count)
{
    if (r->point_count > 0) qsort(r->points, r->point_count, sizeof *r->points, compare_points);
    table_of_losses(out);
    gradient_error(out, r->points, r->point_count);
    gradient_ends(out, r->points, r->point_count);
    nonfinite_map(out, r->points, r->point_count);
    class_error(out, r->points, r->point_count);
    curves(out, "target_logit");
    curves(out, "past_pi");
    ulp_histogram(out, floats, float_count);
    promises(out, v);
    summary(out, r->points, r->point_count);
}
