/* test_check.c: is the judge of the speed cases just? Right outputs pass, and any kind of damage to
 * them is noticed and named.
 *
 * Right outputs are made here from finite differences of the definition of the loss in double, so
 * neither plain_head.c nor the library is judged by itself. */
#include "small.h"

/* ---- the definition -------------------------------------------------------------------------- */

static double inner(const double *a, const double *b)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++) {
        sum += a[d] * b[d];
    }
    return sum;
}

/* Loss of one row of cosines (or inner products). */
static double row_loss(const margin_config *config, const double *cosines, size_t label)
{
    double psi = cosines[label], others = 0;
    if (margin_loss_get(config->loss)->normalised) {
        assert_status(margin_psi(config, acos(fmax(-1, fmin(1, psi))), &psi, NULL), MARGIN_OK);
    }
    for (size_t j = 0; j < classes; j++) {
        others += j == label ? 0 : exp(config->scale * (cosines[j] - psi));
    }
    return log1p(others);
}

static double head_loss(const margin_config *config, const double *x, const double *w,
                        double *losses)
{
    const int normalised = margin_loss_get(config->loss)->normalised;
    double cosines[classes], sum = 0;
    for (size_t i = 0; i < rows; i++) {
        const double *u = x + i * dim;
        for (size_t j = 0; j < classes; j++) {
            const double *v = w + j * dim;
            cosines[j] = inner(u, v) / (normalised ? sqrt(inner(u, u) * inner(v, v)) : 1);
        }
        losses[i] = row_loss(config, cosines, (size_t)problem->labels[i]);
        sum += losses[i] / rows;
    }
    return sum;
}

/* The derivative by *at, by four points. */
static double slope(const margin_config *config, double *x, double *w, double *at, double step)
{
    static const double weight[] = {1.0 / 12, -2.0 / 3, 0, 2.0 / 3, -1.0 / 12};
    double unused[rows], sum = 0;
    const double middle = *at;
    for (int k = -2; k <= 2; k++) {
        *at = middle + k * step;
        sum += k ? weight[k + 2] * head_loss(config, x, w, unused) : 0;
    }
    *at = middle;
    return sum / step;
}

/* What a perfect head would write. */
static void perfect_head(const margin_config *config)
{
    double x[rows * dim], w[classes * dim], losses[rows];
    for (size_t i = 0; i < rows * dim; i++) {
        x[i] = problem->embeddings[i];
    }
    for (size_t i = 0; i < classes * dim; i++) {
        w[i] = problem->weights[i];
    }
    head_loss(config, x, w, losses);
    for (size_t i = 0; i < rows; i++) {
        data.outputs.row_loss[i] = (float)losses[i];
    }
    for (size_t i = 0; i < rows * dim; i++) {
        data.outputs.grad_embeddings[i] = (float)slope(config, x, w, x + i, 1e-3);
    }
    for (size_t i = 0; i < classes * dim; i++) {
        data.outputs.grad_weights[i] = (float)slope(config, x, w, w + i, 1e-4);
    }
}

static void perfect_rows(const margin_config *config)
{
    static const double weight[] = {1.0 / 12, -2.0 / 3, 0, 2.0 / 3, -1.0 / 12};
    const double step = 1e-4;
    double cosines[classes];
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < classes; j++) {
            cosines[j] = problem->cosines[i * classes + j];
        }
        const size_t label = (size_t)problem->labels[i];
        data.outputs.row_loss[i] = (float)row_loss(config, cosines, label);
        for (size_t j = 0; j < classes; j++) {
            const double middle = cosines[j];
            double sum = 0;
            for (int k = -2; k <= 2; k++) {
                cosines[j] = middle + k * step;
                sum += k ? weight[k + 2] * row_loss(config, cosines, label) : 0;
            }
            cosines[j] = middle;
            data.outputs.grad_logits[i * classes + j] = (float)(sum / step / rows);
        }
    }
}

/* ---- judged ---------------------------------------------------------------------------------- */

static int judge_head(const margin_config *config, int gradients)
{
    speed_reference reference;
    speed_reference_open(&reference, problem);
    fault[0] = '\0';
    const int verdict = speed_check_head(&reference, config, &data.outputs, gradients,
                                         speed_tolerance_library(config->scale), fault);
    speed_reference_close(&reference);
    return verdict;
}

static int judge_rows(const margin_config *config)
{
    fault[0] = '\0';
    return speed_check_rows(problem, config, &data.outputs, speed_tolerance_library(config->scale),
                            fault);
}

static void right_heads_pass(void **state)
{
    (void)state;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const margin_config config = config_of((margin_loss)loss);
        perfect_head(&config);
        if (judge_head(&config, 1)) {
            fail_msg("%s: %s", margin_loss_get((margin_loss)loss)->name, fault);
        }
    }
}

static void right_rows_pass(void **state)
{
    (void)state;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const margin_config config = config_of((margin_loss)loss);
        perfect_rows(&config);
        if (judge_rows(&config)) {
            fail_msg("%s: %s", margin_loss_get((margin_loss)loss)->name, fault);
        }
    }
}

