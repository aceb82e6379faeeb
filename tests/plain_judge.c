/* plain_judge.c: see plain_judge.h. */
#include "mocka.h"
#include "plain_judge.h"

double loss_bound(double scale)
{
    return 2e-6 + 2e-7 * scale;
}

double gradient_bound(double scale)
{
    return 1e-5 + 4e-7 * scale;
}

static size_t stride_or(size_t stride, size_t columns)
{
    return stride > 0 ? stride : columns;
}

static void *room(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

static double *widen(const float *from, size_t rows, size_t columns, size_t stride)
{
    double *to = room(rows * columns, sizeof *to);
    for (size_t i = 0; i < rows * columns; i++)
        to[i] = (double)from[i / columns * stride_or(stride, columns) + i % columns];
    return to;
}

plain_head plain_of(const margin_config *config, const margin_head *call)
{
    const size_t rows = call->rows, dim = call->dim, classes = call->classes;
    return (plain_head){.config = config,
                        .rows = rows,
                        .dim = dim,
                        .classes = classes,
                        .x = widen(call->embeddings, rows, dim, call->embeddings_stride),
                        .w = widen(call->weights, classes, dim, call->weights_stride),
                        .bias = call->bias ? widen(call->bias, 1, classes, classes) : NULL,
                        .labels = call->labels,
                        .row_weight = call->row_weight,
                        .class_weight = call->class_weight,
                        .label_smoothing = call->label_smoothing,
                        .row_loss = room(rows, sizeof(double)),
                        .theta = room(rows, sizeof(double)),
                        .correct = room(rows, 1),
                        .dx = room(rows * dim, sizeof(double)),
                        .dw = room(classes * dim, sizeof(double)),
                        .db = room(classes, sizeof(double))};
}

void plain_free(plain_head *h)
{
    void *const all[] = {h->x,       h->w,  h->bias, h->row_loss, h->theta,
                         h->correct, h->dx, h->dw,   h->db};
    for (size_t i = 0; i < LENGTH_OF(all); i++)
        free(all[i]);
}

static void compare(const char *what, const char *array, const float *got, size_t stride,
                    const double *want, size_t rows, size_t columns, double bound)
{
    double largest = 0.0;
    for (size_t i = 0; i < rows * columns; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < rows * columns && got != NULL; i++) {
        const double entry = (double)got[i / columns * stride_or(stride, columns) + i % columns];
        if (!(fabs(entry - want[i]) <= bound * largest)) {
            fail_msg("%s, %s[%zu]: %.9g, plainly %.9g, largest %.3g", what, array, i, entry,
                     want[i], largest);
        }
    }
}

void assert_plain(const char *what, const margin_config *config, const margin_head *call,
                  double scale)
{
    plain_head want = plain_of(config, call);
    const size_t rows = call->rows, dim = call->dim, classes = call->classes;
    double size = 0.0; /* of the objective, before weights of either sign cancel */
    plain_head_run(&want);
    for (size_t i = 0; i < rows; i++) {
        const double row = call->row_weight ? fabs((double)call->row_weight[i]) : 0.0;
        const int counts = call->class_weight && call->labels[i] >= 0;
        size +=
            row * (counts ? (double)call->class_weight[call->labels[i]] : 1.0) * want.row_loss[i];
        assert_relative(what, (double)call->row_loss[i], want.row_loss[i], loss_bound(scale));
        if (call->row_angle) assert_near(what, (double)call->row_angle[i], want.theta[i], 3e-7);
        if (call->row_correct) assert_int_equal(call->row_correct[i], want.correct[i]);
    }
    if (!call->row_weight) size = want.objective;
    assert_near(what, call->loss, want.objective, loss_bound(scale) * size);
    assert_relative(what, call->mean_loss, want.mean, loss_bound(scale));
    for (size_t i = 0; i < rows; i++) /* a row at a time: their sizes differ */
        compare(what, "dX",
                call->grad_embeddings + i * stride_or(call->grad_embeddings_stride, dim), dim,
                want.dx + i * dim, 1, dim, gradient_bound(scale));
    compare(what, "dW", call->grad_weights, call->grad_weights_stride, want.dw, classes, dim,
            gradient_bound(scale));
    compare(what, "db", call->grad_bias, classes, want.db, 1, classes, gradient_bound(scale));
    plain_free(&want);
}
