/* test_judge.c: the judge of bench_scale finds a right step fine, for each loss that it takes and
 * each way that a step goes, and sees a small fault in any of what it looks at. */
#include "judge.h"
#include "mocka.h"
#include "step.h"

enum { ROWS = 20, DIM = 48, CLASSES = 3000 };

static settings settings_of(margin_loss loss)
{
    return (settings){.rows = ROWS,
                      .dim = DIM,
                      .classes = CLASSES,
                      .steps = 1,
                      .judged = 2,
                      .loss = loss,
                      .learning_rate = 20.0,
                      .threads = 1,
                      .seed = 5};
}

/* A step that has been taken, and who judges it. */
typedef struct taken {
    weights w;
    problem p;
    judge *j;
} taken;

static taken take(const settings *s)
{
    taken t = {.w = weights_make(s)};
    t.p = problem_make(s, &t.w);
    step one = step_make(s, &t.p, &t.w);
    t.j = judge_make(s, &t.p, &t.w);
    step_take(&one);
    step_free(&one);
    return t;
}

static void drop(taken *t)
{
    judge_free(t->j);
    problem_free(&t->p);
    weights_free(&t->w);
}

static void assert_fine(const settings *s)
{
    taken t = take(s);
    const judgement found = judge_compare(t.j, &t.p, &t.w);
    if (!found.fine)
        fail_msg("%s: loss %g, dX %g, class weights %g", margin_loss_get(s->loss)->name, found.loss,
                 found.dx, found.weights);
    assert_int_equal(found.rows, 2);
    assert_true(found.classes > ROWS);
    drop(&t);
}

static void right_steps_are_fine(void **state)
{
    (void)state;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        settings s = settings_of((margin_loss)loss);
        if (!margin_loss_get(s.loss)->normalised) continue;
        for (int way = 0; way < 8; way++) {
            s.stored = way & 1;
            s.map = way & 2 ? "." : NULL;
            s.type = way & 4 ? MARGIN_TYPE_BFLOAT16 : MARGIN_TYPE_FLOAT32;
            assert_fine(&s);
        }
    }
}

/* Checks that a number moved by a share of itself is seen, also one that becomes NaN. */
static void assert_seen(const taken *t, float *at, float share, const char *what)
{
    const float was = *at;
    *at = was * (1.0f + share);
    if (judge_compare(t->j, &t->p, &t->w).fine) fail_msg("%s: a fault is not seen", what);
    *at = NAN;
    if (judge_compare(t->j, &t->p, &t->w).fine) fail_msg("%s: NaN is not seen", what);
    *at = was;
    assert_true(judge_compare(t->j, &t->p, &t->w).fine);
}

static void faults_are_seen(void **state)
{
    const settings s = settings_of(MARGIN_ARCFACE);
    taken t = take(&s);
    float *w = t.w.at;
    (void)state;
    assert_seen(&t, &t.p.row_loss[1], 1e-4f, "loss");
    assert_seen(&t, &t.p.grad_embeddings[DIM + 3], 0.01f, "dX");
    assert_seen(&t, &w[(size_t)t.p.labels[7] * DIM + 5], 1e-3f, "a label's class weight");
    assert_seen(&t, &w[(CLASSES - 1) * DIM + 5], 1e-3f, "the last class weight");
    drop(&t);
}

/* Class weights that no update has reached are seen. */
static void a_step_left_out_is_seen(void **state)
{
    const settings s = settings_of(MARGIN_COSFACE);
    (void)state;
    taken t = take(&s);
    weights fresh = weights_make(&s);
    assert_false(judge_compare(t.j, &t.p, &fresh).fine);
    weights_free(&fresh);
    drop(&t);
}

static void bfloat16_is_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(to_bfloat16(1.0f), 0x3f80);
    assert_int_equal(to_bfloat16(-2.5f), 0xc020);
    assert_int_equal(to_bfloat16(1.0f + 0x1p-8f), 0x3f80);            /* half way: even */
    assert_int_equal(to_bfloat16(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81); /* beyond it */
    assert_int_equal(to_bfloat16(1.0f + 3 * 0x1p-8f), 0x3f82);        /* half way: even */
    assert_true(from_bfloat16(0x3f81) == 1.0f + 0x1p-7f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_steps_are_fine),
        cmocka_unit_test(faults_are_seen),
        cmocka_unit_test(a_step_left_out_is_seen),
        cmocka_unit_test(bfloat16_is_the_nearest),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
