/* test_bits.c: the same inputs give the same bits: for every number of threads, workspace size,
 * alignment and stride, and, on every SIMD instruction set and machine, the bits of golden.txt.
 *
 *   test_bits ISA [GOLDEN]        judge; without GOLDEN (scalar) only that nothing changes a bit
 *   test_bits ISA [GOLDEN] --few  with few variants of threads and workspace, for emulators
 *   test_bits ISA GOLDEN --write  write GOLDEN anew, after a deliberate change of the arithmetic
 */
#include <math.h>

#include "bits_golden.h"
#include "margin.h"

static golden_file golden;
static margin_isa isa;
static size_t variants_tried;

/* ---- what must not change a bit ---------------------------------------------------------------*/

typedef struct variant {
    int threads;
    size_t workspace; /* 0: the default; 1: the minimum of the shape */
    unsigned layout;
} variant;

static const variant variants[] = {{1, 16u << 20, 0}, {3, 1, 7},          {2, 0, 3},
                                   {8, 1, 0},         {1, 1, 15},         {1, 64u << 20, 1},
                                   {2, 1, 10},        {8, 16u << 20, 12}, {3, 64u << 20, 5}};

enum { VARIANTS = sizeof variants / sizeof *variants, FEW_VARIANTS = 2 };

typedef struct bits_case {
    char name[GOLDEN_NAME];
    margin_config config;
    size_t rows, dim, classes; /* dim 0: rows level */
    uint64_t seed;
    int bias, row_weight, class_weight;
    double label_smoothing;
} bits_case;

/* Returns the bytes that a refused call names: the least for the outputs that it wants. */
static size_t minimum_of(const margin_config *config, margin_head call)
{
    margin_config least = *config;
    margin_context *context;
    size_t bytes = 0;
    least.workspace_bytes = 1;
    if (problem_context(&least, &context) == MARGIN_OK &&
        margin_head_run(context, &call) == MARGIN_ERROR_WORKSPACE) {
        bytes = margin_context_fault(context)->bytes;
    }
    margin_destroy(context);
    CHECK(bytes > 0, "head: 1 byte of workspace is enough");
    return bytes;
}

static problem_hash run_head(const bits_case *c, const variant *v, margin_config config)
{
    problem p = problem_make(c->rows, c->dim, c->classes, c->seed, v->layout, 1);
    if (c->bias) problem_use_bias(&p);
    if (c->row_weight) problem_use_row_weight(&p);
    if (c->class_weight) problem_use_class_weight(&p);
    p.call.label_smoothing = c->label_smoothing;
    if (v->workspace == 1) config.workspace_bytes = minimum_of(&config, p.call);
    const margin_status status = problem_run(&p, &config);
    CHECK(status == MARGIN_OK, "%s: %s", c->name, margin_status_text(status));
    const problem_hash hash = problem_hash_of(&p);
    CHECK(problem_free(&p), "%s: a byte outside an array was written", c->name);
    return hash;
}

/* Returns the same of a call of the rows level. */
static size_t rows_minimum_of(const margin_config *config, margin_rows call)
{
    margin_config least = *config;
    margin_context *context;
    size_t bytes = 0;
    least.workspace_bytes = 1;
    if (problem_context(&least, &context) == MARGIN_OK &&
        margin_rows_run(context, &call) == MARGIN_ERROR_WORKSPACE) {
        bytes = margin_context_fault(context)->bytes;
    }
    margin_destroy(context);
    CHECK(bytes > 0, "rows level: 1 byte of workspace is enough");
    return bytes;
}

static problem_hash run_rows(const bits_case *c, const variant *v, margin_config config)
{
    rows_problem p = rows_problem_make(c->rows, c->classes, c->seed, v->layout, 1);
    if (config.feature_norm == MARGIN_FEATURE_NORM_KEEP) p.call.row_scale = p.row_scale.at;
    if (c->row_weight) p.call.row_weight = p.row_weight.at;
    if (c->class_weight) p.call.class_weight = p.class_weight.at;
    p.call.label_smoothing = c->label_smoothing;
    if (v->workspace == 1) config.workspace_bytes = rows_minimum_of(&config, p.call);
    const margin_status status = rows_problem_run(&p, &config);
    CHECK(status == MARGIN_OK, "%s: %s", c->name, margin_status_text(status));
    const problem_hash hash = rows_problem_hash_of(&p);
    CHECK(rows_problem_free(&p), "%s: a byte outside an array was written", c->name);
    return hash;
}

