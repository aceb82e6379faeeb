/* philox.h: the counter-based random generator Philox4x32-10 and streams of numbers drawn from it.
 * A stream is named by (seed, purpose, index), so a sample's numbers depend on its name alone: not
 * on who draws first, nor on how many threads draw. Must not know what the numbers are used for.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#ifndef SEPARATION_PHILOX_H
#define SEPARATION_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* Ten rounds on a 128-bit counter under a 64-bit key. */
void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

typedef struct philox_stream {
    uint32_t key[2];
    uint32_t counter[4]; /* block number, index (low, high), purpose */
    uint32_t block[4];
    unsigned taken; /* words of the block already handed out */
    double spare;   /* the second normal of a pair */
    int has_spare;
} philox_stream;

/* The purposes, so that no two share a stream. Add at the end: renumbering changes every result. */
enum stream_purpose {
    STREAM_CENTRE = 1,   /* index: identity */
    STREAM_TRAIN,        /* index: sample */
    STREAM_TEST,         /* index: sample */
    STREAM_MAP,          /* index: input coordinate; the seed is fixed */
    STREAM_PICK_TRAIN,   /* which images of a set are used; index: class */
    STREAM_PICK_TEST,    /* index: class */
    STREAM_LAYER,        /* a layer's first weights; index: layer */
    STREAM_CLASS,        /* the classes' first weights; index: class, 0 in the plane */
    STREAM_ORDER,        /* the order of the samples; index: epoch */
    STREAM_NOISE,        /* whether a sample's label is wrong, and how; index: sample */
    STREAM_UNSEEN,       /* samples of identities that training never sees; index: sample */
    STREAM_CROWD,        /* directions on a crowded sphere; index: direction */
    STREAM_CROWD_VIEW,   /* directions whose neighbours there are looked for; index: direction */
    STREAM_FREE,         /* where samples without a network start; index: sample */
    STREAM_PICK_UNSEEN,  /* which images of unseen classes are used; index: class */
    STREAM_PICK_CLASSES, /* which classes are used */
    STREAM_VALIDATION    /* samples of the identities that settings are chosen by; index: sample */
};

/* A stream of 2^34 words; different names give disjoint streams. */
void philox_start(philox_stream *stream, uint64_t seed, uint32_t purpose, uint64_t index);

uint32_t philox_word(philox_stream *stream);
/* Uniform on the open interval (0, 1), 52 random bits. */
double philox_uniform(philox_stream *stream);
/* Uniform on 0 .. bound - 1 without bias; bound >= 1. */
size_t philox_below(philox_stream *stream, size_t bound);
/* Standard normal (Box and Muller). */
double philox_normal(philox_stream *stream);

/* ---- random orders of the numbers 0 .. count - 1 ---- */

void order_start(size_t *order, size_t count);
/* Every order is equally likely (Fisher and Yates). */
void order_shuffle(philox_stream *stream, size_t *order, size_t count);

/* Rearrange an order so that samples of one class stand together in groups of `each` (a class's
 * last group may be smaller), the groups at random. scratch[2 count + classes + 2]. */
void order_groups(philox_stream *stream, size_t *order, size_t count, const int64_t *labels,
                  size_t classes, size_t each, size_t *scratch);

/* ---- directions: uniform on the sphere, and von Mises-Fisher, whose density is proportional to
 * exp(concentration <mean, x>), exact in any dimension >= 2.
 * Source: Ulrich, "Computer generation of distributions on the m-sphere", 1984; Wood, "Simulation
 * of the von Mises Fisher distribution", 1994. ---- */

/* out[dim]: a unit vector. */
void sphere_uniform(philox_stream *stream, size_t dim, double *out);

/* out[dim]: a unit vector around the unit vector mean[dim]; concentration finite and >= 0 (0 is
 * uniform). `out` and `mean` must not overlap. */
void vmf_sample(philox_stream *stream, const double *mean, size_t dim, double concentration,
                double *out);

#endif
