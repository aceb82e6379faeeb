/* speed.h: the words that the files of bench_speed share: shapes, cases and levels.
 *
 * Must not know how a case is run, checked or reported. */
#ifndef SPEED_H
#define SPEED_H

#include <stddef.h>

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
    SPEED_GEMM3         /* the three products of a head, nothing else */
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

/* "head", the first word of a case's name. */
const char *speed_what_name(speed_what what);
/* Multiply-add pairs counted as two: 6NCD with gradients, 2NCD without, 0 for rows. */
double speed_case_flops(const speed_case *c);
/* What must be read and written: each input and output once. */
double speed_case_bytes(const speed_case *c);

#endif
