/* fuzz_calls.c: bytes to one call of the head or of the rows level, of any loss, option, shape,
 * outputs, workspace and threads, with degenerate vectors, extreme norms and wrong inputs among
 * them. Whatever the bytes say: a refused call touches nothing, an accepted one gives finite
 * results, the same bits on every vector instruction set and for any threads and workspace, and
 * where its numbers are tame, what plain_head.c gives. Ends the process at the first fault. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fuzz.h"
#include "plain_head.h"
#include "problem.h"

/* What a case asks for. `tame`: plain_head.c has its usual digits. */
typedef struct fuzz_case {
    margin_config config;
    size_t rows, dim, classes;
    uint64_t seed;
    unsigned layout;
    int ignored, bias, weighted, class_weighted, tame;
    double label_smoothing;
    const float *row_margin, *class_margin, *row_scale; /* NULL, or of `given` */
    int64_t ignore_label;
    unsigned outputs; /* bits: the outputs that are not asked for */
} fuzz_case;

static void must(int held, const char *what)
{
    if (held) return;
    fprintf(stderr, "fuzz_calls: %s\n", what);
    abort();
}

/* ---- bytes to a case --------------------------------------------------------------------------*/

static margin_config take_config(fuzz_bytes *b)
{
    static const double scales[] = {64.0, 1.0, 16.0, 1e4, 1e-3, 30.0};
    margin_config config;
    must(margin_config_init(&config, (margin_loss)bytes_below(b, MARGIN_LOSS_COUNT)) == MARGIN_OK,
         "defaults of a loss");
    const margin_loss_info *info = margin_loss_get(config.loss);
    config.scale = info->normalised ? scales[bytes_below(b, 6)] : 1.0;
    config.gradient = (margin_gradient)bytes_below(b, MARGIN_GRADIENT_COUNT);
    if (info->has_angle) config.past_pi = (margin_past_pi)bytes_below(b, MARGIN_PAST_PI_COUNT);
    if (info->margin_index == 1 || info->margin_index == 4) config.m1 = 1.0 + 3.0 * bytes_part(b);
    if (info->margin_index == 2 || info->margin_index == 4) config.m2 = 3.1 * bytes_part(b);
    if (info->margin_index == 3 || info->margin_index == 4) config.m3 = bytes_part(b) - 0.2;
    if (info->has_lambda) {
        config.lambda = 5.0 * (double)bytes_below(b, 3);
        config.feature_norm = (margin_feature_norm)bytes_below(b, MARGIN_FEATURE_NORM_COUNT);
    }
    config.workspace_bytes = (size_t)8 << 20; /* reserving more takes most of the time */
    return config;
}

/* Small shapes in the main; now and then a side that the kernels cut. */
static size_t take_side(fuzz_bytes *b)
{
    static const size_t large[] = {128, 130, 256, 300, 520, 1000, 2050};
    const size_t side = bytes_below(b, 80);
    return side < 72 ? side + 1 : large[(side - 72) % 7];
}

enum { LARGEST_SIDE = 2050 };
static float given[3][LARGEST_SIDE], row_others[2][LARGEST_SIDE];

/* Fills margins, or with index 0 scales, that a caller may give; returns them. */
static const float *give(float *values, int index, unsigned seed)
{
    for (unsigned k = 0; k < LARGEST_SIDE; k++) {
        const float part = (float)((k * 37 + seed) % 64) / 64.0f; /* in [0, 1) */
        values[k] = index == 0 ? 64.0f * part : index == 1 ? 1.0f + 3.0f * part : 3.1f * part;
        if (index == 3) values[k] = part - 0.2f;
    }
    return values;
}

/* Takes what takes the configuration's place for a row or a class. */
static void take_given(fuzz_bytes *b, fuzz_case *c)
{
    const unsigned flags = bytes_next(b), seed = bytes_next(b);
    const int index = margin_loss_get(c->config.loss)->margin_index;
    if (flags & 1 && index > 0 && index < 4)
        *(flags & 2 ? &c->row_margin : &c->class_margin) = give(given[flags & 2], index, seed);
    if (flags & 4 && c->config.feature_norm == MARGIN_FEATURE_NORM_FIXED)
        c->row_scale = give(given[1], 0, seed);
    if (flags & 8) c->ignore_label = flags & 16 ? -100 : 2;
}

