/* main.c: bench_stability: sweeps over angles and scales, each batch solved once by the oracle and
 * then by the library on every instruction set and by the textbook formulas. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "cases.h"
#include "inputs.h"
#include "json_out.h"
#include "measure.h"
#include "options.h"
#include "progress.h"
#include "provenance.h"
#include "settings.h"
#include "summary.h"

typedef struct run {
    settings settings;
    json_t *rows;
    summary summary;
    progress progress;
    size_t done;
} run;

/* One batch: what the JSON rows of all implementations have in common. */
typedef struct batch {
    const char *sweep;
    const stability_case *which;
    margin_config config;
    const inputs *in;
    const oracle_output *exact;
    double theta; /* NaN: mixed */
    double scale; /* effective */
} batch;

static double pi(void)
{
    return acos(-1);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void record(run *r, const batch *b, const char *impl, const char *isa, const errors *e)
{
    json_t *row = json_object();

    json_object_set_new(row, "sweep", json_string(b->sweep));
    json_object_set_new(row, "loss", json_string(margin_loss_get(b->config.loss)->name));
    json_object_set_new(row, "impl", json_string(impl));
    json_object_set_new(row, "isa", json_string(isa));
    json_object_set_new(row, "option", json_string(b->which->option));
    json_object_set_new(row, "gradient", json_string(margin_gradient_name(b->config.gradient)));
    json_object_set_new(row, "default", json_boolean(b->which->is_default));
    json_object_set_new(row, "theta", json_number(b->theta));
    json_object_set_new(row, "scale", json_number(b->scale));
    json_object_set_new(row, "loss_ulp", json_number(e->loss_ulp));
    json_object_set_new(row, "loss_rel", json_number(e->loss_rel));
    json_object_set_new(row, "grad_x", json_number(e->grad_x));
    json_object_set_new(row, "grad_w", json_number(e->grad_w));
    json_object_set_new(row, "nonfinite", json_number(e->nonfinite));
    if (json_array_append_new(r->rows, row) != 0) {
        die(PROGRAM, "out of memory");
    }
}

static void measure_isas(run *r, const batch *b)
{
    margin_config config = b->config;
    errors e;

    config.threads = r->settings.threads;
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
        config.isa = (margin_isa)isa;
        if (!margin_isa_usable(config.isa) ||
            (r->settings.isa != MARGIN_ISA_AUTO && r->settings.isa != config.isa)) {
            continue;
        }
        const char *name = margin_isa_name(config.isa);
        const margin_status status = measure_library(&config, b->in, b->exact, &e);
        if (status != MARGIN_OK) {
            die(PROGRAM, "%s on %s: %s", margin_loss_get(config.loss)->name, name,
                margin_status_text(status));
        }
        record(r, b, "margin", name, &e);
        summary_add(&r->summary, config.loss, name, 1, &e, b->scale);
    }
}

static void measure_textbooks(run *r, const batch *b)
{
    errors e;

    for (size_t k = 0; k < TEXTBOOKS && b->which->is_default; k++) {
        if (!textbooks[k].applies(&b->config)) {
            continue;
        }
        if (measure_textbook(&textbooks[k], &b->config, b->in, b->exact, &e) != MARGIN_OK) {
            die(PROGRAM, "out of memory");
        }
        record(r, b, textbooks[k].name, "none", &e);
        summary_add(&r->summary, b->config.loss, textbooks[k].name, 0, &e, b->scale);
    }
}

static void measure(run *r, const char *sweep, const stability_case *which,
                    const margin_config *config, const inputs *in, int mixed)
{
    const margin_head head = head_of(in);
    oracle_output exact;
    batch b = {sweep, which, *config, in, &exact, NAN, effective_scale(config, in)};
    double sum = 0;

    if (oracle_head(config, &head, &exact) != 0) {
        die(PROGRAM, "out of memory");
    }
    for (size_t i = 0; i < in->rows; i++) {
        sum += exact.row_angle[i];
    }
    b.theta = mixed ? NAN : sum / (double)in->rows;
    measure_isas(r, &b);
    measure_textbooks(r, &b);
    oracle_output_free(&exact);
    progress_step(&r->progress, ++r->done, margin_loss_get(config->loss)->name);
}

/* ---- sweeps ---------------------------------------------------------------------------------- */

/* What |x| / |w| is: raw logits and |x| as a scale should be of the size of the usual s. */
static int length_power(const margin_config *config)
{
    if (config->loss == MARGIN_SOFTMAX) {
        return 1;
    }
    return config->feature_norm == MARGIN_FEATURE_NORM_KEEP ? 4 : 0;
}

static void sweep_angles(run *r, const stability_case *which, uint64_t seed)
{
    const size_t rows_of[] = {4, 2, 4, INPUT_ROWS};
    const size_t rows = rows_of[r->settings.how_many];
    const effort how_many = effort_for(which, r->settings.how_many);
    const int power = length_power(&which->config);
    sweep_angle *angles = NULL;
    size_t count = 0;
    inputs in;

    if (list_angles(&which->config, how_many, &angles, &count) != 0) {
        die(PROGRAM, "out of memory");
    }
    for (size_t k = 0; k < count; k++) {
        sweep_angle same[INPUT_ROWS];
        for (size_t i = 0; i < rows; i++) {
            same[i] = angles[k];
        }
        make_inputs(&in, seed + k, same, rows, power, power == 0);
        measure(r, "theta", which, &which->config, &in, 0);
    }
    free(angles);
}

