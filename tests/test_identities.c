/* test_identities.c: what must be equal whatever the numbers are: losses that coincide, symmetries,
 * gradients that are tangent, sums that vanish, the two levels against each other. */
#include "mocka.h"
#include "problem.h"

enum { ROWS = 33, DIM = 24, CLASSES = 50 };

static margin_config with_margins(margin_loss loss, double m1, double m2, double m3)
{
    margin_config config = config_of(loss);
    config.m1 = m1;
    config.m2 = m2;
    config.m3 = m3;
    return config;
}

static problem solved(const margin_config *config, uint64_t seed)
{
    problem p = problem_make(ROWS, DIM, CLASSES, seed, 0, 1);
    assert_status(problem_run(&p, config), MARGIN_OK);
    return p;
}

static double norm_of(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static double dot_of(const float *x, const float *y, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static double largest_of(const float *x, size_t n)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)x[i]));
    return most;
}

/* ---- losses that coincide ---------------------------------------------------------------------*/

static void assert_same_loss(const margin_config *a, const margin_config *b)
{
    for (uint64_t seed = 51; seed < 54; seed++) {
        problem p = solved(a, seed), q = solved(b, seed);
        const problem_hash x = problem_hash_of(&p), y = problem_hash_of(&q);
        assert_memory_equal(&x, &y, sizeof x);
        assert_true(problem_free(&p) & problem_free(&q));

        rows_problem r = rows_problem_make(ROWS, CLASSES, seed, 0, 1);
        rows_problem s = rows_problem_make(ROWS, CLASSES, seed, 0, 1);
        assert_status(rows_problem_run(&r, a), MARGIN_OK);
        assert_status(rows_problem_run(&s, b), MARGIN_OK);
        const problem_hash u = rows_problem_hash_of(&r), v = rows_problem_hash_of(&s);
        assert_memory_equal(&u, &v, sizeof u);
        assert_true(rows_problem_free(&r) & rows_problem_free(&s));
    }
}

static void no_margin_is_normsoftmax(void **state)
{
    const margin_config plain = config_of(MARGIN_NORMSOFTMAX);
    const margin_config others[] = {
        with_margins(MARGIN_COSFACE, 1, 0, 0), with_margins(MARGIN_ARCFACE, 1, 0, 0),
        with_margins(MARGIN_SPHEREFACE, 1, 0, 0), with_margins(MARGIN_COMBINED, 1, 0, 0)};
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
            margin_config other = others[i];
            other.past_pi = (margin_past_pi)how;
            assert_same_loss(&plain, &other);
        }
    }
}

static void one_margin_of_combined(void **state)
{
    (void)state;
    const margin_config arcface = with_margins(MARGIN_ARCFACE, 1, 0.5, 0);
    const margin_config as_arcface = with_margins(MARGIN_COMBINED, 1, 0.5, 0);
    const margin_config cosface = with_margins(MARGIN_COSFACE, 1, 0, 0.35);
    const margin_config as_cosface = with_margins(MARGIN_COMBINED, 1, 0, 0.35);
    const margin_config sphereface = with_margins(MARGIN_SPHEREFACE, 1.35, 0, 0);
    margin_config as_sphereface = with_margins(MARGIN_COMBINED, 1.35, 0, 0);
    as_sphereface.past_pi = MARGIN_PAST_PI_MONOTONE;
    assert_same_loss(&arcface, &as_arcface);
    assert_same_loss(&cosface, &as_cosface);
    assert_same_loss(&sphereface, &as_sphereface);
}

/* And where they must not coincide, or the tests above say nothing. */
static void margins_matter(void **state)
{
    const margin_config all[] = {config_of(MARGIN_NORMSOFTMAX), config_of(MARGIN_SPHEREFACE),
                                 config_of(MARGIN_COSFACE), config_of(MARGIN_ARCFACE),
                                 config_of(MARGIN_COMBINED)};
    (void)state;
    for (size_t i = 1; i < LENGTH_OF(all); i++) {
        for (size_t j = 0; j < i; j++) {
            problem p = solved(&all[i], 51), q = solved(&all[j], 51);
            assert_true(fabs(p.call.loss - q.call.loss) > 1e-3);
            assert_true(problem_free(&p) & problem_free(&q));
        }
    }
}

/* ---- feature_norm = keep ----------------------------------------------------------------------*/

static void normalise_rows(float *x, size_t rows, size_t n)
{
    for (size_t i = 0; i < rows; i++) {
        const double length = norm_of(x + i * n, n);
        for (size_t d = 0; d < n; d++)
            x[i * n + d] = (float)((double)x[i * n + d] / length);
    }
}

