/* target.h: the target pair of a row, in double: its angle, its tangents, its loss.
 * There are only N such pairs, so exactness is cheap. It knows no thread. */
#ifndef MARGIN_TARGET_H
#define MARGIN_TARGET_H

#include <float.h>
#include <stddef.h>

#include "kernels/pairs.h"
#include "kernels/terms.h"
#include "loss.h"

/* How the raw vectors x and w lie to each other.
 *
 * The unit tangent at x towards w is (alpha w - cos(theta) x) / across, that at w towards x is
 * (x - cos(theta) alpha w) / across, with alpha = |x| / |w| and across = |x| sin(theta).
 *
 * Near 0 and pi these differences lose their digits, and x . w those of the angle. There, with
 * sigma = +1 for an acute angle and -1 otherwise, delta = alpha w - sigma x keeps them: the part of
 * delta across x, divided by its length, is the tangent; likewise across w. */
typedef struct margin_pair {
    margin_angle angle;
    double norm_x, norm_w;
    double inner;  /* w . x */
    double alpha;  /* |x| / |w| */
    double across; /* |x| sin(theta), the length of delta's part across x; 0: no tangent */
    /* Near 0 and pi only: */
    margin_delta delta;      /* alpha in two parts: w[d] alpha_high is exact */
    double along_x, along_w; /* delta . x / |x|^2, delta . w / |w|^2 */
} margin_pair;

/* Returns the angle of `cosine`, which is in [-1, 1]. */
margin_angle margin_angle_of(double cosine);

/* Tells whether the tangents keep all digits of a float32 when they are taken in float32, as one of
 * x and w less its part along the other: the target is then one more class of the matrix products,
 * whose factor is slope / sin(theta) of the unit vectors. */
int margin_pair_is_wide(const margin_pair *pair);

/* Measures the pair of x and w, n finite elements each: in two steps, so that each can be done for
 * several rows side by side, or in one. A zero vector gives theta = pi / 2 and no tangent. */
void margin_pair_start(const margin_pairs *pairs, const float *x, const float *w, size_t n,
                       margin_pair *pair);
void margin_pair_finish(const margin_pairs *pairs, const float *x, const float *w, size_t n,
                        margin_pair *pair);
margin_pair margin_pair_of(const margin_pairs *pairs, const float *x, const float *w, size_t n);

/* Adds factor times the tangent at x towards w to out, clamped to +-FLT_MAX; the second does so
 * with the tangent at w towards x. */
void margin_add_tangent_x(const margin_pairs *pairs, const margin_pair *pair, const float *x,
                          const float *w, size_t n, double factor, float *out);
void margin_add_tangent_w(const margin_pairs *pairs, const margin_pair *pair, const float *x,
                          const float *w, size_t n, double factor, float *out);

/* What is known of a row's negatives: under `peak` the sum of their terms is `sum`, 0 where there
 * are none; `most` is the largest inner product. */
typedef struct margin_negatives {
    float peak, most;
    double sum;
} margin_negatives;

/* Returns the log-sum-exp of the logits of a row's negatives, which are `scale` times their inner
 * products; -infinity without negatives. */
double margin_log_sum_exp(margin_term_row row, double scale, const margin_negatives *negatives);

/* Writes the losses of at most 16 rows: `excess` is the negatives' log-sum-exp less the target's
 * logit, -infinity where there are none; `loss` becomes softplus(excess), and `miss`
 * sigmoid(excess), which is 1 - p of the target. */
void margin_softplus(const double *excess, size_t rows, double *loss, double *miss);

/* The peak of a row that has seen no class yet: below every inner product. */
#define MARGIN_NO_PEAK (-FLT_MAX)

/* Returns what the kernels are to know of a row whose logits are `scale` times its inner products,
 * and whose loss answered `target`. */
margin_term_row margin_term_row_of(double scale, const margin_target *target);

/* Raises a row's *peak if `max`, the largest inner product of some classes, asks for it. Returns
 * what earlier sums are to be multiplied by. */
float margin_raise_peak(margin_term_row row, float max, float *peak);

/* Splits `factor` into *first * *second, so that a moderate number times the first, then times the
 * second, neither overflows nor underflows on the way. */
void margin_split_factor(double factor, float *first, float *second);

/* Returns the float32 nearest to x, at most +-FLT_MAX. */
float margin_to_float(double x);

#endif
