/* test_data.c: the synthetic identities and the order of the classes round the circle. */
#include "mocka.h"
#include "data.h"
#include "trainer.h"

static sphere_config small_config(uint64_t seed)
{
    sphere_config config;
    sphere_config_init(&config);
    config.seed = seed;
    config.train = 40;
    config.test = 10;
    return config;
}

static void sizes_and_labels(void **state)
{
    (void)state;
    const sphere_config config = small_config(1);
    data_split data;
    sphere_data_make(&config, &data);
    assert_int_equal(data.train.count, 320);
    assert_int_equal(data.test.count, 80);
    assert_int_equal(data.train.dim, config.input_dim);
    for (size_t i = 0; i < data.train.count; i++) {
        assert_int_equal(data.train.labels[i], i / 40);
    }
    for (size_t i = 0; i < data.train.count * data.train.dim; i++) {
        assert_true(fabs((double)data.train.inputs[i]) <= 1.4142136);
    }
    data_split_free(&data);
}

/* A sample depends on its name alone: more of them change none. */
static void samples_do_not_depend_on_how_many(void **state)
{
    (void)state;
    const sphere_config few = small_config(1);
    sphere_config fewer_test = few;
    fewer_test.test = 3;
    data_split a, b;
    sphere_data_make(&few, &a);
    sphere_data_make(&fewer_test, &b);
    assert_memory_equal(a.train.inputs, b.train.inputs,
                        a.train.count * a.train.dim * sizeof *a.train.inputs);
    data_split_free(&a);
    data_split_free(&b);
}

static void seeds_and_splits_differ(void **state)
{
    (void)state;
    const sphere_config one = small_config(1), two = small_config(2);
    data_split a, b;
    sphere_data_make(&one, &a);
    sphere_data_make(&two, &b);
    const size_t bytes = a.test.dim * sizeof *a.test.inputs;
    assert_true(memcmp(a.train.inputs, b.train.inputs, bytes) != 0);
    assert_true(memcmp(a.train.inputs, a.test.inputs, bytes) != 0);
    data_split_free(&a);
    data_split_free(&b);
}

static void imbalance_is_geometric(void **state)
{
    (void)state;
    sphere_config config = small_config(1);
    config.imbalance = 8.0;
    data_split data;
    sphere_data_make(&config, &data);
    size_t counts[8] = {0};
    for (size_t i = 0; i < data.train.count; i++) {
        counts[data.train.labels[i]]++;
    }
    for (size_t k = 0; k < 8; k++) {
        assert_int_equal(counts[k], lround(40.0 * pow(8.0, -(double)k / 7.0)));
        assert_int_equal(counts[k], sphere_train_count(&config, k));
    }
    assert_int_equal(counts[0], 40);
    assert_int_equal(counts[7], 5);
    assert_int_equal(data.test.count, 80);
    data_split_free(&data);
    config.imbalance = 1e9; /* nobody vanishes */
    assert_int_equal(sphere_train_count(&config, 7), 1);
}

/* Against the clean data of the same seed: the wrong labels are those that differ, the outliers
 * the samples that moved; all others are untouched, and so are the test samples. */
static void noise_is_what_was_asked_for(void **state)
{
    (void)state;
    sphere_config config = small_config(7);
    config.train = 500;
    data_split clean, noisy;
    sphere_data_make(&config, &clean);
    config.flipped = 0.2;
    config.outliers = 0.1;
    sphere_data_make(&config, &noisy);
    const size_t dim = clean.train.dim, count = clean.train.count;
    size_t flipped = 0, moved = 0, to[8] = {0};
    for (size_t i = 0; i < count; i++) {
        const int other_label = clean.train.labels[i] != noisy.train.labels[i];
        const int other_input = memcmp(clean.train.inputs + i * dim, noisy.train.inputs + i * dim,
                                       dim * sizeof *clean.train.inputs) != 0;
        assert_false(other_label && other_input);
        assert_in_range(noisy.train.labels[i], 0, 7);
        flipped += (size_t)other_label;
        moved += (size_t)other_input;
        to[noisy.train.labels[i]] += (size_t)other_label;
    }
    /* four standard deviations of a binomial count of 4,000 */
    assert_near("flipped", (double)flipped, 800.0, 4.0 * sqrt(4000 * 0.2 * 0.8));
    assert_near("outliers", (double)moved, 400.0, 4.0 * sqrt(4000 * 0.1 * 0.9));
    for (size_t k = 0; k < 8; k++) { /* the wrong labels fall on all identities alike */
        assert_near("to", (double)to[k], (double)flipped / 8.0, 4.0 * sqrt((double)flipped / 8.0));
    }
    assert_memory_equal(clean.test.inputs, noisy.test.inputs,
                        clean.test.count * dim * sizeof *clean.test.inputs);
    data_split_free(&clean);
    data_split_free(&noisy);
}

/* Mean squared distance of rows to the mean of other rows. */
static double mean_square(const float *rows, const float *others, size_t count, size_t other_count,
                          size_t dim)
{
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++) {
        double mean = 0.0;
        for (size_t j = 0; j < other_count; j++) {
            mean += (double)others[j * dim + k] / (double)other_count;
        }
        for (size_t i = 0; i < count; i++) {
            const double apart = (double)rows[i * dim + k] - mean;
            sum += apart * apart / (double)count;
        }
    }
    return sum;
}

