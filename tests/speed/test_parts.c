/* test_parts.c: the small parts of the speed suite: inputs, loops, memory, peaks. */
#include "../mocka.h"

#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "data.h"
#include "loops.h"
#include "process.h"
#include "peaks.h"
#include "peers.h"
#include "plan.h"

/* ---- inputs ---------------------------------------------------------------------------------- */

static const speed_shape shapes[] = {{.rows = 40, .dim = 64, .classes = 50},
                                     {.rows = 20, .dim = 64, .classes = 300}};

/* Cosine of row i of X with class j, and its spread over classes. */
static double cosine(const speed_problem *p, size_t i, size_t j)
{
    const size_t dim = p->shape->dim;
    double xw = 0, xx = 0, ww = 0;
    for (size_t d = 0; d < dim; d++) {
        const double x = p->embeddings[i * dim + d], w = p->weights[j * dim + d];
        xw += x * w;
        xx += x * x;
        ww += w * w;
    }
    return xw / sqrt(xx * ww);
}

static void inputs_have_their_statistics(void **state)
{
    (void)state;
    speed_data data;
    speed_data_open(&data, shapes, 2, 3);
    const speed_problem *p = speed_data_problem(&data, 1, 1);
    double square = 0, rows_square = 0;
    assert_non_null(p);
    for (size_t i = 0; i < p->shape->rows; i++) {
        const size_t label = (size_t)p->labels[i];
        assert_true(label < p->shape->classes);
        const double own = cosine(p, i, label);
        assert_true(own > 0.299 && own < 0.701);
        assert_true(fabs(own - p->target[i]) < 1e-5);
        assert_true(fabsf(p->cosines[i * p->shape->classes + label] - p->target[i]) <= 0);
        for (size_t j = 0; j < p->shape->classes; j++) {
            const double c = p->cosines[i * p->shape->classes + j];
            square += j == label ? 0 : cosine(p, i, j) * cosine(p, i, j);
            rows_square += j == label ? 0 : c * c;
        }
    }
    const double count = (double)(p->shape->rows * (p->shape->classes - 1));
    assert_near("spread of the cosines", sqrt(square / count) * 8, 1, 0.06);
    assert_near("spread of the rows level", sqrt(rows_square / count) * 8, 1, 0.06);
    speed_data_close(&data);
}

static void inputs_depend_on_the_seed_only(void **state)
{
    (void)state;
    speed_data a, b, c;
    speed_data_open(&a, shapes, 2, 3);
    speed_data_open(&b, shapes, 1, 3);
    speed_data_open(&c, shapes, 1, 4);
    const speed_problem *p = speed_data_problem(&a, 0, 0), *q = speed_data_problem(&b, 0, 0);
    const speed_problem *other = speed_data_problem(&c, 0, 0);
    const size_t x_bytes = 40 * 64 * sizeof(float);
    assert_true(p && q && other);
    assert_memory_equal(p->embeddings, q->embeddings, x_bytes);
    assert_memory_equal(p->weights, q->weights, 50 * 64 * sizeof(float));
    assert_memory_not_equal(p->embeddings, other->embeddings, x_bytes);
    assert_ptr_equal(p->weights, speed_data_problem(&a, 1, 0)->weights); /* one W for one D */
    speed_data_close(&a);
    speed_data_close(&b);
    speed_data_close(&c);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static void check_streams(const speed_loops *loops)
{
    enum { count = 256 };
    _Alignas(64) float a[count], b[count], to[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
        a[i] = (float)(i + 1);
        b[i] = (float)(3 * i);
        sum += a[i];
    }
    assert_near("read", loops->read(a, count), sum, 1e-9);
    for (int past = 0; past < 2 && loops->copy[past]; past++) {
        memset(to, 0, sizeof to);
        loops->copy[past](to, a, count);
        assert_memory_equal(to, a, sizeof to);
        loops->triad[past](to, a, b, 0.5f, count);
        for (int i = 0; i < count; i++) {
            assert_near("triad", to[i], a[i] + 0.5 * b[i], 1e-4);
        }
    }
}

static void check_loops(const speed_loops *loops)
{
    enum { count = 83 };
    float v[count], unit[count], values[count];
    double square = 0, sum = 0;
    for (int i = 0; i < count; i++) {
        v[i] = sinf((float)(i * i)) - 0.3f;
        values[i] = 3 * v[i];
        square += (double)v[i] * v[i];
    }
    assert_near("length", loops->unit(v, count, unit), sqrt(square), 1e-5);
    assert_near("dot", loops->dot(v, unit, count), sqrt(square), 1e-5);
    const float top = loops->largest(values, count);
    float plain_top = values[0];
    for (int i = 0; i < count; i++) {
        plain_top = fmaxf(plain_top, values[i]);
        assert_near("unit", unit[i], v[i] / sqrt(square), 1e-6);
    }
    assert_true(!(top < plain_top) && !(top > plain_top));
    const float total = loops->exponentials(values, count, 2.5f, top);
    for (int i = 0; i < count; i++) {
        const double argument = 2.5 * ((double)(3 * v[i]) - top), truth = exp(argument);
        assert_near("exponential", values[i], truth, (3e-7 - 1.2e-7 * argument) * truth);
        sum += truth;
    }
    assert_near("sum", total, sum, 1e-5 * sum);
    memcpy(values, v, sizeof v);
    loops->project(values, unit, count, 2);
    assert_near("projected", loops->dot(values, unit, count), 0, 1e-5);
    check_streams(loops);
    assert_true(isfinite(loops->multiply_add(1000)));
    assert_true(loops->flops_per_round > 0);
}

static void loops_are_right(void **state)
{
    (void)state;
    size_t checked = 0;
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++) {
        const speed_loops *loops = speed_loops_get((margin_isa)isa);
        if (loops) {
            check_loops(loops);
            checked++;
        }
    }
    assert_true(checked > 0);
    assert_non_null(speed_loops_best());
}