static problem_hash run_case(const bits_case *c, const variant *v, margin_config config)
{
    return c->dim == 0 ? run_rows(c, v, config) : run_head(c, v, config);
}

static int same_hash(problem_hash a, problem_hash b)
{
    return a.loss == b.loss && a.grad_embeddings == b.grad_embeddings &&
           a.grad_weights == b.grad_weights;
}

static problem_hash judge_case(const bits_case *c)
{
    problem_hash first = {0, 0, 0};
    for (size_t k = 0; k < variants_tried; k++) {
        const variant *v = &variants[k];
        margin_config config = c->config;
        config.threads = v->threads;
        if (v->workspace > 1) config.workspace_bytes = v->workspace;
        const problem_hash hash = run_case(c, v, config);
        if (k == 0) first = hash;
        CHECK(same_hash(hash, first),
              "%s: other bits%s%s%s with %d threads, workspace %zu (1: least), layout %u", c->name,
              hash.loss == first.loss ? "" : " in loss",
              hash.grad_embeddings == first.grad_embeddings ? "" : " in dX",
              hash.grad_weights == first.grad_weights ? "" : " in dW", v->threads, v->workspace,
              v->layout);
    }
    return first;
}

/* ---- groups of cases --------------------------------------------------------------------------*/

/* The group at hand of each level: head, rows. */
static golden_group groups[2];
static bits_case group_cases[2][GOLDEN_CASES];

/* The largest difference, in parts of the largest element; layout 0 is dense. */
static double farthest(const float *a, const float *b, size_t count)
{
    double most = 0.0, size = 0.0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
        size = fmax(size, fabs((double)b[i]));
    }
    return most > 0.0 ? most / size : 0.0;
}

/* Prints how far a case is from the scalar kernels: a rounding, or a fault? */
static void explain(const golden_group *g, size_t index)
{
    const bits_case *c = &group_cases[g - groups][index];
    const size_t n = c->rows, dim = c->dim;
    margin_config config = c->config, scalar = c->config;
    scalar.isa = MARGIN_ISA_SCALAR;
    if (dim == 0) {
        rows_problem p = rows_problem_make(n, c->classes, c->seed, 0, 1), q = p;
        q = rows_problem_make(n, c->classes, c->seed, 0, 1);
        if (config.feature_norm == MARGIN_FEATURE_NORM_KEEP) {
            p.call.row_scale = p.row_scale.at;
            q.call.row_scale = q.row_scale.at;
        }
        rows_problem_run(&p, &config);
        rows_problem_run(&q, &scalar);
        printf("    loss %.17g, scalar %.17g; farthest from scalar: dlogits %.1e\n", p.call.loss,
               q.call.loss, farthest(p.grad_logits.at, q.grad_logits.at, n * c->classes));
        rows_problem_free(&p);
        rows_problem_free(&q);
        return;
    }
    problem p = problem_make(n, dim, c->classes, c->seed, 0, 1);
    problem q = problem_make(n, dim, c->classes, c->seed, 0, 1);
    if (c->bias) problem_use_bias(&p), problem_use_bias(&q);
    problem_run(&p, &config);
    problem_run(&q, &scalar);
    printf("    loss %.17g, scalar %.17g; farthest from scalar: dX %.1e, dW %.1e\n", p.call.loss,
           q.call.loss, farthest(p.grad_embeddings.at, q.grad_embeddings.at, n * dim),
           farthest(p.grad_weights.at, q.grad_weights.at, c->classes * dim));
    problem_free(&p);
    problem_free(&q);
}

static void start_groups(margin_loss loss, const char *what)
{
    const char *const name = margin_loss_get(loss)->name;
    groups[0].count = groups[1].count = 0;
    snprintf(groups[0].name, GOLDEN_NAME, "head/%s/%s", name, what);
    snprintf(groups[1].name, GOLDEN_NAME, "rows/%s/%s", name, what);
}

