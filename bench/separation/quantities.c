/* quantities.c: the numbers of a run by name (see quantities.h). Must not know what is done with
 * them. */
#include "quantities.h"

#include <math.h>
#include <string.h>

#include "degrees.h"

/* TAR of the unseen identities at FAR 10^-decade. */
static double tar(const run_result *r, int decade)
{
    return r->verified ? verification_at(&r->strangers, decade)->tar : NAN;
}

/* X(name, expression of the run r); the name is also that of the number. */
#define QUANTITIES(X)                                                                              \
    X(train_accuracy, r->train.accuracy)                                                           \
    X(train_gap, degrees(r->train.gap_median))                                                     \
    X(train_gap_min, degrees(r->train.gap_min))                                                    \
    X(train_w_ec, degrees(r->train.w_ec))                                                          \
    X(train_w_inter, degrees(r->train.w_inter))                                                    \
    X(train_intra, degrees(r->train.intra))                                                        \
    X(train_inter, degrees(r->train.inter))                                                        \
    X(train_theta, degrees(r->train.theta.mean))                                                   \
    X(train_overlap, r->train.overlap_share)                                                       \
    X(train_fisher, r->train.fisher)                                                               \
    X(accuracy, r->test.accuracy)                                                                  \
    X(gap, degrees(r->test.gap_median))                                                            \
    X(gap_min, degrees(r->test.gap_min))                                                           \
    X(w_ec, degrees(r->test.w_ec))                                                                 \
    X(w_inter, degrees(r->test.w_inter))                                                           \
    X(intra, degrees(r->test.intra))                                                               \
    X(inter, degrees(r->test.inter))                                                               \
    X(theta, degrees(r->test.theta.mean))                                                          \
    X(overlap, r->test.overlap_share)                                                              \
    X(fisher, r->test.fisher)                                                                      \
    X(unseen_intra, r->verified ? degrees(r->unseen.intra) : NAN)                                  \
    X(unseen_inter, r->verified ? degrees(r->unseen.inter) : NAN)                                  \
    X(unseen_fisher, r->verified ? r->unseen.fisher : NAN)                                         \
    X(tar_1e1, tar(r, 1))                                                                          \
    X(tar_1e2, tar(r, 2))                                                                          \
    X(tar_1e3, tar(r, 3))                                                                          \
    X(tar_1e4, tar(r, 4))                                                                          \
    X(tar_1e5, tar(r, 5))                                                                          \
    X(eer, r->verified ? r->strangers.all.eer : NAN)                                               \
    X(auc, r->verified ? r->strangers.all.auc : NAN)

#define QUANTITY_FUNCTION(name, expression)                                                        \
    static double name(const run_result *r)                                                        \
    {                                                                                              \
        return expression;                                                                         \
    }
QUANTITIES(QUANTITY_FUNCTION)
#undef QUANTITY_FUNCTION

const quantity all_quantities[] = {
#define QUANTITY_ROW(name, expression) {#name, name},
    QUANTITIES(QUANTITY_ROW)
#undef QUANTITY_ROW
        {NULL, NULL}};

const quantity *quantity_find(const char *name)
{
    for (const quantity *q = all_quantities; q->name != NULL; q++)
        if (strcmp(q->name, name) == 0) return q;
    return NULL;
}