/* With |x| = 1 it is the fixed scale 1; dX then differs along x only. */
static void keep_on_the_unit_sphere(void **state)
{
    margin_config keep = config_of(MARGIN_SPHEREFACE), fixed = keep;
    problem p = problem_make(ROWS, DIM, CLASSES, 55, 0, 1),
            q = problem_make(ROWS, DIM, CLASSES, 55, 0, 1);
    (void)state;
    keep.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    fixed.scale = 1.0;
    normalise_rows(p.embeddings.at, ROWS, DIM);
    normalise_rows(q.embeddings.at, ROWS, DIM);
    assert_status(problem_run(&p, &keep), MARGIN_OK);
    assert_status(problem_run(&q, &fixed), MARGIN_OK);
    assert_near("loss", p.call.loss, q.call.loss, 1e-6);
    const double most = largest_of(q.grad_embeddings.at, ROWS * DIM);
    for (size_t i = 0; i < ROWS; i++) {
        const float *x = p.embeddings.at + i * DIM, *g = p.grad_embeddings.at + i * DIM;
        const double along = dot_of(g, x, DIM);
        for (size_t d = 0; d < DIM; d++) {
            assert_near("dX across x", (double)g[d] - along * (double)x[d],
                        q.grad_embeddings.at[i * DIM + d], 1e-5 * most);
        }
    }
    for (size_t i = 0; i < CLASSES * DIM; i++) {
        assert_near("dW", p.grad_weights.at[i], q.grad_weights.at[i], 1e-6);
    }
    assert_true(problem_free(&p) & problem_free(&q));
}

/* ---- tangency and sums ------------------------------------------------------------------------*/

static void gradients_are_tangent(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = config_of((margin_loss)k);
        if (!margin_loss_get((margin_loss)k)->normalised) continue;
        problem p = problem_make(ROWS, DIM, CLASSES, 56, 0, 1);
        p.call.label_smoothing = k % 2 ? 0.5 : 0.0;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < ROWS; i++) {
            const float *x = p.embeddings.at + i * DIM, *g = p.grad_embeddings.at + i * DIM;
            const double scale = norm_of(x, DIM) * norm_of(g, DIM);
            assert_near("dX . x", dot_of(x, g, DIM), 0.0, 1e-5 * scale);
        }
        for (size_t j = 0; j < CLASSES; j++) {
            const float *w = p.weights.at + j * DIM, *g = p.grad_weights.at + j * DIM;
            const double scale = norm_of(w, DIM) * norm_of(g, DIM);
            assert_near("dW . w", dot_of(w, g, DIM), 0.0, 1e-5 * scale);
        }
        assert_true(problem_free(&p));
    }
}

/* Softmax gradients add up to zero over the classes where psi's slope by c is 1. */
static void sums_vanish(void **state)
{
    const margin_loss losses[] = {MARGIN_SOFTMAX, MARGIN_NORMSOFTMAX, MARGIN_COSFACE};
    (void)state;
    for (size_t k = 0; k < 2 * LENGTH_OF(losses); k++) {
        const margin_config config = config_of(losses[k / 2]);
        rows_problem p = rows_problem_make(ROWS, CLASSES, 57, 0, 1);
        p.call.label_smoothing = k % 2 ? 0.25 : 0.0;
        assert_status(rows_problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < CLASSES; j++)
                sum += (double)p.grad_logits.at[i * CLASSES + j];
            assert_near("sum of dlogits", sum, 0.0, 1e-6 * config.scale / ROWS);
        }
        assert_true(rows_problem_free(&p));
    }
}

/* The bias's gradients add up to zero as well. */
static void bias_sum_vanishes(void **state)
{
    const margin_config config = config_of(MARGIN_SOFTMAX);
    problem p = problem_make(ROWS, DIM, CLASSES, 58, 0, 1);
    double sum = 0.0;
    (void)state;
    problem_use_bias(&p);
    assert_status(problem_run(&p, &config), MARGIN_OK);
    for (size_t j = 0; j < CLASSES; j++)
        sum += (double)p.grad_bias.at[j];
    assert_near("sum of db", sum, 0.0, 1e-6);
    assert_true(largest_of(p.grad_bias.at, CLASSES) > 1e-3);
    assert_true(problem_free(&p));
}

/* ---- symmetries -------------------------------------------------------------------------------*/

