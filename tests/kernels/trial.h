/* trial.h: one call of one kernel, with its inputs and output at any misalignment between canaries.
 * The same call is compared (test_kernels.c, bench_kernels) and timed (bench_kernels). A subject of
 * src/kernels has its runners in the file of its name here.
 *
 * Must not know what compares or times. */
#ifndef MARGIN_TESTS_KERNELS_TRIAL_H
#define MARGIN_TESTS_KERNELS_TRIAL_H

#include "guard.h"
#include "kernels/kernels.h"
#include "margin.h"
#include "noise.h"

enum {
    TRIAL_INPUTS = 4,
    TRIAL_FAULT = 160,
    PADDING = 48,         /* from row to row or panel to panel of a padded array */
    FLOATS_OF_DOUBLE = 3, /* hold all its bits */
    KERNEL_SIZES = 4,
    KERNEL_TIMED = 3 /* sizes at most */
};

typedef struct trial {
    size_t size[KERNEL_SIZES]; /* what they are, the kernel_case says */
    margin_isa isa;            /* of the kernels */
    size_t offset; /* of the output from a line, in floats; the inputs' follow from it */
    size_t repeat; /* calls to be timed after the first, on aligned arrays; 0: none */
    noise noise;

    /* What came of it. */
    guard input[TRIAL_INPUTS], out;
    size_t inputs;
    double tolerance;              /* by how much the scalar kernel may differ */
    double elements, flops, bytes; /* of one call; bytes that it must read and write */
    double seconds;                /* of `repeat` calls */
    size_t held;                   /* bytes of inputs and output */
    char fault[TRIAL_FAULT];       /* the first, else empty */
} trial;

/* Whether a kernel's rate has a peak to be compared with, and which. */
typedef enum kernel_bound { BOUND_FLOPS, BOUND_BYTES, BOUND_NONE } kernel_bound;

typedef struct kernel_case {
    const char *name; /* the field's, in its table */
    void (*run)(const margin_kernels *k, trial *t);
    kernel_bound bound;
    const char *letter[KERNEL_SIZES]; /* of the sizes, in names; NULL is not shown */
    /* Sizes that are timed; the first number is never 0. */
    size_t timed[KERNEL_TIMED][KERNEL_SIZES];
} kernel_case;

typedef struct kernel_subject {
    const char *name; /* the table's */
    const kernel_case *cases;
    size_t count;
} kernel_subject;

extern const kernel_subject kernels_of_packing, kernels_of_products, kernels_of_terms,
    kernels_of_pairs, kernels_of_planes;

/* All five, then NULL. */
extern const kernel_subject *const kernel_subjects[];

/* Defines kernels_of_SUBJECT from the array `cases`: one for each function of the table. */
#define KERNEL_SUBJECT(SUBJECT)                                                                    \
    _Static_assert(sizeof cases / sizeof *cases ==                                                 \
                       sizeof(margin_##SUBJECT) / sizeof(void (*)(void)),                          \
                   "a case for each kernel");                                                      \
    const kernel_subject kernels_of_##SUBJECT = {#SUBJECT, cases, sizeof cases / sizeof *cases}

/* ---- for the runners ---- */

/* A new array of `count` nearly normal numbers of this spread: an input, and the output. */
float *trial_input(trial *t, size_t count, double spread);
float *trial_output(trial *t, size_t count, double spread);

/* An input of factors that are applied again at each repetition: of magnitude 1 where it is timed,
 * so that nothing grows beyond float32 or fades to subnormal numbers; else as above. */
float *trial_factors(trial *t, size_t count, double spread);

/* Records what one call does. */
void trial_work(trial *t, double elements, double flops, double bytes);

/* Records a fault if the condition does not hold. */
__attribute__((format(printf, 3, 4))) void trial_expect(trial *t, int condition, const char *format,
                                                        ...);

/* Writes a double as FLOATS_OF_DOUBLE floats, so that it is compared like everything else. */
void trial_double(float *at, double x);

/* Seconds of a clock that only goes forward. */
double trial_now(void);

/* Calls a kernel once, and `repeat` times more with a clock. */
#define TRIAL_CALL(t, ...)                                                                         \
    do {                                                                                           \
        __VA_ARGS__;                                                                               \
        if ((t)->repeat > 0) {                                                                     \
            const double start_ = trial_now();                                                     \
            for (size_t i_ = 0; i_ < (t)->repeat; i_++) {                                          \
                __VA_ARGS__;                                                                       \
            }                                                                                      \
            (t)->seconds = trial_now() - start_;                                                   \
        }                                                                                          \
    } while (0)

/* From row to row of `n` floats: `odd` floats apart, or a line where it is timed. */
static inline size_t stride_of(const trial *t, size_t n, size_t odd)
{
    return n + (t->repeat > 0 ? 16 : odd);
}

static inline size_t panels_of(size_t n)
{
    return (n + 15) / 16;
}

/* Rounding of a sum of `terms` products of nearly normal numbers, with room. */
static inline double sum_tolerance(size_t terms)
{
    return 2e-6 * (4.0 + (double)terms);
}

/* ---- for those that compare and time ---- */

/* Runs the case on this table of kernels, looks at every canary and releases the inputs. */
void trial_run(trial *t, const kernel_case *kernel, const margin_kernels *k);

/* Compares the output with that of `other`, which is `whose`: to t's tolerance, or bit for bit. */
void trial_compare(trial *t, const trial *other, int bits, const char *whose);

/* Releases the output. */
void trial_free(trial *t);

/* The case of this name in a subject; NULL if there is none. */
const kernel_case *kernel_find(const kernel_subject *subject, const char *name);

#endif
