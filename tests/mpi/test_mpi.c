/* test_mpi.c: the head over ranks. Under mpirun, as one of:
 *
 *   bits      the same bits as one process, for every loss and every way to divide a head
 *   refusals  what one rank has wrong, or ranks disagree in, is the same error on all
 *   silent    the last rank hangs: all others name it in time, and end
 *   dead      the last rank is killed between two calls
 */
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "margin_shards.h"
#include "mpi_cases.h"
#include "mpi_check.h"
#include "mpi_state.h"

static size_t checks, failed;
static int rank, ranks;

void mpi_check(int passed, const char *file, int line, const char *format, ...)
{
    va_list arguments;
    checks++;
    if (passed || failed++ >= 20) return;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: rank %d: ", file, line, rank);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- bits ---- */

/* Heads of several cells, of one cell, of few dimensions, of few rows, of cells below shards. */
static const mpi_shape shapes[] = {
    {40, 20, 2600}, {37, 16, 300}, {37, 4, 1500}, {6, 20, 4100}, {21, 9, 33000},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, LARGE = SHAPES - 1 };

static margin_mpi *make_handle(const margin_config *config)
{
    margin_mpi *mpi;
    char why[MARGIN_MPI_TEXT];
    if (margin_mpi_create_explained(MPI_COMM_WORLD, config, 60.0, &mpi, why) != MARGIN_OK) {
        fprintf(stderr, "rank %d: %s\n", rank, why);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    margin_mpi_context(mpi)->schedule.wake_ns = 1e-9; /* all threads take part */
    mpi->exchanged = 4096;                            /* parts go in several rounds */
    return mpi;
}

static void check_case(margin_mpi *mpi, const margin_config *config, const mpi_shape *shape,
                       division how, unsigned extras)
{
    mpi_case c = mpi_case_make(*shape, how, extras, ranks, rank);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    CHECK(status == MARGIN_OK, "%s: %s", c.name, margin_mpi_fault(mpi)->text);
    if (status == MARGIN_OK) mpi_case_check(&c, config);
    if (how == DIVISION_EVEN)
        CHECK(margin_mpi_last_costs(mpi)->moved == 0, "%s: classes move", c.name);
    mpi_case_free(&c);
}

/* Returns what the `turn`th head of a loss has besides: now one thing, now another. */
static unsigned extras_of(const margin_config *config, unsigned turn)
{
    static const unsigned turns[] = {0,
                                     EXTRA_ROW_WEIGHT | EXTRA_OTHER_IGNORED,
                                     EXTRA_CLASS_WEIGHT | EXTRA_ACCUMULATE,
                                     EXTRA_ROW_SCALE | EXTRA_ACCUMULATE,
                                     EXTRA_ROW_MARGIN,
                                     EXTRA_CLASS_MARGIN};
    const margin_loss_info *info = margin_loss_get(config->loss);
    const int one_margin = info->margin_index >= 1 && info->margin_index <= 3;
    unsigned extras = turns[turn % (sizeof turns / sizeof *turns)];
    if (!one_margin || config->loss == MARGIN_SPHEREFACE)
        extras &= ~(unsigned)(EXTRA_ROW_MARGIN | EXTRA_CLASS_MARGIN);
    if (config->feature_norm == MARGIN_FEATURE_NORM_KEEP) extras &= ~(unsigned)EXTRA_ROW_SCALE;
    if (turn % 4 == 3) extras |= EXTRA_LONG_WEIGHT;
    return info->normalised ? extras : extras | EXTRA_BIAS;
}

static void check_config(margin_config *config, unsigned *turn)
{
    margin_mpi *mpi = make_handle(config);
    for (int how = 0; how < DIVISION_COUNT; how++)
        for (int shape = 0; shape < LARGE; shape++, ++*turn)
            check_case(mpi, config, &shapes[shape], (division)how, extras_of(config, *turn));
    if (config->threads == 2 && (config->loss == MARGIN_ARCFACE || config->loss == MARGIN_SOFTMAX))
        check_case(mpi, config, &shapes[LARGE], *turn % 2 == 0 ? DIVISION_UNEVEN : DIVISION_EDGES,
                   extras_of(config, *turn));
    margin_mpi_destroy(mpi);
}

static void check_bits(void)
{
    unsigned turn = 0;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        for (int which = 0; which < 4; which++, turn++) {
            margin_config config;
            margin_config_init(&config, (margin_loss)loss);
            config.isa = which < 2 ? MARGIN_ISA_AUTO : MARGIN_ISA_SCALAR;
            config.threads = 1 + which % 2;
            if (loss == MARGIN_SPHEREFACE && which % 2 == 0)
                config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
            check_config(&config, &turn);
        }
    }
}
/* ---- refusals ---- */

static const mpi_shape refused_shape = {40, 20, 4100};

/* What is wrong on the last rank, and what all ranks must then say. */
typedef struct refusal {
    const char *name;
    void (*spoil)(mpi_case *c);
    unsigned extras;
    division how;
    margin_status status;
    margin_argument argument;
    size_t row;
    const char *text; /* after "rank R: " */
} refusal;

static int64_t *labels_of(mpi_case *c)
{
    return (int64_t *)c->all.labels.data + c->first_row;
}

static float *weights_of(mpi_case *c)
{
    return c->all.weights.at + c->first_class * c->call.weights_stride;
}

static void large_label(mpi_case *c)
{
    labels_of(c)[1] = 4100;
}

static void negative_label(mpi_case *c)
{
    labels_of(c)[2] = -2;
}

static void other_dim(mpi_case *c)
{
    c->call.dim = 19;
}

static void nan_in_x(mpi_case *c)
{
    c->all.embeddings.at[(c->first_row + 3) * c->call.embeddings_stride + 5] = NAN;
}

static void infinity_in_w(mpi_case *c)
{
    weights_of(c)[4 * c->call.weights_stride] = INFINITY;
}

static void nan_in_target(mpi_case *c)
{
    labels_of(c)[0] = (int64_t)c->first_class + 6;
    weights_of(c)[6 * c->call.weights_stride + 1] = NAN;
}

static void other_class_weight(mpi_case *c)
{
    c->all.class_weight.at[1234] += 1.0f;
}

static void own_row_weight(mpi_case *c)
{
    c->call.row_weight = c->all.row_weight.at;
}

static void negative_scale(mpi_case *c)
{
    c->row_given.at[c->first_row + 2] = -1.0f;
}

static void smoothing(mpi_case *c)
{
    c->call.label_smoothing = 0.1;
}

static void no_weights(mpi_case *c)
{
    c->call.weights = NULL;
}

static void no_size(mpi_case *c)
{
    c->call.size = 0;
}

static void no_grad_weights(mpi_case *c)
{
    c->call.grad_weights = NULL;
}

static void short_stride(mpi_case *c)
{
    c->call.weights_stride = 19;
}

static const refusal refusals[] = {
    {"label C", large_label, 0, DIVISION_EVEN, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 1,
     "labels, row 1: a label is neither ignored nor in [0, classes) (4100)"},
    {"label -2", negative_label, 0, DIVISION_UNEVEN, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 2,
     "labels, row 2: "},
    {"dim", other_dim, 0, DIVISION_EVEN, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
     "dim is 19, but 20 on rank 0"},
    {"NaN in X", nan_in_x, 0, DIVISION_EVEN, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_EMBEDDINGS, 3,
     "embeddings, row 3: "},
    {"infinity in W", infinity_in_w, 0, DIVISION_EVEN, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_WEIGHTS, 4, "weights, class 4: "},
    {"infinity in W that moves", infinity_in_w, 0, DIVISION_EDGES, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_WEIGHTS, 4, "weights, class 4: "},
    {"NaN in a target", nan_in_target, 0, DIVISION_EVEN, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_WEIGHTS, 6, "weights, class 6: "},
    {"class_weight", other_class_weight, EXTRA_CLASS_WEIGHT, DIVISION_EVEN, MARGIN_ERROR_CONFIG,
     MARGIN_ARGUMENT_NONE, 0, "class_weight or class_margin is not that of rank 0"},
    {"row_weight", own_row_weight, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "row_weight is given, but not given on rank 0"},
    {"row_scale", negative_scale, EXTRA_ROW_SCALE, DIVISION_EVEN, MARGIN_ERROR_NONFINITE,
     MARGIN_ARGUMENT_ROW_SCALE, 2, "row_scale, row 2: "},
    {"label_smoothing", smoothing, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "label_smoothing is 0.1, but 0 on rank 0"},
    {"weights", no_weights, 0, DIVISION_EVEN, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_WEIGHTS, 0,
     "weights: is required, and NULL"},
    {"size", no_size, 0, DIVISION_EVEN, MARGIN_ERROR_SIZE, MARGIN_ARGUMENT_NONE, 0,
     "margin_head.size is not set"},
    {"dW", no_grad_weights, 0, DIVISION_EVEN, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
     "grad_weights is not given, but given on rank 0"},
    {"stride", short_stride, 0, DIVISION_EVEN, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_WEIGHTS, 0,
     "weights: a stride is shorter than dim"},
};

/* Checks that every rank has the error that rank 0 has, and that it is of the last rank. */
static void check_error(const margin_mpi *mpi, const char *name, margin_status status,
                        const char *text)
{
    const margin_mpi_error *error = margin_mpi_fault(mpi);
    margin_mpi_error first = *error;
    char wanted[MARGIN_MPI_TEXT];
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, MPI_COMM_WORLD);
    snprintf(wanted, sizeof wanted, "rank %d: %s", ranks - 1, text);
    CHECK(error->status == status && error->rank == ranks - 1, "%s: status %d, rank %d", name,
          (int)error->status, error->rank);
    CHECK(strncmp(error->text, wanted, strlen(wanted)) == 0, "%s: '%s', not '%s'", name,
          error->text, wanted);
    CHECK(strcmp(error->text, first.text) == 0 && error->status == first.status &&
              error->row == first.row && error->argument == first.argument,
          "%s: rank 0 says '%s', here is '%s'", name, first.text, error->text);
}

