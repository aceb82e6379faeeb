/* metrics.h: how well classes are separated: angles between embeddings, their centres and the
 * class weights, and arcs and gaps on the circle. Must not know losses or training.
 *
 * W-EC, W-Inter, Intra and Inter are those of angles.h. A zero vector has no direction: it stands
 * at a right angle to everything. A class without samples has no centre and takes no part. */
#ifndef SEPARATION_METRICS_H
#define SEPARATION_METRICS_H

#include <stddef.h>
#include <stdint.h>

typedef struct separation_input {
    size_t count, dim, classes;
    const float *embeddings; /* [count, dim], raw */
    const int64_t *labels;   /* [count], in [0, classes) */
    const float *weights;    /* [classes, dim], raw; NULL: there are none (triplets, strangers) */
    const float *bias;       /* [classes] or NULL */
    int normalised;          /* 1: the nearest class has the largest cosine; 0: the largest
                                inner product (and bias), by the library's head */
    int threads;             /* 0: as OpenMP decides; never changes a number */
    const size_t *sizes;     /* [classes]: training samples of each, or NULL */
} separation_input;

enum { ANGLE_BINS = 180 }; /* a degree each */
/* An arc holds so many of a hundred samples: the gaps are measured for each share. */
enum { ARC_LEAST = 90, ARC_MOST = 100, ARC_USUAL = 98, ARC_SHARES = ARC_MOST - ARC_LEAST + 1 };

typedef struct angle_summary {
    double mean, p05, p50, p95;
    uint32_t bins[ANGLE_BINS]; /* how many angles; 180 degrees itself is in the last */
} angle_summary;

/* Radians; NaN where there is nothing to measure. */
typedef struct separation_stats {
    double accuracy;     /* share of samples whose own class is strictly the nearest */
    double thirds[3];    /* likewise of the third of the classes that have most training samples,
                            of the middle third and of the last, equal ones by number; NaN where
                            `sizes` are all equal, or not known */
    double w_ec;         /* mean over classes of the angle between weight and embedding centre */
    double w_inter;      /* mean over classes of the angle to the nearest other weight */
    double intra;        /* mean over samples of the angle to their embedding centre */
    double inter;        /* mean over classes of the angle to the nearest other embedding centre */
    double fisher;       /* angular Fisher score S_w / S_b (SphereFace, appendix): 1 - cosine of
                            samples to their centre over that of centres to the centre of all; less
                            is better */
    angle_summary theta; /* of the angle between a sample and its class's weight */
    angle_summary other; /* and the nearest weight of another class */
    /* dim = 2 only. The arc of a class holds the middle of its samples, by angle from its centre:
     * ARC_USUAL per cent of them where nothing else is said, because a single stray sample would
     * set the whole. */
    double gap_min;       /* between the arcs of classes that are neighbours on the circle; */
    double gap_median;    /* negative where they overlap */
    double overlap_share; /* of samples inside the arc of another class */
    /* The same two gaps where an arc holds ARC_LEAST + k per cent. */
    double gap_min_of[ARC_SHARES], gap_median_of[ARC_SHARES];
} separation_stats;

/* Nothing was measured. */
extern const separation_stats separation_none;

/* What a class takes of the circle, with the usual share of its samples: centre + low .. centre +
 * high, radians; NaN ends for a class without samples. */
typedef struct arc {
    double centre, low, high;
} arc;

/* centres[classes, dim]: unit embedding centres, zero for a class without samples. arcs[classes],
 * or NULL, is filled where dim = 2. */
void separation_measure(const separation_input *in, separation_stats *out, double *centres,
                        arc *arcs);
/* Its `theta` alone, at the cost of an angle a sample. */
angle_summary separation_theta(const separation_input *in);

#endif
