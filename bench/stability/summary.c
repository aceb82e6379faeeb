/* summary.c: see summary.h. */
#include "summary.h"

#include <math.h>
#include <string.h>

static summary_line *find(summary *s, margin_loss loss, const char *name, int judged)
{
    for (size_t k = 0; k < s->count; k++) {
        summary_line *line = &s->lines[k];
        if (line->loss == loss && line->judged == judged && strcmp(line->name, name) == 0) {
            return line;
        }
    }
    if (s->count == SUMMARY_LINES) {
        return NULL;
    }
    s->lines[s->count] = (summary_line){.loss = loss, .name = name, .judged = judged};
    return &s->lines[s->count++];
}

void summary_add(summary *s, margin_loss loss, const char *name, int judged, const errors *e,
                 double scale)
{
    summary_line *line = find(s, loss, name, judged);

    if (!line) {
        return;
    }
    line->worst.loss_ulp = fmax(line->worst.loss_ulp, e->loss_ulp);
    line->worst.loss_rel = fmax(line->worst.loss_rel, e->loss_rel);
    line->worst.grad_x = fmax(line->worst.grad_x, e->grad_x);
    line->worst.grad_w = fmax(line->worst.grad_w, e->grad_w);
    line->worst.nonfinite += (e->nonfinite - line->worst.nonfinite) / (double)++line->batches;
    line->share = fmax(line->share, e->loss_rel / loss_bound(scale));
    line->share = fmax(line->share, fmax(e->grad_x, e->grad_w) / gradient_bound(scale));
    line->failures += !within_bounds(e, scale);
}

size_t summary_failures(const summary *s)
{
    size_t failures = 0;

    for (size_t k = 0; k < s->count; k++) {
        failures += s->lines[k].judged ? s->lines[k].failures : 0;
    }
    return failures;
}

static void print_lines(const summary *s, margin_loss loss, int judged, FILE *stream)
{
    for (size_t k = 0; k < s->count; k++) {
        const summary_line *line = &s->lines[k];
        if (line->loss != loss || line->judged != judged) {
            continue;
        }
        fprintf(stream, "%-12s %-8s %6zu  %9.2e %9.2e %9.2e  %7.2f%%  %7.1f%%",
                margin_loss_get(loss)->name, line->name, line->batches, line->worst.loss_rel,
                line->worst.grad_x, line->worst.grad_w, 100 * line->worst.nonfinite,
                judged ? 100 * line->share : 100 * (double)line->failures / (double)line->batches);
        fprintf(stream, "%s\n", !judged ? "" : line->failures > 0 ? "  FAIL" : "  PASS");
    }
}

static void print_group(const summary *s, int judged, FILE *stream)
{
    fprintf(stream, "%-12s %-8s %6s  %9s %9s %9s  %8s%s\n", "loss", judged ? "isa" : "formula",
            "cases", "loss", "dX", "dW", "nonfin.", judged ? "  of bound" : "   outside");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        print_lines(s, (margin_loss)loss, judged, stream);
    }
}

void summary_print(const summary *s, FILE *stream)
{
    fputs("Worst relative errors of libmargin (bounds: loss 2e-6 + 2e-7 s, gradients "
          "1e-5 + 4e-7 s)\n",
          stream);
    print_group(s, 1, stream);
    fputs("\nThe same inputs by textbook formulas in float32 (errors where finite; outside: share\n"
          "of the cases beyond the bounds)\n",
          stream);
    print_group(s, 0, stream);
}