static void unseen_identities_are_others(void **state)
{
    (void)state;
    sphere_config config = small_config(3);
    data_split alone, both;
    sphere_data_make(&config, &alone);
    config.unseen = 5;
    sphere_data_make(&config, &both);
    assert_int_equal(alone.unseen.count, 0);
    assert_int_equal(both.unseen.count, 50);
    assert_int_equal(both.unseen.classes, 5);
    const size_t dim = both.train.dim;
    assert_memory_equal(alone.train.inputs, both.train.inputs,
                        alone.train.count * dim * sizeof *alone.train.inputs);
    /* On the whole nearer to their own mean than to that of any identity trained on. */
    for (size_t k = 0; k < 5; k++) {
        const float *const own = both.unseen.inputs + 10 * k * dim;
        assert_int_equal(both.unseen.labels[10 * k + 9], k);
        for (size_t class = 0; class < 8; class ++) {
            const float *const other = both.train.inputs + 40 * class * dim;
            assert_true(mean_square(own, own, 10, 10, dim) < mean_square(own, other, 10, 40, dim));
        }
    }
    data_split_free(&alone);
    data_split_free(&both);
}

/* What separates the first samples of two identities. */
static double apart(const float *a, const float *b, size_t dim)
{
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++)
        sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sqrt(sum);
}

/* Settings are chosen by neither those that are trained nor those that judge. */
static void validation_identities_are_others(void **state)
{
    (void)state;
    sphere_config config = small_config(3);
    data_split alone, both;
    config.unseen = 5;
    config.concentration = 1e6; /* so that a sample tells its identity */
    sphere_data_make(&config, &alone);
    config.validation = 4;
    sphere_data_make(&config, &both);
    assert_int_equal(alone.validation.count, 0);
    assert_int_equal(both.validation.classes, 4);
    const size_t dim = both.train.dim;
    const dataset *const others[] = {&both.train, &both.test, &both.unseen};
    for (size_t k = 0; k < 4; k++) {
        const float *const own = both.validation.inputs + 10 * k * dim;
        assert_int_equal(both.validation.labels[10 * k + 9], k);
        assert_true(apart(own, own + dim, dim) < 0.1);
        for (size_t p = 0; p < 3; p++)
            for (size_t i = 0; i < others[p]->count; i++)
                assert_true(apart(own, others[p]->inputs + i * dim, dim) > 1.0);
    }
    assert_memory_equal(alone.train.inputs, both.train.inputs,
                        alone.train.count * dim * sizeof *alone.train.inputs);
    assert_memory_equal(alone.unseen.inputs, both.unseen.inputs,
                        alone.unseen.count * dim * sizeof *alone.unseen.inputs);
    data_split_free(&alone);
    data_split_free(&both);
}

/* Classes whose means lie on a circle, shuffled: the tour must find the circle again. */
static void tour_goes_round(void **state)
{
    (void)state;
    enum { CLASSES = 12 };
    static const size_t place[CLASSES] = {5, 0, 9, 2, 11, 7, 4, 1, 10, 3, 8, 6};
    dataset data;
    dataset_create(&data, 2 * CLASSES, 2, CLASSES);
    for (size_t i = 0; i < data.count; i++) {
        const size_t label = i % CLASSES;
        const double angle = 2.0 * M_PI * (double)place[label] / CLASSES;
        const double radius = i < CLASSES ? 1.5 : 0.5; /* mean 1 */
        data.labels[i] = (int64_t)label;
        data.inputs[2 * i] = (float)(radius * cos(angle));
        data.inputs[2 * i + 1] = (float)(radius * sin(angle));
    }
    size_t order[CLASSES];
    tour_classes(&data, order);
    const size_t step = (place[order[1]] + CLASSES - place[order[0]]) % CLASSES;
    assert_true(step == 1 || step == CLASSES - 1);
    for (size_t i = 0; i < CLASSES; i++) {
        assert_int_equal(place[order[(i + 1) % CLASSES]], (place[order[i]] + step) % CLASSES);
    }
    dataset_free(&data);
}

/* Nearest neighbour alone crosses itself here; 2-opt must undo it. */
static void tour_is_shortened(void **state)
{
    (void)state;
    static const float line[] = {0.0f, 1.0f, -1.0f, 3.5f, -4.0f, 8.0f};
    enum { CLASSES = LENGTH_OF(line) };
    dataset data;
    dataset_create(&data, CLASSES, 1, CLASSES);
    memcpy(data.inputs, line, sizeof line);
    for (size_t i = 0; i < CLASSES; i++) {
        data.labels[i] = (int64_t)i;
    }
    size_t order[CLASSES];
    double length = 0.0;
    tour_classes(&data, order);
    for (size_t i = 0; i < CLASSES; i++) {
        length += fabs((double)line[order[i]] - (double)line[order[(i + 1) % CLASSES]]);
    }
    assert_near("round trip", length, 24.0, 1e-6); /* there and back: the shortest there is */
    dataset_free(&data);
}

static void tour_of_alike_classes_ends(void **state)
{
    (void)state;
    dataset data; /* all inputs zero, class 2 without samples */
    dataset_create(&data, 8, 3, 4);
    size_t order[4], seen[4] = {0};
    tour_classes(&data, order);
    for (size_t i = 0; i < 4; i++) {
        seen[order[i]]++;
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(seen[i], 1);
    }
    dataset_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_labels),
        cmocka_unit_test(samples_do_not_depend_on_how_many),
        cmocka_unit_test(seeds_and_splits_differ),
        cmocka_unit_test(imbalance_is_geometric),
        cmocka_unit_test(noise_is_what_was_asked_for),
        cmocka_unit_test(unseen_identities_are_others),
        cmocka_unit_test(validation_identities_are_others),
        cmocka_unit_test(tour_goes_round),
        cmocka_unit_test(tour_is_shortened),
        cmocka_unit_test(tour_of_alike_classes_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