static fuzz_case take_case(fuzz_bytes *b)
{
    fuzz_case c = {.config = take_config(b)};
    c.rows = take_side(b);
    c.dim = take_side(b);
    c.classes = take_side(b);
    while (c.rows * c.dim * c.classes > 1u << 22) /* a case takes milliseconds */
        *(c.rows > c.classes ? &c.rows : &c.classes) /= 4;
    c.seed = bytes_next(b);
    c.layout = (unsigned)bytes_below(b, PROBLEM_LAYOUTS);
    const unsigned flags = bytes_next(b);
    c.ignored = flags & 1;
    c.bias = flags & 2 && !margin_loss_get(c.config.loss)->normalised;
    c.weighted = (flags & 4) != 0;
    c.class_weighted = (flags & 8) != 0;
    c.label_smoothing = flags & 16 ? (double)(flags >> 5) / 8.0 : 0.0;
    c.outputs = bytes_next(b);
    take_given(b, &c);
    return c;
}

/* ---- inputs that are not tame -----------------------------------------------------------------*/

/* Makes a row of a matrix what `how` says; `other` is the matrix's first row. */
static void spoil_row(float *row, size_t columns, size_t how, const float *other)
{
    static const float powers[] = {0.0f, 1e-44f, 1e-30f, 1e-12f, 1e12f, 1e30f, 1e37f};
    if (how == 0) row[columns / 2] = NAN;
    if (how == 1) row[columns - 1] = -INFINITY;
    if (how == 2 && row != other) memcpy(row, other, columns * sizeof *row);
    for (size_t d = 0; d < columns && how > 2 && how < 11; d++)
        row[d] = how < 10 ? row[d] * powers[how - 3] : -row[d];
}

/* Spoils up to three rows of X and W; returns 1 if it has. */
static int spoil(fuzz_bytes *b, problem *p)
{
    const size_t times = bytes_below(b, 4);
    for (size_t k = 0; k < times; k++) {
        const int embeddings = (int)bytes_below(b, 2);
        const size_t how = bytes_below(b, 64);
        const margin_head *h = &p->call;
        const size_t at = bytes_below(b, embeddings ? h->rows : h->classes);
        float *matrix = embeddings ? p->embeddings.at : p->weights.at;
        const size_t stride = embeddings ? h->embeddings_stride : h->weights_stride;
        spoil_row(matrix + at * stride, h->dim, how, matrix);
    }
    return times > 0;
}

static int row_finite(const float *row, size_t columns)
{
    for (size_t d = 0; d < columns; d++)
        if (!isfinite(row[d])) return 0;
    return 1;
}

/* Returns 1 where the call must be accepted: every number that counts is finite. */
static int acceptable(const margin_head *h)
{
    for (size_t i = 0; i < h->rows; i++)
        if (!row_finite(h->embeddings + i * h->embeddings_stride, h->dim)) return 0;
    for (size_t j = 0; j < h->classes; j++)
        if (!row_finite(h->weights + j * h->weights_stride, h->dim)) return 0;
    return 1;
}

static void drop_outputs(fuzz_case *c, margin_head *h)
{
    if (c->outputs & 1) h->row_loss = NULL;
    if (c->outputs & 2) h->row_angle = NULL;
    if (c->outputs & 4) h->row_correct = NULL;
    if (c->outputs & 8) h->grad_embeddings = NULL;
    if (c->outputs & 16) h->grad_weights = NULL;
    if (c->outputs & (16 | 32) || !c->bias) h->grad_bias = NULL;
}

static problem make_problem(fuzz_case *c, fuzz_bytes from_here)
{
    problem p = problem_make(c->rows, c->dim, c->classes, c->seed, c->layout, c->ignored);
    if (c->bias) problem_use_bias(&p);
    if (c->weighted) problem_use_row_weight(&p);
    if (c->class_weighted) problem_use_class_weight(&p);
    p.call.label_smoothing = c->label_smoothing;
    p.call.row_margin = c->row_margin;
    p.call.class_margin = c->class_margin;
    p.call.row_scale = c->row_scale;
    p.call.ignore_label = c->ignore_label;
    for (size_t i = 0; i < c->rows && c->ignore_label < 0; i += 5)
        ((int64_t *)p.labels.data)[i] = c->ignore_label;
    c->tame = !spoil(&from_here, &p) && c->dim > 1; /* D = 1: every angle is 0 or pi */
    drop_outputs(c, &p.call);
    return p;
}

