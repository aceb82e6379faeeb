/* plain_head.h: the head in plain loops, to read first and to compare with: see plain_head.c. */
#ifndef MARGIN_TESTS_PLAIN_HEAD_H
#define MARGIN_TESTS_PLAIN_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

typedef struct plain_head {
    const margin_config *config;
    size_t rows, dim, classes; /* N, D, C */
    double *x, *w;             /* [N, D] embeddings, [C, D] class weights */
    double *bias;              /* [C] or NULL; softmax only */
    const int64_t *labels;     /* [N] in [0, C), or -1: the row does not count */
    const float *row_weight;   /* [N] or NULL: 1 / counted rows */
    const float *class_weight; /* [C] or NULL: factors of a weighted mean, or of row_weight */
    double label_smoothing;    /* e */
    const float *row_margin;   /* [N] or NULL: each row's margin in place of the configuration's */
    const float *class_margin; /* [C] or NULL: likewise, by the row's class */
    const float *row_scale;    /* [N] or NULL: s of each row */
    double objective;          /* result: sum of the rows' weights times their losses */
    double mean;               /* result: of the row losses that count */
    size_t tied;               /* result: rows whose class shares the largest cosine */
    double *row_loss, *theta;  /* results [N], 0 in rows that do not count */
    uint8_t *correct;          /* result [N]: 1 where every other cosine (or logit) is smaller */
    double *dx, *dw, *db;      /* results [N, D], [C, D], [C]: of the objective */
} plain_head;

/* Sets the results of `h` from its inputs. */
void plain_head_run(plain_head *h);

/* Returns the loss of one row whose logits are scale * cosine[j] for j < classes (softmax: any
 * numbers in place of cosines) and sets slope[j] to its derivative by cosine[j]. `theta` is the
 * angle of class `target` in radians; softmax does not read it. `e` is the label smoothing. */
double plain_row(const margin_config *config, double scale, const double *cosine, size_t classes,
                 size_t target, double theta, double e, double *slope);

/* Returns the angle between `a` and `b`, neither zero, and their inner product; both have `dim`
 * entries. */
double plain_angle(const double *a, const double *b, size_t dim);
double plain_dot(const double *a, const double *b, size_t dim);

#endif
