/* extra_terms.c: Intra-Loss and Inter-Loss (see extra_terms.h). Must not know losses or training.
 */
#include "extra_terms.h"

#include <math.h>

#include "angle_gradient.h"

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
