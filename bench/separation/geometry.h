/* geometry.h: what training does to the geometry of embeddings: the measures of neural collapse,
 * alignment and uniformity. Must not know losses or training.
 *
 * Of embeddings directions alone are looked at: x is a sample at length 1, mu_c the mean of class
 * c's samples (which is shorter), mu the mean of the mu_c, m_c = mu_c - mu. Classes count alike
 * whatever their size, and those without samples take no part.
 * Sources: Papyan, Han, Donoho, "Prevalence of neural collapse during the terminal phase of deep
 * learning training", 2020; Wang, Isola, "Understanding contrastive representation learning through
 * alignment and uniformity on the hypersphere", 2020. */
#ifndef SEPARATION_GEOMETRY_H
#define SEPARATION_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

typedef struct geometry_input {
    size_t count, dim, classes;
    const float *embeddings; /* [count, dim], raw */
    const int64_t *labels;   /* [count], in [0, classes) */
    const float *weights;    /* [classes, dim], raw; NULL: there are none (triplets, strangers) */
    const double *deciding;  /* [classes, dim]: the mu_c that decide which class mean is nearest;
                                NULL: those of these samples; zero: nobody's */
    int threads;             /* 0: as OpenMP decides; never changes a number */
} geometry_input;

/* X(name): a number each, NaN where there is nothing to measure. */
#define GEOMETRY_MEASURES(X)                                                                       \
    X(within_between)   /* NC1: mean |x - mu_c|^2 over mean |m_c|^2 */                             \
    X(length_spread)    /* NC2: standard deviation of the |m_c| over their mean */                 \
    X(angle_deviation)  /* NC2: root mean square of cos(m_c, m_d) + 1 / (C - 1) over pairs */      \
    X(weight_alignment) /* NC3: mean of cos(w_c, m_c) over the classes */                          \
    X(nearest_mean)     /* NC4: share of samples whose nearest class mean is the class of the      \
                           largest cosine to a weight */                                           \
    X(alignment)        /* mean |x - y|^2 over pairs of one class */                               \
    X(uniformity)       /* ln of the mean of exp(-2 |x - y|^2) over all pairs */

typedef struct geometry {
#define GEOMETRY_FIELD(name) double name;
    GEOMETRY_MEASURES(GEOMETRY_FIELD)
#undef GEOMETRY_FIELD
} geometry;

enum {
#define GEOMETRY_ONE(name) +1
    GEOMETRY_COUNT = GEOMETRY_MEASURES(GEOMETRY_ONE)
#undef GEOMETRY_ONE
};
extern const char *const geometry_names[GEOMETRY_COUNT];
double geometry_value(const geometry *g, size_t measure);

/* means[classes, dim]: the mu_c; zero for a class without samples. */
void geometry_measure(const geometry_input *in, geometry *out, double *means);

/* The least angle_deviation of C classes in D dimensions: 0 up to D + 1 classes, where a regular
 * simplex fits; beyond that Welch's bound on the cosines' squares. */
double geometry_least_deviation(size_t dim, size_t classes);

#endif
