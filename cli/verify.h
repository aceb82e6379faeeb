/* verify.h: what `margin verify` was asked and what it has found, for its parts: verify.c (options
 * and order), verify_input.c (lists of comparisons), verify_report.c. Must not know how anything is
 * measured. */
#ifndef MARGIN_CLI_VERIFY_H
#define MARGIN_CLI_VERIFY_H

#include "samples.h"

#include <bootstrap.h>
#include <folds.h>
#include <quantile.h>
#include <verification.h>

enum { VERIFY_LIMITS = 64 };

typedef struct verify_options {
    samples_options samples;
    const char *pairs, *names, *scores, *curve; /* NULL where not given */
    int folds, bootstrap;                       /* 0: not wanted */
    double far[VERIFY_LIMITS];
    int far_count;
    double dcf[3]; /* prior, cost of a miss, cost of a false accept */
    int dcf_count;
} verify_options;

/* Comparisons that a person has listed, and where from. */
typedef struct verify_list {
    comparison *items;
    size_t count, zero_rows; /* comparisons left out for a zero vector */
    double (*value)(score s);
} verify_list;

/* Reads `--pairs`, and scores the pairs of rows of `s`, which `--names` may name. */
verify_list verify_read_pairs(const verify_options *o, const samples *s);
/* Reads `--scores` and the labels beside it. */
verify_list verify_read_scores(const verify_options *o, samples *s);

typedef struct verify_result {
    const verify_options *options;
    const samples *samples;
    const verify_list *list; /* NULL: all pairs */
    verification found;
    roc_point points[VERIFY_LIMITS]; /* limits that fall */
    size_t point_count;
    roc_cost cost;
    folds_result folds;
    bootstrap_result bootstrap;
} verify_result;

void verify_report_text(const verify_result *r);
void verify_report_json(const verify_result *r);

/* Writes the shortest number in (below, above] that is near `threshold`: applied to the scores, it
 * accepts what `threshold` accepts. Returns `text`. */
const char *threshold_text(double threshold, double above, double below, char *text, size_t size);

#endif
