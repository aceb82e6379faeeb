/* update.c: optimizers as consumers of finished gradients (margin_update.h): SGD and AdamW, row by
 * row, each row of W and of the moments read and written once. It knows of the head its call alone,
 * and no loss. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "boundary.h"
#include "simd/environment.h"
#include "margin_update.h"
#include "sized.h"
#include "storage.h"

/* ---- the arithmetic ---- */

/* What the elements of a step have in common. */
typedef struct factors {
    float rate, decay;           /* SGD */
    float momentum, by_gradient; /* the step is by_gradient (g + decay w) + by_moment u */
    float by_moment;
    float keep, first, second, second_kept; /* AdamW: of w, 1 - beta1, 1 - beta2, beta2 */
    float size, root, epsilon;              /* w -= size m / (root sqrt(v) + epsilon) */
} factors;

/* Returns base^n by squaring, the same on every machine. */
static double power(double base, int64_t n)
{
    double result = 1.0;
    for (; n > 0; n /= 2, base *= base)
        if (n % 2 != 0) result *= base;
    return result;
}

static factors factors_of(const margin_update *u)
{
    const double first = 1.0 - power(u->beta1, u->step), second = 1.0 - power(u->beta2, u->step);
    return (factors){.rate = (float)u->learning_rate,
                     .decay = (float)u->weight_decay,
                     .momentum = (float)u->momentum,
                     .by_gradient = u->nesterov ? 1.0f : 0.0f,
                     .by_moment = u->nesterov ? (float)u->momentum : 1.0f,
                     .keep = (float)(1.0 - u->learning_rate * u->weight_decay),
                     .first = (float)(1.0 - u->beta1),
                     .second = (float)(1.0 - u->beta2),
                     .second_kept = (float)u->beta2,
                     .size = (float)(u->learning_rate / first),
                     .root = (float)(1.0 / sqrt(second)),
                     .epsilon = (float)u->epsilon};
}

/* Updates n elements of w by their gradients g, with moments u and v. */
typedef void (*element_rule)(const factors *f, size_t n, const float *restrict g, float *restrict w,
                             float *restrict u, float *restrict v);

static void plain_sgd(const factors *f, size_t n, const float *restrict g, float *restrict w,
                      float *restrict u, float *restrict v)
{
    (void)u, (void)v;
    for (size_t i = 0; i < n; i++)
        w[i] -= f->rate * (g[i] + f->decay * w[i]);
}

static void momentum_sgd(const factors *f, size_t n, const float *restrict g, float *restrict w,
                         float *restrict u, float *restrict v)
{
    const factors k = *f;
    (void)v;
    for (size_t i = 0; i < n; i++) {
        const float slope = g[i] + k.decay * w[i];
        const float moment = k.momentum * u[i] + slope;
        u[i] = moment;
        w[i] -= k.rate * (k.by_gradient * slope + k.by_moment * moment);
    }
}

static void adamw(const factors *f, size_t n, const float *restrict g, float *restrict w,
                  float *restrict u, float *restrict v)
{
    const factors k = *f;
    for (size_t i = 0; i < n; i++) {
        const float m = u[i] + k.first * (g[i] - u[i]);
        const float s = k.second_kept * v[i] + k.second * g[i] * g[i];
        u[i] = m;
        v[i] = s;
        w[i] = k.keep * w[i] - k.size * m / (k.root * sqrtf(s) + k.epsilon);
    }
}

static element_rule rule_of(const margin_update *u)
{
    if (u->rule == MARGIN_UPDATE_ADAMW) return adamw;
    return u->momentum > 0.0 ? momentum_sgd : plain_sgd;
}

/* Chains that do not wait for each other. */
enum { CHAINS = 8 };

/* Brings w to length 1, unless it is 0. */
static void renormalise(size_t n, float *w)
{
    double chain[CHAINS] = {0.0}, sum = 0.0;
    size_t i = 0;
    for (; i + CHAINS <= n; i += CHAINS)
        for (size_t k = 0; k < CHAINS; k++)
            chain[k] += (double)w[i + k] * (double)w[i + k];
    for (; i < n; i++)
        chain[i % CHAINS] += (double)w[i] * (double)w[i];
    for (size_t k = 0; k < CHAINS; k++)
        sum += chain[k];
    if (sum == 0.0) return;
    const double by = 1.0 / sqrt(sum);
    for (i = 0; i < n; i++)
        w[i] = (float)((double)w[i] * by);
}

