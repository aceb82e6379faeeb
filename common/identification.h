/* identification.h: whether probes find their identity in a gallery (ISO/IEC 19795-1: rank-1, and
 * TPIR at FPIR). Must not know where the embeddings came from.
 *
 * A probe is compared with every row of the gallery; an identity's score is that of its best row. A
 * probe whose identity is in the gallery is mated. It is found where its identity scores strictly
 * higher than all others. Zero vectors take no part. */
#ifndef MARGIN_COMMON_IDENTIFICATION_H
#define MARGIN_COMMON_IDENTIFICATION_H

#include "progress.h"
#include "score.h"

typedef struct identification_input {
    size_t dim, gallery_rows, probe_rows;
    const float *gallery, *probes;                /* [rows, dim], raw, finite */
    const int64_t *gallery_labels, *probe_labels; /* -1: the row takes no part */
    int threads;
    progress *line; /* stepped once a probe; or NULL */
} identification_input;

/* What is accepted at the lowest threshold whose FPIR is at most `limit`. */
typedef struct identification_point {
    double limit;
    double fpir; /* share of probes without a mate whose best score is accepted */
    double tpir; /* share of mated probes that are found with an accepted score */
    double threshold, above, below; /* as in roc_point */
} identification_point;

typedef struct identification {
    size_t mated, unmated;           /* probes that take part */
    size_t found, tied;              /* mated ones found; not found for a tie alone */
    size_t gallery_zero, probe_zero; /* rows left out */
    size_t identities;               /* of the gallery */
} identification;

/* `points` have limits that fall; results are NaN where limit * unmated < 1. 0, or ENOMEM. */
int identification_measure(const identification_input *in, identification_point *points,
                           size_t count, identification *out);

#endif
