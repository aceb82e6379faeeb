/* main.c: bench_stability: each batch of each sweep is solved once by the oracle, then by the
 * library on every instruction set and by the textbook formulas, and what is promised is judged. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exact.h"
#include "floats.h"
#include "inputs.h"
#include "json_out.h"
#include "measure.h"
#include "option_table.h"
#include "output_paths.h"
#include "progress.h"
#include "provenance.h"
#include "oracle.h"
#include "record.h"

#define PROGRAM "bench_stability"

enum { LINE_SIZE = 250 };

/* ---- the command line ------------------------------------------------------------------------ */

typedef struct settings {
    const char *out; /* NULL: no file */
    effort how_many;
    uint64_t seed;
    margin_isa isa; /* MARGIN_ISA_AUTO: every usable one */
    int threads;
    int list;
} settings;

#define OPTION_TARGET settings
static const option_row option_rows[] = {
    OPTION_GROUP("options:"),
    {"out", "FILE",
     "write the results (JSON; results/README.md has the schema), and tables/ beside it for the "
     "figures",
     TO_TEXT(out)},
    {"quick", NULL, "fewer points (seconds; default: a minute or two)",
     TO_CONSTANT(how_many, EFFORT_QUICK)},
    {"full", NULL, "more of them, a million rows of each loss (some ten minutes)",
     TO_CONSTANT(how_many, EFFORT_FULL)},
    {"seed", "S", "seed of the random vectors (default {default})", TO_U64(seed)},
    {"isa", "NAME", "only this instruction set: {names} (default: MARGIN_ISA, else all usable)",
     TO_ISA(isa)},
    {"threads", "T", "threads of the library (default {default}; 0: as many as CPUs)",
     TO_INT(threads, 0, 1024)},
    {"list", NULL, "print the sweeps and their shapes, and exit", TO_FLAG(list)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "errors of each loss and its gradients",
    .about =
        "Measure the error of each loss and its gradients against a 113-bit reference, with\n"
        "every option on every usable instruction set, beside the formulas as they are usually\n"
        "written: over angles, scales, lengths, numbers of rows, dimensions and classes, on\n"
        "converged rows, where probabilities underflow, in special places, and on random and\n"
        "adversarial rows. Then exp and log on float32 inputs. What docs/numerics.md promises is\n"
        "judged.",
    .rows = option_rows,
    .closing = "exit status: 0 when every promise is kept, 1 when one is not or the run failed,\n"
               "2 on wrong usage."};

typedef struct run {
    settings settings;
    int cpus;
    records records;
    verdict verdict;
    float_sweep floats[FLOAT_SWEEPS];
    size_t float_sweeps;
    progress progress;
    size_t batches, batches_done;
    double work, work_done; /* about in proportion to the time */
} run;

/* ---- a batch --------------------------------------------------------------------------------- */

static void measure_isas(const run *r, const margin_config *wanted, const inputs *in,
                         const exact *want, const witness *where, tally *tallies)
{
    margin_config config = *wanted;
    config.threads = r->settings.threads;
    /* A small context costs less to make than the default's. */
    config.workspace_bytes = in->classes * in->dim < 4096 ? (size_t)1 << 20 : 0;
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++) {
        config.isa = (margin_isa)isa;
        if (!r->records.measured[isa]) continue;
        const margin_status status = measure_library(&config, in, want, where, &tallies[isa]);
        if (status != MARGIN_OK)
            die(PROGRAM, "%s on %s: %s", margin_loss_get(config.loss)->name,
                margin_isa_name(config.isa), margin_status_text(status));
    }
}

static void measure_batch(const run *r, const cell *c, uint64_t seed, point *p)
{
    inputs in;
    exact want;
    inputs_make(&in, &c->recipe, seed);
    exact_solve(&want, &c->config, &in, r->cpus);
    if (c->ulps) exact_shift(&want, &c->config, &in, 1, r->cpus);
    for (size_t i = 0; i < in.rows; i++)
        p->theta += want.angle[i] / (double)in.rows;
    p->scale += want.scale[0];
    const witness where = {.seed = seed,
                           .sweep = c->sweep,
                           .option = c->which->option,
                           .gradient = margin_gradient_name(c->config.gradient)};
    measure_isas(r, &c->config, &in, &want, &where, p->tallies);
    for (size_t k = 0; k < TEXTBOOKS && c->compared; k++) {
        if (textbooks[k].applies(&c->config))
            measure_textbook(&textbooks[k], &c->config, &in, &want, &where,
                             &p->tallies[MARGIN_ISA_COUNT + k]);
    }
    exact_free(&want);
    inputs_free(&in);
}

/* ---- a cell ---------------------------------------------------------------------------------- */

/* The time of a batch, about, in that of a product of the oracle. */
static double work_of(const cell *c)
{
    const recipe *r = &c->recipe;
    const double overhead = 3000, drawn = 3000; /* the latter where each batch has its own shape */
    const double size = (double)r->rows * (double)r->classes * (double)(r->dim + 8);
    return overhead + (c->vary ? drawn : size * (c->ulps ? 2 : 1));
}

static void measure_cell(void *context, const cell *wanted)
{
    run *r = context;
    cell c = *wanted;
    point p = {0};
    char what[120];
    for (size_t b = 0; b < c.batches; b++) {
        const uint64_t seed = c.seed + b;
        uint64_t state = ~seed;
        if (c.vary) c.vary(&c, &state);
        measure_batch(r, &c, seed, &p);
        r->work_done += work_of(&c);
        progress_share(&r->progress, r->work_done / r->work);
        snprintf(what, sizeof what, "%s %s%s: %s", margin_loss_get(c.config.loss)->name,
                 c.which->option, c.config.gradient == MARGIN_GRADIENT_DETACHED ? " detached" : "",
                 c.sweep);
        progress_step(&r->progress, ++r->batches_done, what);
    }
    p.theta /= (double)c.batches;
    p.scale /= (double)c.batches;
    for (int k = 0; k < IMPLEMENTATIONS; k++) {
        if (p.tallies[k].rows > 0)
            verdict_add(&r->verdict, c.config.loss, implementation_name(k), is_library(k),
                        &p.tallies[k]);
    }
    records_add(&r->records, &c, &p);
}

