/* compare_rows.c: the rows level against the oracle. See compare.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "tolerance.h"

typedef struct rows_answer {
    double *row_loss, *grad, loss;
} rows_answer;

static double scale_of(const margin_config *config, const margin_rows *rows, size_t i)
{
    const double factor = rows->row_scale ? (double)rows->row_scale[i] : config->scale;
    double largest = 1;

    for (size_t j = 0; config->loss == MARGIN_SOFTMAX && j < rows->classes; j++) {
        const size_t stride = rows->logits_stride ? rows->logits_stride : rows->classes;
        largest = fmax(largest, fabs((double)rows->logits[i * stride + j]));
    }
    return factor * largest;
}

static double class_weight(const margin_rows *rows, size_t i)
{
    if (rows->labels[i] < 0) {
        return 0;
    }
    return rows->class_weight ? (double)rows->class_weight[rows->labels[i]] : 1;
}

/* What row i's loss is multiplied by in the objective, without its sign. */
static double row_weight(const margin_rows *rows, size_t i)
{
    double total = 0;

    if (rows->row_weight) {
        return fabs((double)rows->row_weight[i]) * class_weight(rows, i);
    }
    for (size_t k = 0; k < rows->rows; k++) {
        total += class_weight(rows, k);
    }
    return total > 0 ? class_weight(rows, i) / total : 0;
}

/* The whole array to the stated bound of its largest entry; each row by itself to the same. With
 * label smoothing entries cancel where a row has converged: what they were before counts too. */
static void compare_row(const margin_config *config, const margin_rows *rows, size_t i,
                        const float *got, const double *want, fault_log *log)
{
    const double bound = gradient_bound(scale_of(config, rows, i));
    double largest = 0;

    for (size_t j = 0; j < rows->classes; j++) {
        largest = fmax(largest, fabs(want[j]));
    }
    const double factor = rows->row_scale ? (double)rows->row_scale[i] : config->scale;
    const double even = rows->label_smoothing / (double)rows->classes;
    largest = fmax(largest, row_weight(rows, i) * factor * even);
    for (size_t j = 0; j < rows->classes; j++) {
        check_absolute(log, "grad", i * rows->classes + j, (double)got[j], want[j],
                       bound * largest);
    }
}

static void compare_answers(const margin_config *config, const margin_rows *rows,
                            const rows_answer *want, fault_log *log)
{
    double size = 0; /* of the objective, before weights of either sign cancel */

    for (size_t i = 0; i < rows->rows; i++) {
        const double bound = loss_bound(scale_of(config, rows, i));
        check_relative(log, "row_loss", i, (double)rows->row_loss[i], want->row_loss[i], bound);
        size += row_weight(rows, i) * want->row_loss[i] * bound;
        compare_row(config, rows, i, rows->grad_logits + i * rows->grad_logits_stride,
                    want->grad + i * rows->classes, log);
    }
    check_absolute(log, "loss", 0, rows->loss, want->loss, size);
}

/* `in_place`: the gradient overwrites a copy of the logits. */
static void run_rows(const margin_config *config, const margin_rows *given, const rows_answer *want,
                     int in_place, fault_log *log)
{
    margin_rows rows = *given;
    margin_context *context = NULL;
    const size_t in_stride = rows.logits_stride ? rows.logits_stride : rows.classes;
    const size_t stride = in_place ? in_stride : rows.classes + 1;
    float *grad = calloc(rows.rows * stride, sizeof *grad);

    rows.row_loss = calloc(rows.rows, sizeof *rows.row_loss);
    if (!grad || !rows.row_loss) {
        abort();
    }
    if (in_place) {
        memcpy(grad, rows.logits, (rows.rows * stride - stride + rows.classes) * sizeof *grad);
        rows.logits = grad;
    }
    rows.grad_logits = grad;
    rows.grad_logits_stride = stride;
    margin_status status = margin_create(config, &context);
    if (status == MARGIN_OK) {
        status = margin_rows_run(context, &rows);
    }
    if (status != MARGIN_OK) {
        log_fault(log, "status: %s", margin_status_text(status));
    } else {
        rows.logits = given->logits; /* compare_answers reads what they were */
        compare_answers(config, &rows, want, log);
    }
    margin_destroy(context);
    free(grad);
    free(rows.row_loss);
}

int compare_rows(const margin_config *config, const margin_rows *rows, const char *what)
{
    rows_answer want = {.row_loss = calloc(rows->rows, sizeof(double)),
                        .grad = calloc(rows->rows * rows->classes, sizeof(double))};
    fault_log log = {.what = what};
    margin_config with_isa = *config;

    if (!want.row_loss || !want.grad ||
        oracle_rows(config, rows, want.row_loss, want.grad, &want.loss) != 0) {
        abort();
    }
    for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        for (int k = 0; k < 2 && margin_isa_usable((margin_isa)isa); k++) {
            with_isa.isa = (margin_isa)isa;
            with_isa.threads = 1 + k;
            log_where(&log, (margin_isa)isa, 1 + k);
            run_rows(&with_isa, rows, &want, k, &log);
        }
    }
    free(want.row_loss);
    free(want.grad);
    return log.faults;
}
