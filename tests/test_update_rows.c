/* test_update_rows.c: updates of some rows of W alone, and of a W in 16 bits. */
#include "storage.h"
#include "updates.h"

/* Runs STEPS steps of a head on its way. */
static void steps(training *t, margin_head *head)
{
    margin_context *context;
    const margin_config config =
        config_of(t->p.call.bias != NULL ? MARGIN_SOFTMAX : MARGIN_ARCFACE);
    assert_status(problem_context(&config, &context), MARGIN_OK);
    for (int64_t step = 1; step <= STEPS; step++) {
        t->update.step = step;
        assert_status(margin_update_attach(context, &t->update, head), MARGIN_OK);
        assert_status(margin_head_run(context, head), MARGIN_OK);
    }
    margin_destroy(context);
}

static margin_head streamed(const training *t)
{
    margin_head head = t->p.call;
    head.grad_weights = head.grad_bias = NULL;
    return head;
}

/* An update of every second class is that of a copy of these rows, and the others stay. */
static void some_classes_are_updated(void **state)
{
    (void)state;
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        training t = training_of(0, variant, variant % 3 == 1),
                 some = training_of(0, variant, variant % 3 == 1);
        const size_t classes = t.update.classes / 2, dim = t.update.dim,
                     stride = t.update.weights_stride;
        int64_t *index = test_calloc(classes, sizeof *index), *labels = t.p.labels.data,
                *listed = some.p.labels.data;
        for (size_t i = 0; i < t.p.call.rows; i++) {
            if (labels[i] >= 0) labels[i] = labels[i] / 2 % (int64_t)classes;
            listed[i] = labels[i] < 0 ? -1 : 2 * labels[i] + 1;
        }
        for (size_t k = 0; k < classes; k++) {
            index[k] = (int64_t)(2 * k + 1);
            memcpy(t.p.weights.at + k * stride, some.p.weights.at + (2 * k + 1) * stride,
                   dim * sizeof(float));
            t.p.bias.at[k] = some.p.bias.at[2 * k + 1];
        }
        t.p.call.classes = t.update.classes = some.p.call.classes = some.update.classes = classes;
        some.p.call.class_index = some.update.class_index = index;
        margin_head copy = streamed(&t), head = streamed(&some);
        const float first = some.p.weights.at[0];
        steps(&t, &copy);
        steps(&some, &head);
        assert_memory_equal(&first, some.p.weights.at, sizeof first);
        for (size_t k = 0; k < classes; k++) {
            const size_t row = (size_t)index[k], pitch = t.update.moments_stride;
            assert_memory_equal(t.p.weights.at + k * stride, some.p.weights.at + row * stride,
                                dim * sizeof(float));
            assert_memory_equal(t.moment1.at + k * pitch, some.moment1.at + row * pitch,
                                dim * sizeof(float));
            assert_memory_equal(t.p.bias.at + k, some.p.bias.at + row, sizeof(float));
        }
        test_free(index);
        training_free(&t);
        training_free(&some);
    }
}

/* One step on W in 16 bits, done piece by piece: stored gradients, an update of float32 weights,
 * and their rounding. Without a master the weights are those that were rounded. */
static void step_by_hand(margin_context *context, training *t, uint16_t *half, margin_type type,
                         int master, int64_t step)
{
    margin_update *u = &t->update;
    const size_t n = u->classes * u->weights_stride - (u->weights_stride - u->dim);
    margin_head head = t->p.call;
    head.weights = (const float *)(const void *)half;
    head.weights_type = type;
    assert_status(margin_head_run(context, &head), MARGIN_OK);
    if (!master) margin_storage_of(type, &margin_packing_scalar).widen(half, n, u->weights);
    u->step = step;
    assert_status(margin_update_run(context, u, head.grad_weights, head.grad_weights_stride, NULL),
                  MARGIN_OK);
    margin_narrow(type, u->weights, n, half);
}

/* W in 16 bits, with master weights and without. */
static void halves_are_updated(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    (void)state;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    for (size_t k = 0; k < 12; k++) {
        const margin_type type = k % 2 == 0 ? MARGIN_TYPE_BFLOAT16 : MARGIN_TYPE_FLOAT16;
        const int master = k % 3 != 0;
        training t = training_of(k, 2 * (k % 3), 0), hand = training_of(k, 2 * (k % 3), 0);
        margin_update *u = &t.update;
        const size_t n = u->classes * u->weights_stride, pad = u->weights_stride - u->dim;
        uint16_t *half = test_calloc(n, sizeof *half), *other = test_calloc(n, sizeof *half);
        margin_narrow(type, t.p.weights.at, n - pad, half);
        memcpy(other, half, n * sizeof *half);
        u->rounded = half;
        u->rounded_type = type;
        u->rounded_stride = u->weights_stride;
        if (!master) u->weights = NULL;
        margin_head head = streamed(&t);
        head.weights = (const float *)(const void *)half;
        head.weights_type = type;
        steps(&t, &head);
        for (int64_t step = 1; step <= STEPS; step++)
            step_by_hand(context, &hand, other, type, master, step);
        assert_true(half[0] != 0);
        for (size_t j = 0; j < u->classes; j++)
            assert_memory_equal(half + j * u->weights_stride, other + j * u->weights_stride,
                                u->dim * sizeof *half);
        test_free(half);
        test_free(other);
        training_free(&t);
        training_free(&hand);
    }
    margin_destroy(context);
}

/* Of all 16-bit numbers and what lies between two of them: the nearest, ties to even, no infinity;
 * a NaN of a NaN. */
static void rounding_to_16_bits(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const margin_type type = kind == 0 ? MARGIN_TYPE_BFLOAT16 : MARGIN_TYPE_FLOAT16;
        const uint16_t most = kind == 0 ? 0x7f7f : 0x7bff;
        void (*widen)(const void *, size_t, float *) =
            margin_storage_of(type, &margin_packing_scalar).widen;
        for (uint16_t bits = 0; bits < most; bits++) {
            const uint16_t pair[2] = {bits, (uint16_t)(bits + 1)};
            float wide[2];
            widen(pair, 2, wide);
            const float middle = (float)(((double)wide[0] + (double)wide[1]) / 2.0);
            const float x[4] = {wide[0], nextafterf(middle, 0.0f), middle,
                                -nextafterf(middle, INFINITY)};
            uint16_t got[4];
            margin_narrow(type, x, 4, got);
            assert_int_equal(got[0], bits);
            if (x[1] > wide[0]) assert_int_equal(got[1], bits);
            assert_int_equal(got[2], bits % 2 == 0 ? bits : bits + 1);
            assert_int_equal(got[3], 0x8000 | (bits + 1));
        }
        const uint32_t payload = 0x7f800001;
        float large[4] = {3.4e38f, -3.4e38f, NAN}, wide[2];
        uint16_t got[4];
        memcpy(&large[3], &payload, sizeof payload);
        margin_narrow(type, large, 4, got);
        assert_int_equal(got[0], most);
        assert_int_equal(got[1], 0x8000 | most);
        widen(got + 2, 2, wide);
        assert_true(isnan(wide[0]) && isnan(wide[1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_classes_are_updated),
        cmocka_unit_test(halves_are_updated),
        cmocka_unit_test(rounding_to_16_bits),
    };
    return cmocka_run_group_tests_name("update_rows", tests, NULL, NULL);
}
