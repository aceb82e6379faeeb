/* nearest.c: nearest directions (see nearest.h). Must not know what a direction stands for. */
#include "nearest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "directions.h"
#include "margin.h"
#include "threads.h"

/* The library is asked for so many of more than so many classes. */
enum { BLOCK = 64, NAMED = 4, FEW = BLOCK };

/* Two cosines of the library that are further apart than this are in the right order: each is off
 * by at most 8 x 2^-24, and by 2 x 2^-24 for the rounding of both directions. */
static const double doubt = 20 * 0x1p-24;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t own_of(const nearest_input *in, size_t row)
{
    return in->own != NULL ? (size_t)in->own[row] : row;
}

static double angle_to(const nearest_input *in, size_t row, size_t class)
{
    return direction_angle(in->from + row * in->dim, in->to + class * in->dim, in->dim);
}

/* ---- with all classes, in double --------------------------------------------------------------
 */

/* The nearest of classes first, first + 1, ... to a block's rows; greatest[], nearest[] hold what
 * was found so far. */
static void look_among(const nearest_input *in, const size_t *rows, size_t count, size_t first,
                       size_t classes, const double *cosines, double *greatest, size_t *nearest)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < classes; j++) {
            const double cosine = cosines[i * classes + j];
            if (own_of(in, rows[i]) != first + j && cosine > greatest[i]) {
                greatest[i] = cosine;
                nearest[i] = first + j;
            }
        }
    }
}

/* angles[] of these rows, at most a block of them; vectors[BLOCK, dim] is scratch. */
static void compare_with_all(const nearest_input *in, const size_t *rows, size_t count,
                             double *vectors, double *angles)
{
    double cosines[BLOCK * BLOCK], greatest[BLOCK];
    size_t nearest[BLOCK];
    for (size_t i = 0; i < count; i++) {
        angles[rows[i]] = in->classes > 1 ? NAN : M_PI; /* NaN: of vectors that are NaN */
        greatest[i] = -INFINITY;
        nearest[i] = in->classes;
        for (size_t k = 0; k < in->dim; k++)
            vectors[i * in->dim + k] = in->from[rows[i] * in->dim + k];
    }
    for (size_t first = 0; first < in->classes; first += BLOCK) {
        const size_t classes = smaller(BLOCK, in->classes - first);
        direction_cosines(vectors, count, in->to + first * in->dim, classes, in->dim, cosines);
        look_among(in, rows, count, first, classes, cosines, greatest, nearest);
    }
    for (size_t i = 0; i < count; i++)
        if (nearest[i] < in->classes) angles[rows[i]] = angle_to(in, rows[i], nearest[i]);
}

/* ---- with the classes that the library names --------------------------------------------------
 */

static float *floats_of(const double *from, size_t count)
{
    float *const to = malloc(count * sizeof *to);
    for (size_t i = 0; to != NULL && i < count; i++)
        to[i] = (float)from[i];
    return to;
}

/* classes[rows, NAMED], cosines[rows, NAMED]: the nearest ones, the own among them. */
static margin_status name_nearest(const nearest_input *in, int64_t *classes, float *cosines)
{
    margin_predict call = MARGIN_PREDICT_INIT;
    margin_config config;
    margin_context *context = NULL;
    float *const from = floats_of(in->from, in->rows * in->dim);
    float *const to = in->to == in->from ? from : floats_of(in->to, in->classes * in->dim);
    margin_config_init(&config, MARGIN_NORMSOFTMAX);
    config.threads = in->threads;
    margin_status status = margin_create(&config, &context);
    call.rows = in->rows;
    call.classes = in->classes;
    call.dim = in->dim;
    call.embeddings = from;
    call.weights = to;
    call.k = NAMED;
    call.top_classes = classes;
    call.top_values = cosines;
    if (status == MARGIN_OK) status = margin_head_predict(context, &call);
    margin_destroy(context);
    if (to != from) free(to);
    free(from);
    return status;
}

/* Returns 0 where a class that is not named might be the nearest. */
static int judge_named(const nearest_input *in, size_t row, const int64_t *classes,
                       const float *cosines, double *angle)
{
    double greatest = -INFINITY;
    *angle = M_PI;
    for (size_t k = 0; k < NAMED; k++) {
        if ((size_t)classes[k] == own_of(in, row)) continue;
        greatest = fmax(greatest, (double)cosines[k]);
        *angle = fmin(*angle, angle_to(in, row, (size_t)classes[k]));
    }
    return greatest - (double)cosines[NAMED - 1] > doubt;
}

/* left[]: the rows that are still to be compared with all; returns how many. */
static size_t judge_rows(const nearest_input *in, double *angles, size_t *left)
{
    size_t count = 0;
    int64_t *const classes = malloc(in->rows * NAMED * sizeof *classes);
    float *const cosines = malloc(in->rows * NAMED * sizeof *cosines);
    const int asked = in->classes > FEW && classes != NULL && cosines != NULL &&
                      name_nearest(in, classes, cosines) == MARGIN_OK;
    for (size_t i = 0; i < in->rows; i++)
        if (!asked || !judge_named(in, i, classes + i * NAMED, cosines + i * NAMED, &angles[i]))
            left[count++] = i;
    free(classes);
    free(cosines);
    return count;
}

int nearest_angles(const nearest_input *in, double *angles)
{
    size_t *const left = malloc((in->rows + 1) * sizeof *left);
    int status = left == NULL ? ENOMEM : 0;
    const size_t count = status == 0 ? judge_rows(in, angles, left) : 0;
#pragma omp parallel num_threads(thread_count(in->threads)) if (count > BLOCK)
    {
        double *const vectors = malloc(BLOCK * in->dim * sizeof *vectors);
#pragma omp for schedule(dynamic, 1)
        for (size_t first = 0; first < count; first += BLOCK) {
            if (vectors != NULL)
                compare_with_all(in, left + first, smaller(BLOCK, count - first), vectors, angles);
        }
        if (vectors == NULL) {
#pragma omp atomic write
            status = ENOMEM;
        }
        free(vectors);
    }
    free(left);
    return status;
}
