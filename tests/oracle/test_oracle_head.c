/* test_oracle_head.c: is the oracle's head right? Gradients against finite differences of its own
 * loss in wide arithmetic, losses that coincide, degenerate vectors, and the rows level. */
#include "helpers.h"

#define ROWS    6
#define DIM     3
#define CLASSES 4

/* ---- the head: gradients --------------------------------------------------------------------- */

/* Rows 0 to 4 stand at 15, 60, 95, 140 and 178 degrees from their class; row 5 is ignored. */
typedef struct fixture {
    wide x[ROWS * DIM], w[CLASSES * DIM], bias[CLASSES], row_weight[ROWS], class_weight[CLASSES];
    int64_t labels[ROWS];
} fixture;

static fixture make_fixture(void)
{
    const double degrees[ROWS] = {15, 60, 95, 140, 178, 33};
    fixture f = {.w = {1.1, 0.2, -0.4, -0.3, 0.9, 0.5, 0.7, -0.8, 0.6, -0.5, -0.6, -1.2},
                 .bias = {0.1, -0.2, 0.3, 0.05},
                 .row_weight = {0.3, 1.7, 0.9, 0.0, 2.1, 1.0},
                 .class_weight = {1.5, 0.25, 2, 0.75},
                 .labels = {0, 1, 2, 3, 1, -1}};

    for (size_t i = 0; i < ROWS; i++) {
        const wide *w = f.w + DIM * (size_t)(f.labels[i] < 0 ? 0 : f.labels[i]);
        const wide c = wide_cos(radians(degrees[i])), s = wide_sin(radians(degrees[i]));
        const wide length = wide_sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
        const wide flat = wide_sqrt(w[0] * w[0] + w[1] * w[1]);
        const wide size = 0.5 + 0.4 * (double)i;
        f.x[i * DIM] = size * (c * w[0] / length - s * w[1] / flat);
        f.x[i * DIM + 1] = size * (c * w[1] / length + s * w[0] / flat);
        f.x[i * DIM + 2] = size * c * w[2] / length;
    }
    return f;
}

typedef struct solution {
    oracle_answer answer;
    wide row_loss[ROWS], row_angle[ROWS], dx[ROWS * DIM], dw[CLASSES * DIM], db[CLASSES];
    wide lead[ROWS];
} solution;

static void solve(const margin_config *config, const fixture *f, int weighted, solution *out)
{
    const oracle_problem problem = {.rows = ROWS,
                                    .dim = DIM,
                                    .classes = CLASSES,
                                    .embeddings = f->x,
                                    .weights = f->w,
                                    .bias = f->bias,
                                    .labels = f->labels,
                                    .row_weight = weighted ? f->row_weight : NULL,
                                    .class_weight = weighted == 2 ? f->class_weight : NULL,
                                    .label_smoothing = weighted == 2 ? (wide)0.3 : 0};

    out->answer = (oracle_answer){.row_loss = out->row_loss,
                                  .row_angle = out->row_angle,
                                  .row_lead = out->lead,
                                  .grad_embeddings = out->dx,
                                  .grad_weights = out->dw,
                                  .grad_bias = out->db};
    assert_int_equal(oracle_solve(config, &problem, &out->answer), 0);
}

/* What the gradients are the gradients of. */
static wide objective(const margin_config *config, const fixture *f, int weighted)
{
    solution s;
    wide sum = 0;

    solve(config, f, weighted, &s);
    for (size_t i = 0; i < ROWS; i++) {
        const wide of_class =
            weighted == 2 && f->labels[i] >= 0 ? f->class_weight[f->labels[i]] : 1;
        sum += f->row_weight[i] * of_class * s.row_loss[i];
    }
    return weighted ? sum : s.answer.mean_loss;
}

static void check_derivatives(const margin_config *config, fixture *f, int weighted, wide *at,
                              const wide *grad, size_t count)
{
    const wide h = 1e-12;

    for (size_t i = 0; i < count; i++) {
        const wide centre = at[i];
        at[i] = centre + h;
        const wide high = objective(config, f, weighted);
        at[i] = centre - h;
        const wide low = objective(config, f, weighted);
        at[i] = centre;
        assert_near(grad[i], (high - low) / (2 * h), 1e-18);
    }
}

