/* main.c: bench_mpi: what a step of the head takes over the ranks of MPI: time, bytes that come
 * from other ranks, memory; and what it brings to exchange the parts of dX while dW is computed.
 * One JSON object on standard output. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "memory.h"
#include "mpi_state.h"
#include "option_table.h"
#include "quantile.h"
#include "random.h"
#include "usage.h"

#define PROGRAM "bench_mpi"

typedef struct mpi_options {
    size_t rows, dim, classes, steps;
    int threads, uneven;
    margin_loss loss;
} mpi_options;

#define OPTION_TARGET mpi_options
static const option_row rows_of_options[] = {
    OPTION_GROUP("the head, over all ranks:"),
    {"rows", "N", "of the batch (default {default})", TO_SIZE(rows, 1, 1 << 24)},
    {"dim", "D", "of an embedding (default {default})", TO_SIZE(dim, 1, 1 << 16)},
    {"classes", "C", "(default {default})", TO_SIZE(classes, 1, (size_t)1 << 30)},
    {"loss", "NAME", "{names}", TO_NAME(loss, &loss_choice)},
    {"uneven", NULL, "the first rank has half as many classes as the others, so that some move",
     TO_FLAG(uneven)},
    OPTION_GROUP("how:"),
    {"steps", "K", "of either kind, one after the other (default {default})",
     TO_SIZE(steps, 1, 100000)},
    {"threads", "T", "of each rank (default {default})", TO_INT(threads, 1, 1024)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "the head over the ranks of MPI",
    .about = "Run it under mpirun. Steps go by turns: the parts of dX exchanged while dW is "
             "computed, and\n"
             "after it. Times are medians over steps, each that of the slowest rank.",
    .rows = rows_of_options};

/* One rank's part, and what its steps took. */
typedef struct bench {
    mpi_options options;
    int rank, ranks;
    margin_mpi *mpi;
    margin_head head;
    double *seconds[2]; /* [steps]: overlapped, in turn */
    double packing;     /* the fewest seconds of a step in turn, on any rank */
    double cpu_seconds; /* of all steps, on this rank */
} bench;

/* Returns numbers that depend on their place in the whole array alone. */
static float *make_values(size_t first, size_t count, size_t dim)
{
    float *at = zeroed(count, dim * sizeof *at);
    for (size_t i = 0; i < count; i++) {
        uint64_t state = (first + i) * 1000003;
        for (size_t d = 0; d < dim; d++)
            at[i * dim + d] = (float)(random_uniform(&state) - 0.5);
    }
    return at;
}

/* Returns the first class of a rank. */
static size_t class_of(const bench *b, int rank)
{
    const mpi_options *o = &b->options;
    size_t first, count;
    if (rank == b->ranks) return o->classes;
    if (o->uneven)
        return rank == 0 ? 0 : (2 * (size_t)rank - 1) * o->classes / (2 * (size_t)b->ranks - 1);
    margin_mpi_even_classes(o->rows, o->dim, o->classes, b->ranks, rank, &first, &count);
    return first;
}

static void make_head(bench *b)
{
    const mpi_options *o = &b->options;
    const size_t row = o->rows * (size_t)b->rank / (size_t)b->ranks;
    const size_t end = o->rows * ((size_t)b->rank + 1) / (size_t)b->ranks;
    const size_t first = class_of(b, b->rank), classes = class_of(b, b->rank + 1) - first;
    int64_t *labels = zeroed(end - row, sizeof *labels);
    for (size_t i = row; i < end; i++)
        labels[i - row] = (int64_t)(i * 7919 % o->classes);
    b->head = (margin_head)MARGIN_HEAD_INIT;
    b->head.rows = end - row;
    b->head.dim = o->dim;
    b->head.classes = classes;
    b->head.embeddings = make_values(row + o->classes, end - row, o->dim);
    b->head.weights = make_values(first, classes, o->dim);
    b->head.labels = labels;
    b->head.grad_embeddings = zeroed(end - row, o->dim * sizeof(float));
    b->head.grad_weights = zeroed(classes, o->dim * sizeof(float));
}

static void make_handle(bench *b)
{
    char why[MARGIN_MPI_TEXT];
    margin_config config;
    margin_config_init(&config, b->options.loss);
    config.threads = b->options.threads;
    config.workspace_bytes = (size_t)1 << 33;
    if (margin_mpi_create_explained(MPI_COMM_WORLD, &config, 0.0, &b->mpi, why) != MARGIN_OK)
        die(PROGRAM, "%s", why);
}

