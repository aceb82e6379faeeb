/* angle_losses.c: Intra-Loss, Inter-Loss and the angular triplet loss (see angle_losses.h). Must
 * not know the library's losses or training.
 *
 * With unit vectors a, b and theta between them, d theta / d raw a = -(b - cos a) / (|raw a| sin).
 */
#include "angle_losses.h"

#include <math.h>
#include <string.h>

/* ---- an angle and its gradient ------------------------------------------------------------- */

typedef struct unit_vectors {
    size_t dim;
    const double *units;   /* [count, dim] at length 1; a zero vector stays zero */
    const double *lengths; /* [count] of the raw vectors */
} unit_vectors;

/* Below this sine the direction of the gradient is rounding. */
static const double least_sine = 1e-7;

/* Takes count (dim + 1) doubles from *scratch and moves it on. */
static unit_vectors make_units(const float *raw, size_t count, size_t dim, double **scratch)
{
    double *const units = *scratch, *const lengths = units + count * dim;
    *scratch = lengths + count;
    for (size_t i = 0; i < count; i++) {
        double square = 0.0;
        for (size_t k = 0; k < dim; k++) {
            units[i * dim + k] = (double)raw[i * dim + k];
            square += units[i * dim + k] * units[i * dim + k];
        }
        lengths[i] = sqrt(square);
        for (size_t k = 0; lengths[i] > 0.0 && k < dim; k++)
            units[i * dim + k] /= lengths[i];
    }
    return (unit_vectors){dim, units, lengths};
}

static void add_gradient(const double *own, const double *other, size_t dim, double cosine,
                         double factor, float *out)
{
    for (size_t k = 0; k < dim; k++)
        out[k] -= (float)(factor * (other[k] - cosine * own[k]));
}

/* share times the angle between a's vector i and b's vector j; adds share times its gradients by
 * the raw vectors to rows i and j of grad_a and grad_b (either may be NULL). */
static double add_angle(unit_vectors a, size_t i, unit_vectors b, size_t j, double share,
                        float *grad_a, float *grad_b)
{
    const size_t dim = a.dim;
    const double *const one = a.units + i * dim, *const two = b.units + j * dim;
    double cosine = 0.0, apart = 0.0, along = 0.0;
    for (size_t k = 0; k < dim; k++) {
        cosine += one[k] * two[k];
        apart += (one[k] - two[k]) * (one[k] - two[k]);
        along += (one[k] + two[k]) * (one[k] + two[k]);
    }
    const double sine = 0.5 * sqrt(apart * along);
    if (sine > least_sine && a.lengths[i] > 0.0 && b.lengths[j] > 0.0) {
        if (grad_a != NULL)
            add_gradient(one, two, dim, cosine, share / (a.lengths[i] * sine), grad_a + i * dim);
        if (grad_b != NULL)
            add_gradient(two, one, dim, cosine, share / (b.lengths[j] * sine), grad_b + j * dim);
    }
    return share * 2.0 * atan2(sqrt(apart), sqrt(along));
}

/* ---- Intra and Inter ------------------------------------------------------------------------ */

size_t extra_terms_scratch(size_t rows, size_t classes, size_t dim)
{
    return rows * (dim + 1) + classes * (dim + 1) + classes;
}

/* Mean of theta / pi. */
static double add_intra(const extra_batch *b, double weight, unit_vectors x, unit_vectors w,
                        float *grad_embeddings, float *grad_weights)
{
    const double share = weight / (M_PI * (double)b->rows);
    double sum = 0.0;
    for (size_t i = 0; i < b->rows; i++) {
        const size_t y = (size_t)b->labels[i];
        sum += add_angle(x, i, w, y, share, grad_embeddings, grad_weights);
    }
    return sum;
}

/* Each pair of weights counts for the samples of either class. */
static double add_inter(const extra_batch *b, double weight, unit_vectors w, double *counts,
                        float *grad_weights)
{
    const double share = -weight / (M_PI * (double)(b->classes - 1) * (double)b->rows);
    double sum = 0.0;
    for (size_t j = 0; j < b->classes; j++)
        counts[j] = 0.0;
    for (size_t i = 0; i < b->rows; i++)
        counts[b->labels[i]] += 1.0;
    for (size_t j = 0; j < b->classes; j++) {
        for (size_t k = j + 1; k < b->classes; k++) {
            const double both = counts[j] + counts[k];
            if (both > 0.0) sum += add_angle(w, j, w, k, share * both, grad_weights, grad_weights);
        }
    }
    return sum;
}

double extra_terms_add(const extra_terms *terms, const extra_batch *batch, float *grad_embeddings,
                       float *grad_weights)
{
    if (terms->intra == 0.0 && (terms->inter == 0.0 || batch->classes < 2)) return 0.0;
    double *scratch = batch->scratch, sum = 0.0;
    const unit_vectors x = make_units(batch->embeddings, batch->rows, batch->dim, &scratch);
    const unit_vectors w = make_units(batch->weights, batch->classes, batch->dim, &scratch);
    if (terms->intra != 0.0)
        sum += add_intra(batch, terms->intra, x, w, grad_embeddings, grad_weights);
    if (terms->inter != 0.0 && batch->classes > 1)
        sum += add_inter(batch, terms->inter, w, scratch, grad_weights);
    return sum;
}

/* ---- triplets ------------------------------------------------------------------------------- */

size_t triplet_scratch(size_t rows, size_t dim)
{
    return rows * (dim + 1) + 2 * rows * rows;
}

/* angles[rows, rows]; 0 if some angle is not a number. */
static int find_angles(unit_vectors x, size_t rows, double *angles)
{
    int finite = 1;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = i; j < rows; j++) {
            const double angle = add_angle(x, i, x, j, 1.0, NULL, NULL);
            angles[i * rows + j] = angles[j * rows + i] = angle;
            finite = finite && isfinite(angle);
        }
    }
    return finite;
}

/* How often each pair's angle counts, positive pairs up and negative pairs down, over the violating
 * triplets of one anchor; returns their number. */
static size_t count_violations(const int64_t *labels, size_t rows, size_t anchor, double margin,
                               const double *angles, double *counts, double *sum)
{
    size_t violating = 0;
    for (size_t p = 0; p < rows; p++) {
        if (p == anchor || labels[p] != labels[anchor]) continue;
        for (size_t n = 0; n < rows; n++) {
            const double excess = angles[p] + margin - angles[n];
            if (labels[n] != labels[anchor] && excess > 0.0) {
                counts[p] += 1.0;
                counts[n] -= 1.0;
                *sum += excess;
                violating++;
            }
        }
    }
    return violating;
}

double triplet_loss(const float *embeddings, const int64_t *labels, size_t rows, size_t dim,
                    double margin, double *scratch, float *grad_embeddings)
{
    double sum = 0.0;
    size_t violating = 0;
    const unit_vectors x = make_units(embeddings, rows, dim, &scratch);
    double *const angles = scratch, *const counts = scratch + rows * rows;
    memset(grad_embeddings, 0, rows * dim * sizeof *grad_embeddings);
    memset(counts, 0, rows * rows * sizeof *counts);
    if (!find_angles(x, rows, angles)) return NAN;
    for (size_t i = 0; i < rows; i++)
        violating +=
            count_violations(labels, rows, i, margin, angles + i * rows, counts + i * rows, &sum);
    if (violating == 0) return 0.0;
    for (size_t i = 0; i < rows * rows; i++) {
        if (counts[i] != 0.0)
            add_angle(x, i / rows, x, i % rows, counts[i] / (double)violating, grad_embeddings,
                      grad_embeddings);
    }
    return sum / (double)violating;
}