static void check_refusal(margin_mpi *mpi, const refusal *r)
{
    mpi_case c = mpi_case_make(refused_shape, r->how, r->extras, ranks, rank);
    if (rank == ranks - 1) r->spoil(&c);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    CHECK(status == r->status, "%s: %s", r->name, margin_status_text(status));
    check_error(mpi, r->name, r->status, r->text);
    CHECK(margin_mpi_fault(mpi)->argument == r->argument && margin_mpi_fault(mpi)->row == r->row,
          "%s: argument %d, row %zu", r->name, (int)margin_mpi_fault(mpi)->argument,
          margin_mpi_fault(mpi)->row);
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
}

/* The last rank has another configuration. */
static void check_other_config(margin_mpi *mpi, const margin_config *config)
{
    margin_config other = *config;
    mpi_case c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, ranks, rank);
    other.m2 = 0.25;
    if (rank == ranks - 1) margin_context_configure(margin_mpi_context(mpi), &other);
    CHECK(margin_mpi_head_run(mpi, &c.call) == MARGIN_ERROR_CONFIG, "another m2 is accepted");
    check_error(mpi, "m2", MARGIN_ERROR_CONFIG, "m2 is 0.25, but 0.5 on rank 0");
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
    margin_context_configure(margin_mpi_context(mpi), config);
}

