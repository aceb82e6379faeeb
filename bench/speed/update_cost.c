/* update_cost.c: what a training step costs whose optimizer takes dW on its way (margin_update.h),
 * against the head that stores it, and against storing it and updating then: wall clock, in turns,
 * and peak memory, each way in a process of its own. Both ways must give the same bits first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"
#include "margin_update.h"
#include "memory.h"
#include "option_table.h"
#include "statistics.h"

#define PROGRAM "update_cost"

typedef struct settings {
    size_t rows, dim, classes, rounds;
    int threads;
} settings;

#define OPTION_TARGET settings
static const option_row option_rows[] = {
    OPTION_GROUP("options:"),
    {"rows", "N", "embeddings (default {default})", TO_SIZE(rows, 1, 1e6)},
    {"dim", "D", "dimension of an embedding (default {default})", TO_SIZE(dim, 1, 1e5)},
    {"classes", "C", "class weights (default {default})", TO_SIZE(classes, 1, 1e9)},
    {"threads", "T", "at most; 0: as many as the library takes (default {default})",
     TO_INT(threads, 0, 1024)},
    {"rounds", "K", "each way so often (default {default})", TO_SIZE(rounds, 1, 1000)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "time and memory of a training step that stores no dW",
    .about =
        "Time ArcFace's head with dW stored, and training steps: SGD and AdamW that take dW on\n"
        "its way, or once it is stored.",
    .rows = option_rows,
    .closing = "exit status: 0 when both ways give the same bits, 1 when they do not or the run\n"
               "failed, 2 on wrong usage."};

/* The ways to take a step. */
typedef struct way {
    const char *name;
    int stores; /* dW */
    int updates;
    margin_update_rule rule;
} way;

static const way ways[] = {{"head", 1, 0, MARGIN_UPDATE_SGD},
                           {"sgd", 0, 1, MARGIN_UPDATE_SGD},
                           {"sgd, dW stored", 1, 1, MARGIN_UPDATE_SGD},
                           {"adamw", 0, 1, MARGIN_UPDATE_ADAMW},
                           {"adamw, dW stored", 1, 1, MARGIN_UPDATE_ADAMW}};
enum { WAYS = sizeof ways / sizeof *ways };

/* The arrays of a step; those that no way at hand needs are not there. */
typedef struct arrays {
    margin_context *context;
    margin_head head;
    float *x, *w, *dx, *dw, *moment1, *moment2;
    int64_t *labels;
} arrays;

/* Fills `count` floats with values of [-0.5, 0.5) that are the same on every machine. */
static void fill(float *array, size_t count, uint32_t state)
{
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        array[i] = (float)(state >> 8) * 0x1p-24f - 0.5f;
    }
}

/* Sets W and moments to where training begins. */
static void start(const settings *s, arrays *a)
{
    const size_t size = s->classes * s->dim;
    fill(a->w, size, 2);
    if (a->moment1 != NULL) memset(a->moment1, 0, size * sizeof *a->moment1);
    if (a->moment2 != NULL) memset(a->moment2, 0, size * sizeof *a->moment2);
}

/* Makes what the way needs; NULL: what all need. */
static arrays make(const settings *s, const way *only)
{
    const size_t size = s->classes * s->dim;
    arrays a = {.head = MARGIN_HEAD_INIT};
    margin_config config;
    margin_config_init(&config, MARGIN_ARCFACE);
    config.threads = s->threads;
    if (margin_create(&config, &a.context) != MARGIN_OK) die(PROGRAM, "cannot create a context");
    a.x = zeroed(s->rows * s->dim, sizeof *a.x);
    a.dx = zeroed(s->rows * s->dim, sizeof *a.dx);
    a.w = zeroed(size, sizeof *a.w);
    a.labels = zeroed(s->rows, sizeof *a.labels);
    if (only == NULL || only->stores) a.dw = zeroed(size, sizeof *a.dw);
    if (only == NULL || only->updates) a.moment1 = zeroed(size, sizeof *a.moment1);
    if (only == NULL || (only->updates && only->rule == MARGIN_UPDATE_ADAMW))
        a.moment2 = zeroed(size, sizeof *a.moment2);
    fill(a.x, s->rows * s->dim, 1);
    for (size_t i = 0; i < s->rows; i++)
        a.labels[i] = (int64_t)(i * 7919 % s->classes);
    start(s, &a);
    return a;
}

static margin_update update_of(const settings *s, const arrays *a, const way *v, double rate)
{
    margin_update u;
    margin_update_init(&u, v->rule);
    u.learning_rate = rate;
    u.weight_decay = 5e-4;
    u.momentum = v->rule == MARGIN_UPDATE_SGD ? 0.9 : 0.0;
    u.classes = s->classes;
    u.dim = s->dim;
    u.weights = a->w;
    u.moment1 = a->moment1;
    u.moment2 = a->moment2;
    return u;
}