static void end_groups(margin_loss loss)
{
    for (size_t k = 0; k < 2; k++)
        golden_judge(&golden, &groups[k], margin_loss_get(loss)->name, explain);
}

static void add_case(size_t level, bits_case c, const char *what)
{
    golden_group *g = &groups[level];
    const char *const name = margin_loss_get(c.config.loss)->name;
    if (level == 1) {
        snprintf(c.name, GOLDEN_NAME, "rows/%s/%s/N:%zu/C:%zu", name, what, c.rows, c.classes);
    } else {
        snprintf(c.name, GOLDEN_NAME, "head/%s/%s/N:%zu/D:%zu/C:%zu", name, what, c.rows, c.dim,
                 c.classes);
    }
    const problem_hash hash = judge_case(&c);
    CHECK(g->count < GOLDEN_CASES, "%s: too many cases", g->name);
    if (g->count == GOLDEN_CASES) return;
    memcpy(g->cases[g->count], c.name, sizeof c.name);
    group_cases[level][g->count] = c;
    g->hash[g->count++] = hash;
}

/* ---- the cases --------------------------------------------------------------------------------*/

typedef struct shape {
    size_t rows, dim, classes;
} shape;

/* For every loss. */
static const shape shapes[] = {{1, 1, 1},     {1, 2, 2},      {2, 3, 1},    {3, 5, 2},
                               {5, 1, 7},     {7, 15, 3},     {8, 16, 16},  {13, 17, 9},
                               {15, 31, 33},  {16, 33, 15},   {17, 63, 65}, {31, 64, 127},
                               {37, 65, 255}, {40, 129, 257}, {129, 7, 3},  {300, 19, 11}};

/* Larger ones for one loss: several shards, several row blocks, long chains. */
static const shape large_shapes[] = {
    {129, 513, 31}, {33, 127, 999}, {129, 31, 1000}, {641, 9, 515},  {3, 2, 9001},
    {257, 66, 77},  {300, 48, 601}, {34, 20, 5101},  {271, 64, 253}, {642, 5, 515},
    {130, 8, 200},  {7, 1, 129},    {5, 70, 1100},   {8, 1100, 31},  {45, 131, 11}};

/* Each path, several row blocks and shards, with label smoothing. */
static const shape smoothed_shapes[] = {{5, 1, 7},   {300, 19, 11}, {130, 31, 2100}, {642, 5, 515},
                                        {3, 2, 901}, {7, 40, 33},   {40, 129, 257}};

/* Sizes 1 to 40 in turn, the others odd and changing. */
static shape small_shape(size_t rows)
{
    return (shape){rows, 1 + rows * 7 % 29, 1 + rows * 13 % 41};
}

/* What a case wants besides its shape. */
typedef enum extra { PLAIN, WEIGHTED, SMOOTHED } extra;

static void judge_shape(margin_config config, const char *what, shape s, extra wanted)
{
    bits_case c = {.config = config, .rows = s.rows, .dim = s.dim, .classes = s.classes};
    c.seed = 1000003 * s.rows + 1009 * s.dim + s.classes;
    c.bias = !margin_loss_get(config.loss)->normalised && s.rows % 2 == 1;
    c.row_weight = wanted == WEIGHTED;
    c.class_weight = wanted == SMOOTHED;
    c.label_smoothing = wanted == SMOOTHED ? 0.1 : 0.0;
    add_case(0, c, what);
    c.dim = c.bias = 0;
    add_case(1, c, what);
}

static margin_config config_of(margin_loss loss)
{
    margin_config config;
    margin_config_init(&config, loss);
    config.isa = isa;
    return config;
}

/* One shape under each option that the loss has. */
static void judge_options(margin_loss loss)
{
    const margin_loss_info *info = margin_loss_get(loss);
    const shape s = {23, 34, 45};
    margin_config config = config_of(loss);
    judge_shape(config, "weighted", s, WEIGHTED);
    judge_shape(config, "smoothed", s, SMOOTHED);
    config.gradient = MARGIN_GRADIENT_DETACHED;
    judge_shape(config, "detached", s, PLAIN);
    config = config_of(loss);
    for (int how = 0; info->has_angle && how < MARGIN_PAST_PI_COUNT; how++) {
        config.past_pi = (margin_past_pi)how;
        judge_shape(config, margin_past_pi_name(config.past_pi), s, PLAIN);
    }
    if (!info->has_lambda) return;
    config = config_of(loss);
    config.lambda = 5.0;
    judge_shape(config, "lambda", s, PLAIN);
    config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    judge_shape(config, "keep", s, PLAIN);
    judge_shape(config, "keep smoothed", s, SMOOTHED);
}