/* Returns the row of W of class `j` of the update. */
static size_t number_of(const margin_update *u, size_t j)
{
    return u->class_index == NULL ? j : (size_t)u->class_index[j];
}

static float *row_of(float *array, size_t row, size_t stride)
{
    return array == NULL ? NULL : array + row * stride;
}

/* Updates a class weight in 16 bits that has no master: in float32, some elements at a time. */
static void update_rounded(const margin_update *u, element_rule rule, const factors *f,
                           const float *g, uint16_t *to, float *moment1, float *moment2)
{
    enum { AT_ONCE = 256 };
    float w[AT_ONCE];
    for (size_t d = 0; d < u->dim; d += AT_ONCE) {
        const size_t n = margin_least(u->dim - d, AT_ONCE);
        margin_storage_of(u->rounded_type, &margin_packing_scalar).widen(to + d, n, w);
        rule(f, n, g + d, w, row_of(moment1, d, 1), row_of(moment2, d, 1));
        margin_narrow(u->rounded_type, w, n, to + d);
    }
}

/* Updates class `j` of the update by its gradient g. */
static void update_class(const margin_update *u, element_rule rule, const factors *f, size_t j,
                         const float *g)
{
    const size_t row = number_of(u, j);
    float *moment1 = row_of(u->moment1, row, u->moments_stride),
          *moment2 = row_of(u->moment2, row, u->moments_stride);
    uint16_t *rounded = u->rounded;
    if (rounded != NULL) rounded += row * u->rounded_stride;
    if (u->weights == NULL) {
        update_rounded(u, rule, f, g, rounded, moment1, moment2);
        return;
    }
    float *w = u->weights + row * u->weights_stride;
    rule(f, u->dim, g, w, moment1, moment2);
    if (u->renormalise) renormalise(u->dim, w);
    if (rounded != NULL) margin_narrow(u->rounded_type, w, u->dim, rounded);
}

/* Updates classes `first` to `first` + `count` - 1 by their gradients. Strides are resolved. */
static void update_classes(const margin_update *u, size_t first, size_t count,
                           const float *gradients, size_t stride, const float *bias_gradients)
{
    const factors f = factors_of(u);
    const element_rule rule = rule_of(u);
    for (size_t j = 0; j < count; j++)
        update_class(u, rule, &f, first + j, gradients + j * stride);
    if (u->bias == NULL || bias_gradients == NULL) return;
    const size_t at_once = u->class_index == NULL ? count : 1;
    for (size_t j = 0; j < count; j += at_once) {
        const size_t row = number_of(u, first + j);
        rule(&f, at_once, bias_gradients + j, u->bias + row, row_of(u->bias_moment1, row, 1),
             row_of(u->bias_moment2, row, 1));
    }
}

/* ---- what a caller may ask ---- */

#define UPDATE_LEAST MARGIN_SIZE_THROUGH(margin_update, bias_moment2)

/* Reads a caller's update, of any size. */
static margin_status read_update(const margin_update *given, margin_update *own)
{
    const margin_status status = margin_read_struct(given, UPDATE_LEAST, own, sizeof *own);
    if (own->weights_stride == 0) own->weights_stride = own->dim;
    if (own->moments_stride == 0) own->moments_stride = own->dim;
    if (own->rounded_stride == 0) own->rounded_stride = own->dim;
    return status;
}

static int in(double value, double least, double end)
{
    return value >= least && value < end;
}

