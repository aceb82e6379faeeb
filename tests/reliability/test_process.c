/* test_process.c: the process that calls the library stays its own: children of fork compute, the
 * floating-point state is neither obeyed nor changed, no exception is raised or trapped, and the
 * host's own loops give the same bits. */
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "problem.h"

enum { THREADS = 4 };

/* ---- a call of each path ---- */

static const struct shape {
    const char *name;
    size_t rows, dim, classes; /* dim 0: the rows level */
} shapes[] = {
    {"tiles", 96, 40, 600}, {"dots", 4, 160, 700}, {"planes", 64, 3, 400}, {"rows", 60, 0, 500}};

enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct call {
    const struct shape *shape;
    problem head;
    rows_problem rows;
} call;

/* Some rows weigh so little that gradients are subnormal numbers. */
static void weigh(float *weight, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        weight[i] *= i % 3 == 0 ? 0x1p-128f : 0x1p-118f;
}

static call call_make(const struct shape *shape)
{
    call c = {.shape = shape};
    if (shape->dim == 0) {
        c.rows = rows_problem_make(shape->rows, shape->classes, 1, 0, 1);
        c.rows.call.row_weight = c.rows.row_weight.at;
        weigh(c.rows.row_weight.at, shape->rows);
    } else {
        c.head = problem_make(shape->rows, shape->dim, shape->classes, 1, 0, 1);
        problem_use_row_weight(&c.head);
        weigh(c.head.row_weight.at, shape->rows);
    }
    return c;
}

static margin_status call_run(call *c, margin_context *context)
{
    return c->shape->dim == 0 ? margin_rows_run(context, &c->rows.call)
                              : margin_head_run(context, &c->head.call);
}

static problem_hash call_end(call *c)
{
    const int rows = c->shape->dim == 0;
    const problem_hash hash = rows ? rows_problem_hash_of(&c->rows) : problem_hash_of(&c->head);
    CHECK(rows ? rows_problem_free(&c->rows) : problem_free(&c->head), "written outside");
    return hash;
}

static margin_context *context_of(int threads, margin_parallel_for host, void *user)
{
    margin_config config;
    margin_context *context = NULL;
    margin_config_init(&config, MARGIN_ARCFACE);
    config.threads = threads;
    config.parallel = host;
    config.parallel_user = user;
    CHECK(problem_context(&config, &context) == MARGIN_OK, "no context of %d threads", threads);
    return context;
}

/* What each shape gives on one thread of an ordinary process. */
static problem_hash right[SHAPES];

static void find_right(void)
{
    margin_context *context = context_of(1, NULL, NULL);
    for (int k = 0; k < SHAPES; k++) {
        call c = call_make(&shapes[k]);
        CHECK(call_run(&c, context) == MARGIN_OK, "%s fails", shapes[k].name);
        right[k] = call_end(&c);
    }
    margin_destroy(context);
}

/* Runs each shape in `context`: a fault where a bit is another. Returns the faults. */
static int faults_in(margin_context *context)
{
    int faults = 0;
    for (int k = 0; k < SHAPES; k++) {
        call c = call_make(&shapes[k]);
        faults += call_run(&c, context) != MARGIN_OK;
        const problem_hash hash = call_end(&c);
        faults += hash.loss != right[k].loss || hash.grad_embeddings != right[k].grad_embeddings ||
                  hash.grad_weights != right[k].grad_weights;
    }
    return faults;
}

/* ---- floating-point state ---- */

#if defined(__x86_64__) && defined(__GLIBC__)
#define CONTROL(e) ((e).__mxcsr)
#define FLUSHING   0x8040u
#elif defined(__aarch64__) && defined(__GLIBC__)
#define CONTROL(e) ((e).__fpcr)
#define FLUSHING   0x1000000u
#endif

