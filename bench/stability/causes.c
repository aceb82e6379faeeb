/* causes.c: stability_causes: which rounding puts rows outside the aim of docs/numerics.md, and
 * which wider cosine would bring them within.
 *
 * The rivals' cosines are those of replay.h. What is left between the library and the replayed sums
 * is in "rest", and would show that the kernels compute otherwise by now. Rows whose logits |x|
 * scales are left out. It must not know how cosines are replayed. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "dispatch.h"
#include "exact.h"
#include "inputs.h"
#include "options.h"
#include "replay.h"
#include "sweeps.h"

#define NAME "stability_causes"

enum { SKIPPED = 77, SIZE_MOST = 20000, GROUPS_MOST = 40 };

typedef struct group {
    char name[40];
    size_t rows, outside, greatest[NEAREST], rest, left[VARIANTS];
    size_t dx_outside, dx_own, dx_left; /* by dX's own roundings; with HALF */
    double most_rest;                   /* over the allowed error of the loss */
    size_t counted, rivals[VARIANTS];   /* HALF, HUNDREDTH: in how many rows, how many rivals */
} group;

typedef struct survey {
    size_t batches_most; /* of a cell with drawn recipes */
    margin_isa isa;
    const margin_kernels *kernels;
    group groups[GROUPS_MOST];
} survey;

static void *get(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        die(NAME, "out of memory");
    }
    return memory;
}

static group *group_of(survey *s, const char *sweep, const inputs *in)
{
    char name[40];
    size_t k = 0;

    snprintf(name, sizeof name, "%s%s", sweep, replay_is_few(in) ? ", few dim." : "");
    while (k < GROUPS_MOST - 1 && s->groups[k].name[0] && strcmp(s->groups[k].name, name) != 0) {
        k++;
    }
    strcpy(s->groups[k].name, name);
    return &s->groups[k];
}

/* ---- a row outside --------------------------------------------------------------------------- */

static long double softplus(long double gap)
{
    return (gap > 0 ? gap : 0) + log1pl(expl(-fabsl(gap)));
}

static void judge_loss(group *g, const long double *loss, double right, double got, double allowed)
{
    const long double rest = got - loss[SUMS];
    const long double parts[] = {fabsl(loss[NORMS] - right), fabsl(loss[ELEMENTS] - loss[NORMS]),
                                 fabsl(loss[SUMS] - loss[ELEMENTS])};
    const int second = parts[1] > parts[0];

    g->outside++;
    g->greatest[parts[2] > parts[second] ? 2 : second]++;
    g->rest += fabsl(rest) > allowed;
    g->most_rest = fmax(g->most_rest, (double)fabsl(rest) / allowed);
    for (int v = 0; v < VARIANTS; v++) {
        g->left[v] += fabsl(loss[v] - right + rest) > allowed;
    }
}

static void judge_dx(group *g, const row *r, const long double *loss, const float *got,
                     double allowed)
{
    long double *shares = get(r->in->classes, sizeof *shares);
    double error, own, ignored;

    replay_others(r, r->cosine[SUMS], shares);
    replay_dx(r, shares, loss[SUMS], got, &ignored, &own);
    replay_others(r, r->cosine[HALF], shares);
    replay_dx(r, shares, loss[HALF], got, &error, &ignored);
    free(shares);
    g->dx_outside++;
    g->dx_own += own > allowed;
    g->dx_left += error > allowed || own > allowed;
}

static void count_rivals(group *g, const row *r)
{
    g->counted++;
    for (size_t j = 0; j < r->in->classes; j++) {
        g->rivals[HALF] += r->share[j] > 0.5L;
        g->rivals[HUNDREDTH] += r->share[j] > 0.01L;
    }
}

static void judge_row(const survey *s, group *g, row *r, double got, const float *dx)
{
    const exact *want = r->want;
    const size_t n = r->in->dim;
    const double right = want->loss[r->i], allowed = 4 * float_ulp(right) + want->condition[r->i];
    double size = 0, apart = 0;
    long double loss[VARIANTS];

    for (size_t k = 0; k < n; k++) {
        size = hypot(size, want->dx[r->i * n + k]);
        apart = hypot(apart, (double)dx[k] - want->dx[r->i * n + k]);
    }
    const double allowed_dx = (2e-6 + 1.2e-7 * want->scale[r->i]) * fmax(size, (double)FLT_MIN);
    const int outside = fabs(got - right) > allowed, dx_outside = apart > allowed_dx;
    g->rows++;
    /* A zero embedding has no rivals; of less than this no float32 is left. */
    if ((!outside && !dx_outside) || !(r->norm > 0) || !(right > 1e-37)) {
        return;
    }
    replay_cosines(s->kernels, r);
    long double *ignored = get(r->in->classes, sizeof *ignored);
    const long double sum = replay_others(r, r->right, ignored);
    const long double gap =
        right > 30 ? right + logl(-expm1l(-(long double)right)) : logl(expm1l((long double)right));
    count_rivals(g, r);
    for (int v = 0; v < VARIANTS; v++) {
        loss[v] = softplus(replay_others(r, r->cosine[v], ignored) - sum + gap);
    }
    free(ignored);
    if (outside) {
        judge_loss(g, loss, right, got, allowed);
    }
    if (dx_outside) {
        judge_dx(g, r, loss, dx, allowed_dx);
    }
}

