/* streams.h: the purposes that random numbers are drawn for, so that no two share a stream
 * (philox.h). Add at the end: renumbering changes every result. */
#ifndef SEPARATION_STREAMS_H
#define SEPARATION_STREAMS_H

enum stream_purpose {
    STREAM_CENTRE = 1, /* index: identity */
    STREAM_TRAIN,      /* index: sample */
    STREAM_TEST,       /* index: sample */
    STREAM_MAP,        /* index: input coordinate; the seed is fixed */
    STREAM_PICK_TRAIN, /* which images of a set are used; index: class */
    STREAM_PICK_TEST,  /* index: class */
    STREAM_LAYER,      /* a layer's first weights; index: layer */
    STREAM_CLASS,      /* the classes' first weights; index: class, 0 in the plane */
    STREAM_ORDER,      /* the order of the samples; index: epoch */
    STREAM_NOISE,      /* whether a sample's label is wrong, and how; index: sample */
    STREAM_UNSEEN,     /* samples of identities that training never sees; index: sample */
    STREAM_CROWD,      /* directions on a crowded sphere; index: direction */
    STREAM_CROWD_VIEW, /* directions whose neighbours there are looked for; index: direction */
    STREAM_FREE        /* where samples without a network start; index: sample */
};

#endif