/* Rows at angles from 10 to 150 degrees in one batch; softmax's lengths are near 1. */
static void sweep_scales(run *r, const stability_case *which, uint64_t seed)
{
    const int raw = which->config.loss == MARGIN_SOFTMAX;
    sweep_angle mixed[INPUT_ROWS];
    double scales[SCALES_MOST];
    const size_t count = list_scales(r->settings.how_many, scales);
    inputs in;

    for (size_t i = 0; i < INPUT_ROWS; i++) {
        const double theta = (10 + 20 * (double)i) * pi() / 180;
        mixed[i] = (sweep_angle){theta < pi() / 2 ? theta : pi() - theta, theta >= pi() / 2};
    }
    for (size_t k = 0; k < count; k++) {
        margin_config config = which->config;
        config.scale = scales[k];
        make_inputs(&in, seed + k, mixed, INPUT_ROWS, raw ? -4 : 0, !raw);
        measure(r, "scale", which, &config, &in, 1);
    }
}

static size_t total_batches(const stability_case *cases, size_t count, effort how_many)
{
    double scales[SCALES_MOST];
    size_t total = 0;

    for (size_t k = 0; k < count; k++) {
        sweep_angle *angles = NULL;
        size_t some = 0;
        if (list_angles(&cases[k].config, effort_for(&cases[k], how_many), &angles, &some) != 0) {
            die(PROGRAM, "out of memory");
        }
        free(angles);
        total += some + (cases[k].is_default ? list_scales(how_many, scales) : 0);
    }
    return total;
}

static void sweep_all(run *r, const stability_case *cases, size_t count)
{
    progress_start(&r->progress, "stability",
                   total_batches(cases, count, r->settings.how_many));
    for (size_t k = 0; k < count; k++) {
        sweep_angles(r, &cases[k], r->settings.seed * 1000003 + 1000 * k);
        if (cases[k].is_default) {
            sweep_scales(r, &cases[k], r->settings.seed * 1000003 + 1000 * k + 900);
        }
    }
    progress_end(&r->progress);
}

/* ---- curves and the file --------------------------------------------------------------------- */

/* psi of every whole degree, and its slope by the cosine (null at the ends, where sin is 0). */
static json_t *curve_points(void)
{
    target_curve curves[CURVES];
    json_t *points = json_array();

    list_curves(curves);
    for (size_t k = 0; k < CURVES; k++) {
        for (int degrees = 0; degrees <= 180; degrees++) {
            const double theta = fmin(degrees * pi() / 180, pi());
            json_t *point = json_object();
            double psi = NAN, slope = NAN;
            margin_psi(&curves[k].config, theta, &psi, &slope);
            const double by_cosine = degrees % 180 == 0 ? NAN : -slope / sin(theta);
            json_object_set_new(point, "loss",
                                json_string(margin_loss_get(curves[k].config.loss)->name));
            json_object_set_new(point, "label", json_string(curves[k].label));
            json_object_set_new(point, "theta_deg", json_integer(degrees));
            json_object_set_new(point, "psi", json_number(psi));
            json_object_set_new(point, "slope", json_number(by_cosine));
            json_array_append_new(points, point);
        }
    }
    return points;
}

static json_t *formulas(void)
{
    json_t *object = json_object();

    for (size_t k = 0; k < TEXTBOOKS; k++) {
        json_object_set_new(object, textbooks[k].name, json_string(textbooks[k].formula));
    }
    return object;
}

static void write_results(const run *r, int argc, char **argv)
{
    json_t *file = json_object(), *context = provenance_json(argc, argv, r->settings.seed);
    char error[512];

    json_object_set_new(context, "threads", json_integer(r->settings.threads));
    json_object_set_new(file, "schema", json_integer(1));
    json_object_set_new(file, "context", context);
    json_object_set_new(file, "bounds", json_pack("{s:[ff], s:[ff]}", "loss", 2e-6, 2e-7,
                                                  "gradient", 1e-5, 4e-7));
    json_object_set_new(file, "formulas", formulas());
    json_object_set_new(file, "curves", curve_points());
    json_object_set(file, "rows", r->rows);
    if (json_write_file(file, r->settings.out, error, sizeof error) != 0) {
        die(PROGRAM, "%s", error);
    }
    json_decref(file);
}

/* Better to know before the sweeps than after. */
static void check_writable(const char *path)
{
    atomic_file file;
    const int status = atomic_open(&file, path);

    if (status != 0) {
        die(PROGRAM, "%s: cannot write: %s", path, strerror(status));
    }
    atomic_abort(&file);
}

static void print_cases(const stability_case *cases, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        printf("theta/loss:%s/option:%s/gradient:%s\n",
               margin_loss_get(cases[k].config.loss)->name, cases[k].option,
               margin_gradient_name(cases[k].config.gradient));
    }
    for (size_t k = 0; k < count; k++) {
        if (cases[k].is_default) {
            printf("scale/loss:%s/option:%s/gradient:exact\n",
                   margin_loss_get(cases[k].config.loss)->name, cases[k].option);
        }
    }
}

int main(int argc, char **argv)
{
    run r = {.settings = parse_settings(argc, argv)};
    stability_case cases[CASES_MOST];
    const size_t count = list_cases(cases);

    if (r.settings.list) {
        print_cases(cases, count);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED;
    }
    if (r.settings.out) {
        check_writable(r.settings.out);
    }
    r.rows = json_array();
    if (!r.rows) {
        die(PROGRAM, "out of memory");
    }
    sweep_all(&r, cases, count);
    if (r.settings.out) {
        write_results(&r, argc, argv);
    }
    json_decref(r.rows);
    summary_print(&r.summary, stdout);
    if (fflush(stdout) != 0) {
        die(PROGRAM, "cannot write to standard output");
    }
    const size_t failures = summary_failures(&r.summary);
    if (failures > 0) {
        die(PROGRAM, "%zu batches are outside the stated bounds", failures);
    }
    return EXIT_SUCCESS;
}