static void check_all_derivatives(const margin_config *config)
{
    for (int weighted = 0; weighted < 3; weighted++) {
        fixture f = make_fixture();
        solution s;
        solve(config, &f, weighted, &s);
        check_derivatives(config, &f, weighted, f.x, s.dx, ROWS * DIM);
        check_derivatives(config, &f, weighted, f.w, s.dw, CLASSES * DIM);
        check_derivatives(config, &f, weighted, f.bias, s.db, CLASSES);
    }
}

static void gradients_are_derivatives(void **state)
{
    const margin_config configs[] = {
        config_of(MARGIN_SOFTMAX),    config_of(MARGIN_NORMSOFTMAX), config_of(MARGIN_COSFACE),
        config_of(MARGIN_SPHEREFACE), config_of(MARGIN_ARCFACE),     combined(1, 0.3, 0.2),
        combined(2.3, 0.4, 0.15),
    };

    (void)state;
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
            margin_config config = configs[k];
            config.past_pi = (margin_past_pi)how;
            check_all_derivatives(&config);
            config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
            config.lambda = 1.5;
            check_all_derivatives(&config);
        }
    }
}

/* Detached: the target's logit moves as c does, about the value psi. For one row that is CosFace
 * with the margin c - psi. */
static void detached_is_a_local_cosface(void **state)
{
    const fixture f = make_fixture();

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        margin_config detached = config_of(i % 2 ? MARGIN_SPHEREFACE : MARGIN_ARCFACE);
        margin_config local = config_of(MARGIN_COSFACE);
        solution a, b;
        wide psi, slope;
        fixture one = f;
        detached.gradient = MARGIN_GRADIENT_DETACHED;
        detached.feature_norm = local.feature_norm = (margin_feature_norm)(i / 5);
        for (size_t r = 0; r < ROWS; r++) {
            one.labels[r] = r == i % 5 ? f.labels[r] : -1;
        }
        solve(&detached, &one, 0, &a);
        const wide theta = a.row_angle[i % 5];
        oracle_target(&detached, wide_cos(theta), theta, &psi, &slope);
        local.m3 = (double)(wide_cos(theta) - psi); /* a double: hence 1e-14 below */
        solve(&local, &one, 0, &b);
        for (size_t k = 0; k < ROWS * DIM; k++) {
            assert_near(a.dx[k], b.dx[k], 1e-14);
        }
        for (size_t k = 0; k < CLASSES * DIM; k++) {
            assert_near(a.dw[k], b.dw[k], 1e-14);
        }
    }
}

/* ---- the head: values ------------------------------------------------------------------------ */

static void assert_same(const margin_config *a, const margin_config *b)
{
    const fixture f = make_fixture();
    solution one, other;

    solve(a, &f, 0, &one);
    solve(b, &f, 0, &other);
    assert_near(one.answer.loss, other.answer.loss, 1e-30);
    for (size_t k = 0; k < ROWS * DIM; k++) {
        assert_near(one.dx[k], other.dx[k], 1e-30);
    }
    for (size_t k = 0; k < CLASSES * DIM; k++) {
        assert_near(one.dw[k], other.dw[k], 1e-30);
    }
}

static void losses_that_coincide(void **state)
{
    const margin_config plain = config_of(MARGIN_NORMSOFTMAX);
    margin_config arc = config_of(MARGIN_ARCFACE), cosface = config_of(MARGIN_COSFACE);
    margin_config sphere = config_of(MARGIN_SPHEREFACE), all = combined(1, 0.5, 0);

    (void)state;
    assert_same(&all, &arc);
    all = combined(1, 0, 0.35);
    assert_same(&all, &cosface);
    all = combined(1.35, 0, 0);
    all.past_pi = MARGIN_PAST_PI_MONOTONE;
    assert_same(&all, &sphere);
    arc.m2 = cosface.m3 = 0;
    sphere.m1 = 1;
    assert_same(&arc, &plain);
    assert_same(&cosface, &plain);
    assert_same(&sphere, &plain);
}

static void angles_and_losses_as_constructed(void **state)
{
    const double degrees[ROWS] = {15, 60, 95, 140, 178, 0};
    const margin_config config = config_of(MARGIN_NORMSOFTMAX);
    const fixture f = make_fixture();
    solution s;

    (void)state;
    solve(&config, &f, 0, &s);
    assert_int_equal(s.answer.counted, 5);
    for (size_t i = 0; i < ROWS; i++) {
        assert_near(s.row_angle[i], radians(degrees[i]), 1e-31);
    }
    assert_true(s.lead[0] > 0 && s.lead[4] < 0 && s.lead[5] == 0);
    assert_true(s.row_loss[5] == 0 && s.dx[15] == 0 && s.dx[16] == 0 && s.dx[17] == 0);
}

