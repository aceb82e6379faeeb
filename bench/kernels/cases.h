/* cases.h: what is timed: each kernel at each of its sizes on each instruction set, and the peaks
 * that they are compared with; and how: a case is compared, then sampled, always by its runner. */
#ifndef KERNELS_CASES_H
#define KERNELS_CASES_H

#include "kernels/trial.h"

#define PROGRAM "bench_kernels"

/* The command line. */
typedef struct settings {
    const char *out;    /* NULL: no file */
    const char *filter; /* a part of the names; "" takes all */
    margin_isa isa;     /* AUTO: all that are usable */
    int list, quick, tune;
} settings;

/* A copy judges cases of up to this many times its own bytes. */
enum { PEAK_ROOM = 2 };

/* Gives the kernels of an instruction set, NULL where it cannot be had. */
typedef const margin_kernels *(*kernel_dispatch)(margin_isa isa);

typedef struct timed_case {
    char name[96]; /* KERNEL/isa:I/LETTER:SIZE... */
    const kernel_subject *subject;
    const kernel_case *kernel;
    const size_t *size;
    margin_isa isa;
    const margin_kernels *table;

    /* What came of it. */
    char fault[TRIAL_FAULT]; /* why it is not timed, else empty */
    size_t repeat, rounds;
    double *ns;               /* of a call, in each round; rising once summarised */
    double median, low, high; /* and the quartiles */
    double elements, flops, bytes;
    size_t held; /* bytes of all arrays */
} timed_case;

typedef struct case_list {
    size_t rounds; /* samples of each case */
    double sample_seconds;
    timed_case *at;
    size_t count;
    size_t peaks; /* how many at the beginning are peaks */
} case_list;

/* Fills the list with the wanted cases. */
void cases_make(case_list *list, const settings *s, kernel_dispatch dispatch);
void cases_free(case_list *list);

/* The peak that a case's rate is compared with, in the same unit; NULL if there is none. */
const timed_case *cases_peak(const case_list *list, const timed_case *c);

/* 1e9 operations or bytes a second, whichever bounds it, in the median, of a peak in the best
 * sample; 0 if neither bounds it or it was not timed. */
double cases_rate(const timed_case *c);

/* Compares the kernel with the scalar one at its size and some misalignments; the first difference,
 * or a write outside an array, becomes c->fault. */
void times_check(timed_case *c, const margin_kernels *scalar);

/* Chooses how many calls a sample has so that it lasts about this long. */
void times_calibrate(timed_case *c, double seconds);

/* Takes a sample, on arrays and numbers of its own. */
void times_sample(timed_case *c, size_t round);

/* Sorts the samples, and computes median and quartiles. */
void times_summarise(timed_case *c);

/* ---- program.c: each kernel of each table is compared with the scalar one, then timed by the same
 * call ---- */

/* Runs the program on the tables that `dispatch` gives, and returns its exit status. The scalar
 * kernels that others are compared with are always the library's. */
int program_run(int argc, char **argv, kernel_dispatch dispatch);

#endif