/* ---- memory and peaks ------------------------------------------------------------------------ */

static void memory_that_is_touched_is_seen(void **state)
{
    (void)state;
    const size_t bytes = (size_t)48 << 20;
    char *memory = malloc(bytes);
    assert_non_null(memory);
    const double mark = speed_memory_mark();
    if (mark < 0) {
        skip(); /* no /proc that may be written */
    }
    memset(memory, 1, bytes / 2);
    const double growth = speed_memory_growth(mark);
    free(memory);
    assert_near("growth", growth / (double)(bytes / 2), 1, 0.1);
    assert_true(speed_memory_growth(speed_memory_mark()) < 0.1 * (double)bytes);
}

/* Half a second of work by a child are somebody else's; our own are not. */
static void foreign_work_is_seen(void **state)
{
    (void)state;
    const speed_foreign before = speed_foreign_now();
    if (before.others < 0) {
        skip();
    }
    const pid_t child = fork();
    assert_true(child >= 0);
    const double start = seconds_now();
    while (seconds_now() - start < 0.5) {
    }
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
    const double cpus = speed_foreign_cpus(before);
    assert_true(cpus > 0.3 && cpus <= (double)sysconf(_SC_NPROCESSORS_ONLN) + 0.1);
}

static void peaks_are_kept(void **state)
{
    (void)state;
    static const int threads[] = {1, 2};
    json_t *object = json_object();
    assert_int_equal(speed_peaks_measure(object, threads, 2, 1), 0);
    const char *isa = margin_isa_name(speed_loops_best()->isa);
    for (int t = 1; t <= 2; t++) {
        const double rate = speed_peaks_best(object, "fma_peaks", isa, t, NULL);
        assert_true(rate > 0 && speed_peaks_best(object, "fma_peaks", NULL, t, NULL) >= rate);
        assert_true(speed_peaks_copy(object, t) > 0);
    }
    assert_true(speed_peaks_best(object, "fma_peaks", "none", 1, NULL) <= 0);
    assert_true(speed_peaks_best(object, "fma_peaks", isa, 3, NULL) <= 0);
    /* What was better before stays. */
    json_object_set_new(json_object_get(json_object_get(object, "fma_peaks"), isa), "1",
                        json_real(1e9));
    assert_int_equal(speed_peaks_measure(object, threads, 2, 1), 0);
    assert_near("kept", speed_peaks_best(object, "fma_peaks", isa, 1, NULL), 1e9, 1);
    assert_near("kept", json_number_value(json_object_get(object, "fma_peak_gflops")), 1e9, 1);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_have_their_statistics),
        cmocka_unit_test(inputs_depend_on_the_seed_only),
        cmocka_unit_test(loops_are_right),
        cmocka_unit_test(memory_that_is_touched_is_seen),
        cmocka_unit_test(foreign_work_is_seen),
        cmocka_unit_test(peaks_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
