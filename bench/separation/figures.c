/* figures.c: the table of figures (see figures.h). Must not know how a run works or how a figure
 * looks. */
#define _GNU_SOURCE
#include "figures.h"

#include <string.h>

#include "figure_curves.h"
#include "figure_plans.h"

static const figure figures[] = {
    {"fig3", "features in the plane of 8 identities under each loss (ArcFace, fig. 3)",
     "trains every loss in two dimensions", "toy_features_sphere", plan_fig3, NULL},
    {"fashion", "the same on Fashion-MNIST", "trains every loss in two dimensions",
     "toy_features_fashion", plan_fashion, NULL},
    {"arcface-fig4b", "target-logit curves of seven losses (ArcFace, fig. 4b)", "no training",
     "arcface_fig4b", NULL, curves_arcface_fig4b},
    {"arcface-fig5", "decision margins of four losses, two classes (ArcFace, fig. 5)",
     "no training", "arcface_fig5", NULL, curves_arcface_fig5},
    {"cosface-fig2", "decision margins of four losses, two classes (CosFace, fig. 2)",
     "no training", "cosface_fig2", NULL, curves_cosface_fig2},
    {"amsoftmax-psi", "target-logit curves of A-Softmax and AM-Softmax (AM-Softmax, its psi figure)",
     "no training", "amsoftmax_psi", NULL, curves_amsoftmax_psi},
    {"bounds", "scale and margin against the number of classes (NormFace, CosFace, AdaCos)",
     "no training", "bounds", NULL, curves_bounds},
    {"sphere-size", "nearest neighbour against the number of identities (ArcFace, appendix)",
     "draws a million directions", "sphere_size", NULL, curves_sphere_size},
};

size_t figure_count(void)
{
    return sizeof figures / sizeof *figures;
}

const figure *figure_get(size_t index)
{
    return &figures[index];
}

int figure_find(const char *name, size_t *out)
{
    for (size_t i = 0; i < figure_count(); i++) {
        if (strcmp(figures[i].name, name) == 0) {
            *out = i;
            return 1;
        }
    }
    return 0;
}