/* Every misalignment of every array by 0 to 15 elements; dim 0: rows level. */
static void judge_layouts(size_t dim)
{
    const bits_case c = {"every layout", config_of(MARGIN_ARCFACE), 23, dim, 45, 7, 0, 0, 1, 0.1};
    problem_hash first = {0, 0, 0};
    for (unsigned layout = 0; layout < PROBLEM_LAYOUTS; layout++) {
        const variant v = {2, 0, layout};
        const problem_hash hash = run_case(&c, &v, c.config);
        if (layout == 0) first = hash;
        CHECK(same_hash(hash, first), "other bits at layout %u, dim %zu", layout, dim);
    }
}

static void judge_shapes(margin_loss loss, const char *what, const shape *list, size_t count,
                         extra wanted)
{
    start_groups(loss, what);
    for (size_t i = 0; i < count; i++)
        judge_shape(config_of(loss), what, list[i], wanted);
    end_groups(loss);
}

static void judge_all(void)
{
    const size_t large = sizeof large_shapes / sizeof *large_shapes;
    const size_t smoothed = sizeof smoothed_shapes / sizeof *smoothed_shapes;
    shape sizes[40];
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_loss loss = (margin_loss)k;
        judge_shapes(loss, "small", shapes, sizeof shapes / sizeof *shapes, PLAIN);
        start_groups(loss, "options");
        judge_options(loss);
        end_groups(loss);
        if (golden.count > 0 && !golden_knows(&golden, margin_loss_get(loss)->name)) {
            printf("%s: a loss without golden lines\n", margin_loss_get(loss)->name);
        }
    }
    judge_shapes(MARGIN_ARCFACE, "large", large_shapes, large, PLAIN);
    judge_shapes(MARGIN_SOFTMAX, "large", large_shapes, large, PLAIN);
    judge_shapes(MARGIN_ARCFACE, "smoothed", smoothed_shapes, smoothed, SMOOTHED);
    judge_shapes(MARGIN_SOFTMAX, "smoothed", smoothed_shapes, smoothed, SMOOTHED);
    for (size_t rows = 1; rows <= 40; rows++)
        sizes[rows - 1] = small_shape(rows);
    judge_shapes(MARGIN_COMBINED, "sizes", sizes, 40, PLAIN);
    judge_layouts(34);
    judge_layouts(0);
    for (size_t i = 0; i < golden.count; i++)
        CHECK(golden.line[i].met, "%s: in the golden file, but no case", golden.line[i].name);
}

static const char usage[] = "usage: test_bits ISA [GOLDEN] [--few | --write]\n";

int main(int argc, char **argv)
{
    char what[GOLDEN_NAME];
    const char *const option = argc > 2 && argv[argc - 1][0] == '-' ? argv[--argc] : "";
    const char *const path = argc == 3 ? argv[2] : NULL;
    const int few = strcmp(option, "--few") == 0, write = strcmp(option, "--write") == 0;
    if (argc < 2 || argc > 3 || !margin_isa_find(argv[1], &isa) || (write && path == NULL) ||
        (*option != '\0' && !few && !write)) {
        fputs(usage, stderr);
        return 2;
    }
    snprintf(what, sizeof what, "test_bits %s", argv[1]);
    if (!margin_isa_usable(isa)) return check_skip(what, "not built, or this CPU lacks it");
    variants_tried = few ? FEW_VARIANTS : VARIANTS;
    if (write) {
        golden.writing = fopen(path, "w");
        CHECK(golden.writing != NULL, "cannot write %s", path);
    } else if (path != NULL) {
        CHECK(golden_read(&golden, path), "%s: no golden lines", path);
    }
    judge_all();
    if (golden.writing != NULL) CHECK(fclose(golden.writing) == 0, "cannot write %s", path);
    return check_report(what);
}
