/* figures.c: the table of figures (see figures.h). Must not know how a run works or how a figure
 * looks. */
#include "figures.h"

#include <string.h>

#include "figure_parts.h"

static const figure figures[] = {
    {"fig3", "features in the plane of 8 identities under each loss (ArcFace, fig. 3)",
     "trains every loss in two dimensions", "toy_features_sphere", plan_fig3, NULL},
    {"fashion", "the same on Fashion-MNIST", "trains every loss in two dimensions",
     "toy_features_fashion", plan_fashion, NULL},
    {"fig4a", "target angles at start, middle and end of training (ArcFace, fig. 4a)",
     "trains every loss in 64 dimensions", "target_angles", plan_fig4a, NULL},
    {"constancy", "the gap against the angle between neighbours (ArcFace, fig. 5, trained)",
     "trains three losses on 4 to 10 identities", "constancy", plan_constancy, constancy_free},
    {"annealing", "which loss needs its margin or lambda to come gradually",
     "trains in two and in 64 dimensions", "annealing", plan_annealing, NULL},
    {"cosface-fig4",
     "features in the plane, softmax and CosFace with m = 0, 0.1, 0.2 (CosFace, fig. 4)",
     "trains four times in two dimensions", "cosface_fig4", plan_cosface_fig4, NULL},
    {"sphereface-fig5", "6 identities on the sphere, m = 1 to 4 (SphereFace, fig. 5)",
     "trains four times in three dimensions", "sphereface_fig5", plan_sphereface_fig5, NULL},
    {"amsoftmax-sphere", "features on the sphere under five losses (AM-Softmax, its sphere figure)",
     "trains five times in three dimensions", "amsoftmax_sphere", plan_amsoftmax_sphere, NULL},
    {"table3", "angle statistics on seen and unseen identities (ArcFace, table 3)",
     "trains five losses in 64 dimensions", "table3", plan_table3, NULL},
    {"sweep", "separation against margin and scale of each loss",
     "trains many times in two and in 64 dimensions: minutes", "sweep", plan_sweep, NULL},
    {"arcface-fig4b", "target-logit curves of seven losses (ArcFace, fig. 4b)", "no training",
     "arcface_fig4b", NULL, curves_arcface_fig4b},
    {"arcface-fig5", "decision margins of four losses, two classes (ArcFace, fig. 5)",
     "no training", "arcface_fig5", NULL, curves_arcface_fig5},
    {"cosface-fig2", "decision margins of four losses, two classes (CosFace, fig. 2)",
     "no training", "cosface_fig2", NULL, curves_cosface_fig2},
    {"amsoftmax-psi", "target-logit curves of A-Softmax and AM-Softmax (AM-Softmax, psi figure)",
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