/* A power of two changes no digit: same loss, gradient divided by it, to the bit. */
static void powers_of_two_scale_out(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = config_of((margin_loss)k);
        if (!margin_loss_get((margin_loss)k)->normalised) continue;
        problem p = problem_make(ROWS, DIM, CLASSES, 59, 0, 1);
        problem q = problem_make(ROWS, DIM, CLASSES, 59, 0, 1);
        p.call.label_smoothing = q.call.label_smoothing = k % 2 ? 0.25 : 0.0;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < ROWS * DIM; i++)
            q.embeddings.at[i] *= 0x1p-7f;
        for (size_t i = 0; i < CLASSES * DIM; i++)
            q.weights.at[i] *= 0x1p9f;
        assert_status(problem_run(&q, &config), MARGIN_OK);
        assert_true(p.call.loss == q.call.loss);
        for (size_t i = 0; i < ROWS * DIM; i++)
            q.grad_embeddings.at[i] *= 0x1p-7f;
        for (size_t i = 0; i < CLASSES * DIM; i++)
            q.grad_weights.at[i] *= 0x1p9f;
        const problem_hash a = problem_hash_of(&p), b = problem_hash_of(&q);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(problem_free(&p) & problem_free(&q));
    }
}

static size_t moved(size_t class_index)
{
    return (class_index * 7 + 3) % CLASSES; /* 7 and 50 have no common factor */
}

static void classes_may_be_renumbered(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = config_of((margin_loss)k);
        problem p = solved(&config, 60), q = problem_make(ROWS, DIM, CLASSES, 60, 0, 1);
        int64_t *const y = q.labels.data;
        for (size_t i = 0; i < ROWS; i++) {
            if (y[i] >= 0) y[i] = (int64_t)moved((size_t)y[i]);
        }
        for (size_t j = 0; j < CLASSES; j++) {
            memcpy(q.weights.at + moved(j) * DIM, p.weights.at + j * DIM, DIM * sizeof(float));
        }
        assert_status(problem_run(&q, &config), MARGIN_OK);
        assert_near("loss", q.call.loss, p.call.loss, 1e-6 * p.call.loss);
        const double most = largest_of(p.grad_weights.at, CLASSES * DIM);
        for (size_t i = 0; i < CLASSES * DIM; i++) {
            assert_near("dW", q.grad_weights.at[moved(i / DIM) * DIM + i % DIM],
                        p.grad_weights.at[i], 2e-5 * most);
        }
        assert_true(problem_free(&p) & problem_free(&q));
    }
}

/* Every row twice: the same mean, half the gradient for each row, the same for the weights. */
static void rows_may_be_doubled(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    problem p = solved(&config, 61), q = problem_make(2 * ROWS, DIM, CLASSES, 61, 0, 1);
    (void)state;
    memcpy(q.weights.at, p.weights.at, CLASSES * DIM * sizeof(float));
    for (size_t half = 0; half < 2; half++) {
        memcpy(q.embeddings.at + half * ROWS * DIM, p.embeddings.at, ROWS * DIM * sizeof(float));
        memcpy((int64_t *)q.labels.data + half * ROWS, p.labels.data, ROWS * sizeof(int64_t));
    }
    assert_status(problem_run(&q, &config), MARGIN_OK);
    assert_near("loss", q.call.loss, p.call.loss, 1e-12 * p.call.loss);
    assert_memory_equal(q.grad_embeddings.at, q.grad_embeddings.at + ROWS * DIM,
                        ROWS * DIM * sizeof(float));
    const double most = largest_of(p.grad_weights.at, CLASSES * DIM);
    for (size_t i = 0; i < CLASSES * DIM; i++) {
        assert_near("dW", q.grad_weights.at[i], p.grad_weights.at[i], 1e-5 * most);
    }
    for (size_t i = 0; i < ROWS * DIM; i++) {
        assert_near("dX", 2.0 * (double)q.grad_embeddings.at[i], p.grad_embeddings.at[i],
                    1e-6 * fabs((double)p.grad_embeddings.at[i]) + 1e-9);
    }
    assert_true(problem_free(&p) & problem_free(&q));
}

static size_t least_workspace(const margin_config *config, const problem *p)
{
    margin_context *context;
    assert_status(problem_context(config, &context), MARGIN_OK);
    const size_t bytes =
        margin_head_workspace_minimum(context, p->call.rows, p->call.dim, p->call.classes);
    margin_destroy(context);
    return bytes;
}

/* Rows that come again 128 rows later with another weight: where the workspace cuts the batch
 * there, nothing of the first half may serve the second. */