/* ---- degenerate vectors, through the float32 door -------------------------------------------- */

static oracle_output run_floats(const margin_config *config, size_t dim, size_t classes,
                                const float *x, const float *w)
{
    const int64_t label = 0;
    const margin_head head = {.size = sizeof(margin_head),
                              .rows = 1,
                              .dim = dim,
                              .classes = classes,
                              .embeddings = x,
                              .weights = w,
                              .labels = &label};
    oracle_output out;

    assert_int_equal(oracle_head(config, &head, &out), 0);
    return out;
}

static void collinear_vectors_have_no_tangent(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const float w[] = {0.1f, 0.7f, -0.3f};

    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        const float factor = 4.0f * (float)sign; /* a power of two: the product is exact */
        const float x[] = {factor * w[0], factor * w[1], factor * w[2]};
        const float both[] = {w[0], w[1], w[2], 1, 2, 3};
        oracle_output out = run_floats(&config, 3, 1, x, w);
        assert_true(out.row_angle[0] == (sign > 0 ? 0.0 : (double)wide_pi()));
        oracle_output_free(&out);
        out = run_floats(&config, 3, 2, x, both);
        for (size_t k = 0; k < 3; k++) {
            assert_true(out.grad_weights[k] == 0);
            assert_true(out.grad_weights[3 + k] != 0);
            assert_true(out.grad_embeddings[k] != 0);
        }
        oracle_output_free(&out);
    }
}

static void tiny_angles_are_exact(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);

    (void)state;
    for (float tiny = 1e-3f; tiny > 1e-37f; tiny *= 1e-3f) {
        const float w[] = {3, 0}, near[] = {2, 2 * tiny}, far[] = {-2, 2 * tiny};
        oracle_output a = run_floats(&config, 2, 1, near, w);
        oracle_output b = run_floats(&config, 2, 1, far, w);
        assert_near(a.row_angle[0], wide_atan2(tiny, 1), 1e-15 * (wide)tiny);
        assert_near(b.row_angle[0], wide_pi() - wide_atan2(tiny, 1), 2.3e-16);
        oracle_output_free(&a);
        oracle_output_free(&b);
    }
}

static void zero_vectors_have_no_direction(void **state)
{
    margin_config config = config_of(MARGIN_ARCFACE);
    const float zero[] = {0, 0}, w[] = {1, 2, -3, 1}, half[] = {0, 0, -3, 1}, x[] = {1, 1};

    (void)state;
    config.past_pi = MARGIN_PAST_PI_EASY; /* c = 0: no margin, so both logits are 0 */
    oracle_output out = run_floats(&config, 2, 2, zero, w);
    assert_near(out.row_angle[0], wide_pi() / 2, 1e-15);
    assert_near(out.loss, wide_log(2), 1e-15);
    assert_true(out.grad_embeddings[0] == 0 && out.grad_weights[0] == 0);
    oracle_output_free(&out);
    out = run_floats(&config, 2, 2, x, half);
    assert_near(out.row_angle[0], wide_pi() / 2, 1e-15);
    assert_true(out.grad_weights[0] == 0 && out.grad_weights[1] == 0);
    assert_true(out.grad_weights[2] != 0 && out.grad_embeddings[0] != 0);
    oracle_output_free(&out);
}

/* ---- the rows level -------------------------------------------------------------------------- */

/* W = the unit vectors and x = (1, 1, 1, -1) / 2: the cosines are the components of x, and
 * dx = (I - x x') dc. */
