/* test_trainer.c: schedules, and trainings small enough to judge. */
#include "mocka.h"
#include "philox.h"
#include "trainer.h"

enum { SAMPLES = 90, CLASSES = 3, INPUTS = 4 };

static void rate_goes_down(void **state)
{
    (void)state;
    const recipe cosine = {.rate = 0.4};
    assert_near("first", schedule_rate(&cosine, 100, 0), 0.4, 1e-15);
    assert_near("middle", schedule_rate(&cosine, 100, 50), 0.2, 1e-15);
    assert_near("a third", schedule_rate(&cosine, 100, 25), 0.2 * (1.0 + sqrt(0.5)), 1e-15);
    assert_near("end", schedule_rate(&cosine, 100, 100), 0.0, 1e-15);
}

static void margin_warms_up(void **state)
{
    (void)state;
    const recipe how = {.warmup = 0.2};
    assert_near("first", schedule_margin(&how, 100, 0), 0.0, 0.0);
    assert_near("half", schedule_margin(&how, 100, 10), 0.5, 1e-15);
    assert_near("warm", schedule_margin(&how, 100, 20), 1.0, 0.0);
    assert_near("later", schedule_margin(&how, 100, 99), 1.0, 0.0);
    const recipe none = {.warmup = 0.0};
    assert_near("no warm-up", schedule_margin(&none, 100, 0), 1.0, 0.0);
}

/* SphereFace's solver: base 1000, growth 0.12 a step, power 1, least 5: reached at step 1659. */
static void lambda_falls_as_published(void **state)
{
    (void)state;
    const recipe how = {.anneal = 1659.0 / 28000.0 + 1e-9,
                        .lambda_base = 1000.0,
                        .lambda_power = 1.0,
                        .lambda_least = 5.0};
    /* 199 / 1659 is 0.11995: its published growth to four digits. */
    assert_near("1", schedule_lambda(&how, 28000, 0), 892.86, 0.1);
    assert_near("10", schedule_lambda(&how, 28000, 9), 454.55, 0.2);
    assert_near("100", schedule_lambda(&how, 28000, 99), 76.92, 0.05);
    assert_near("1000", schedule_lambda(&how, 28000, 999), 8.26, 0.01);
    assert_near("1658", schedule_lambda(&how, 28000, 1657), 5.0, 0.01);
    assert_true(schedule_lambda(&how, 28000, 1657) > 5.0);
    assert_near("1659", schedule_lambda(&how, 28000, 1658), 5.0, 0.0);
    assert_near("end", schedule_lambda(&how, 28000, 27999), 5.0, 0.0);
}

static void lambda_may_end_at_nothing(void **state)
{
    (void)state;
    const recipe how = {.anneal = 0.5, .lambda_base = 1000.0, .lambda_power = 1.0};
    assert_near("start", schedule_lambda(&how, 100, 0), 1000.0 / (1.0 + 999999.0 / 50.0), 1e-9);
    assert_near("just before", schedule_lambda(&how, 100, 48), 1e-3, 1e-4);
    assert_near("then", schedule_lambda(&how, 100, 49), 0.0, 0.0);
    const recipe never = {.lambda_base = 1000.0, .lambda_least = 0.5};
    assert_near("no annealing", schedule_lambda(&never, 100, 0), 0.5, 0.0);
}

/* Three clouds far apart. */
static void make_data(dataset *data)
{
    dataset_create(data, SAMPLES, INPUTS, CLASSES);
    for (size_t i = 0; i < SAMPLES; i++) {
        philox_stream stream;
        philox_start(&stream, 4, 1, i);
        data->labels[i] = (int64_t)(i % CLASSES);
        for (size_t k = 0; k < INPUTS; k++) {
            data->inputs[i * INPUTS + k] =
                (float)(0.2 * philox_normal(&stream) + (k == i % CLASSES ? 1.0 : 0.0));
        }
    }
}

typedef struct trained {
    network net;
    class_weights head;
    margin_status status;
    double loss;
} trained;

static void train_sampled(const dataset *data, margin_loss loss, double scale, double rate,
                          trained *out)
{
    const layer_shape shapes[] = {
        {LAYER_DENSE, 16}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0}, {LAYER_DENSE, 2}};
    const size_t order[CLASSES] = {0, 1, 2};
    const int normalised = margin_loss_get(loss)->normalised;
    training config = {
        .how = {.epochs = 40,
                .batch = 16,
                .rate = 0.05,
                .momentum = 0.9,
                .decay = 5e-4,
                .clip = 1.0,
                .warmup = 0.3,
                .anneal = 0.5,
                .lambda_base = 1000.0,
                .lambda_power = 1.0},
        .seed = 1,
    };
    config.aim.loss = config_of(loss);
    config.aim.loss.threads = 1;
    config.aim.loss.scale = normalised ? scale : config.aim.loss.scale;
    network_create(&out->net, INPUTS, shapes, LENGTH_OF(shapes), 16, 1);
    config.aim.sample_rate = rate;
    class_weights_create(&out->head, CLASSES, 2, !normalised);
    class_weights_place(&out->head, order, normalised ? 10.0 : 1.0, 1);
    trainer t;
    trainer_open(&t, &config, data, &out->net, &out->head);
    out->status = MARGIN_OK;
    while (t.epoch < config.how.epochs && out->status == MARGIN_OK) {
        out->status = trainer_epoch(&t);
    }
    out->loss = t.loss;
    trainer_close(&t);
}

