/* geometry.c: neural collapse, alignment and uniformity (see geometry.h). Must not know losses or
 * training. */
#include "geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "directions.h"
#include "memory.h"

const char *const geometry_names[GEOMETRY_COUNT] = {
#define GEOMETRY_NAME(name) #name,
    GEOMETRY_MEASURES(GEOMETRY_NAME)
#undef GEOMETRY_NAME
};

double geometry_value(const geometry *g, size_t measure)
{
    const double values[] = {
#define GEOMETRY_VALUE(name) g->name,
        GEOMETRY_MEASURES(GEOMETRY_VALUE)
#undef GEOMETRY_VALUE
    };
    return values[measure];
}

double geometry_least_deviation(size_t dim, size_t classes)
{
    const double c = (double)classes, others = c - 1.0;
    if (classes <= dim + 1) return 0.0;
    return sqrt((c / (double)dim - 1.0) / others - 1.0 / (others * others));
}

/* ---- class means ----------------------------------------------------------------------------- */

typedef struct classes {
    const geometry_input *in;
    double *samples; /* [count, dim]: at length 1 */
    double *sizes;   /* [classes]: samples of each */
    double *within;  /* [classes]: sum of |x - mu_c|^2 */
    double *centred; /* [classes, dim]: m_c, later at length 1 */
    double present;  /* classes that have samples */
} classes;

static double square(const double *vector, size_t dim)
{
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++)
        sum += vector[k] * vector[k];
    return sum;
}

static double inner(const double *a, const double *b, size_t dim)
{
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Also the sizes, and which classes are present. */
static void find_means(classes *of, double *means)
{
    const geometry_input *const in = of->in;
    memset(means, 0, in->classes * in->dim * sizeof *means);
    for (size_t i = 0; i < in->count; i++) {
        const size_t label = (size_t)in->labels[i];
        of->sizes[label]++;
        for (size_t k = 0; k < in->dim; k++)
            means[label * in->dim + k] += of->samples[i * in->dim + k];
    }
    for (size_t j = 0; j < in->classes; j++) {
        of->present += of->sizes[j] > 0.0;
        for (size_t k = 0; k < in->dim && of->sizes[j] > 0.0; k++)
            means[j * in->dim + k] /= of->sizes[j];
    }
}

/* Samples about their mean, and means about the mean of them all. */
static void centre(classes *of, const double *means)
{
    const geometry_input *const in = of->in;
    const size_t dim = in->dim;
    double *const whole = zeroed(dim, sizeof *whole);
    for (size_t i = 0; i < in->count; i++) {
        const size_t label = (size_t)in->labels[i];
        for (size_t k = 0; k < dim; k++) {
            const double away = of->samples[i * dim + k] - means[label * dim + k];
            of->within[label] += away * away;
        }
    }
    for (size_t j = 0; j < in->classes; j++)
        for (size_t k = 0; k < dim; k++)
            whole[k] += means[j * dim + k] / of->present;
    for (size_t j = 0; j < in->classes; j++)
        for (size_t k = 0; k < dim && of->sizes[j] > 0.0; k++)
            of->centred[j * dim + k] = means[j * dim + k] - whole[k];
    free(whole);
}

/* ---- neural collapse ------------------------------------------------------------------------- */

/* NC1, the lengths of NC2, and alignment: of |x - y|^2 the sum over a class's pairs is n times its
 * sum about the mean. */
static void measure_scatter(const classes *of, geometry *out)
{
    double within = 0.0, between = 0.0, lengths = 0.0, apart = 0.0, pairs = 0.0;
    for (size_t j = 0; j < of->in->classes; j++) {
        if (!(of->sizes[j] > 0.0)) continue;
        const double length = square(of->centred + j * of->in->dim, of->in->dim);
        within += of->within[j] / of->sizes[j];
        between += length;
        lengths += sqrt(length);
        apart += of->sizes[j] * of->within[j];
        pairs += 0.5 * of->sizes[j] * (of->sizes[j] - 1.0);
    }
    const double mean = lengths / of->present;
    out->within_between = between > 0.0 ? within / between : NAN;
    out->length_spread =
        mean > 0.0 ? sqrt(fmax(between / of->present - mean * mean, 0.0)) / mean : NAN;
    out->alignment = pairs > 0.0 ? apart / pairs : NAN;
}

/* Brings the centred means that there are to length 1, side by side at the front of `to`; returns
 * how many. */
static size_t directions_of_means(const classes *of, double *to)
{
    const size_t dim = of->in->dim;
    size_t found = 0;
    for (size_t j = 0; j < of->in->classes; j++) {
        direction_normalise(of->centred + j * dim, dim);
        if (of->sizes[j] > 0.0) memcpy(to + found++ * dim, of->centred + j * dim, dim * sizeof *to);
    }
    return found;
}

enum { ROWS = 64 }; /* of the table of cosines that are there at once */

/* The angles of NC2. */
static double angle_deviation(const classes *of)
{
    const size_t dim = of->in->dim;
    double *const means = zeroed(of->in->classes * dim, sizeof *means);
    const size_t count = directions_of_means(of, means);
    double *const cosines = zeroed(ROWS * count, sizeof *cosines);
    double sum = 0.0;
    for (size_t first = 0; first < count; first += ROWS) {
        const size_t rows = count - first < ROWS ? count - first : ROWS;
        direction_cosines(means + first * dim, rows, means, count, dim, cosines);
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < count; j++) {
                const double away = cosines[i * count + j] + 1.0 / ((double)count - 1.0);
                sum += first + i != j ? away * away : 0.0;
            }
        }
    }
    free(means);
    free(cosines);
    return count > 1 ? sqrt(sum / ((double)count * ((double)count - 1.0))) : NAN;
}

