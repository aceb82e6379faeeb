/* run.h: one run: what it is to do, data, network, training under one loss with one seed, and what
 * was measured. Must not know the command line, or other runs. */
#ifndef SEPARATION_RUN_H
#define SEPARATION_RUN_H

#include "geometry.h"
#include "identification.h"
#include "metrics.h"
#include "recipe.h"
#include "trainer.h"
#include "verification.h"

/* ---- recipe.c: what a run is to do ---- */

typedef struct run_data {
    const char *name;        /* "sphere", "fashion", or the folder's name */
    const image_set *images; /* NULL: the hypersphere */
} run_data;

/* What a run can hand on besides its result: one part of the data, embedded. */
typedef struct run_embedded {
    const char *part; /* "train", "test", "unseen" or "validation" */
    size_t dim, classes;
    const dataset *data;
    const float *embeddings; /* [data->count, dim], raw */
    const float *weights;    /* [classes, dim], raw; NULL where there are none */
} run_embedded;

typedef struct run_plan {
    uint32_t figures; /* that want it, a bit each */
    const run_data *data;
    sphere_config sphere; /* the hypersphere's; its samples and seed come from below */
    size_t train, test;   /* samples of each class */
    size_t classes;       /* so many of the images' classes; 0: all */
    size_t validation;    /* unseen identities that settings are chosen by, apart from the others */
    int brief;            /* 1: measures strangers alone */
    int raw;              /* 1: and what their inputs alone tell, where these are images */
    size_t dim;           /* of the embedding, >= 2 */
    recipe how;
    objective aim;
    uint64_t seed;
    int geometry;              /* 1: its geometry is measured along the epochs */
    size_t features;           /* test samples of each class kept for a figure (dim 2 and 3) */
    int filmed;                /* 1: measured at RUN_FRAMES moments, too; not with checkpoints */
    const char *checkpoints;   /* the folder where the state is kept after an epoch; or NULL */
    double checkpoint_seconds; /* not more often than this, but at the end */
    const char *program;       /* what made the state: another program's is refused */
    void (*epoch_done)(const struct run_plan *plan); /* or NULL */
    void *user;                                      /* for `epoch_done` */
    /* Called with each embedded part, or NULL. */
    void (*embedded)(const char *folder, const struct run_plan *plan, const run_embedded *what);
    const char *folder; /* for `embedded` */
} run_plan;

enum { RUN_KEY = 1024, RUN_LABEL = 96, RUN_SNAPSHOTS = 3, RUN_FRAMES = 8, RUN_MOMENTS = 20 };

/* A run on images or on these identities (NULL: the toy's 8) with the recipe for so many
 * dimensions, seed 1. In two dimensions the loss is for as many classes as the data have. */
void run_plan_init(run_plan *out, const run_data *data, const sphere_config *sphere, size_t dim,
                   margin_loss loss, const loss_override *override);
/* The same on the toy's identities in the plane. */
void run_plan_toy(run_plan *out, const run_data *data, margin_loss loss,
                  const loss_override *override);
/* Gives a run another recipe; how often training sees the data stays. */
void run_plan_take(run_plan *plan, const recipe *how);
/* A run that must tell strangers apart: 64 dimensions, a hundred identities and as many unseen. */
void run_plan_faces(run_plan *out, const run_data *data, margin_loss loss);
/* The loss's one margin; NaN, and nothing set, for a loss that has none or several. */
double run_plan_margin(const run_plan *plan);
void run_plan_set_margin(run_plan *plan, double margin);
size_t run_plan_classes(const run_plan *plan);
/* Takes so many of the images' classes; in the plane margins follow. */
void run_plan_take_classes(run_plan *plan, size_t classes, const loss_override *override);
/* Everything that decides the numbers, as text: equal keys, equal results. */
void run_plan_key(const run_plan *plan, char key[RUN_KEY]);
/* Loss and settings for people, "arcface m=0.5 s=64"; the same for every seed. */
void run_plan_label(const run_plan *plan, char label[RUN_LABEL]);

/* ---- run.c: the run ---- */

/* Target angles of the training samples at a moment of the training. */
typedef struct run_snapshot {
    size_t epoch; /* epochs done */
    angle_summary theta;
} run_snapshot;

/* The geometry of the parts of the data at a moment. */
typedef enum run_part { PART_TRAIN, PART_TEST, PART_UNSEEN, PART_COUNT } run_part;

typedef struct run_moment {
    size_t epoch;
    geometry parts[PART_COUNT]; /* unseen identities: where there are some */
} run_moment;

enum { SEARCH_POINTS = 2 }; /* FPIR 1e-1 and 1e-2 */

/* How well identities that training never saw are told apart. */
typedef struct stranger_result {
    size_t count, classes; /* samples of them; 0: there are none */
    verification pairs;
    /* Each first sample of an identity of even number is the gallery, all other samples are probes:
     * the identities of odd numbers are not in it. */
    identification search;
    identification_point points[SEARCH_POINTS];
} stranger_result;

typedef struct run_result {
    size_t train_count, test_count, classes;
    double seconds;                       /* of the training */
    double final_loss;                    /* mean over the last epoch */
    separation_stats train, test, unseen; /* of a brief run: NaN */
    stranger_result strangers, validation;
    stranger_result raw_strangers;         /* by their inputs in place of embeddings */
    run_snapshot snapshots[RUN_SNAPSHOTS]; /* before, half way, after; not of a brief run */
    run_moment
        moments[RUN_MOMENTS]; /* before, after epochs 1, 2, 5, 10, 20, 50, ... and the last */
    size_t moment_count;      /* 0: geometry was not asked for */
    float *weights;           /* [classes, dim] raw class weights */
    double *centres;          /* [classes, dim] unit embedding centres of the test samples */
    arc *arcs;                /* [classes], of the test samples, dim 2 only, else NULL */
    arc *train_arcs;          /* likewise of the training samples */
    float *features;          /* [feature_count, dim] test samples, raw */
    int64_t *feature_classes;
    size_t feature_count;
    size_t epoch;              /* of a frame: epochs done, */
    double share, lambda;      /* and of the margin what is in force then; SphereFace's lambda */
    struct run_result *frames; /* [frame_count], what was measured along the way; or NULL */
    size_t frame_count;
    char error[256]; /* one line if run_carry_out failed */
} run_result;

/* 0; or -1 with result->error. Free the result with run_free in either case. */
int run_carry_out(const run_plan *plan, run_result *result);
void run_free(run_result *result);

/* ---- checkpoint.c: the state of a training in a file, written after an epoch and read when the
 * same run is begun again. It must not know what a run measures.
 *
 * A file of this machine for this machine: native byte order. It holds the run's key, so a state of
 * other settings is never taken, and a checksum, so that a broken one is noticed. ---- */

/* A piece of the state: saved as it is, and read back to the same place. */
typedef struct checkpoint_piece {
    void *data;
    size_t bytes;
} checkpoint_piece;

/* The file of this key in `folder`, a new string; NULL if memory does not suffice. */
char *checkpoint_path(const char *folder, const char *key);

/* Whole or not at all; any thread. 0, or -1 with one line in `error`. */
int checkpoint_save(const char *path, const char *key, const checkpoint_piece *pieces, size_t count,
                    char *error, size_t error_size);

/* 1: read. 0: there is none; the pieces are untouched. -1 with one line in `error`: it is of
 * another run, or broken; the pieces may be half read. */
int checkpoint_load(const char *path, const char *key, const checkpoint_piece *pieces, size_t count,
                    char *error, size_t error_size);

#endif