static const struct state {
    const char *name;
    int rounding, flushes;
} states[] = {{"nearest", FE_TONEAREST, 0},
              {"up", FE_UPWARD, 0},
              {"down", FE_DOWNWARD, 0},
              {"to zero", FE_TOWARDZERO, 0},
              {"nearest, flush", FE_TONEAREST, 1},
              {"up, flush", FE_UPWARD, 1}};

enum { STATES = sizeof states / sizeof *states };

/* Returns what the state is, in one number: x86 has the exception flags in it too. */
static unsigned state_now(void)
{
#if defined(CONTROL)
    fenv_t e;
    fegetenv(&e);
    return CONTROL(e);
#else
    return (unsigned)fegetround();
#endif
}

/* Sets the state, with one exception raised, and returns what it then is. */
static unsigned set_state(const struct state *s)
{
    fesetenv(FE_DFL_ENV);
    fesetround(s->rounding);
    feraiseexcept(FE_DIVBYZERO);
#if defined(CONTROL)
    fenv_t e;
    fegetenv(&e);
    if (s->flushes) CONTROL(e) |= FLUSHING;
    fesetenv(&e);
#endif
    return state_now();
}

/* Runs one shape on `threads` threads in a state, from create to destroy. */
static void judge_state(const struct state *s, int k, int threads)
{
    call c = call_make(&shapes[k]);
    const unsigned before = set_state(s);
    margin_context *context = context_of(threads, NULL, NULL);
    const margin_status status = call_run(&c, context);
    margin_head_workspace_minimum(context, 100, 100, 100);
    margin_destroy(context);
    const unsigned after = state_now();
    const int flags = fetestexcept(FE_ALL_EXCEPT);
    fesetenv(FE_DFL_ENV);
    const problem_hash hash = call_end(&c);
    CHECK(status == MARGIN_OK && before == after, "%s, %s, %d threads: the state was %#x, is %#x",
          shapes[k].name, s->name, threads, before, after);
    CHECK(flags == FE_DIVBYZERO, "%s, %s, %d threads: flags %#x", shapes[k].name, s->name, threads,
          (unsigned)flags);
    CHECK(hash.loss == right[k].loss && hash.grad_embeddings == right[k].grad_embeddings &&
              hash.grad_weights == right[k].grad_weights,
          "%s, %s, %d threads: other bits", shapes[k].name, s->name, threads);
}

static void state_is_neither_obeyed_nor_changed(void)
{
    for (int s = 0; s < STATES; s++) {
        for (int k = 0; k < SHAPES; k++) {
            for (int threads = 1; threads <= THREADS; threads++)
                judge_state(&states[s], k, threads);
        }
    }
}

static void psi_is_the_same(void)
{
    margin_config config;
    double value[2], slope[2];
    margin_config_init(&config, MARGIN_ARCFACE);
    margin_psi(&config, 1.234, &value[0], &slope[0]);
    for (int s = 0; s < STATES; s++) {
        const unsigned before = set_state(&states[s]);
        margin_psi(&config, 1.234, &value[1], &slope[1]);
        const unsigned after = state_now();
        fesetenv(FE_DFL_ENV);
        CHECK(before == after, "%s: psi changes the state", states[s].name);
        CHECK(memcmp(&value[0], &value[1], sizeof *value) == 0 &&
                  memcmp(&slope[0], &slope[1], sizeof *slope) == 0,
              "%s: another psi", states[s].name);
    }
}

/* With exceptions that trap, a call would end this program. Inputs are finite, and some rows and
 * class weights are zero. */
static void nothing_traps(void)
{
#if defined(__GLIBC__)
    for (int threads = 1; threads <= THREADS; threads++) {
        margin_context *context = context_of(threads, NULL, NULL);
        for (int k = 0; k < SHAPES; k++) {
            call c = call_make(&shapes[k]);
            if (c.shape->dim > 0) {
                memset(c.head.embeddings.at, 0, c.shape->dim * sizeof(float));
                memset(c.head.weights.at, 0, c.shape->dim * sizeof(float));
            }
            feclearexcept(FE_ALL_EXCEPT);
            feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
            const margin_status status = call_run(&c, context);
            const int enabled = fedisableexcept(FE_ALL_EXCEPT);
            CHECK(status == MARGIN_OK && fetestexcept(FE_ALL_EXCEPT) == 0, "%s: flags %#x",
                  shapes[k].name, (unsigned)fetestexcept(FE_ALL_EXCEPT));
            CHECK(enabled < 0 || enabled == (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW),
                  "%s: traps are now %#x", shapes[k].name, (unsigned)enabled);
            call_end(&c);
        }
        margin_destroy(context);
    }
#endif
}

