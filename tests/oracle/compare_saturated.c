/* compare_saturated.c: see compare.h. */
#include <math.h>
#include <stdlib.h>

#include "compare.h"
#include "tolerance.h"

enum { MOST = 8 };

static void compare_entries(fault_log *log, const char *name, const float *got, const double *want,
                            size_t n)
{
    for (size_t k = 0; k < n; k++) {
        check_relative(log, name, k, (double)got[k], want[k], 1e-5);
    }
}

static void run_saturated(const margin_config *config, const margin_head *given,
                          const oracle_output *want, fault_log *log)
{
    float row_loss[MOST], dx[MOST * MOST], dw[MOST * MOST];
    margin_head head = *given;
    margin_context *context = NULL;

    head.row_loss = row_loss;
    head.grad_embeddings = dx;
    head.grad_weights = dw;
    margin_status status = margin_create(config, &context);
    if (status == MARGIN_OK) {
        status = margin_head_run(context, &head);
    }
    if (status != MARGIN_OK) {
        log_fault(log, "status: %s", margin_status_text(status));
    } else {
        compare_entries(log, "row_loss", row_loss, want->row_loss, head.rows);
        compare_entries(log, "dX", dx, want->grad_embeddings, head.rows * head.dim);
        compare_entries(log, "dW", dw, want->grad_weights, head.classes * head.dim);
    }
    margin_destroy(context);
}

int compare_saturated(const margin_config *config, const margin_head *head)
{
    char text[200];
    oracle_output want;
    fault_log log = {.what = config_text(config, text, sizeof text)};
    margin_config with_isa = *config;

    if (head->rows > MOST || head->dim > MOST || head->classes > MOST ||
        oracle_head(config, head, &want) != 0) {
        abort();
    }
    for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        if (margin_isa_usable((margin_isa)isa)) {
            with_isa.isa = (margin_isa)isa;
            with_isa.threads = 1;
            log_where(&log, (margin_isa)isa, 1);
            run_saturated(&with_isa, head, &want, &log);
        }
    }
    oracle_output_free(&want);
    return log.faults;
}