/* Returns what is wrong with the numbers of an update, or NULL. */
static const char *settings_fault(const margin_update *u)
{
    if ((unsigned)u->rule >= MARGIN_UPDATE_COUNT) return "the rule of the update is unknown";
    if (!in(u->learning_rate, 0.0, 1e37)) return "learning_rate must be in [0, 1e37)";
    if (!in(u->weight_decay, 0.0, 1e37)) return "weight_decay must be in [0, 1e37)";
    if (u->renormalise && u->bias != NULL) return "renormalise does not go with a bias";
    if (u->renormalise && u->weights == NULL) return "renormalise needs master weights";
    if (u->rounded != NULL && u->rounded_type != MARGIN_TYPE_BFLOAT16 &&
        u->rounded_type != MARGIN_TYPE_FLOAT16)
        return "rounded_type must be bfloat16 or float16";
    if (u->rule == MARGIN_UPDATE_SGD) {
        if (!in(u->momentum, 0.0, 1.0)) return "momentum must be in [0, 1)";
        if (u->nesterov && u->momentum == 0.0) return "nesterov needs momentum";
        return NULL;
    }
    if (!in(u->beta1, 0.0, 1.0)) return "beta1 must be in [0, 1)";
    if (!in(u->beta2, 0.0, 1.0)) return "beta2 must be in [0, 1)";
    if (!in(u->epsilon, 1e-37, 1e37)) return "epsilon must be in [1e-37, 1e37)";
    if (u->step < 1) return "step counts from 1";
    return NULL;
}

/* Returns which array of an update is missing, or NULL. */
static const char *arrays_fault(const margin_update *u)
{
    const int adam = u->rule == MARGIN_UPDATE_ADAMW, bias = u->bias != NULL;
    const int first = adam || u->momentum > 0.0;
    if (u->weights == NULL && u->rounded == NULL) return "the update has no weights";
    if (first && (u->moment1 == NULL || (bias && u->bias_moment1 == NULL)))
        return "the update has no array of first moments";
    if (adam && (u->moment2 == NULL || (bias && u->bias_moment2 == NULL)))
        return "the update has no array of second moments";
    return NULL;
}

static margin_status fail(margin_context *context, margin_status status, const char *detail)
{
    return margin_fail(context, status, MARGIN_ARGUMENT_WEIGHTS, 0, detail);
}

/* Reads the update `given` to *own and checks it. */
static margin_status check_update(margin_context *context, const margin_update *given,
                                  margin_update *own)
{
    if (given == NULL) return margin_fail_call(context);
    if (read_update(given, own) != MARGIN_OK)
        return fail(context, MARGIN_ERROR_SIZE,
                    "margin_update.size is not set: begin with margin_update_init");
    const char *detail = settings_fault(own);
    if (detail != NULL)
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0, detail);
    detail = arrays_fault(own);
    if (detail != NULL) return fail(context, MARGIN_ERROR_NULL, detail);
    if (own->classes == 0 || own->dim == 0)
        return fail(context, MARGIN_ERROR_SHAPE, "classes and dim must be at least 1");
    margin_status status = margin_check_index(context, own->class_index, own->classes);
    if (status != MARGIN_OK) return status;
    const size_t rows = margin_rows_listed(own->class_index, own->classes);
    status = margin_check_stride(context, &own->weights_stride, rows, own->dim,
                                 MARGIN_ARGUMENT_WEIGHTS, "weights_stride is shorter than dim");
    if (status != MARGIN_OK) return status;
    if (own->rounded_stride < own->dim)
        return fail(context, MARGIN_ERROR_SHAPE, "rounded_stride is shorter than dim");
    return margin_check_stride(context, &own->moments_stride, rows, own->dim,
                               MARGIN_ARGUMENT_WEIGHTS, "moments_stride is shorter than dim");
}

/* ---- the public functions ---- */

margin_status margin_update_init_sized(margin_update *update, size_t size, margin_update_rule rule)
{
    if (update == NULL) return MARGIN_ERROR_NULL;
    if (size < UPDATE_LEAST) return MARGIN_ERROR_SIZE;
    if ((unsigned)rule >= MARGIN_UPDATE_COUNT) return MARGIN_ERROR_CONFIG;
    const margin_update defaults = {.size = size,
                                    .rule = rule,
                                    .learning_rate = 0.001,
                                    .weight_decay = rule == MARGIN_UPDATE_ADAMW ? 0.01 : 0.0,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .epsilon = 1e-8,
                                    .step = 1};
    memset(update, 0, size);
    memcpy(update, &defaults, margin_least(size, sizeof defaults));
    return MARGIN_OK;
}

void margin_update_consume(void *update, size_t first, size_t count, const float *gradients,
                           size_t stride, const float *bias_gradients)
{
    margin_update own;
    if (read_update(update, &own) != MARGIN_OK) return;
    update_classes(&own, first, count, gradients, stride, bias_gradients);
}

