/* oracle.h: the same losses a second time, from the formulas, in 113-bit arithmetic.
 *
 * The oracle judges libmargin, so it shares no code with it: of margin.h it uses the types that
 * describe a problem, and calls nothing. It is slow, single-threaded and in textbook order. It
 * checks nothing either: problems must be valid by the rules of margin.h. */
#ifndef MARGIN_STABILITY_ORACLE_H
#define MARGIN_STABILITY_ORACLE_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "margin.h"

/* ---- a binary128 number, and the few functions of it that the oracle needs: where long double is
 * narrower than 113 bits (x86) it is __float128 and the functions come from libquadmath; elsewhere
 * (ARM64) long double is binary128 itself. libquadmath's header is not used: clang does not find
 * it, and its constants carry a suffix that -Wpedantic refuses ---- */

/* The functions of one number. */
#define WIDE_FUNCTIONS(X) X(exp) X(log) X(log1p) X(sqrt) X(sin) X(cos) X(acos) X(floor)

#if LDBL_MANT_DIG == 113

typedef long double wide;
#define WIDE_CALL(name) name##l

#elif defined(__SIZEOF_FLOAT128__)

__extension__ typedef __float128 wide;
#define WIDE_CALL(name)    name##q
#define WIDE_DECLARE(name) wide name##q(wide x);
WIDE_FUNCTIONS(WIDE_DECLARE)
#undef WIDE_DECLARE
wide atan2q(wide y, wide x);

#else
#error "the oracle needs a 113-bit floating-point type"
#endif

/* wide_exp(x) and so on. */
#define WIDE_DEFINE(name)                                                                          \
    static inline wide wide_##name(wide x)                                                         \
    {                                                                                              \
        return WIDE_CALL(name)(x);                                                                 \
    }
WIDE_FUNCTIONS(WIDE_DEFINE)
#undef WIDE_DEFINE

static inline wide wide_atan2(wide y, wide x)
{
    return WIDE_CALL(atan2)(y, x);
}

static inline wide wide_abs(wide x)
{
    return x < 0 ? -x : x;
}

/* No literal of the type is portable; three doubles hold it to the last bit. */
static inline wide wide_pi(void)
{
    return (wide)0x1.921fb54442d18p+1 +
           ((wide)0x1.1a62633145c07p-53 - (wide)0x1.f1976b7ed8fbcp-109);
}

/* ---- the losses ---- */

/* Every function returns 0, or one of these: a loss whose formula is not in oracle_target.c is an
 * error, never taken for another. */
enum { ORACLE_NO_MEMORY = -1, ORACLE_UNKNOWN_LOSS = -2 };

/* 1 if logits are inner products, and if the scale is |x|. */
static inline int is_raw(const margin_config *config)
{
    return config->loss == MARGIN_SOFTMAX;
}

static inline int keeps_norm(const margin_config *config)
{
    return config->feature_norm == MARGIN_FEATURE_NORM_KEEP;
}

/* 1 if the loss's formula is known here. */
int oracle_knows(margin_loss loss);

/* psi and dpsi/dtheta of a loss at theta; c = cos(theta), given apart because "c > 0" decides. */
int oracle_target(const margin_config *config, wide c, wide theta, wide *psi, wide *slope);

/* Softmax cross entropy of one row: loss and its derivative by each logit. `label` is a valid
 * class. Digits survive on converged rows: nothing is computed as 1 - p or p - 1. */
void oracle_softmax(const wide *logits, size_t classes, size_t label, wide *loss, wide *grad);

/* Label smoothing by its definition: makes of *loss and grad, which are those of oracle_softmax,
 * the cross entropy with the distribution that has 1 - e at the label and e / C at every class. */
void oracle_smooth(const wide *logits, size_t classes, size_t label, wide e, wide *loss,
                   wide *grad);

typedef struct oracle_problem {
    size_t rows, dim, classes;
    const wide *embeddings;   /* [N, D] */
    const wide *weights;      /* [C, D] */
    const wide *bias;         /* [C] or NULL */
    const int64_t *labels;    /* [N] */
    const wide *row_weight;   /* [N] or NULL: 1 / (sum of the counted rows' class weights) */
    const wide *class_weight; /* [C] or NULL: 1 */
    wide label_smoothing;
    const wide *weight_norm; /* [C] |w_j|, or NULL: not known yet */
} oracle_problem;

typedef struct oracle_answer {
    wide *row_loss;        /* [N] or NULL */
    wide *row_angle;       /* [N] or NULL */
    wide *row_lead;        /* [N] or NULL: the target's plain cosine (softmax: logit) less the
                              largest of the others; >= 0 is a correct row */
    wide *grad_embeddings; /* [N, D] or NULL */
    wide *grad_weights;    /* [C, D] or NULL */
    wide *grad_bias;       /* [C] or NULL */
    wide loss;             /* the objective: the sum of the rows' weights times their losses */
    wide mean_loss;        /* over counted rows */
    size_t counted;
} oracle_answer;

/* norms[j] = |w_j| of C weights in D dimensions: once for many problems with the same weights. */
void oracle_norms(const wide *weights, size_t classes, size_t dim, wide *norms);

/* Solve the head. feature_norm is honoured for every normalised loss, also where the library allows
 * it for sphereface only. */
int oracle_solve(const margin_config *config, const oracle_problem *problem, oracle_answer *answer);

#endif
