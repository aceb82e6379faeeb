/* angles.c: the four angle statistics of embeddings and class weights (see angles.h). Must not know
 * where the vectors came from. */
#include "angles.h"

#include "directions.h"
#include "nearest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int present(const double *vector, size_t dim)
{
    for (size_t k = 0; k < dim; k++)
        if (vector[k] != 0.0) return 1;
    return 0;
}

/* Class by class the sum of its rows' directions, then their direction; and how many rows have one.
 */
static int find_centres(const angles_input *in, double *centres, size_t *members)
{
    double *direction = malloc(in->dim * sizeof *direction);
    if (direction == NULL) return ENOMEM;
    memset(centres, 0, in->classes * in->dim * sizeof *centres);
    for (size_t i = 0; i < in->rows; i++) {
        if (in->labels[i] < 0) continue;
        double *centre = centres + (size_t)in->labels[i] * in->dim;
        directions_of(in->embeddings + i * in->dim, 1, in->dim, direction);
        members[in->labels[i]] += (size_t)present(direction, in->dim);
        for (size_t k = 0; k < in->dim; k++)
            centre[k] += direction[k];
    }
    for (size_t j = 0; j < in->classes; j++)
        direction_normalise(centres + j * in->dim, in->dim);
    free(direction);
    return 0;
}

static double mean_of(double sum, size_t count)
{
    return count > 0 ? sum / (double)count : NAN;
}

/* Mean over rows of the angle to their class's centre, where that says something. */
static int measure_rows(const angles_input *in, const double *centres, const size_t *members,
                        angles *out)
{
    double *direction = malloc(in->dim * sizeof *direction), sum = 0.0;
    if (direction == NULL) return ENOMEM;
    for (size_t i = 0; i < in->rows; i++) {
        if (in->labels[i] < 0) continue;
        const double *centre = centres + (size_t)in->labels[i] * in->dim;
        directions_of(in->embeddings + i * in->dim, 1, in->dim, direction);
        if (!present(direction, in->dim)) {
            out->zero_rows++;
        } else if (members[in->labels[i]] == 1) {
            out->single_rows++;
        } else if (!present(centre, in->dim)) {
            out->uncentred_rows++;
        } else {
            sum += direction_angle(direction, centre, in->dim);
            out->rows++;
        }
    }
    out->intra = mean_of(sum, out->rows);
    free(direction);
    return 0;
}

/* Mean over the vectors, of which the zero ones do not count, of the angle to the nearest other. */
static int mean_nearest(const double *vectors, size_t all, size_t dim, int threads, double *mean)
{
    double *dense = malloc(all * (dim + 1) * sizeof *dense), sum = 0.0;
    if (dense == NULL) return ENOMEM;
    double *const angle = dense + all * dim;
    size_t count = 0;
    for (size_t j = 0; j < all; j++)
        if (present(vectors + j * dim, dim))
            memcpy(dense + dim * count++, vectors + j * dim, dim * sizeof *dense);
    const nearest_input in = {count, count, dim, dense, dense, NULL, threads};
    const int status = nearest_angles(&in, angle);
    for (size_t j = 0; j < count; j++)
        sum += angle[j];
    *mean = mean_of(sum, count > 1 ? count : 0);
    free(dense);
    return status;
}

static int measure_weights(const angles_input *in, const double *centres, angles *out)
{
    double *weights = malloc(in->classes * in->dim * sizeof *weights), sum = 0.0;
    if (weights == NULL) return ENOMEM;
    directions_of(in->weights, in->classes, in->dim, weights);
    for (size_t j = 0; j < in->classes; j++)
        if (present(centres + j * in->dim, in->dim))
            sum += direction_angle(weights + j * in->dim, centres + j * in->dim, in->dim);
    out->w_ec = mean_of(sum, out->centres);
    const int status = mean_nearest(weights, in->classes, in->dim, in->threads, &out->w_inter);
    free(weights);
    return status;
}

int angles_measure(const angles_input *in, angles *out, double *centres)
{
    *out = (angles){.w_ec = NAN, .w_inter = NAN, .intra = NAN, .inter = NAN};
    double *own = centres == NULL ? malloc(in->classes * in->dim * sizeof *own) : NULL;
    if (centres == NULL) centres = own;
    size_t *members = calloc(in->classes + 1, sizeof *members);
    int status = centres == NULL || members == NULL ? ENOMEM : find_centres(in, centres, members);
    for (size_t j = 0; status == 0 && j < in->classes; j++)
        out->centres += (size_t)present(centres + j * in->dim, in->dim);
    if (status == 0) status = measure_rows(in, centres, members, out);
    if (status == 0) status = mean_nearest(centres, in->classes, in->dim, in->threads, &out->inter);
    if (status == 0 && in->weights != NULL) status = measure_weights(in, centres, out);
    free(own);
    free(members);
    return status;
}