/* NC3; the centred means are at length 1. */
static double weight_alignment(const classes *of)
{
    const size_t dim = of->in->dim;
    double *const weights = zeroed(of->in->classes * dim, sizeof *weights);
    double sum = 0.0;
    directions_of(of->in->weights, of->in->classes, dim, weights);
    for (size_t j = 0; j < of->in->classes; j++)
        sum += inner(weights + j * dim, of->centred + j * dim, dim);
    free(weights);
    return sum / of->present;
}

/* ---- what the library's heads tell ------------------------------------------------------------
 */

static margin_context *open_context(const geometry_input *in, margin_loss loss, double scale)
{
    margin_config config;
    margin_context *context = NULL;
    margin_config_init(&config, loss);
    config.scale = scale;
    config.threads = in->threads;
    if (margin_create(&config, &context) != MARGIN_OK) out_of_memory();
    return context;
}

/* nearest[count]: the class of the largest cosine to a weight, or with a bias of the largest
 * product; returns 0 where a number is not finite. */
static int predict(const geometry_input *in, margin_loss loss, const float *samples,
                   const float *weights, const float *bias, int64_t *nearest)
{
    margin_context *const context = open_context(in, loss, 1.0);
    const margin_predict call = {.size = sizeof call,
                                 .rows = in->count,
                                 .dim = in->dim,
                                 .classes = in->classes,
                                 .embeddings = samples,
                                 .weights = weights,
                                 .bias = bias,
                                 .k = 1,
                                 .top_classes = nearest};
    const margin_status status = margin_head_predict(context, &call);
    margin_destroy(context);
    return status == MARGIN_OK;
}

static void to_floats(const double *from, size_t count, float *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)from[i];
}

/* NC4: |x - mu|^2 is least where <x, mu> - |mu|^2 / 2 is greatest. A class without samples stands
 * too far away to be anybody's. */
static double nearest_mean(const classes *of, const float *samples)
{
    const geometry_input *const in = of->in;
    const size_t numbers = in->classes * in->dim;
    float *const means = zeroed(numbers + in->classes, sizeof *means), *const bias =
                                                                           means + numbers;
    int64_t *const by_mean = zeroed(2 * in->count, sizeof *by_mean);
    int64_t *const by_weight = by_mean + in->count;
    size_t alike = 0;
    to_floats(in->deciding, numbers, means);
    for (size_t j = 0; j < in->classes; j++) {
        const double length = square(in->deciding + j * in->dim, in->dim);
        bias[j] = (float)(length > 0.0 ? -0.5 * length : -2.0);
    }
    const int told = predict(in, MARGIN_SOFTMAX, samples, means, bias, by_mean) &&
                     predict(in, MARGIN_NORMSOFTMAX, samples, in->weights, NULL, by_weight);
    for (size_t i = 0; i < in->count; i++)
        alike += by_mean[i] == by_weight[i];
    free(means);
    free(by_mean);
    return told ? (double)alike / (double)in->count : NAN;
}

/* With every sample as a class of its own and s = 4, a row's log-sum-exp over the others is that of
 * 4 cos(x, y) = 4 - 2 |x - y|^2. */
static double uniformity(const geometry_input *in, const float *samples)
{
    const double count = (double)in->count;
    int64_t *const labels = zeroed(in->count, sizeof *labels);
    float *const others = zeroed(in->count, sizeof *others);
    margin_context *const context = open_context(in, MARGIN_NORMSOFTMAX, 4.0);
    margin_head head = head_of_arrays(in->count, in->dim, in->count, samples, samples, labels);
    double sum = 0.0;
    for (size_t i = 0; i < in->count; i++)
        labels[i] = (int64_t)i;
    head.row_others = others;
    const margin_status status = margin_head_run(context, &head);
    for (size_t i = 0; i < in->count; i++)
        sum += exp((double)others[i] - 4.0);
    margin_destroy(context);
    free(labels);
    free(others);
    return status == MARGIN_OK ? log(sum / (count * (count - 1.0))) : NAN;
}

/* ---- all of it ------------------------------------------------------------------------------- */

void geometry_measure(const geometry_input *in, geometry *out, double *means)
{
    const size_t numbers = in->count * in->dim, table = in->classes * in->dim;
    double *const memory = zeroed(numbers + table + 2 * in->classes, sizeof *memory);
    float *const samples = zeroed(numbers, sizeof *samples);
    geometry_input known = *in;
    if (in->deciding == NULL) known.deciding = means;
    classes of = {.in = &known,
                  .samples = memory,
                  .centred = memory + numbers,
                  .sizes = memory + numbers + table,
                  .within = memory + numbers + table + in->classes};
    *out = (geometry){.weight_alignment = NAN, .nearest_mean = NAN};
    directions_of(in->embeddings, in->count, in->dim, of.samples);
    to_floats(of.samples, numbers, samples);
    find_means(&of, means);
    centre(&of, means);
    measure_scatter(&of, out);
    out->angle_deviation = angle_deviation(&of);
    if (in->weights != NULL) {
        out->weight_alignment = weight_alignment(&of);
        out->nearest_mean = nearest_mean(&of, samples);
    }
    out->uniformity = uniformity(in, samples);
    free(memory);
    free(samples);
}