/* ---- what must hold ---------------------------------------------------------------------------*/

static void entries_finite(const float *x, size_t rows, size_t columns, size_t stride)
{
    for (size_t i = 0; i < rows * columns && x != NULL; i++)
        must(isfinite(x[i / columns * stride + i % columns]), "an output is not finite");
}

static void all_finite(const margin_head *h)
{
    must(isfinite(h->loss) || h->loss > 0.0, "the loss is NaN");
    entries_finite(h->row_angle, h->rows, 1, 1);
    entries_finite(h->grad_embeddings, h->rows, h->dim, h->grad_embeddings_stride);
    entries_finite(h->grad_weights, h->classes, h->dim, h->grad_weights_stride);
    entries_finite(h->grad_bias, h->classes, 1, 1);
}

static double *widen(const float *x, size_t rows, size_t columns, size_t stride)
{
    double *wide = malloc(rows * columns * sizeof *wide);
    must(wide != NULL, "out of memory");
    for (size_t i = 0; i < rows * columns; i++)
        wide[i] = (double)x[i / columns * stride + i % columns];
    return wide;
}

/* Holds each entry to plain_head.c's within `bound` times the largest of its array, or times
 * `least`, where all that is left is what rounding leaves. */
static void near_plain(const float *got, size_t rows, size_t columns, size_t stride,
                       const double *want, double bound, double least, const char *what)
{
    double largest = least;
    for (size_t i = 0; i < rows * columns; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < rows * columns && got != NULL; i++)
        must(fabs((double)got[i / columns * stride + i % columns] - want[i]) <= bound * largest,
             what);
}

/* Returns labels in which rows that are ignored have -1. */
static const int64_t *plain_labels(const fuzz_case *c, const margin_head *h)
{
    static int64_t labels[LARGEST_SIDE];
    for (size_t i = 0; i < c->rows; i++)
        labels[i] = c->ignore_label != 0 && h->labels[i] == c->ignore_label ? -1 : h->labels[i];
    return labels;
}