/* Returns the largest of a number over the ranks. */
static double largest(double own)
{
    double most;
    MPI_Allreduce(&own, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return most;
}

/* Returns the seconds of a step on the slowest rank. */
static double step(bench *b, int in_turn)
{
    double own, slowest;
    b->mpi->in_turn = in_turn;
    MPI_Barrier(MPI_COMM_WORLD);
    const usage before = usage_now();
    if (margin_mpi_head_run(b->mpi, &b->head) != MARGIN_OK) {
        fprintf(stderr, "%s: %s\n", PROGRAM, margin_mpi_fault(b->mpi)->text);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILED);
    }
    const usage after = usage_now();
    b->cpu_seconds += usage_between(&before, &after).cpu_seconds;
    own = margin_mpi_last_costs(b->mpi)->seconds;
    MPI_Allreduce(&own, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    if (in_turn) b->packing = fmin(b->packing, -largest(-margin_mpi_last_costs(b->mpi)->packing));
    return slowest;
}

static void take_steps(bench *b)
{
    step(b, 0); /* memory is touched for the first time */
    b->packing = INFINITY;
    b->cpu_seconds = 0.0;
    for (size_t i = 0; i < b->options.steps; i++)
        for (int in_turn = 0; in_turn < 2; in_turn++)
            b->seconds[in_turn][i] = step(b, in_turn);
}

static json_t *received(const margin_mpi_costs *c)
{
    const double rows = largest((double)c->rows), targets = largest((double)c->targets);
    const double moved = largest((double)c->moved), stats = largest((double)c->stats);
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "rows", rows, "targets", targets, "moved", moved,
                     "stats", stats, "parts", largest((double)c->parts));
}

/* Returns the median of the values, and sorts them. */
static double median_of(double *values, size_t count)
{
    sort_doubles(values, count);
    return quantile(values, count, 0.5);
}

static void report(bench *b)
{
    const mpi_options *o = &b->options;
    const margin_mpi_costs *c = margin_mpi_last_costs(b->mpi);
    double *ratios = zeroed(o->steps, sizeof *ratios);
    for (size_t i = 0; i < o->steps; i++)
        ratios[i] = b->seconds[0][i] / b->seconds[1][i];
    const double peak = largest(usage_memory("VmHWM"));
    const double cpu = largest(b->cpu_seconds / (2.0 * (double)o->steps)),
                 waiting = largest(c->waiting), memory = largest((double)c->memory);
    json_t *out = json_pack(
        "{s:i, s:I, s:I, s:I, s:i, s:s, s:b, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:f, s:f}",
        "ranks", b->ranks, "rows", (json_int_t)o->rows, "dim", (json_int_t)o->dim, "classes",
        (json_int_t)o->classes, "threads", o->threads, "loss", margin_loss_get(o->loss)->name,
        "uneven", o->uneven, "objective", b->head.loss, "seconds",
        median_of(b->seconds[0], o->steps), "seconds_in_turn", median_of(b->seconds[1], o->steps),
        "ratio_overlap", median_of(ratios, o->steps), "waiting", waiting, "cpu_seconds", cpu,
        "parts_seconds", b->packing, "received_bytes", received(c), "exchange_bytes", memory,
        "peak_bytes", peak);
    if (b->rank == 0 && json_dumpf(out, stdout, JSON_OUT_FLAGS) == 0) printf("\n");
    json_decref(out);
    free(ratios);
}

static void free_head(margin_head *h)
{
    free((void *)h->embeddings);
    free((void *)h->weights);
    free((void *)h->labels);
    free(h->grad_embeddings);
    free(h->grad_weights);
}

int main(int argc, char **argv)
{
    static bench b = {.options = {.rows = 128,
                                  .dim = 512,
                                  .classes = 100000,
                                  .steps = 5,
                                  .threads = 1,
                                  .loss = MARGIN_ARCFACE}};
    int level;
    json_begin();
    options_read(&table, argc, argv, &b.options);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &b.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b.ranks);
    for (int i = 0; i < 2; i++)
        b.seconds[i] = zeroed(b.options.steps, sizeof(double));
    make_head(&b);
    make_handle(&b);
    take_steps(&b);
    report(&b);
    margin_mpi_destroy(b.mpi);
    free_head(&b.head);
    free(b.seconds[0]);
    free(b.seconds[1]);
    MPI_Finalize();
    finish_stdout(PROGRAM);
    return EXIT_SUCCESS;
}
