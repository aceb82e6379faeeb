/* plan.h: the words that the files of bench_speed share (shapes, cases, levels), and which cases a
 * run has: the shapes, losses, instruction sets, threads and peers asked for.
 *
 * Must not know how a case is run. */
#ifndef SPEED_PLAN_H
#define SPEED_PLAN_H

#include <stdint.h>

#include "margin.h"

/* What is wrong, in one line: every `fault` of the suite has room for this. */
enum { SPEED_FAULT = 240 };
/* Writes it; returns -1. */
int speed_fail(char *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef enum speed_level { SPEED_SMOKE, SPEED_QUICK, SPEED_DEFAULT, SPEED_FULL } speed_level;

typedef enum speed_what {
    SPEED_HEAD,         /* X, W, y to loss, dX, dW */
    SPEED_HEAD_FORWARD, /* X, W, y to loss */
    SPEED_ROWS,         /* cosines to loss and their gradient */
    SPEED_GEMM3,        /* the three products of a head, nothing else */
    SPEED_PACKED        /* the same with W packed beforehand, which is not timed */
} speed_what;

typedef struct speed_shape {
    const char *name; /* "face"; "" for a point of the grid */
    size_t rows, dim, classes;
    speed_level first, last; /* the levels that run it */
} speed_shape;

typedef struct speed_case {
    speed_what what;
    const char *impl; /* NULL: libmargin, else the name of a peer */
    margin_loss loss;
    margin_isa isa;
    const speed_shape *shape;
    int threads;
    char name[128];          /* as the contract writes it */
    char fault[SPEED_FAULT]; /* why it must not be timed; "" if its check passed */
    const char *blas;        /* head/impl:blas-unfused: the library that its check found fastest */
    double seconds;          /* one run, roughly, as the check saw it */
    double peak_bytes; /* memory of a first run beyond inputs and outputs; negative: not known */
    size_t iterations; /* runs per repetition */
} speed_case;

/* 1 for products without a head. */
int speed_is_products(speed_what what);
/* "head", the first word of a case's name. */
const char *speed_what_name(speed_what what);
/* Multiply-add pairs counted as two: 6NCD with gradients, 2NCD without, 0 for rows. */
double speed_case_flops(const speed_case *c);
/* What must be read and written: each input and output once. */
double speed_case_bytes(const speed_case *c);

/* ---- the plan ---- */

#define SPEED_MAX_THREAD_COUNTS 16

/* What was asked for; filled by speed_options. */
typedef struct speed_request {
    speed_level level;
    uint64_t seed;
    unsigned char loss[MARGIN_LOSS_COUNT]; /* 1: wanted */
    unsigned char isa[MARGIN_ISA_COUNT];   /* 1: wanted and usable */
    int threads[SPEED_MAX_THREAD_COUNTS];  /* rising */
    size_t thread_counts;
    int threads_given;  /* 0: the default; then numbers between the first and the last are for the
                           figure over threads only */
    const char *filter; /* POSIX extended regular expression, or NULL */
} speed_request;

typedef struct speed_plan {
    uint64_t seed;
    speed_shape *shapes;
    size_t shape_count;
    speed_case *cases; /* those of one shape together */
    size_t count, capacity;
    char skipped[256]; /* shapes beyond this machine's memory; "" if there are none */
} speed_plan;

/* Returns 0, or -1 and one line in `fault`. */
int speed_plan_build(speed_plan *plan, const speed_request *request, char *fault);
void speed_plan_free(speed_plan *plan);

/* Indices into plan->cases, `rounds` times plan->count of them: every round has every case once.
 * Cases that are compared with one another (of one shape and number of threads) follow one another,
 * so that a slow spell of the machine hits all of them or none; their order, and that of the
 * groups, is random, anew in each round, and depends on plan->seed only. Release with free. */
size_t *speed_rounds(const speed_plan *plan, size_t rounds);

/* CPUs that this process may run on. */
int speed_cpu_count(void);

#endif