/* The last rank has too small a workspace. */
static void check_workspace(margin_config config)
{
    mpi_case c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, ranks, rank);
    if (rank == ranks - 1) config.workspace_bytes = 4096;
    margin_mpi *mpi = make_handle(&config);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    CHECK(status == MARGIN_ERROR_WORKSPACE, "workspace: %s", margin_status_text(status));
    check_error(mpi, "workspace", MARGIN_ERROR_WORKSPACE, "");
    CHECK(strstr(margin_mpi_fault(mpi)->text, "bytes are needed)") != NULL, "workspace: '%s'",
          margin_mpi_fault(mpi)->text);
    CHECK(margin_mpi_fault(mpi)->bytes > 4096, "workspace: %zu bytes",
          margin_mpi_fault(mpi)->bytes);
    mpi_case_check_untouched(&c);
    mpi_case_free(&c);
    margin_mpi_destroy(mpi);
}

/* The last rank has a configuration that there is not. */
static void check_creation(margin_config config)
{
    char why[MARGIN_MPI_TEXT] = "", wanted[MARGIN_MPI_TEXT];
    margin_mpi *mpi = NULL;
    if (rank == ranks - 1) config.m2 = 4.0;
    const margin_status status =
        margin_mpi_create_explained(MPI_COMM_WORLD, &config, 60.0, &mpi, why);
    snprintf(wanted, sizeof wanted, "rank %d: m2 ", ranks - 1);
    CHECK(status == MARGIN_ERROR_CONFIG && mpi == NULL, "creation: %s", margin_status_text(status));
    CHECK(strncmp(why, wanted, strlen(wanted)) == 0, "creation: '%s'", why);
    margin_mpi_destroy(mpi);
}