static void check_rows_again(margin_config config, size_t classes)
{
    enum { HALF = 128, SIDE = 5 };
    problem_hash hash[2];
    config.threads = 1; /* what one thread has left lying about is for the same thread */
    for (int cut = 0; cut < 2; cut++) {
        problem p = problem_make(2 * HALF, SIDE, classes, 63, 0, 1);
        problem_use_row_weight(&p);
        memcpy(p.embeddings.at + HALF * SIDE, p.embeddings.at, HALF * SIDE * sizeof(float));
        memcpy((int64_t *)p.labels.data + HALF, p.labels.data, HALF * sizeof(int64_t));
        if (cut) config.workspace_bytes = least_workspace(&config, &p);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        hash[cut] = problem_hash_of(&p);
        assert_true(problem_free(&p));
    }
    assert_memory_equal(&hash[0], &hash[1], sizeof hash[0]);
}

/* For dW so few classes have their exponentials multiplied by the rows' factors, more have the
 * embeddings multiplied. */
static void rows_may_come_again(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        check_rows_again(config_of((margin_loss)k), 6);
        check_rows_again(config_of((margin_loss)k), 40);
    }
}

/* A row's classes in reverse: rising logits become falling ones, whatever lies between the first
 * maximum and the last. */
static void classes_may_be_reversed(void **state)
{
    enum { MANY = 5003 };
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = config_of((margin_loss)k);
        rows_problem p = rows_problem_make(ROWS, MANY, 64, 0, 1);
        rows_problem q = rows_problem_make(ROWS, MANY, 64, 0, 1);
        for (size_t i = 0; i < ROWS; i++) {
            float *x = p.logits.at + i * MANY, *y = q.logits.at + i * MANY;
            const int64_t label = p.call.labels[i];
            if (label >= 0) ((int64_t *)q.labels.data)[i] = MANY - 1 - label;
            for (size_t j = 0; j < MANY; j++)
                x[j] += (float)j / MANY;
            for (size_t j = 0; j < MANY; j++)
                y[MANY - 1 - j] = x[j];
        }
        assert_status(rows_problem_run(&p, &config), MARGIN_OK);
        assert_status(rows_problem_run(&q, &config), MARGIN_OK);
        assert_near("loss", p.call.loss, q.call.loss, 1e-6 * p.call.loss);
        const double most = largest_of(p.grad_logits.at, (size_t)ROWS * MANY);
        for (size_t i = 0; i < (size_t)ROWS * MANY; i++) {
            const size_t back = i / MANY * MANY + MANY - 1 - i % MANY;
            assert_near("dlogits", p.grad_logits.at[i], q.grad_logits.at[back], 1e-6 * most);
        }
        assert_true(rows_problem_free(&p) & rows_problem_free(&q));
    }
}

/* ---- the two levels ---------------------------------------------------------------------------*/

/* The rows level, fed the cosines of the head's vectors, has the head's losses. */
static void levels_agree(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        margin_config config = config_of((margin_loss)k);
        config.scale = config.scale > 16.0 ? 16.0 : config.scale;
        const int raw = !margin_loss_get((margin_loss)k)->normalised;
        problem p = problem_make(ROWS, DIM, CLASSES, 62, 0, 1);
        rows_problem r = rows_problem_make(ROWS, CLASSES, 62, 0, 0);
        p.call.label_smoothing = r.call.label_smoothing = 0.1;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        memcpy(r.labels.data, p.labels.data, ROWS * sizeof(int64_t));
        for (size_t i = 0; i < ROWS * CLASSES; i++) {
            const float *x = p.embeddings.at + i / CLASSES * DIM;
            const float *w = p.weights.at + i % CLASSES * DIM;
            const double length = raw ? 1.0 : norm_of(x, DIM) * norm_of(w, DIM);
            r.logits.at[i] = (float)(dot_of(x, w, DIM) / length);
        }
        assert_status(rows_problem_run(&r, &config), MARGIN_OK);
        for (size_t i = 0; i < ROWS; i++) {
            assert_near("row loss", r.row_loss.at[i], p.row_loss.at[i],
                        3e-5 * (1.0 + config.scale));
        }
        assert_true(problem_free(&p) & rows_problem_free(&r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_margin_is_normsoftmax),
        cmocka_unit_test(one_margin_of_combined),
        cmocka_unit_test(margins_matter),
        cmocka_unit_test(keep_on_the_unit_sphere),
        cmocka_unit_test(gradients_are_tangent),
        cmocka_unit_test(sums_vanish),
        cmocka_unit_test(bias_sum_vanishes),
        cmocka_unit_test(powers_of_two_scale_out),
        cmocka_unit_test(classes_may_be_renumbered),
        cmocka_unit_test(rows_may_be_doubled),
        cmocka_unit_test(rows_may_come_again),
        cmocka_unit_test(classes_may_be_reversed),
        cmocka_unit_test(levels_agree),
    };
    return cmocka_run_group_tests_name("identities", tests, NULL, NULL);
}
