/* roc.h: what a threshold accepts, from the strictest one on: the curve of accepted genuine and
 * impostor comparisons, and what is read off it. Must not know what is compared.
 *
 * A comparison is accepted when its score is at least the threshold: equal scores are accepted
 * together. FAR is accepted impostor over all impostor comparisons, TAR accepted genuine over all
 * genuine ones. Rates are compared as whole numbers, so that equal is equal. */
#ifndef MARGIN_COMMON_ROC_H
#define MARGIN_COMMON_ROC_H

#include "score.h"

/* The most that may be accepted by a limit on FAR, and what is then accepted. */
typedef struct roc_point {
    double limit;
    double far, tar;  /* NaN where limit * impostor < 1: so few comparisons cannot show it */
    double threshold; /* between the last score that is accepted and the next; infinite: none is */
    double above, below; /* those two scores; `below` is -infinity where all are accepted */
} roc_point;

/* The cost of a decision: of a genuine comparison that is missed, of an impostor one that is
 * accepted, and how often a comparison is genuine (NIST, speaker recognition). */
typedef struct roc_cost {
    double prior, miss, accept; /* prior 0: not wanted */
    double least, threshold;    /* results: as a share of what deciding blindly costs */
} roc_cost;

typedef struct roc_result {
    uint64_t genuine, impostor;
    double auc;           /* share of (genuine, impostor) whose genuine score is the greater; equal
                             scores count half */
    double auc_error;     /* at most so far from it: 0 where no scores were merged */
    double eer;           /* where FAR = 1 - TAR, on straight lines between thresholds */
    double eer_threshold; /* the greatest with FAR >= 1 - TAR */
    double eer_below;     /* the next lower score */
} roc_result;

/* Told of every corner of the curve: what a threshold of `threshold` accepts. */
typedef void (*roc_corner)(void *user, double threshold, double far, double tar);

/* A walk along the curve. The caller sets the first group and zeros the rest. */
typedef struct roc_walk {
    uint64_t genuine, impostor; /* all that there will be; both at least 1 */
    roc_point *points;          /* with limits that fall */
    size_t count;
    roc_cost *cost;           /* or NULL */
    double (*value)(score s); /* of a score as a person knows it */
    roc_corner corner;        /* or NULL */
    void *user;

    uint64_t genuine_in, impostor_in; /* accepted so far */
    score last;                       /* the least score accepted */
    size_t settled;                   /* points, from the strictest on */
    double area, half_area;
    int crossed; /* 1: the last score was that of the EER */
    roc_result *result;
} roc_walk;

/* Begins a walk whose results go to *result. */
void roc_start(roc_walk *w, roc_result *result);
/* Takes the comparisons of the next lower score `s`; `merged` where they were several scores.
 * Returns how many results (points, EER) this score decides. */
size_t roc_step(roc_walk *w, score s, uint64_t genuine, uint64_t impostor, int merged);
/* Ends the walk. */
void roc_end(roc_walk *w);

#endif