static void as_plain(const fuzz_case *c, const margin_head *h)
{
    plain_head want = {.config = &c->config,
                       .rows = c->rows,
                       .dim = c->dim,
                       .classes = c->classes,
                       .x = widen(h->embeddings, c->rows, c->dim, h->embeddings_stride),
                       .w = widen(h->weights, c->classes, c->dim, h->weights_stride),
                       .bias = h->bias ? widen(h->bias, 1, c->classes, c->classes) : NULL,
                       .labels = plain_labels(c, h),
                       .row_margin = h->row_margin,
                       .class_margin = h->class_margin,
                       .row_scale = h->row_scale,
                       .row_weight = h->row_weight,
                       .class_weight = h->class_weight,
                       .label_smoothing = h->label_smoothing,
                       .row_loss = calloc(c->rows, sizeof(double)),
                       .theta = calloc(c->rows, sizeof(double)),
                       .correct = calloc(c->rows, 1),
                       .dx = calloc(c->rows * c->dim, sizeof(double)),
                       .dw = calloc(c->classes * c->dim, sizeof(double)),
                       .db = calloc(c->classes, sizeof(double))};
    /* The largest logit of softmax and of kept norms is a few tens. */
    const double bound = 2e-5 + 1e-6 * c->config.scale;
    const double pull = c->config.scale / (double)c->rows; /* of a row that has not converged */
    plain_head_run(&want);
    near_plain(h->row_loss, c->rows, 1, 1, want.row_loss, bound, 1e-3,
               "a loss is not the plain one");
    near_plain(h->grad_embeddings, c->rows, c->dim, h->grad_embeddings_stride, want.dx, bound, pull,
               "dX is not the plain one");
    near_plain(h->grad_weights, c->classes, c->dim, h->grad_weights_stride, want.dw, bound, pull,
               "dW is not the plain one");
    near_plain(h->grad_bias, c->classes, 1, 1, want.db, bound, pull, "db is not the plain one");
    void *const all[] = {want.x,       want.w,  want.bias, want.row_loss, want.theta,
                         want.correct, want.dx, want.dw,   want.db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* ---- one case ---------------------------------------------------------------------------------*/

/* The call with another instruction set, other threads, another workspace. */
static margin_config take_variant(fuzz_bytes *b, margin_config config)
{
    config.isa = (margin_isa)bytes_below(b, MARGIN_ISA_COUNT);
    if (!margin_isa_usable(config.isa)) config.isa = MARGIN_ISA_AUTO;
    config.threads = 1 + (int)bytes_below(b, 4);
    if (bytes_below(b, 2)) config.workspace_bytes = (size_t)1 << (12 + bytes_below(b, 12));
    return config;
}

static margin_status run(problem *p, const margin_config *config)
{
    margin_context *context;
    margin_status status = problem_context(config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, &p->call);
    if (status == MARGIN_OK)
        must(margin_context_workspace_used(context) <=
                 margin_context_config(context)->workspace_bytes,
             "more workspace used than allowed");
    margin_destroy(context);
    return status;
}

/* Returns the hash of all output arrays; those not asked for hold what they held before. */
static problem_hash hash_of(const problem *p)
{
    problem all = *p;
    all.call.row_loss = p->row_loss.at;
    all.call.row_angle = p->row_angle.at;
    all.call.row_correct = p->row_correct.data;
    all.call.grad_embeddings = p->grad_embeddings.at;
    all.call.grad_weights = p->grad_weights.at;
    return problem_hash_of(&all);
}

static int vectors(margin_isa isa)
{
    return isa != MARGIN_ISA_SCALAR;
}

static void head_case(fuzz_bytes *b)
{
    fuzz_case c = take_case(b);
    const margin_config variant = take_variant(b, c.config);
    problem p = make_problem(&c, *b), q = make_problem(&c, *b);
    margin_config one = c.config;
    p.call.row_others = row_others[0];
    q.call.row_others = row_others[1];
    one.threads = 1;
    one.isa = vectors(variant.isa) ? MARGIN_ISA_AUTO : MARGIN_ISA_SCALAR;
    const margin_status status = run(&p, &one), other = run(&q, &variant);
    must(status == (acceptable(&p.call) ? MARGIN_OK : MARGIN_ERROR_NONFINITE),
         "the status is another");
    must(other == status || other == MARGIN_ERROR_WORKSPACE, "a variant's status is another");
    must(status == MARGIN_OK || problem_untouched(&p), "a refused call has written");
    must(other == MARGIN_OK || problem_untouched(&q), "a refused variant has written");
    if (status == MARGIN_OK) {
        all_finite(&p.call);
        entries_finite(row_others[0], c.rows, 1, 1);
        if (c.tame) as_plain(&c, &p.call);
    }
    if (other == MARGIN_OK) {
        const problem_hash a = hash_of(&p), z = hash_of(&q);
        must(memcmp(&a, &z, sizeof a) == 0, "other bits with other threads, workspace or set");
        must(status != MARGIN_OK ||
                 memcmp(row_others[0], row_others[1], c.rows * sizeof(float)) == 0,
             "other bits of row_others");
    }
    must(problem_free(&p) && problem_free(&q), "something beside the outputs was written");
}

static void rows_case(fuzz_bytes *b)
{
    const margin_config config = take_config(b), variant = take_variant(b, config);
    const size_t rows = take_side(b), classes = take_side(b), seed = bytes_next(b);
    const unsigned layout = (unsigned)bytes_below(b, PROBLEM_LAYOUTS);
    rows_problem p = rows_problem_make(rows, classes, seed, layout, 1);
    rows_problem q = rows_problem_make(rows, classes, seed, layout, 1);
    if (config.feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        p.call.row_scale = p.row_scale.at;
        q.call.row_scale = q.row_scale.at;
    }
    margin_config one = config;
    one.threads = 1;
    one.isa = vectors(variant.isa) ? MARGIN_ISA_AUTO : MARGIN_ISA_SCALAR;
    const margin_status status = rows_problem_run(&p, &one), other = rows_problem_run(&q, &variant);
    must(status == MARGIN_OK, "the rows level refuses");
    must(other == status || other == MARGIN_ERROR_WORKSPACE, "a variant's status is another");
    entries_finite(p.call.grad_logits, rows, classes, p.call.grad_logits_stride);
    if (other == MARGIN_OK) {
        const problem_hash a = rows_problem_hash_of(&p), z = rows_problem_hash_of(&q);
        must(memcmp(&a, &z, sizeof a) == 0, "rows: other bits with other threads or set");
    }
    must(rows_problem_free(&p) && rows_problem_free(&q), "something beside was written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes b = {data, size};
    if (bytes_below(&b, 4) == 3)
        rows_case(&b);
    else
        head_case(&b);
    return 0;
}