/* Checks that an update is of the class weights of `head`. */
static margin_status check_same(margin_context *context, const margin_update *u,
                                const margin_head *head)
{
    const size_t stride = head->weights_stride == 0 ? head->dim : head->weights_stride;
    if (head->classes != u->classes || head->dim != u->dim)
        return fail(context, MARGIN_ERROR_SHAPE, "the update is of another shape than the head");
    const int half = u->rounded != NULL;
    const void *read = half ? u->rounded : (const void *)u->weights;
    const margin_type type = half ? u->rounded_type : MARGIN_TYPE_FLOAT32;
    if (head->weights_type != type)
        return fail(context, MARGIN_ERROR_CONFIG,
                    "the update is of class weights of another type than the head");
    if ((const void *)head->weights != read || head->bias != u->bias ||
        stride != (half ? u->rounded_stride : u->weights_stride))
        return fail(context, MARGIN_ERROR_CONFIG,
                    "the update is of other arrays than the head: weights, stride or bias differ");
    if (head->class_index != u->class_index)
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_CLASS_INDEX, 0,
                           "the update is of other classes than the head");
    if (head->grad_weights != NULL)
        return fail(context, MARGIN_ERROR_CONFIG,
                    "consume takes the place of grad_weights: one of them is NULL");
    return MARGIN_OK;
}

margin_status margin_update_attach(margin_context *context, const margin_update *update,
                                   margin_head *head)
{
    margin_update own;
    if (context == NULL) return MARGIN_ERROR_NULL;
    if (head == NULL) return margin_fail_call(context);
    margin_head io;
    margin_status status =
        margin_read_struct(head, MARGIN_SIZE_THROUGH(margin_head, consume_user), &io, sizeof io);
    if (status != MARGIN_OK) return fail(context, status, "margin_head.size ends before consume");
    status = check_update(context, update, &own);
    if (status == MARGIN_OK) status = check_same(context, &own, &io);
    if (status != MARGIN_OK) return status;
    head->consume = margin_update_consume;
    head->consume_user = (void *)(uintptr_t)update; /* which it only reads */
    return MARGIN_OK;
}

/* A stored update while it runs. */
typedef struct stored {
    margin_update update;
    const float *gradients, *bias_gradients;
    size_t stride;
} stored;

/* Classes of an item: some pages of each array. */
enum { ITEM = 64 };

static void update_item(void *state, size_t item, size_t worker)
{
    const stored *s = state;
    const size_t first = item * ITEM, count = margin_least(s->update.classes - first, ITEM);
    (void)worker;
    update_classes(&s->update, first, count, s->gradients + first * s->stride, s->stride,
                   s->bias_gradients == NULL ? NULL : s->bias_gradients + first);
}

static margin_status run(margin_context *context, const margin_update *update, stored *s)
{
    margin_status status = check_update(context, update, &s->update);
    const margin_update *u = &s->update;
    if (status != MARGIN_OK) return status;
    if (s->gradients == NULL || (u->bias == NULL) != (s->bias_gradients == NULL))
        return fail(context, MARGIN_ERROR_NULL, "the gradients are not those of weights and bias");
    status = margin_check_stride(context, &s->stride, u->classes, u->dim, MARGIN_ARGUMENT_WEIGHTS,
                                 "the gradients' stride is shorter than dim");
    if (status != MARGIN_OK) return status;
    const double ns = context->schedule.class_dim_ns * (double)u->classes * (double)u->dim;
    margin_share_each(&context->team, margin_threads_for(context, ns),
                      margin_divide_up(u->classes, ITEM), update_item, s);
    return MARGIN_OK;
}

margin_status margin_update_run(margin_context *context, const margin_update *update,
                                const float *gradients, size_t stride, const float *bias_gradients)
{
    margin_environment caller;
    stored s = {.gradients = gradients, .bias_gradients = bias_gradients, .stride = stride};
    if (context == NULL) return MARGIN_ERROR_NULL;
    margin_environment_enter(&caller);
    const margin_status status = run(context, update, &s);
    margin_environment_leave(&caller);
    return status;
}