/* ---- batches --------------------------------------------------------------------------------- */

static void run_library(const survey *s, const margin_config *wanted, margin_head *head)
{
    margin_config config = *wanted;
    margin_context *context = NULL;

    config.isa = s->isa;
    config.threads = 1;
    config.workspace_bytes = (size_t)1 << 20;
    margin_status status = margin_create(&config, &context);
    if (status == MARGIN_OK) {
        status = margin_head_run(context, head);
    }
    margin_destroy(context);
    if (status != MARGIN_OK) {
        die(NAME, "%s: %s", margin_loss_get(config.loss)->name, margin_status_text(status));
    }
}

static void judge_batch(const survey *s, group *g, const margin_config *config, const inputs *in,
                        const exact *want)
{
    const size_t n = in->dim, classes = in->classes;
    long double *memory = get((VARIANTS + 3) * classes, sizeof *memory);
    long double *norms = memory + (VARIANTS + 2) * classes;
    float *loss = get(in->rows * (1 + n) + classes * n, sizeof *loss), *dx = loss + in->rows;
    margin_head head = head_of(in);

    head.row_loss = loss;
    head.grad_embeddings = dx;
    head.grad_weights = dx + in->rows * n;
    run_library(s, config, &head);
    for (size_t j = 0; j < classes; j++) {
        norms[j] = replay_length(in->weights + j * n, n);
    }
    for (size_t i = 0; i < in->rows; i++) {
        row r = {.in = in,
                 .want = want,
                 .i = i,
                 .label = (size_t)in->labels[i],
                 .raw = config->loss == MARGIN_SOFTMAX,
                 .scale = config->scale,
                 .norm = replay_length(in->embeddings + i * n, n),
                 .weight_norm = norms,
                 .right = memory + VARIANTS * classes,
                 .share = memory + (VARIANTS + 1) * classes};
        for (size_t v = 0; v < VARIANTS; v++) {
            r.cosine[v] = memory + v * classes;
        }
        judge_row(s, g, &r, (double)loss[i], dx + i * n);
    }
    free(loss);
    free(memory);
}

static void see_cell(void *context, const cell *wanted)
{
    survey *s = context;
    cell c = *wanted;

    if (c.recipe.rows * c.recipe.classes * c.recipe.dim > SIZE_MOST ||
        c.config.feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        return;
    }
    for (size_t b = 0; b < c.batches && !(c.vary && b >= s->batches_most); b++) {
        const uint64_t seed = c.seed + b;
        uint64_t state = ~seed;
        inputs in;
        exact want;
        if (c.vary) {
            c.vary(&c, &state);
        }
        if (inputs_make(&in, &c.recipe, seed) != 0 || exact_solve(&want, &c.config, &in, 1) != 0) {
            die(NAME, "out of memory");
        }
        judge_batch(s, group_of(s, c.sweep, &in), &c.config, &in, &want);
        exact_free(&want);
        inputs_free(&in);
    }
}

static void print(const survey *s)
{
    puts("Rows outside the aim. Of the loss: by which rounding most; those that stay with that\n"
         "of the norms alone, with that of the elements, as it is, with cosines rounded once,\n"
         "with the rival of more than half of the others' probability in double, with each of\n"
         "more than a hundredth; by the rest alone, and its largest share of what is allowed.\n"
         "Of dX: all, by its own sums alone, with that rival in double. Rivals over a half, a\n"
         "hundredth, a row.");
    printf("%-22s %8s %7s | %6s %6s %6s | %6s %6s %6s %6s %6s %6s | %4s %5s | %6s %6s %6s |"
           " %5s %5s\n",
           "sweep", "rows", "loss", "norms", "elem.", "sums", "norms", "elem.", "as is", "once",
           "half", "100th", "rest", "share", "dX", "own", "half", "half", "100th");
    for (const group *g = s->groups; g->name[0]; g++) {
        const double each = (double)(g->counted ? g->counted : 1);
        printf("%-22s %8zu %7zu | %6zu %6zu %6zu |", g->name, g->rows, g->outside, g->greatest[0],
               g->greatest[1], g->greatest[2]);
        for (int v = 0; v < VARIANTS; v++) {
            printf(" %6zu", g->left[v]);
        }
        printf(" | %4zu %5.2f | %6zu %6zu %6zu | %5.2f %5.2f\n", g->rest, g->most_rest,
               g->dx_outside, g->dx_own, g->dx_left, (double)g->rivals[HALF] / each,
               (double)g->rivals[HUNDREDTH] / each);
    }
}

int main(int argc, char **argv)
{
    const int quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    static survey s;
    stability_case cases[CASES_MOST];

    if (argc > 1 && !quick) {
        die_usage(NAME, "usage: " NAME " [--quick]");
    }
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
        s.isa = margin_isa_usable((margin_isa)isa) ? (margin_isa)isa : s.isa;
    }
    if (s.isa == MARGIN_ISA_SCALAR) {
        fputs(NAME ": no SIMD instruction set is usable, and the scalar sums differ\n", stderr);
        return SKIPPED;
    }
    s.kernels = margin_dispatch(s.isa);
    s.batches_most = quick ? 10 : 400;
    const size_t count = list_cases(cases);
    visit_cells(cases, count, quick ? EFFORT_QUICK : EFFORT_FULL, 1, see_cell, &s);
    print(&s);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED;
}
