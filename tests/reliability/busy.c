/* busy.c: a training loop of calls of about 1 ms, on one thread and on two, on a quiet machine and
 * on one whose cores have other work.
 *
 *   busy            judge: on the busy machine threads cost at most 1.5 times what one thread does
 *   busy --table    print the times of one thread, the library's threads, and OpenMP as the host's,
 *                   of shorter and longer calls too (about a minute)
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "problem.h"

enum { LOAD = 8, ROUNDS = 6, TABLE_ROUNDS = 20, TRIES = 6, WAYS = 3, CALLS = 100000 };

#define TURN  0.15 /* seconds that a way runs at a time */
#define PAUSE 0.01 /* after which the threads of the last one sleep */
#define MOST  1.5

typedef struct way {
    const char *name;
    int threads;
    margin_parallel_for host;
    margin_context *context;
    double spent; /* seconds */
    size_t calls;
    float *times; /* [CALLS], milliseconds */
} way;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(_OPENMP)
static void openmp(void *user, size_t count, void (*item)(void *state, size_t index), void *state)
{
    (void)user;
#pragma omp parallel for schedule(static, 1) num_threads((int)count)
    for (size_t i = 0; i < count; i++)
        item(state, i);
}
#endif

/* ---- the load ---- */

/* Starts LOAD processes that compute until they are killed, or their parent is gone. */
static void start_load(pid_t *load)
{
    for (int i = 0; i < LOAD; i++) {
        load[i] = fork();
        if (load[i] != 0) continue;
        for (volatile unsigned n = 1; getppid() != 1;)
            while (n++ % (1u << 22) != 0)
                continue;
        _exit(0);
    }
}

static void end_load(const pid_t *load)
{
    for (int i = 0; i < LOAD; i++) {
        if (load[i] <= 0) continue;
        kill(load[i], SIGKILL);
        waitpid(load[i], NULL, 0);
    }
}

/* ---- the loop ---- */

static void take_turn(way *w, problem *p)
{
    const double start = seconds();
    for (double last = start, now; last < start + TURN; last = now) {
        CHECK(margin_head_run(w->context, &p->call) == MARGIN_OK, "%s: a call fails", w->name);
        now = seconds();
        if (w->calls < CALLS) w->times[w->calls++] = (float)(1e3 * (now - last));
        w->spent += now - last;
    }
    const struct timespec pause = {0, (long)(1e9 * PAUSE)};
    nanosleep(&pause, NULL);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double mean(const way *w)
{
    return 1e3 * w->spent / (double)w->calls;
}

/* The ways take turns, so that what happens on the machine happens to each of them. */
static void measure(way *ways, size_t count, problem *p, int rounds)
{
    for (size_t i = 0; i < count; i++) {
        ways[i].spent = 0.0;
        ways[i].calls = 0;
    }
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++)
            take_turn(&ways[i], p);
    }
    for (size_t i = 0; i < count; i++)
        qsort(ways[i].times, ways[i].calls, sizeof *ways[i].times, by_value);
}

static void judge(way *ways, problem *p)
{
    pid_t load[LOAD];
    double ratio = 0.0;
    start_load(load);
    for (int try = 0; try < TRIES; try++) {
        measure(ways, 2, p, ROUNDS);
        ratio = mean(&ways[1]) / mean(&ways[0]);
        printf("%d processes beside: %.3f ms on one thread, %.2f times that on two\n", LOAD,
               mean(&ways[0]), ratio);
        if (ratio <= MOST) break;
    }
    end_load(load);
    CHECK(ratio <= MOST, "threads cost %.2f times what one thread does, %d times in turn", ratio,
          TRIES);
}

/* Prints milliseconds a call: the mean, and in brackets the median and the 99th percentile. */
static void print_table(way *ways, size_t count)
{
    static const size_t shapes[][3] = {{64, 64, 1000}, {128, 128, 1000}, {128, 512, 10000}};
    pid_t load[LOAD];
    for (int k = 0; k < 6; k++) {
        const size_t *s = shapes[k / 2];
        problem p = problem_make(s[0], s[1], s[2], 1, 0, 0);
        printf("%zu x %zu x %zu, %s\n", s[0], s[1], s[2], k % 2 ? "busy" : "quiet");
        if (k % 2) start_load(load);
        measure(ways, count, &p, TABLE_ROUNDS);
        if (k % 2) end_load(load);
        for (size_t i = 0; i < count; i++) {
            const way *w = &ways[i];
            printf("    %-16s %8.3f (%.3f, %.3f)\n", w->name, mean(w), w->times[w->calls / 2],
                   w->times[w->calls * 99 / 100]);
        }
        CHECK(problem_free(&p), "a byte outside an array was written");
    }
}

static void judge_default(way *ways)
{
    problem p = problem_make(128, 128, 1000, 1, 0, 0);
    judge(ways, &p);
    CHECK(problem_free(&p), "a byte outside an array was written");
}

int main(int argc, char **argv)
{
    static float times[WAYS][CALLS];
    way ways[WAYS] = {{.name = "one thread", .threads = 1},
                      {.name = "its own threads", .threads = 2},
                      {.name = "OpenMP", .threads = 2}};
    size_t count = 2;
#if defined(_OPENMP)
    ways[count++].host = openmp;
#endif
    margin_config config;
    for (size_t i = 0; i < count; i++) {
        margin_config_init(&config, MARGIN_ARCFACE);
        config.threads = ways[i].threads;
        config.parallel = ways[i].host;
        ways[i].times = times[i];
        CHECK(margin_create(&config, &ways[i].context) == MARGIN_OK, "no context");
    }
    if (argc > 1 && strcmp(argv[1], "--table") == 0)
        print_table(ways, count);
    else
        judge_default(ways);
    for (size_t i = 0; i < count; i++)
        margin_destroy(ways[i].context);
    return check_report("busy");
}
