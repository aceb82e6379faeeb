/* figures.c: the table of figures (see figures.h). Must not know how a run works or how a figure
 * looks. */
#define _GNU_SOURCE
#include "figures.h"

#include <string.h>

#include "figure_plans.h"

static const figure figures[] = {
    {"fig3", "features in the plane of 8 identities under each loss (ArcFace, fig. 3)",
     "trains every loss in two dimensions", "toy_features_sphere", plan_fig3, NULL},
    {"fashion", "the same on Fashion-MNIST", "trains every loss in two dimensions",
     "toy_features_fashion", plan_fashion, NULL},
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