static void rows_agree_with_head(void **state)
{
    const float x[] = {0.5f, 0.5f, 0.5f, -0.5f};
    float eye[16] = {0};

    (void)state;
    for (size_t j = 0; j < 4; j++) {
        eye[5 * j] = 1;
    }
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        for (int64_t label = 0; label < 4; label += 3) {
            const margin_config config = config_of((margin_loss)loss);
            const margin_head head = {.size = sizeof(margin_head),
                                      .rows = 1,
                                      .dim = 4,
                                      .classes = 4,
                                      .embeddings = x,
                                      .weights = eye,
                                      .labels = &label};
            const margin_rows rows = {.size = sizeof(margin_rows),
                                      .rows = 1,
                                      .classes = 4,
                                      .logits = x,
                                      .labels = &label};
            double row_loss, dc[4], mean, along = 0;
            oracle_output out;
            assert_int_equal(oracle_head(&config, &head, &out), 0);
            assert_int_equal(oracle_rows(&config, &rows, &row_loss, dc, &mean), 0);
            assert_near(row_loss, out.loss, 1e-15);
            assert_near(mean, out.loss, 1e-15);
            for (size_t j = 0; j < 4 && loss != MARGIN_SOFTMAX; j++) {
                along += dc[j] * (double)x[j];
            }
            for (size_t j = 0; j < 4; j++) {
                assert_near(dc[j] - along * (double)x[j], out.grad_embeddings[j], 1e-15);
            }
            oracle_output_free(&out);
        }
    }
}

static void rows_at_the_ends(void **state)
{
    const float cosines[] = {1.0f, 0.25f, 1.5f, 0.25f, -1.0f, 0.25f};
    const int64_t labels[] = {0, 0, 0};
    const float scale[] = {2, 2, 2}, weight[] = {1, 1, 1};
    const margin_config config = config_of(MARGIN_ARCFACE);
    const margin_rows rows = {.size = sizeof(margin_rows),
                              .rows = 3,
                              .classes = 2,
                              .logits = cosines,
                              .labels = labels,
                              .row_scale = scale,
                              .row_weight = weight};
    double row_loss[3], dc[6], mean;

    (void)state;
    assert_int_equal(oracle_rows(&config, &rows, row_loss, dc, &mean), 0);
    assert_true(row_loss[0] == row_loss[1] && dc[0] == dc[2]);
    const wide q = 1 / (1 + wide_exp(2 * wide_cos(0.5) - 0.5)); /* 1 - p */
    assert_near(row_loss[0], -wide_log1p(-q), 1e-15);
    const wide slope_at = wide_atan2(0x1p-12, wide_sqrt(1 - 0x1p-24));
    assert_near(dc[0], -2 * q * wide_sin(slope_at + 0.5) * 4096, 1e-11);
    assert_true(dc[4] > 0); /* past pi the bare cosine rises again */
    const margin_config plain = config_of(MARGIN_NORMSOFTMAX); /* psi = c has slope 1 there too */
    assert_int_equal(oracle_rows(&plain, &rows, row_loss, dc, &mean), 0);
    assert_near(dc[0], -2 / (1 + wide_exp(2 - 0.5)), 1e-15);
}

/* A loss without a formula here is refused, not taken for its neighbour. */
static void unknown_loss_is_an_error(void **state)
{
    const float ones[4] = {1, 2, 3, 4};
    const int64_t labels[1] = {0};
    margin_config config = config_of(MARGIN_COSFACE);
    const margin_head head = {.size = sizeof(margin_head),
                              .rows = 1,
                              .dim = 2,
                              .classes = 2,
                              .embeddings = ones,
                              .weights = ones,
                              .labels = labels};
    const margin_rows rows = {
        .size = sizeof(margin_rows), .rows = 1, .classes = 2, .logits = ones, .labels = labels};
    oracle_output out;
    double mean;
    wide psi = 7, slope = 7;

    (void)state;
    config.loss = MARGIN_LOSS_COUNT;
    assert_false(oracle_knows(MARGIN_LOSS_COUNT));
    assert_true(oracle_knows(MARGIN_COSFACE));
    assert_int_equal(oracle_target(&config, 0, wide_pi() / 2, &psi, &slope), ORACLE_UNKNOWN_LOSS);
    assert_true(psi == 7 && slope == 7);
    assert_int_equal(oracle_head(&config, &head, &out), ORACLE_UNKNOWN_LOSS);
    assert_null(out.row_loss);
    assert_int_equal(oracle_rows(&config, &rows, NULL, NULL, &mean), ORACLE_UNKNOWN_LOSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_derivatives),
        cmocka_unit_test(detached_is_a_local_cosface),
        cmocka_unit_test(losses_that_coincide),
        cmocka_unit_test(angles_and_losses_as_constructed),
        cmocka_unit_test(collinear_vectors_have_no_tangent),
        cmocka_unit_test(tiny_angles_are_exact),
        cmocka_unit_test(zero_vectors_have_no_direction),
        cmocka_unit_test(rows_agree_with_head),
        cmocka_unit_test(rows_at_the_ends),
        cmocka_unit_test(unknown_loss_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