/* ---- forks ---- */

enum { CHILDREN = 4 };

/* What a worker of a loader does: calls in the parent's context and, unless that is OpenMP's, in
 * one of its own. */
static int child_faults(margin_context *context)
{
    int faults = faults_in(context);
#if !defined(MARGIN_THREADS_OPENMP)
    margin_context *own = context_of(THREADS, NULL, NULL);
    faults += faults_in(own) + faults_in(own);
    margin_destroy(own);
#endif
    margin_destroy(context);
    return faults + (check_failed > 0);
}

/* Several children at a time, while the parent goes on. */
static void children_compute(void)
{
    margin_context *context = context_of(THREADS, NULL, NULL);
    pid_t child[CHILDREN];
    CHECK(faults_in(context) == 0, "other bits before the fork");
    fflush(NULL);
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        if (child[i] != 0) continue;
        alarm(300); /* ends a hang */
        _exit(child_faults(context));
    }
    CHECK(faults_in(context) == 0, "other bits after the fork");
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        CHECK(child[i] > 0 && waitpid(child[i], &status, 0) == child[i], "no child");
        CHECK(status == 0, "child %d ended with %#x", i, (unsigned)status);
    }
    CHECK(faults_in(context) == 0, "other bits after the children");
    margin_destroy(context);
}

/* ---- the host's own loops ---- */

typedef void (*item_function)(void *state, size_t index);

static void in_turn(void *user, size_t count, item_function item, void *state)
{
    ++*(int *)user;
    for (size_t i = 0; i < count; i++)
        item(state, i);
}

static void backwards(void *user, size_t count, item_function item, void *state)
{
    ++*(int *)user;
    while (count-- > 0)
        item(state, count);
}

typedef struct errand {
    item_function item;
    void *state;
    size_t index;
} errand;

static void *run_errand(void *argument)
{
    const errand *e = argument;
    fesetround(FE_UPWARD); /* a host's thread may have any state */
    e->item(e->state, e->index);
    return NULL;
}

/* A thread for each item, and none of them the caller's. */
static void on_other_threads(void *user, size_t count, item_function item, void *state)
{
    pthread_t thread[THREADS];
    errand errands[THREADS];
    ++*(int *)user;
    CHECK(count <= THREADS, "%zu items for %d threads", count, THREADS);
    for (size_t i = 0; i < count; i++) {
        errands[i] = (errand){item, state, i};
        CHECK(pthread_create(&thread[i], NULL, run_errand, &errands[i]) == 0, "no thread");
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
}

static void hosts_loops_give_the_same_bits(void)
{
    static const margin_parallel_for hosts[] = {in_turn, backwards, on_other_threads};
    for (size_t h = 0; h < sizeof hosts / sizeof *hosts; h++) {
        for (int threads = 1; threads <= THREADS; threads++) {
            int calls = 0;
            margin_context *context = context_of(threads, hosts[h], &calls);
            CHECK(faults_in(context) == 0, "host %zu: other bits on %d threads", h, threads);
            margin_destroy(context);
            CHECK((calls > 0) == (threads > 1), "host %zu: %d calls for %d threads", h, calls,
                  threads);
        }
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* a trap ends the program, but not what it has said */
    find_right();
    state_is_neither_obeyed_nor_changed();
    psi_is_the_same();
    nothing_traps();
    hosts_loops_give_the_same_bits();
    children_compute();
    return check_report("process");
}
