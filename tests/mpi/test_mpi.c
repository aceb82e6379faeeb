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
int test_rank, test_ranks;

void mpi_check(int passed, const char *file, int line, const char *format, ...)
{
    va_list arguments;
    checks++;
    if (passed || failed++ >= 20) return;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: rank %d: ", file, line, test_rank);
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

margin_mpi *test_handle(const margin_config *config)
{
    margin_mpi *mpi;
    char why[MARGIN_MPI_TEXT];
    if (margin_mpi_create_explained(MPI_COMM_WORLD, config, 60.0, &mpi, why) != MARGIN_OK) {
        fprintf(stderr, "rank %d: %s\n", test_rank, why);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    margin_mpi_context(mpi)->schedule.wake_ns = 1e-9; /* all threads take part */
    mpi->exchanged = 4096;                            /* parts go in several rounds */
    return mpi;
}

void test_case(margin_mpi *mpi, const margin_config *config, const mpi_shape *shape, division how,
               unsigned extras)
{
    if (how != DIVISION_EVEN) extras &= ~(unsigned)EXTRA_CONSUME;
    mpi_case c = mpi_case_make(*shape, how, extras, test_ranks, test_rank);
    c.call.consume_user = &c;
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
                                     EXTRA_ROW_MARGIN | EXTRA_BFLOAT16,
                                     EXTRA_CLASS_MARGIN | EXTRA_FLOAT16,
                                     EXTRA_CONSUME};
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
    margin_mpi *mpi = test_handle(config);
    for (int how = 0; how < DIVISION_COUNT; how++)
        for (int shape = 0; shape < LARGE; shape++, ++*turn)
            test_case(mpi, config, &shapes[shape], (division)how, extras_of(config, *turn));
    if (config->threads == 2 && (config->loss == MARGIN_ARCFACE || config->loss == MARGIN_SOFTMAX))
        test_case(mpi, config, &shapes[LARGE], *turn % 2 == 0 ? DIVISION_UNEVEN : DIVISION_EDGES,
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
/* ---- ranks that are lost ---- */

/* Runs one call that all ranks take part in, and returns the handle. */
static margin_mpi *begin_to_lose(mpi_case *c, double timeout)
{
    margin_config config;
    margin_config_init(&config, MARGIN_COSFACE);
    config.threads = 1;
    margin_mpi *mpi = test_handle(&config);
    *c = mpi_case_make(refused_shape, DIVISION_EVEN, 0, test_ranks, test_rank);
    CHECK(margin_mpi_head_run(mpi, &c->call) == MARGIN_OK, "%s", margin_mpi_fault(mpi)->text);
    margin_mpi_set_timeout(mpi, timeout);
    MPI_Barrier(MPI_COMM_WORLD);
    return mpi;
}

static void check_silent(void)
{
    mpi_case c;
    margin_mpi *mpi = begin_to_lose(&c, 1.0);
    while (test_rank == test_ranks - 1)
        pause();
    const double begin = MPI_Wtime();
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    const double seconds = MPI_Wtime() - begin;
    CHECK(status == MARGIN_ERROR_PEER && margin_mpi_fault(mpi)->rank == test_ranks - 1,
          "a silent rank: %s, rank %d", margin_status_text(status), margin_mpi_fault(mpi)->rank);
    CHECK(seconds > 0.9 && seconds < 4.0, "a silent rank is noticed after %.1f s", seconds);
    CHECK(margin_mpi_head_run(mpi, &c.call) == MARGIN_ERROR_PEER, "the handle is used again");
    printf("rank %d says after %.1f s: %s\n", test_rank, seconds, margin_mpi_fault(mpi)->text);
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
    if (test_rank == test_ranks - 1) raise(SIGKILL);
    const margin_status status = margin_mpi_head_run(mpi, &c.call);
    printf("rank %d goes on: %s\n", test_rank, margin_mpi_fault(mpi)->text);
    MPI_Abort(MPI_COMM_WORLD, status == MARGIN_ERROR_PEER ? 3 : EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*check)(void);
    } modes[] = {{"bits", check_bits},
                 {"refusals", test_refusals},
                 {"silent", check_silent},
                 {"dead", check_dead}};
    int thread_level;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level);
    MPI_Comm_rank(MPI_COMM_WORLD, &test_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &test_ranks);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (argc == 2 && strcmp(argv[1], modes[i].name) == 0) modes[i].check();
    printf("rank %d of %d: %zu checks, %zu failed\n", test_rank, test_ranks, checks, failed);
    MPI_Finalize();
    return checks > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