/* One value changed, then put back. */
static void notices(int (*judge)(const margin_config *), const margin_config *config, float *value,
                    float damaged, const char *says)
{
    const float right = *value;
    *value = damaged;
    const int verdict = judge(config);
    *value = right;
    if (!verdict || !strstr(fault, says)) {
        fail_msg("%g for %g: '%s' does not say '%s'", (double)damaged, (double)right, fault, says);
    }
    assert_int_equal(judge(config), 0);
}

static int judge_whole_head(const margin_config *config)
{
    return judge_head(config, 1);
}

/* A class that no row belongs to, among those that the judge looks at. */
static size_t sampled_other(void)
{
    speed_reference reference;
    speed_reference_open(&reference, problem);
    assert_true(reference.classes_sampled > reference.targets_sampled);
    const size_t other = reference.sampled_class[reference.targets_sampled];
    speed_reference_close(&reference);
    return other;
}

/* The largest entry in size of one kind of class in dW: those with rows, or those without. */
static float largest_weight_gradient(int of_targets)
{
    float largest = 0;
    for (size_t j = 0; j < classes; j++) {
        int target = 0;
        for (size_t i = 0; i < rows; i++) {
            target |= problem->labels[i] == (int64_t)j;
        }
        for (size_t d = 0; d < dim && target == of_targets; d++) {
            largest = fmaxf(largest, fabsf(data.outputs.grad_weights[j * dim + d]));
        }
    }
    return largest;
}

static void damaged_heads_fail(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_ARCFACE);
    const speed_outputs *o = &data.outputs;
    perfect_head(&config);
    assert_int_equal(judge_head(&config, 1), 0);
    float *dx = o->grad_embeddings, *target = o->grad_weights + problem->labels[0] * dim;
    float *other = o->grad_weights + sampled_other() * dim;
    notices(judge_whole_head, &config, o->row_loss + 4, o->row_loss[4] * 1.0001f, "loss of row 4");
    notices(judge_whole_head, &config, o->row_loss + 8, NAN, "loss of row 8");
    notices(judge_whole_head, &config, dx + 1, dx[1] * 1.01f, "dX of row 0, entry 1");
    notices(judge_whole_head, &config, dx + 2, -dx[2], "dX of row 0, entry 2");
    notices(judge_whole_head, &config, target + 3, target[3] + 1e-4f * largest_weight_gradient(1),
            "dW of target class");
    notices(judge_whole_head, &config, other + 5, other[5] + 1e-4f * largest_weight_gradient(0),
            "dW of class");
    notices(judge_whole_head, &config, dx + rows * dim - 1, INFINITY, "dX: entry");
    for (size_t k = 0; k < classes * dim; k += 5) {
        notices(judge_whole_head, &config, o->grad_weights + k, NAN, "dW: entry");
    }
}

/* Two rows' gradients exchanged: every number is right, no place is. */
static void exchanged_rows_fail(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_COSFACE);
    float keep[dim], *dx = data.outputs.grad_embeddings;
    perfect_head(&config);
    memcpy(keep, dx, sizeof keep);
    memcpy(dx, dx + dim, sizeof keep);
    memcpy(dx + dim, keep, sizeof keep);
    assert_int_not_equal(judge_head(&config, 1), 0);
}

/* The loss of another margin must not pass for this one. */
static void other_margin_fails(void **state)
{
    (void)state;
    margin_config config = config_of(MARGIN_ARCFACE);
    perfect_head(&config);
    config.m2 += 1e-4;
    assert_int_not_equal(judge_head(&config, 0), 0);
}

static void damaged_rows_fail(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_ARCFACE);
    float *g = data.outputs.grad_logits;
    perfect_rows(&config);
    assert_int_equal(judge_rows(&config), 0);
    const size_t label = (size_t)problem->labels[0], other = label == 3 ? 4 : 3;
    notices(judge_rows, &config, g + label, g[label] * 1.001f, "gradient of the target in row 0");
    notices(judge_rows, &config, g + logits - 7, NAN, "gradient: entry");
    float largest = 0;
    for (size_t j = 0; j < classes; j++) {
        largest = j != label && g[j] > largest ? g[j] : largest;
    }
    notices(judge_rows, &config, g + other, g[other] + 0.01f * largest, "gradient of row 0");
    notices(judge_rows, &config, data.outputs.row_loss + 5, 0, "loss of row 5");
}

static void poison_is_noticed(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_ARCFACE);
    perfect_head(&config);
    const float keep = data.outputs.row_loss[0];
    speed_check_poison(&data.outputs, &shape, SPEED_HEAD);
    assert_true(isnan(data.outputs.row_loss[rows - 1]) &&
                isnan(data.outputs.grad_weights[classes * dim - 1]) &&
                isnan(data.outputs.grad_embeddings[rows * dim - 1]));
    assert_int_not_equal(judge_head(&config, 0), 0);
    data.outputs.row_loss[0] = keep;
    assert_int_not_equal(judge_head(&config, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_heads_pass),   cmocka_unit_test(right_rows_pass),
        cmocka_unit_test(damaged_heads_fail), cmocka_unit_test(exchanged_rows_fail),
        cmocka_unit_test(other_margin_fails), cmocka_unit_test(damaged_rows_fail),
        cmocka_unit_test(poison_is_noticed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
