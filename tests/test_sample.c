/* test_sample.c: which classes are sampled: the generator against published numbers, the draw
 * against its definition, ranges against the whole, and the statistics of many draws. All of it is
 * fixed by seeds, so nothing here passes by chance one day and fails the next. */
#include "mocka.h"
#include "draws.h"
#include "refusal.h"

enum { CLASSES = 1000, STEPS = 2000 };

static int64_t listed[2][4 * CLASSES];

/* A call for the whole of `classes` classes without a batch, into listed[0]. */
static margin_sample whole(size_t classes, double rate, uint64_t seed, uint64_t step)
{
    margin_sample call = MARGIN_SAMPLE_INIT;
    call.classes = call.count = classes;
    call.rate = rate;
    call.seed = seed;
    call.step = step;
    call.class_index = listed[0];
    call.capacity = LENGTH_OF(listed[0]);
    return call;
}

/* Runs a call and returns how many classes it found. */
static size_t run(margin_sample *call)
{
    margin_context *context = create(MARGIN_ARCFACE);
    assert_status(margin_sample_run(context, call), MARGIN_OK);
    margin_destroy(context);
    return call->found;
}

/* ---- the draw ---------------------------------------------------------------------------------*/

/* The known answers of Random123, the authors' library: kat_vectors, philox4x32 10. */
static void generator(void **state)
{
    static const struct {
        uint64_t key, low, high;
        uint32_t want[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x85a308d3243f6a88,
         0x0370734413198a2e,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(known); k++) {
        const margin_random got = margin_random_at(known[k].key, known[k].low, known[k].high);
        assert_memory_equal(got.word, known[k].want, sizeof got.word);
    }
}

/* A class is drawn by its own number, whatever range it is listed in. */
static void definition(void **state)
{
    const uint64_t seed = 0x123456789abcdef0, step = ((uint64_t)1 << 40) + 7;
    const double rate = 0.3;
    margin_sample call = whole((size_t)1 << 40, rate, seed, step);
    (void)state;
    call.first = ((size_t)1 << 34) + 3;
    call.count = 501;
    const size_t found = run(&call);
    size_t at = 0;
    for (uint64_t j = call.first; j < call.first + call.count; j++) {
        const uint32_t word = margin_random_at(seed, j / 4, step).word[j % 4];
        if (!((double)word < rate * 4294967296.0)) continue;
        assert_true(at < found);
        assert_int_equal(listed[0][at++], (int64_t)j);
    }
    assert_int_equal(at, found);
    assert_true(found > 100 && found < 200);
}

static void batch_is_sampled(void **state)
{
    const int64_t labels[] = {999, 3, -1, 500, 3, 0, 999, 77, 500};
    margin_sample call = whole(CLASSES, 1e-12, 1, 1);
    (void)state;
    call.labels = labels;
    call.rows = LENGTH_OF(labels);
    call.ignore_label = 77;
    const int64_t want[] = {0, 3, 500, 999};
    assert_int_equal(run(&call), LENGTH_OF(want));
    assert_memory_equal(listed[0], want, sizeof want);
    /* The draw of the others is the same as without them. */
    call.rate = 0.2;
    const size_t with = run(&call);
    memcpy(listed[1], listed[0], with * sizeof(int64_t));
    call.rows = 0;
    const size_t without = run(&call);
    size_t common = 0;
    for (size_t a = 0, b = 0; a < with; a++) {
        if (b < without && listed[0][b] == listed[1][a]) {
            b++, common++;
            continue;
        }
        const int64_t j = listed[1][a];
        assert_true(j == 0 || j == 3 || j == 500 || j == 999);
    }
    assert_int_equal(common, without);
}

static void every_class_at_rate_1(void **state)
{
    margin_sample call = whole(CLASSES, 1.0, 5, 6);
    (void)state;
    assert_int_equal(run(&call), CLASSES);
    for (int64_t j = 0; j < CLASSES; j++)
        assert_int_equal(listed[0][j], j);
}

/* Cuts the classes into as many ranges as ranks might hold, some of them empty. */
static void ranges_make_the_whole(void **state)
{
    int64_t labels[50];
    (void)state;
    for (size_t ranks = 1; ranks <= 7; ranks++) {
        margin_sample call = whole(CLASSES, 0.15, ranks, 3);
        for (size_t i = 0; i < LENGTH_OF(labels); i++)
            labels[i] = (int64_t)(i * i * ranks % CLASSES);
        call.labels = labels;
        call.rows = LENGTH_OF(labels);
        const size_t found = run(&call);
        memcpy(listed[1], listed[0], found * sizeof(int64_t));
        size_t end = 0, total = 0;
        for (size_t rank = 0; rank < ranks; rank++) {
            call.first = end;
            end = rank + 1 == ranks ? CLASSES : rank == 2 ? end : end + 37 * (rank + 2);
            call.count = end - call.first;
            call.class_index = listed[0] + total;
            call.capacity = call.count;
            total += run(&call);
        }
        assert_int_equal(total, found);
        assert_memory_equal(listed[0], listed[1], found * sizeof(int64_t));
    }
}

/* ---- statistics -------------------------------------------------------------------------------*/

/* Checks that a chi-square statistic with so many degrees of freedom lies within 5 standard
 * deviations of its mean: by its normal approximation the odds of less are 1 to 1.7 million. */
static void assert_chi_square(const char *what, double chi, double freedom)
{
    assert_near(what, chi, freedom, 5.0 * sqrt(2.0 * freedom));
}

/* Marks the classes of a draw: 1 where one is drawn. */
static void mark(double rate, uint64_t seed, uint64_t step, unsigned char *drawn)
{
    margin_sample call = whole(CLASSES, rate, seed, step);
    const size_t found = run(&call);
    memset(drawn, 0, CLASSES);
    for (size_t k = 0; k < found; k++)
        drawn[listed[0][k]] = 1;
}

/* Over many steps each class is drawn equally often, and each step draws as many as a binomial
 * distribution says. */
static void draws_are_uniform(void **state)
{
    static unsigned char drawn[CLASSES];
    static int of_class[CLASSES];
    const double rate = 0.1, spread = rate * (1.0 - rate);
    double of_classes = 0.0, of_steps = 0.0;
    (void)state;
    for (uint64_t step = 0; step < STEPS; step++) {
        int total = 0;
        mark(rate, 11, step, drawn);
        for (size_t j = 0; j < CLASSES; j++) {
            of_class[j] += drawn[j];
            total += drawn[j];
        }
        of_steps += pow(total - rate * CLASSES, 2.0) / (spread * CLASSES);
    }
    for (size_t j = 0; j < CLASSES; j++)
        of_classes += pow(of_class[j] - rate * STEPS, 2.0) / (spread * STEPS);
    assert_chi_square("classes", of_classes, CLASSES);
    assert_chi_square("steps", of_steps, STEPS);
}

/* Returns how many standard deviations the classes drawn in both of two draws are from what
 * independent draws have in common; `b` is looked at `lag` classes further. */
static double in_common(const unsigned char *a, const unsigned char *b, size_t lag, double rate)
{
    const double n = (double)(CLASSES - lag), p = rate * rate;
    double both = 0.0;
    for (size_t j = 0; j + lag < CLASSES; j++)
        both += a[j] * b[j + lag];
    return (both - n * p) / sqrt(n * p * (1.0 - p));
}

/* Draws of other steps, of other seeds and of classes nearby know nothing of each other. */
static void draws_are_independent(void **state)
{
    static unsigned char drawn[3][CLASSES];
    const double rate = 0.5;
    double of_steps = 0.0, of_seeds = 0.0, of_lags[8] = {0.0};
    enum { DRAWS = 300 };
    (void)state;
    for (uint64_t k = 0; k < DRAWS; k++) {
        mark(rate, 1, k, drawn[0]);
        mark(rate, 1, k + 1, drawn[1]);
        mark(rate, 2, k, drawn[2]);
        of_steps += pow(in_common(drawn[0], drawn[1], 0, rate), 2.0);
        of_seeds += pow(in_common(drawn[0], drawn[2], 0, rate), 2.0);
        for (size_t lag = 1; lag < 8; lag++)
            of_lags[lag] += in_common(drawn[0], drawn[0], lag, rate) / sqrt(DRAWS);
    }
    assert_chi_square("steps", of_steps, DRAWS);
    assert_chi_square("seeds", of_seeds, DRAWS);
    /* Neighbouring pairs share classes, which widens this from 1 to sqrt(5 / 3). */
    for (size_t lag = 1; lag < 8; lag++)
        assert_near("classes nearby", of_lags[lag], 0.0, 5.0 * sqrt(5.0 / 3.0));
}

/* ---- what is refused --------------------------------------------------------------------------*/

static void refused(margin_context *context, margin_sample call, margin_status status,
                    margin_argument argument, size_t row, int64_t value)
{
    assert_status(margin_sample_run(context, &call), status);
    assert_fault("sample", context, status, argument, row, value);
}

static void refusals(void **state)
{
    const int64_t labels[] = {1, 2, CLASSES, 3};
    margin_context *context = create(MARGIN_ARCFACE);
    const margin_sample good = whole(CLASSES, 0.25, 1, 2);
    margin_sample call = good;
    (void)state;
    call.size = 8;
    refused(context, call, MARGIN_ERROR_SIZE, MARGIN_ARGUMENT_NONE, 0, 0);
    call = good, call.classes = 0;
    refused(context, call, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0, 0);
    call = good, call.first = 1;
    refused(context, call, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0, 0);
    call = good, call.first = CLASSES + 1, call.count = 0;
    refused(context, call, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0, 0);
    for (size_t k = 0; k < 4; k++) {
        call = good;
        call.rate = (const double[]){0.0, -0.5, 1.0 + 1e-15, NAN}[k];
        refused(context, call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0, 0);
    }
    call = good, call.rows = 3;
    refused(context, call, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_LABELS, 0, 0);
    call.labels = labels, call.rows = 4;
    refused(context, call, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 2, CLASSES);
    call = good, call.class_index = NULL;
    refused(context, call, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_CLASS_INDEX, 0, 0);
    assert_status(margin_sample_run(context, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_sample_run(NULL, &call), MARGIN_ERROR_NULL);
    margin_destroy(context);
}

/* Where the list does not fit, nothing behind its end is written, and the call says how long it
 * is: with that it fits. */
static void short_capacity(void **state)
{
    margin_context *context = create(MARGIN_ARCFACE);
    margin_sample call = whole(CLASSES, 0.25, 1, 2);
    (void)state;
    assert_status(margin_sample_run(context, &call), MARGIN_OK);
    const size_t found = call.found;
    assert_true(found > 200 && found < 300);
    for (size_t capacity = 0; capacity < found; capacity += 40) {
        listed[0][capacity] = -5;
        call.capacity = capacity;
        call.found = 0;
        assert_status(margin_sample_run(context, &call), MARGIN_ERROR_SHAPE);
        assert_fault("capacity", context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_CLASS_INDEX, 0,
                     (int64_t)found);
        assert_int_equal(call.found, found);
        assert_int_equal(listed[0][capacity], -5);
    }
    call.capacity = found;
    assert_status(margin_sample_run(context, &call), MARGIN_OK);
    margin_destroy(context);
}

/* Labels are sorted in the workspace; one that is too small says how much they need. */
static void small_workspace(void **state)
{
    static int64_t labels[200];
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    margin_sample call = whole(CLASSES, 0.25, 1, 2);
    (void)state;
    call.labels = labels;
    call.rows = LENGTH_OF(labels);
    config.workspace_bytes = 1000;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_status(margin_sample_run(context, &call), MARGIN_ERROR_WORKSPACE);
    config.workspace_bytes = margin_context_fault(context)->bytes;
    margin_destroy(context);
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_status(margin_sample_run(context, &call), MARGIN_OK);
    margin_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generator),
        cmocka_unit_test(definition),
        cmocka_unit_test(batch_is_sampled),
        cmocka_unit_test(every_class_at_rate_1),
        cmocka_unit_test(ranges_make_the_whole),
        cmocka_unit_test(draws_are_uniform),
        cmocka_unit_test(draws_are_independent),
        cmocka_unit_test(refusals),
        cmocka_unit_test(short_capacity),
        cmocka_unit_test(small_workspace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
