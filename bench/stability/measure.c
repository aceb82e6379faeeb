/* measure.c: see measure.h. */
#include "measure.h"

#include <float.h>
#include <math.h>

typedef struct answers {
    float row_loss[INPUT_ROWS];
    float dx[INPUT_ROWS * INPUT_DIM];
    float dw[INPUT_CLASSES * INPUT_DIM];
} answers;

static double length(const float *v, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += (double)v[k] * (double)v[k];
    }
    return sqrt(sum);
}

static double longest(const float *v, size_t rows)
{
    double most = 0;

    for (size_t i = 0; i < rows; i++) {
        most = fmax(most, length(v + i * INPUT_DIM, INPUT_DIM));
    }
    return most;
}

double effective_scale(const margin_config *config, const inputs *in)
{
    const double x = longest(in->embeddings, in->rows);

    if (config->loss == MARGIN_SOFTMAX) {
        return config->scale * x * longest(in->weights, INPUT_CLASSES);
    }
    return config->feature_norm == MARGIN_FEATURE_NORM_KEEP ? x : config->scale;
}

double loss_bound(double scale)
{
    return 2e-6 + 2e-7 * scale;
}

double gradient_bound(double scale)
{
    return 1e-5 + 4e-7 * scale;
}

int within_bounds(const errors *e, double scale)
{
    return e->loss_rel <= loss_bound(scale) && e->grad_x <= gradient_bound(scale) &&
           e->grad_w <= gradient_bound(scale) && !(e->nonfinite > 0);
}

/* The distance from |exact| to the next float32. */
static double float_ulp(double exact)
{
    int exponent;

    frexp(fmax(exact, (double)FLT_MIN), &exponent);
    return ldexp(1, exponent - 24);
}

static size_t count_nonfinite(const float *v, size_t n)
{
    size_t count = 0;

    for (size_t k = 0; k < n; k++) {
        count += !isfinite(v[k]);
    }
    return count;
}

/* |got - exact| / |exact|; what is below float32's range counts as its smallest normal number. */
static double vector_error(const float *got, const double *exact, size_t n)
{
    double apart = 0, size = 0;

    for (size_t k = 0; k < n; k++) {
        apart = hypot(apart, (double)got[k] - exact[k]);
        size = hypot(size, exact[k]);
    }
    return apart / fmax(size, (double)FLT_MIN);
}

/* fmax drops NaN: a row that is NaN is counted, and the others still have a worst. */
static void compare(const answers *got, const inputs *in, const oracle_output *exact, errors *out)
{
    const size_t entries = in->rows * INPUT_DIM, weights = INPUT_CLASSES * INPUT_DIM;
    const size_t bad = count_nonfinite(got->row_loss, in->rows) +
                       count_nonfinite(got->dx, entries) + count_nonfinite(got->dw, weights);

    *out = (errors){NAN, NAN, NAN, NAN, (double)bad / (double)(in->rows + entries + weights)};
    for (size_t i = 0; i < in->rows; i++) {
        const double want = exact->row_loss[i];
        const double apart = fabs((double)got->row_loss[i] - want);
        const float *dx = got->dx + i * INPUT_DIM;
        if (isfinite(got->row_loss[i])) {
            out->loss_ulp = fmax(out->loss_ulp, apart / float_ulp(want));
            out->loss_rel = fmax(out->loss_rel, apart / fmax(want, (double)FLT_MIN));
        }
        if (count_nonfinite(dx, INPUT_DIM) == 0) {
            out->grad_x = fmax(out->grad_x, vector_error(dx, exact->grad_embeddings + i * INPUT_DIM,
                                                         INPUT_DIM));
        }
    }
    if (count_nonfinite(got->dw, weights) == 0) {
        out->grad_w = vector_error(got->dw, exact->grad_weights, weights);
    }
}

static margin_head head_into(const inputs *in, answers *out)
{
    margin_head head = head_of(in);

    head.row_loss = out->row_loss;
    head.grad_embeddings = out->dx;
    head.grad_weights = out->dw;
    return head;
}

margin_status measure_library(const margin_config *config, const inputs *in,
                              const oracle_output *exact, errors *out)
{
    margin_context *context = NULL;
    answers got;
    margin_head head = head_into(in, &got);
    margin_status status = margin_create(config, &context);

    if (status == MARGIN_OK) {
        status = margin_head_run(context, &head);
    }
    if (status == MARGIN_OK) {
        compare(&got, in, exact, out);
    }
    margin_destroy(context);
    return status;
}

margin_status measure_textbook(const textbook *how, const margin_config *config, const inputs *in,
                               const oracle_output *exact, errors *out)
{
    answers got;
    margin_head head = head_into(in, &got);

    if (textbook_run(how, config, &head) != 0) {
        return MARGIN_ERROR_MEMORY;
    }
    compare(&got, in, exact, out);
    return MARGIN_OK;
}
