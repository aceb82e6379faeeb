/* folds.c: see folds.h. */
#include "folds.h"

#include "quantile.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A comparison with the fold that it is in. */
typedef struct member {
    score score;
    int genuine, fold;
} member;

static int descending(const void *a, const void *b)
{
    const score x = ((const member *)a)->score, y = ((const member *)b)->score;
    return (x < y) - (x > y);
}

/* Returns the middle of two scores, or the only one where there is one. */
static double between(double above, double below)
{
    if (!isfinite(above)) return below;
    if (!isfinite(below)) return above;
    const double middle = below + 0.5 * (above - below);
    return middle > below ? middle : above;
}

/* Returns the threshold that is right most often outside `fold`; `all` falls. */
static double best_threshold(const member *all, size_t count, int fold, double (*value)(score s))
{
    long right = 0, best = 0; /* more than with nothing accepted */
    double threshold = INFINITY;
    for (size_t k = 0; k < count;) {
        size_t end = k;
        for (; end < count && all[end].score == all[k].score; end++)
            if (all[end].fold != fold) right += all[end].genuine ? 1 : -1;
        size_t next = end; /* the next score that the others have */
        while (next < count && all[next].fold == fold)
            next++;
        if (right > best) {
            best = right;
            threshold =
                between(value(all[k].score), next < count ? value(all[next].score) : -INFINITY);
        }
        k = end;
    }
    return threshold;
}

static double accuracy_of(const comparison *list, size_t first, size_t end, double threshold,
                          double (*value)(score s))
{
    size_t right = 0;
    for (size_t k = first; k < end; k++)
        right += (value(list[k].score) >= threshold) == (list[k].genuine != 0);
    return (double)right / (double)(end - first);
}

static void summarise(folds_result *out)
{
    double sum = 0.0, squares = 0.0, sorted[FOLDS_MOST];
    for (int f = 0; f < out->count; f++)
        sum += out->fold_accuracy[f];
    out->accuracy = sum / out->count;
    for (int f = 0; f < out->count; f++)
        squares += pow(out->fold_accuracy[f] - out->accuracy, 2);
    out->standard_error = sqrt(squares / (out->count - 1) / out->count);
    memcpy(sorted, out->fold_threshold, (size_t)out->count * sizeof *sorted);
    sort_doubles(sorted, (size_t)out->count);
    out->threshold = quantile(sorted, (size_t)out->count, 0.5);
}

int folds_measure(const comparison *list, size_t count, int folds, double (*value)(score s),
                  folds_result *out)
{
    *out = (folds_result){.count = folds};
    if (count < (size_t)folds) return EINVAL;
    member *all = malloc(count * sizeof *all);
    if (all == NULL) return ENOMEM;
    for (int f = 0; f < folds; f++) {
        const size_t first = count * (size_t)f / (size_t)folds,
                     end = count * (size_t)(f + 1) / (size_t)folds;
        for (size_t k = first; k < end; k++)
            all[k] = (member){list[k].score, list[k].genuine, f};
    }
    qsort(all, count, sizeof *all, descending);
    for (int f = 0; f < folds; f++) {
        const size_t first = count * (size_t)f / (size_t)folds,
                     end = count * (size_t)(f + 1) / (size_t)folds;
        out->fold_threshold[f] = best_threshold(all, count, f, value);
        out->fold_accuracy[f] = accuracy_of(list, first, end, out->fold_threshold[f], value);
    }
    summarise(out);
    free(all);
    return 0;
}
