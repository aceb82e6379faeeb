/* folds.h: accuracy of decisions whose threshold was chosen on other comparisons (Huang et al.,
 * Labeled Faces in the Wild: ten folds). Must not know what is compared. */
#ifndef MARGIN_COMMON_FOLDS_H
#define MARGIN_COMMON_FOLDS_H

#include "verification.h"

enum { FOLDS_MOST = 100 };

typedef struct folds_result {
    int count;                       /* 0: not measured */
    double accuracy, standard_error; /* mean over folds; of the mean */
    double threshold;                /* the median of the folds' */
    double fold_accuracy[FOLDS_MOST], fold_threshold[FOLDS_MOST];
} folds_result;

/* Cuts the list into `folds` parts of consecutive comparisons, sizes differing by one at most. Each
 * is decided by the threshold that is right most often on the others: of several, the middle of the
 * highest gap between scores. 0, ENOMEM, or EINVAL where there are fewer comparisons than folds. */
int folds_measure(const comparison *list, size_t count, int folds, double (*value)(score s),
                  folds_result *out);

#endif