/* Takes a step with this learning rate: 0 leaves W as it is, and is as much work. */
static void step(const settings *s, const arrays *a, const way *v, double rate)
{
    const margin_update u = update_of(s, a, v, rate);
    margin_head head = MARGIN_HEAD_INIT;
    margin_status status = MARGIN_OK;
    head.rows = s->rows;
    head.dim = s->dim;
    head.classes = s->classes;
    head.embeddings = a->x;
    head.weights = a->w;
    head.labels = a->labels;
    head.grad_embeddings = a->dx;
    if (v->stores) head.grad_weights = a->dw;
    if (!v->stores) status = margin_update_attach(a->context, &u, &head);
    if (status == MARGIN_OK) status = margin_head_run(a->context, &head);
    if (status == MARGIN_OK && v->stores && v->updates)
        status = margin_update_run(a->context, &u, a->dw, 0, NULL);
    if (status != MARGIN_OK) die(PROGRAM, "%s", margin_context_fault(a->context)->detail);
}

/* Returns FNV-1a of W and the first moments. */
static uint64_t hash_of(const settings *s, const arrays *a)
{
    const size_t bytes = s->classes * s->dim * sizeof(float);
    return hash_on(hash_on(hash_start, a->w, bytes), a->moment1, bytes);
}

/* Ends the program where the two ways of a rule differ after two steps. */
static void check(const settings *s, arrays *a)
{
    for (size_t k = 1; k < WAYS; k += 2) {
        uint64_t hash[2];
        for (size_t stored = 0; stored < 2; stored++) {
            start(s, a);
            step(s, a, &ways[k + stored], 0.01);
            step(s, a, &ways[k + stored], 0.01);
            hash[stored] = hash_of(s, a);
        }
        if (hash[0] != hash[1]) die(PROGRAM, "an update on its way is not the stored one");
    }
    start(s, a);
}

/* Returns the peak memory, in MiB, of a process that takes one step this way. */
static double peak_of(const settings *s, const way *v)
{
    const pid_t child = fork();
    if (child < 0) die(PROGRAM, "cannot fork");
    if (child == 0) {
        const arrays a = make(s, v);
        step(s, &a, v, 0.0);
        _exit(0);
    }
    struct rusage usage;
    int status;
    if (wait4(child, &status, 0, &usage) != child || status != 0) die(PROGRAM, "a step failed");
    return (double)usage.ru_maxrss / 1024.0;
}

/* Seconds of each way and round, by the wall and of all threads' processor time, which says more
 * where others are busy on the machine. */
typedef struct times {
    double *wall, *processor; /* [WAYS][rounds] */
} times;

/* Takes all ways in turns, each of the same W. */
static times time_all(const settings *s, const arrays *a)
{
    const times t = {zeroed(WAYS * s->rounds, sizeof *t.wall),
                     zeroed(WAYS * s->rounds, sizeof *t.processor)};
    for (size_t i = 0; i < s->rounds * WAYS; i++) {
        const size_t k = i % WAYS, at = k * s->rounds + i / WAYS;
        const double wall = seconds_now(), processor = processor_seconds_now();
        step(s, a, &ways[k], 0.0);
        t.wall[at] = seconds_now() - wall;
        t.processor[at] = processor_seconds_now() - processor;
    }
    return t;
}

/* Prints the median of `own` seconds, and of their ratios to `head`, with its interval. */
static void print_times(size_t rounds, const double *own, const double *head)
{
    double *v = zeroed(rounds, sizeof *v);
    memcpy(v, own, rounds * sizeof *v);
    printf(" %8.1f", 1e3 * speed_median(v, rounds));
    for (size_t i = 0; i < rounds; i++)
        v[i] = own[i] / head[i];
    const speed_interval r = speed_median_interval(v, rounds);
    printf(" %6.3f [%5.3f, %5.3f]", r.middle, r.low, r.high);
    free(v);
}

static void print(const settings *s, const times *t, const double *peak)
{
    printf("N = %zu, D = %zu, C = %zu, %zu rounds; ratios to the head\n", s->rows, s->dim,
           s->classes, s->rounds);
    printf("%-17s %8s %-21s %8s %-21s %8s %6s\n", "way", "wall ms", " ratio", "CPU ms", " ratio",
           "peak MiB", "ratio");
    for (size_t k = 0; k < WAYS; k++) {
        printf("%-16s", ways[k].name);
        print_times(s->rounds, t->wall + k * s->rounds, t->wall);
        print_times(s->rounds, t->processor + k * s->rounds, t->processor);
        printf(" %8.0f %6.3f\n", peak[k], peak[k] / peak[0]);
    }
}

int main(int argc, char **argv)
{
    settings s = {.rows = 128, .dim = 512, .classes = 100000, .rounds = 15};
    double peak[WAYS];
    options_read(&table, argc, argv, &s);
    for (size_t k = 0; k < WAYS; k++)
        peak[k] = peak_of(&s, &ways[k]);
    arrays a = make(&s, NULL);
    check(&s, &a);
    const times t = time_all(&s, &a);
    print(&s, &t, peak);
    finish_stdout(PROGRAM);
    return 0;
}