static void train(const dataset *data, margin_loss loss, double scale, trained *out)
{
    train_sampled(data, loss, scale, 0.0, out);
}

static void release(trained *t)
{
    network_free(&t->net);
    class_weights_free(&t->head);
}

static size_t count_right(trained *t, const dataset *data)
{
    float embeddings[2 * SAMPLES];
    size_t right = 0;
    trainer_embed(&t->net, data, embeddings);
    for (size_t i = 0; i < SAMPLES; i++) {
        double best = -INFINITY;
        size_t nearest = 0;
        for (size_t j = 0; j < CLASSES; j++) {
            const float *const w = t->head.weights + 2 * j;
            const double norm = t->head.bias != NULL ? 1.0 : hypot((double)w[0], (double)w[1]);
            const double near = ((double)w[0] * (double)embeddings[2 * i] +
                                 (double)w[1] * (double)embeddings[2 * i + 1]) /
                                    norm +
                                (t->head.bias != NULL ? (double)t->head.bias[j] : 0.0);
            nearest = near > best ? j : nearest;
            best = near > best ? near : best;
        }
        right += nearest == (size_t)data->labels[i];
    }
    return right;
}

static void every_loss_learns(void **state)
{
    (void)state;
    dataset data;
    make_data(&data);
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        trained t;
        train(&data, (margin_loss)loss, 16.0, &t);
        assert_status(t.status, MARGIN_OK);
        if (count_right(&t, &data) < SAMPLES - 2) {
            fail_msg("%s: %zu of %d right", margin_loss_get((margin_loss)loss)->name,
                     count_right(&t, &data), SAMPLES);
        }
        release(&t);
    }
    dataset_free(&data);
}

static void same_training_gives_same_bits(void **state)
{
    (void)state;
    dataset data;
    trained a, b;
    make_data(&data);
    train(&data, MARGIN_ARCFACE, 16.0, &a);
    train(&data, MARGIN_ARCFACE, 16.0, &b);
    assert_memory_equal(a.net.parameters, b.net.parameters,
                        a.net.parameter_count * sizeof *a.net.parameters);
    assert_memory_equal(a.head.weights, b.head.weights, CLASSES * 2 * sizeof(float));
    assert_true(a.loss == b.loss);
    release(&a);
    release(&b);
    dataset_free(&data);
}

/* Sampling all classes changes nothing; sampling some still learns, and otherwise. */
static void sampled_classes(void **state)
{
    (void)state;
    dataset data;
    make_data(&data);
    for (int k = 0; k < 2; k++) {
        const margin_loss loss =
            k == 0 ? MARGIN_ARCFACE : MARGIN_SOFTMAX; /* without biases, with */
        trained all, each, some;
        train(&data, loss, 16.0, &all);
        train_sampled(&data, loss, 16.0, 1.0, &each);
        train_sampled(&data, loss, 16.0, 0.5, &some);
        assert_status(some.status, MARGIN_OK);
        assert_memory_equal(all.head.weights, each.head.weights, CLASSES * 2 * sizeof(float));
        assert_true(all.loss == each.loss);
        assert_memory_equal(all.net.parameters, each.net.parameters,
                            all.net.parameter_count * sizeof *all.net.parameters);
        assert_true(count_right(&some, &data) >= SAMPLES - 2);
        assert_true(some.loss != all.loss);
        release(&all);
        release(&each);
        release(&some);
    }
    dataset_free(&data);
}

/* What is embedded does not depend on the size of the batches it is embedded in. */
static void embedding_does_not_depend_on_batches(void **state)
{
    (void)state;
    dataset data;
    trained t;
    float whole[2 * SAMPLES], part[2 * SAMPLES];
    make_data(&data);
    train(&data, MARGIN_COSFACE, 16.0, &t);
    trainer_embed(&t.net, &data, whole);
    t.net.batch = 7;
    trainer_embed(&t.net, &data, part);
    assert_memory_equal(whole, part, sizeof whole);
    release(&t);
    dataset_free(&data);
}

/* Inputs that no network survives: the training ends with the library's word for it. */
static void divergence_is_told(void **state)
{
    (void)state;
    dataset data;
    trained t;
    make_data(&data);
    data.inputs[5] = INFINITY;
    train(&data, MARGIN_ARCFACE, 16.0, &t);
    assert_status(t.status, MARGIN_ERROR_NONFINITE);
    release(&t);
    dataset_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_goes_down),
        cmocka_unit_test(margin_warms_up),
        cmocka_unit_test(lambda_falls_as_published),
        cmocka_unit_test(lambda_may_end_at_nothing),
        cmocka_unit_test(every_loss_learns),
        cmocka_unit_test(same_training_gives_same_bits),
        cmocka_unit_test(sampled_classes),
        cmocka_unit_test(embedding_does_not_depend_on_batches),
        cmocka_unit_test(divergence_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
