/* test_network.c: the network, built in double: its gradient against finite differences, and what
 * batch normalisation promises. */
#include "mocka.h"
#include "network.h"
#include "philox.h"

enum { INPUTS = 5, OUTPUTS = 3, ROWS = 9 };

_Static_assert(sizeof(real) == sizeof(double), "this test wants the network in double");

static void fill(real *values, size_t count, uint64_t index)
{
    philox_stream stream;
    philox_start(&stream, 77, 1, index);
    for (size_t i = 0; i < count; i++) {
        values[i] = (real)philox_normal(&stream);
    }
}

/* A smooth loss: sum of target * output + output^3 / 3; its gradient by the outputs. */
static double loss_of(network *net, const real *inputs, const real *targets, real *gradients)
{
    const real *const out = network_forward(net, inputs, ROWS, 1);
    double sum = 0.0;
    for (size_t i = 0; i < ROWS * net->outputs; i++) {
        sum += targets[i] * out[i] + out[i] * out[i] * out[i] / 3.0;
        if (gradients != NULL) {
            gradients[i] = targets[i] + out[i] * out[i];
        }
    }
    return sum;
}

/* Parameters away from their special first values, so that no term vanishes. */
static void disturb(network *net)
{
    real noise[512];
    assert_true(net->parameter_count <= LENGTH_OF(noise));
    fill(noise, net->parameter_count, 3);
    for (size_t i = 0; i < net->parameter_count; i++) {
        net->parameters[i] += 0.2 * noise[i];
    }
}

static void check_gradient(const layer_shape *shapes, size_t count)
{
    real inputs[ROWS * INPUTS], targets[ROWS * 8], gradients[ROWS * 8];
    network net;
    network_create(&net, INPUTS, shapes, count, ROWS, 1);
    disturb(&net);
    fill(inputs, LENGTH_OF(inputs), 1);
    fill(targets, ROWS * net.outputs, 2);
    loss_of(&net, inputs, targets, gradients);
    network_backward(&net, inputs, gradients, ROWS);
    for (size_t i = 0; i < net.parameter_count; i++) {
        const double step = 1e-5, kept = net.parameters[i], got = net.gradients[i];
        net.parameters[i] = kept + step;
        const double up = loss_of(&net, inputs, targets, NULL);
        net.parameters[i] = kept - step;
        const double down = loss_of(&net, inputs, targets, NULL);
        net.parameters[i] = kept;
        const double want = (up - down) / (2.0 * step);
        if (!(fabs(got - want) <= 1e-7 * (1.0 + fabs(want)))) {
            fail_msg("parameter %zu: %.12g, by differences %.12g", i, got, want);
        }
    }
    network_free(&net);
}

static void gradient_of_each_kind(void **state)
{
    (void)state;
    const layer_shape dense[] = {{LAYER_DENSE, OUTPUTS}};
    const layer_shape normalised[] = {{LAYER_BATCH_NORM, 0}};
    const layer_shape bent[] = {{LAYER_PRELU, 0}};
    check_gradient(dense, 1);
    check_gradient(normalised, 1);
    check_gradient(bent, 1);
}

static void gradient_of_the_whole(void **state)
{
    (void)state;
    const layer_shape shapes[] = {
        {LAYER_DENSE, 11},     {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0}, {LAYER_DENSE, 6},
        {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},      {LAYER_DENSE, 2},
    };
    check_gradient(shapes, LENGTH_OF(shapes));
}

static void batch_norm_normalises(void **state)
{
    (void)state;
    const layer_shape shapes[] = {{LAYER_BATCH_NORM, 0}};
    real inputs[ROWS * INPUTS];
    network net;
    network_create(&net, INPUTS, shapes, 1, ROWS, 1);
    fill(inputs, LENGTH_OF(inputs), 1);
    const real *const out = network_forward(&net, inputs, ROWS, 1);
    for (size_t j = 0; j < INPUTS; j++) {
        double sum = 0.0, square = 0.0;
        for (size_t row = 0; row < ROWS; row++) {
            sum += out[row * INPUTS + j] / ROWS;
            square += out[row * INPUTS + j] * out[row * INPUTS + j] / ROWS;
        }
        assert_near("mean", sum, 0.0, 1e-12);
        assert_near("variance", square, 1.0, 1e-3); /* less by what is added to the variance */
    }
    network_free(&net);
}

/* After many batches of the same moments the running ones agree, and evaluation uses them: a row's
 * output no longer depends on its company. */
static void running_moments_are_used(void **state)
{
    (void)state;
    const layer_shape shapes[] = {{LAYER_BATCH_NORM, 0}};
    real inputs[ROWS * INPUTS], trained[ROWS * INPUTS];
    network net;
    network_create(&net, INPUTS, shapes, 1, ROWS, 1);
    fill(inputs, LENGTH_OF(inputs), 1);
    for (int i = 0; i < 1000; i++) {
        network_forward(&net, inputs, ROWS, 1);
    }
    memcpy(trained, network_forward(&net, inputs, ROWS, 1), sizeof trained);
    const real *const single = network_forward(&net, inputs + 2 * INPUTS, 1, 0);
    for (size_t j = 0; j < INPUTS; j++) {
        assert_near("row alone", single[j], trained[2 * INPUTS + j], 1e-9);
    }
    network_free(&net);
}

static void decay_spares_all_but_dense_weights(void **state)
{
    (void)state;
    const layer_shape shapes[] = {{LAYER_DENSE, 4}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0}};
    network net;
    network_create(&net, INPUTS, shapes, 3, ROWS, 1);
    assert_int_equal(net.parameter_count, (INPUTS + 1) * 4 + 8 + 4);
    for (size_t i = 0; i < net.parameter_count; i++) {
        assert_int_equal(net.decays[i], i < INPUTS * 4);
    }
    network_free(&net);
}

static void seeds_make_different_networks(void **state)
{
    (void)state;
    const layer_shape shapes[] = {{LAYER_DENSE, 4}, {LAYER_DENSE, 4}};
    network one, again, two;
    network_create(&one, 4, shapes, 2, 1, 1);
    network_create(&again, 4, shapes, 2, 1, 1);
    network_create(&two, 4, shapes, 2, 1, 2);
    const size_t bytes = one.parameter_count * sizeof *one.parameters;
    assert_memory_equal(one.parameters, again.parameters, bytes);
    assert_true(memcmp(one.parameters, two.parameters, bytes) != 0);
    /* Layers of one shape differ, too. */
    assert_true(memcmp(one.parameters, one.layers[1].parameters, 16 * sizeof(real)) != 0);
    network_free(&one);
    network_free(&again);
    network_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_of_each_kind),
        cmocka_unit_test(gradient_of_the_whole),
        cmocka_unit_test(batch_norm_normalises),
        cmocka_unit_test(running_moments_are_used),
        cmocka_unit_test(decay_spares_all_but_dense_weights),
        cmocka_unit_test(seeds_make_different_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