static void check_refusals(void)
{
    margin_config config;
    margin_config_init(&config, MARGIN_ARCFACE);
    config.threads = 1;
    margin_mpi *mpi = make_handle(&config);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        check_refusal(mpi, &refusals[i]);
    check_other_config(mpi, &config);
    check_workspace(config);
    check_creation(config);
    CHECK(margin_mpi_head_run(NULL, NULL) == MARGIN_ERROR_NULL, "a handle that is NULL");
    CHECK(margin_mpi_set_timeout(mpi, 0.0) == MARGIN_ERROR_CONFIG, "a timeout of 0");
    check_case(mpi, &config, &refused_shape, DIVISION_EDGES, 0); /* it still works */
    margin_mpi_destroy(mpi);
}

/* ---- ranks that are lost ---- */

/* Runs one call that all ranks take part in, and returns the handle. */
static margin_mpi *begin_to_lose(mpi_case *c, double timeout)
{
    margin_config config;
    margin_config_init(&config, MARGIN_COSFACE);
    config.threads = 1;
    margin_mpi *mpi = make_handle(&config);
    *c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, ranks, rank);
    CHECK(margin_mpi_head_run(mpi, &c->call) == MARGIN_OK, "%s", margin_mpi_fault(mpi)->text);
    margin_mpi_set_timeout(mpi, timeout);
    MPI_Barrier(MPI_COMM_WORLD);
    return mpi;
}

static void check_silent(void)
{
    mpi_case c;
    margin_mpi *mpi = begin_to_lose(&c, 1.0);
    while (rank == ranks - 1)
        pause();
    const double begin = MPI_Wtime();
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    const double seconds = MPI_Wtime() - begin;
    CHECK(status == MARGIN_ERROR_PEER && margin_mpi_fault(mpi)->rank == ranks - 1,
          "a silent rank: %s, rank %d", margin_status_text(status), margin_mpi_fault(mpi)->rank);
    CHECK(seconds > 0.9 && seconds < 4.0, "a silent rank is noticed after %.1f s", seconds);
    CHECK(margin_mpi_head_run(mpi, &c.call) == MARGIN_ERROR_PEER, "the handle is used again");
    printf("rank %d says after %.1f s: %s\n", rank, seconds, margin_mpi_fault(mpi)->text);
    fflush(stdout);
    margin_mpi_destroy(mpi);
    mpi_case_free(&c);
    sleep(1); /* let the others say it too */
    MPI_Abort(MPI_COMM_WORLD, failed == 0 ? 3 : EXIT_FAILURE);
}

static void check_dead(void)
{
    mpi_case c;
    margin_mpi *mpi = begin_to_lose(&c, 600.0);
    if (rank == ranks - 1) raise(SIGKILL);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    printf("rank %d goes on: %s\n", rank, margin_mpi_fault(mpi)->text);
    MPI_Abort(MPI_COMM_WORLD, status == MARGIN_ERROR_PEER ? 3 : EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*check)(void);
    } modes[] = {{"bits", check_bits},
                 {"refusals", check_refusals},
                 {"silent", check_silent},
                 {"dead", check_dead}};
    int thread_level;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (argc == 2 && strcmp(argv[1], modes[i].name) == 0) modes[i].check();
    printf("rank %d of %d: %zu checks, %zu failed\n", rank, ranks, checks, failed);
    MPI_Finalize();
    return checks > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
