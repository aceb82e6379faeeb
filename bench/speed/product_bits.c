/* product_bits.c: the bits of a library's three products, or of this library's head, and their
 * processor time, as often as is asked: a number of threads a line on standard input, an answer a
 * line. The environment decides which kernels a library takes; bench/speed/same_bits.py sets it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "check.h"
#include "clock.h"
#include "hash.h"
#include "json_out.h"
#include "memory.h"
#include "option_table.h"
#include "peers.h"

#define PROGRAM "product_bits"
enum { PRELOADS_MOST = 16, THREADS_MOST = 16 };

typedef struct settings {
    size_t rows, dim, classes;
    const char *blas; /* NULL: this library, */
    margin_isa isa;   /* with these kernels */
    char *preload[PRELOADS_MOST];
    int preload_count;
} settings;

static const char *take_preload(void *target, const char *text)
{
    settings *const s = target;
    if (s->preload_count == PRELOADS_MOST) return "among the first 16";
    s->preload[s->preload_count] = strdup(text);
    if (!s->preload[s->preload_count++]) out_of_memory();
    return NULL;
}

#define OPTION_TARGET settings
static const option_row option_rows[] = {
    OPTION_GROUP("options:"),
    {"rows", "N", "embeddings (default {default})", TO_SIZE(rows, 1, 1e6)},
    {"dim", "D", "dimension of an embedding (default {default})", TO_SIZE(dim, 1, 1e5)},
    {"classes", "C", "class weights (default {default})", TO_SIZE(classes, 1, 1e8)},
    {"blas", "NAME[=PATH[:PREFIX[:SUFFIX]]]",
     "products of this library, installed or a file, as bench_speed has them (default: the head of "
     "this library)",
     TO_TEXT(blas)},
    {"preload", "PATH", "load this library first; may be given again", TO_ITEMS(take_preload)},
    {"isa", "NAME", "of this library: {names} (default: the best)", TO_ISA(isa)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "bits and processor time of products",
    .about = "Says what it runs; then reads numbers of threads, and for each prints processor\n"
             "seconds and a hash of each of logits (of the head: row losses), dX and dW.",
    .rows = option_rows,
    .closing = "exit status: 0, or 1 when a product is wrong or the library is of no use, 2 on "
               "wrong\nusage."};

typedef struct bench {
    const speed_problem *problem;
    const speed_outputs *outputs;
    float *factors; /* [N, C]: what dX and dW are products of, whoever made the logits */
    const speed_blas *blas;
    margin_context *context; /* NULL: the library's products */
} bench;

static uint64_t hash_of(const float *values, size_t count)
{
    return hash_on(hash_start, values, count * sizeof *values);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int run_products(const bench *b, int threads)
{
    const speed_shape *s = b->problem->shape;
    const size_t n = s->rows, d = s->dim, c = s->classes;
    const float *x = b->problem->embeddings, *w = b->problem->weights;
    const speed_outputs *o = b->outputs;
    b->blas->set_threads(b->blas, threads);
    return b->blas->sgemm(b->blas, 0, 1, n, c, d, x, d, w, d, o->grad_logits, c) ||
           b->blas->sgemm(b->blas, 0, 0, n, d, c, b->factors, c, w, d, o->grad_embeddings, d) ||
           b->blas->sgemm(b->blas, 1, 0, c, d, n, b->factors, c, x, d, o->grad_weights, d);
}

static int run_head(const bench *b, int threads)
{
    const speed_problem *p = b->problem;
    const speed_shape *s = p->shape;
    margin_config config = *margin_context_config(b->context);
    margin_head head =
        head_of_arrays(s->rows, s->dim, s->classes, p->embeddings, p->weights, p->labels);
    head.row_loss = b->outputs->row_loss;
    head.grad_embeddings = b->outputs->grad_embeddings;
    head.grad_weights = b->outputs->grad_weights;
    config.threads = threads;
    return margin_context_configure(b->context, &config) != MARGIN_OK ||
           margin_head_run(b->context, &head) != MARGIN_OK;
}

/* Ends the program where products by so many threads are not what plain arithmetic says. */
static void check(const bench *b, int threads)
{
    char fault[SPEED_FAULT];
    double seconds[3] = {0};
    b->blas->set_threads(b->blas, threads);
    speed_check_poison(b->outputs, b->problem->shape, SPEED_GEMM3);
    if (speed_gemm3_run(b->problem, b->blas, b->outputs, seconds))
        die(PROGRAM, "%s refused the shape", b->blas->name);
    if (speed_check_gemm3(b->problem, b->outputs, fault))
        die(PROGRAM, "%s on %d threads: %s", b->blas->name, threads, fault);
}

/* Prints "SECONDS LOGITS DX DW". */
static void answer(const bench *b, int threads)
{
    const speed_shape *s = b->problem->shape;
    const speed_outputs *o = b->outputs;
    const double start = processor_seconds_now();
    if (b->context ? run_head(b, threads) : run_products(b, threads))
        die(PROGRAM, "a run on %d threads failed", threads);
    const double seconds = processor_seconds_now() - start;
    const uint64_t first =
        b->context ? hash_of(o->row_loss, s->rows) : hash_of(o->grad_logits, s->rows * s->classes);
    printf("%.9f %016llx %016llx %016llx\n", seconds, (unsigned long long)first,
           (unsigned long long)hash_of(o->grad_embeddings, s->rows * s->dim),
           (unsigned long long)hash_of(o->grad_weights, s->classes * s->dim));
    finish_stdout(PROGRAM);
}

/* ---- what is run ----------------------------------------------------------------------------- */

static void open_blas(bench *b, const settings *s)
{
    char fault[SPEED_FAULT], *name = strdup(s->blas);
    if (!name) out_of_memory();
    const int failed =
        speed_blas_add_all(s->preload, s->preload_count, &name, strchr(name, '=') != NULL, fault);
    if (failed > 0) die_usage(PROGRAM, "%s", fault);
    if (failed < 0) die(PROGRAM, "%s", fault);
    name[strcspn(name, "=")] = '\0';
    b->blas = speed_blas_find(name);
    if (!b->blas) die(PROGRAM, "--blas %s: not installed; NAME=PATH names a file", name);
    free(name);
}

static void open_head(bench *b, margin_isa isa)
{
    margin_config config;
    margin_status status = margin_config_init(&config, MARGIN_ARCFACE);
    config.isa = isa;
    config.threads = THREADS_MOST;
    if (status == MARGIN_OK) status = margin_create(&config, &b->context);
    if (status != MARGIN_OK) die(PROGRAM, "%s", margin_status_text(status));
}

static void describe(const bench *b)
{
    char version[32];
    snprintf(version, sizeof version, "margin %s", margin_version());
    json_t *row = b->context
                      ? json_row("version kernels", "ss", version,
                                 margin_isa_name(margin_context_config(b->context)->isa))
                      : json_row("version kernels", "ss", b->blas->version, b->blas->kernels);
    char *text = json_dumps(row, JSON_COMPACT);
    puts(text);
    finish_stdout(PROGRAM);
    free(text);
    json_decref(row);
}

/* Sines have all their digits, and no order that a product could know. */
static void fill_factors(bench *b, const speed_shape *s)
{
    b->factors = speed_allocate(s->rows * s->classes * sizeof *b->factors);
    for (size_t i = 0; i < s->rows * s->classes; i++)
        b->factors[i] = (float)sin((double)i * 0.7);
}

int main(int argc, char **argv)
{
    settings s = {.rows = 128, .dim = 512, .classes = 10000, .isa = MARGIN_ISA_AUTO};
    int threads, checked = 0;
    speed_data data;
    bench b = {.blas = NULL};
    json_begin();
    options_read(&table, argc, argv, &s);
    const speed_shape shape = {.name = "", .rows = s.rows, .dim = s.dim, .classes = s.classes};
    speed_data_open(&data, &shape, 1, 1);
    b.problem = speed_data_problem(&data, 0, 0);
    b.outputs = &data.outputs;
    fill_factors(&b, &shape);
    if (s.blas)
        open_blas(&b, &s);
    else
        open_head(&b, s.isa);
    describe(&b);
    while (scanf("%d", &threads) == 1 && threads > 0 && threads <= THREADS_MOST) {
        if (b.blas && threads != checked) check(&b, threads);
        checked = threads;
        answer(&b, threads);
    }
    margin_destroy(b.context);
    free(b.factors);
    while (s.preload_count > 0)
        free(s.preload[--s.preload_count]);
    speed_data_close(&data);
    return EXIT_SUCCESS;
}