static void count_cell(void *context, const cell *c)
{
    run *r = context;
    r->batches += c->batches;
    r->work += (double)c->batches * work_of(c);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void write_results(const run *r, int argc, char **argv)
{
    atomic_set written = {0};
    tables out;
    json_t *context = provenance_json(argc, argv, r->settings.seed), *formulas = json_object();
    for (size_t k = 0; k < TEXTBOOKS; k++)
        json_put(formulas, textbooks[k].name, "s", textbooks[k].formula);
    char error[512];
    json_put(context, "threads", "d", r->settings.threads);
    json_t *file = json_row(
        "schema context verdicts settings functions formulas curves rows", "dooooooo", 3, context,
        json_columns(verdict_json(&r->verdict)), json_columns(json_incref(r->records.settings)),
        float_sweeps_json(r->floats, r->float_sweeps), formulas, json_columns(curves_json()),
        json_columns(json_incref(r->records.rows)));
    if (json_add_file(file, r->settings.out, &written, error, sizeof error) != 0)
        die(PROGRAM, "%s", error);
    json_decref(file);
    tables_open(&out, r->settings.out, &written);
    write_tables(&out, &r->records, &r->verdict, r->floats, r->float_sweeps);
    if (*out.fault) die(PROGRAM, "%s", out.fault);
    if (atomic_set_commit(&written, error, sizeof error) != 0) die(PROGRAM, "%s", error);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* One line per sweep of each case and shape in it. */
static void print_cell(void *context, const cell *c)
{
    char line[LINE_SIZE], shape[80] = "D:drawn/C:drawn", *last = context;
    if (!c->vary) snprintf(shape, sizeof shape, "D:%zu/C:%zu", c->recipe.dim, c->recipe.classes);
    snprintf(line, sizeof line, "%s/loss:%s/option:%s/gradient:%s/N:%zu/%s", c->sweep,
             margin_loss_get(c->config.loss)->name, c->which->option,
             margin_gradient_name(c->config.gradient), c->recipe.rows, shape);
    if (strcmp(line, last) != 0) {
        puts(line);
        strcpy(last, line);
    }
}

/* What ran, and how it ended. */
static void print_closing(const run *r, size_t cases, size_t failures)
{
    const size_t rows = verdict_fewest(&r->verdict);
    size_t isas = 0;
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++)
        isas += r->records.measured[isa] != 0;
    printf("\n%zu losses and options, %zu batches, at least %zu rows of each loss on each of %zu "
           "instruction sets;\n",
           cases, r->batches_done, rows, isas);
    if (failures == 0) {
        printf("every promise is kept.\n");
    } else {
        printf("%zu promises are not kept.\n", failures);
    }
    if (r->settings.out) printf("Results: %s\n", r->settings.out);
}

int main(int argc, char **argv)
{
    static run r; /* too large for the stack */
    /* Every float32 where there is time for it. */
    static const unsigned exp_step[] = {0, 1009, 1, 1}, log_step[] = {0, 1009, 31, 1};
    stability_case cases[CASES_MOST];
    const size_t count = list_cases(cases);
    char last[LINE_SIZE] = "";
    json_begin();
    r.settings =
        (settings){.how_many = EFFORT_DEFAULT, .seed = 1, .isa = MARGIN_ISA_AUTO, .threads = 1};
    options_read(&table, argc, argv, &r.settings);
    r.cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (r.settings.list) {
        visit_cells(cases, count, r.settings.how_many, r.settings.seed, print_cell, last);
        finish_stdout(PROGRAM);
        return EXIT_SUCCESS;
    }
    output_paths_try(PROGRAM, (const char *[]){r.settings.out}, 1);
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        if (!oracle_knows((margin_loss)loss)) /* there is nothing to compare it with */
            fprintf(stderr, PROGRAM ": %s: not measured: oracle_target.c has no formula for it\n",
                    margin_loss_get((margin_loss)loss)->name);
    }
    records_start(&r.records);
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++)
        r.records.measured[isa] =
            margin_isa_usable((margin_isa)isa) &&
            (r.settings.isa == MARGIN_ISA_AUTO || r.settings.isa == (margin_isa)isa);
    visit_cells(cases, count, r.settings.how_many, r.settings.seed, count_cell, &r);
    progress_start(&r.progress, "stability", r.batches);
    visit_cells(cases, count, r.settings.how_many, r.settings.seed, measure_cell, &r);
    records_flush(&r.records);
    progress_end(&r.progress);
    r.float_sweeps = sweep_floats(r.floats, r.settings.isa, exp_step[r.settings.how_many],
                                  log_step[r.settings.how_many], r.cpus);
    if (r.settings.out) write_results(&r, argc, argv);
    records_free(&r.records);
    verdict_print(&r.verdict, stdout);
    float_sweeps_print(r.floats, r.float_sweeps, stdout);
    size_t failures = verdict_failures(&r.verdict);
    for (size_t k = 0; k < r.float_sweeps; k++)
        failures += !float_sweep_kept(&r.floats[k]);
    print_closing(&r, count, failures);
    finish_stdout(PROGRAM);
    if (failures > 0) die(PROGRAM, "%zu promises are not kept", failures);
    return EXIT_SUCCESS;
}
