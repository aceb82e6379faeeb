/* margin.h: margin-softmax losses for CPUs: the public header of libmargin. Optimizers that take
 * the head's gradients on their way are in margin_update.h.
 *
 * A margin loss handicaps the logit of the target, the class of a row's label. With c = cos(theta)
 * the cosine between the embedding and the class weight of its target, z = s psi(theta) the logit
 * of the target, and s c_j those of the negatives, which are all other classes, the loss of the row
 * is
 *
 *     L = log(exp(z) + sum_{j != y} exp(s c_j)) - z,
 *
 * in nats, and the losses differ in psi only (Deng et al., "ArcFace", eq. 1-4).
 *
 * Everywhere: N rows (batch), D dimension of an embedding, C classes, s scale, m margin, theta the
 * angle between embedding and class weight in radians. A class weight is a row of W. Arrays are
 * float32 in C order (X and W also of 16 bits: margin_type); strides and lengths count elements,
 * not bytes. The caller owns every array it passes; the library keeps no pointer after a call
 * returns.
 *
 * Threads: a context may be used by one thread at a time; different contexts are independent, and
 * the library has no global state. It never prints, exits or aborts.
 *
 * The process is the caller's. A context has helpers of its own: threads that are started by the
 * first calls that pay for them, block all signals but those of their own faults, and end in
 * margin_destroy; after that the library may be unloaded. One that cannot be started means fewer
 * helpers. No call waits for a helper that has not begun, so busy cores cost little. In a child of
 * fork a context computes on the calling thread, and new contexts have helpers again. Every call
 * computes in the default floating-point environment (round to nearest, subnormal numbers kept, no
 * traps) and leaves the caller's as it was, exception flags included. docs/reliability.md says how
 * each is tested.
 *
 * Exactness: the same inputs give the same bits for any number of threads, any alignment, any
 * workspace size, and on every SIMD instruction set (the scalar baseline differs in the last bits).
 */
#ifndef MARGIN_H
#define MARGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MARGIN_VERSION_MAJOR 0
#define MARGIN_VERSION_MINOR 1
#define MARGIN_VERSION_PATCH 0
/* The version as one number that rises: 100 is 0.1.0. */
#define MARGIN_VERSION_NUMBER                                                                      \
    (MARGIN_VERSION_MAJOR * 10000 + MARGIN_VERSION_MINOR * 100 + MARGIN_VERSION_PATCH)

#if defined(__GNUC__) && defined(MARGIN_BUILD)
#define MARGIN_API __attribute__((visibility("default")))
#else
#define MARGIN_API
#endif

/* The losses, one row each: X(enum suffix, name). A new loss is one file in src/losses and one row
 * here; the enum, the names, the command line, the tests and the benchmarks read this table. */
#define MARGIN_LOSS_TABLE(X)                                                                       \
    X(SOFTMAX, softmax)                                                                            \
    X(NORMSOFTMAX, normsoftmax)                                                                    \
    X(SPHEREFACE, sphereface)                                                                      \
    X(COSFACE, cosface)                                                                            \
    X(ARCFACE, arcface)                                                                            \
    X(COMBINED, combined)

typedef enum margin_loss {
#define MARGIN_LOSS_ENUM(id, name) MARGIN_##id,
    MARGIN_LOSS_TABLE(MARGIN_LOSS_ENUM)
#undef MARGIN_LOSS_ENUM
        MARGIN_LOSS_COUNT
} margin_loss;

/* What the target's logit does once phi = m1 theta + m2 exceeds pi (losses with an angle). */
typedef enum margin_past_pi {
    MARGIN_PAST_PI_PAPER,    /* cos(phi), as the papers write it: rises again beyond pi */
    MARGIN_PAST_PI_MONOTONE, /* (-1)^k cos(phi) - 2k, k = floor(phi / pi): the definition of
                                SphereFace */
    MARGIN_PAST_PI_TAYLOR,   /* c - m2 sin(m2), the fallback of the first ArcFace codes */
    MARGIN_PAST_PI_CLAMP,    /* cos(min(phi, pi)) */
    MARGIN_PAST_PI_EASY,     /* a margin only where c > 0, else plain c */
    MARGIN_PAST_PI_COUNT
} margin_past_pi;

/* How the margin is differentiated. */
typedef enum margin_gradient {
    MARGIN_GRADIENT_EXACT,    /* the derivative of the loss */
    MARGIN_GRADIENT_DETACHED, /* d psi / d c taken as 1, as several published codes do */
    MARGIN_GRADIENT_COUNT
} margin_gradient;

/* What multiplies the cosines of a row (SphereFace). */
typedef enum margin_feature_norm {
    MARGIN_FEATURE_NORM_FIXED, /* the scale s */
    MARGIN_FEATURE_NORM_KEEP,  /* |x|, the original A-Softmax; the scale is not used */
    MARGIN_FEATURE_NORM_COUNT
} margin_feature_norm;

/* How the elements of embeddings and class weights lie in memory. All arithmetic is in float32, and
 * gives the bits that the same numbers as float32 give; outputs are float32. */
typedef enum margin_type {
    MARGIN_TYPE_FLOAT32,
    MARGIN_TYPE_BFLOAT16, /* the upper half of a float32 */
    MARGIN_TYPE_FLOAT16,  /* IEEE 754 binary16, subnormal numbers included */
    MARGIN_TYPE_COUNT
} margin_type;

/* The instruction sets, one row each, in rising order: X(enum suffix, name, test of this CPU).
 * The test is read by the dispatcher only. A new one is one header in src/simd, one line in
 * CMakeLists.txt and one row here. */
#define MARGIN_ISA_TABLE(X)                                                                        \
    X(SCALAR, scalar, 1)                                                                           \
    X(AVX2, avx2, MARGIN_CPU_HAS("avx2") && MARGIN_CPU_HAS("fma"))                                 \
    X(AVX512, avx512, MARGIN_CPU_HAS("avx512f"))                                                   \
    X(NEON, neon, 1)

/* AUTO takes the one named by the environment variable MARGIN_ISA if that is set, else the best
 * that this CPU has. Asking for one that is not there is an error, never a silent fallback. */
typedef enum margin_isa {
    MARGIN_ISA_AUTO,
#define MARGIN_ISA_ENUM(id, name, test) MARGIN_ISA_##id,
    MARGIN_ISA_TABLE(MARGIN_ISA_ENUM)
#undef MARGIN_ISA_ENUM
        MARGIN_ISA_COUNT
} margin_isa;

typedef enum margin_status {
    MARGIN_OK,
    MARGIN_ERROR_NULL,      /* a required pointer is NULL */
    MARGIN_ERROR_CONFIG,    /* a configuration field is out of its range */
    MARGIN_ERROR_ISA,       /* the instruction set is unknown, not built, or not on this CPU */
    MARGIN_ERROR_SHAPE,     /* N, D or C is 0, a stride is too short, or an array beyond memory, or
                               class_index does not rise */
    MARGIN_ERROR_LABEL,     /* a label is neither ignored nor in [0, C) */
    MARGIN_ERROR_NONFINITE, /* an input holds a NaN or an infinity */
    MARGIN_ERROR_WORKSPACE, /* the workspace is too small for the shape */
    MARGIN_ERROR_MEMORY,    /* out of memory */
    MARGIN_ERROR_SIZE,  /* a struct's `size` is not set: begin with MARGIN_HEAD_INIT or the like */
    MARGIN_ERROR_ORDER, /* a stage of a shard is called out of turn (margin_shards.h) */
    MARGIN_ERROR_PEER,  /* another process is silent, or cannot be reached (margin_mpi.h) */
    MARGIN_STATUS_COUNT
} margin_status;

/* Which argument an error is about. */
typedef enum margin_argument {
    MARGIN_ARGUMENT_NONE,
    MARGIN_ARGUMENT_EMBEDDINGS,
    MARGIN_ARGUMENT_WEIGHTS,
    MARGIN_ARGUMENT_BIAS,
    MARGIN_ARGUMENT_LABELS,
    MARGIN_ARGUMENT_LOGITS,
    MARGIN_ARGUMENT_ROW_SCALE,
    MARGIN_ARGUMENT_ROW_WEIGHT,
    MARGIN_ARGUMENT_CLASS_WEIGHT,
    MARGIN_ARGUMENT_ROW_MARGIN,
    MARGIN_ARGUMENT_CLASS_MARGIN,
    MARGIN_ARGUMENT_CLASS_INDEX,
    MARGIN_ARGUMENT_COUNT
} margin_argument;

/* What was wrong in a context's last failed call. */
typedef struct margin_fault {
    margin_status status;
    margin_argument argument;
    size_t row;         /* the row at fault, where there is one */
    int64_t value;      /* a label or a class number at fault */
    size_t bytes;       /* MARGIN_ERROR_WORKSPACE: the bytes that this shape needs */
    const char *detail; /* one static sentence, never NULL */
} margin_fault;

/* A parallel_for of the host's: calls item(state, index) once for each index below `count`, and
 * returns when all have returned: in any order, on any threads, also one after another. It must
 * return: an exception or a longjmp through the library is not allowed. `user` is the
 * configuration's. */
typedef void (*margin_parallel_for)(void *user, size_t count,
                                    void (*item)(void *state, size_t index), void *state);

/* ---- structs that can grow --------------------------------------------------------------------
 *
 * margin_config, margin_head, margin_rows, margin_predict and margin_sample begin with their size
 * as the caller's compiler knows it, set by margin_config_init, MARGIN_HEAD_INIT and the like.
 * Later versions append fields, in which 0 means as before; the library takes fields beyond a
 * caller's size as 0 and never writes there, so that programs compiled before keep running. A
 * library that is older than the header does not see the fields that it does not know:
 * margin_version_number() tells. Values of enumerations, and rows of the table of losses, are
 * appended too. */
#ifdef __cplusplus
#define MARGIN_HEAD_INIT    margin_head_initial()
#define MARGIN_ROWS_INIT    margin_rows_initial()
#define MARGIN_PREDICT_INIT margin_predict_initial()
#define MARGIN_SAMPLE_INIT  margin_sample_initial()
#else
// clang-format off
#define MARGIN_HEAD_INIT    {.size = sizeof(margin_head)}
#define MARGIN_ROWS_INIT    {.size = sizeof(margin_rows)}
#define MARGIN_PREDICT_INIT {.size = sizeof(margin_predict)}
#define MARGIN_SAMPLE_INIT  {.size = sizeof(margin_sample)}
// clang-format on
#endif

/* Everything that can be set. Fill with margin_config_init, then change fields.
 *
 * The target's logit is s (cos(m1 theta + m2) - m3); which of the three a loss uses is in its
 * margin_loss_info, the others stay at 1, 0, 0. */
typedef struct margin_config {
    size_t size; /* sizeof(margin_config), set by margin_config_init */
    margin_loss loss;
    double scale;  /* s, finite and > 0 */
    double m1;     /* multiplicative angular margin, >= 1 for sphereface, > 0 for combined */
    double m2;     /* additive angular margin, radians, 0 <= m2 < pi */
    double m3;     /* additive cosine margin, finite */
    double lambda; /* sphereface: psi becomes (lambda c + psi) / (1 + lambda); finite, >= 0 */
    margin_past_pi past_pi;
    margin_gradient gradient;
    margin_feature_norm feature_norm;
    margin_isa isa;
    int threads;            /* at most, fewer for calls with little to do; 1: no threading library
                               is entered; 0: OMP_NUM_THREADS, else the CPUs that this thread may
                               use. Where the library was built on OpenMP (MARGIN_THREADS=openmp),
                               libgomp cannot promise what stands above: a child of fork hangs in a
                               new context with more than one thread (contexts from before the fork
                               compute), a thread that cannot be started ends the process, dlclose
                               after threads crashes, and waiting threads keep cores busy */
    size_t workspace_bytes; /* upper bound of the context's scratch memory; 0: 256 MiB */
    int skip_finite_check;  /* 1: NaN and Inf in the inputs are the caller's concern */
    /* appended */
    margin_parallel_for parallel; /* runs the loops in place of the library's threads; NULL: these.
                                     `count` is at most `threads` */
    void *parallel_user;          /* what it is given */
} margin_config;

/* What a loss is: read-only, for listings, command lines and wrappers. */
typedef struct margin_loss_info {
    const char *name;    /* "arcface" */
    const char *formula; /* target logit / s, in plain text */
    const char *source;  /* the paper */
    double scale;        /* defaults */
    double m1, m2, m3;
    margin_past_pi past_pi;
    int margin_index; /* which of m1, m2, m3 is "the margin": 1, 2 or 3; 0: none; 4: all three */
    int normalised;   /* 1: cosines; 0: raw inner products (and bias) */
    int has_angle;    /* 1: m1 and m2 act on the angle, so past_pi matters */
    int has_lambda;   /* 1: lambda and feature_norm may be set */
} margin_loss_info;

/* An opaque context: configuration, chosen kernels, workspace. */
typedef struct margin_context margin_context;

/* ---- listings: thread-safe, never fail ------------------------------------------------------- */

/* Return the version of the library, as "0.1.0" and as MARGIN_VERSION_NUMBER. */
MARGIN_API const char *margin_version(void);
MARGIN_API int margin_version_number(void);
/* Returns what `loss` is, or NULL where it is not in the table. */
MARGIN_API const margin_loss_info *margin_loss_get(margin_loss loss);
/* The name functions return the name that users type, "unknown" for a value out of range. The find
 * functions write the value of a name to *out and return 1; they return 0 and leave *out alone
 * where the name is unknown. */
MARGIN_API int margin_loss_find(const char *name, margin_loss *out);
MARGIN_API const char *margin_past_pi_name(margin_past_pi value);
MARGIN_API int margin_past_pi_find(const char *name, margin_past_pi *out);
MARGIN_API const char *margin_gradient_name(margin_gradient value);
MARGIN_API int margin_gradient_find(const char *name, margin_gradient *out);
MARGIN_API const char *margin_feature_norm_name(margin_feature_norm value);
MARGIN_API int margin_feature_norm_find(const char *name, margin_feature_norm *out);
MARGIN_API const char *margin_type_name(margin_type value);
MARGIN_API int margin_type_find(const char *name, margin_type *out);
MARGIN_API const char *margin_isa_name(margin_isa value);
MARGIN_API int margin_isa_find(const char *name, margin_isa *out);
/* Return 1 if the library was built with this instruction set; if this CPU can also run it. */
MARGIN_API int margin_isa_built(margin_isa isa);
MARGIN_API int margin_isa_usable(margin_isa isa);
/* Return a sentence for a status; the name of an argument for messages ("embeddings"). */
MARGIN_API const char *margin_status_text(margin_status status);
MARGIN_API const char *margin_argument_name(margin_argument argument);

/* Writes psi of the configured loss, whose target's logit is s psi(theta), and its derivative.
 * theta is in [0, pi] radians; psi and dpsi_dtheta may be NULL. With gradient = detached the
 * derivative is -sin(theta). For curves and tests; thread-safe.
 * Errors: MARGIN_ERROR_NULL, MARGIN_ERROR_CONFIG (also theta outside [0, pi]). */
MARGIN_API margin_status margin_psi(const margin_config *config, double theta, double *psi,
                                    double *dpsi_dtheta);

/* ---- context ----------------------------------------------------------------------------------*/

/* Fills *config, of `size` bytes, with the defaults of `loss`. In C and C++ write
 * margin_config_init(&config, loss), which passes the size.
 * Errors: MARGIN_ERROR_NULL, MARGIN_ERROR_CONFIG, MARGIN_ERROR_SIZE. */
MARGIN_API margin_status margin_config_init_sized(margin_config *config, size_t size,
                                                  margin_loss loss);
#define margin_config_init(config, loss)                                                           \
    margin_config_init_sized((config), sizeof(margin_config), (loss))

/* Creates a context; *out is NULL on failure. It takes microseconds: the workspace is reserved by
 * the first call that needs it, as much as it needs, and threads are started likewise. Release with
 * margin_destroy.
 * Errors: MARGIN_ERROR_NULL, _SIZE, _CONFIG, _ISA, _MEMORY. */
MARGIN_API margin_status margin_create(const margin_config *config, margin_context **out);
/* The same, and writes to *why one static sentence on what was refused ("m2 must be in [0, pi)");
 * "success" where nothing was. `why` may be NULL. */
MARGIN_API margin_status margin_create_explained(const margin_config *config, margin_context **out,
                                                 const char **why);
/* Gives a context another configuration, for schedules that change scale and margins from step to
 * step. It takes no memory, so `threads` is at most what the context was created with (0: that),
 * `workspace_bytes` is as it was (or 0), and `isa` likewise (or AUTO). A refused configuration
 * changes nothing, and margin_context_fault says which field it was.
 * Errors: MARGIN_ERROR_NULL, _SIZE, _CONFIG. */
MARGIN_API margin_status margin_context_configure(margin_context *context,
                                                  const margin_config *config);
/* Releases a context; NULL is allowed. */
MARGIN_API void margin_destroy(margin_context *context);

/* Without a context (NULL) the next three return NULL, a fault that says so, and 0.
 *
 * Returns the configuration in force, with isa and threads resolved. The context owns it. */
MARGIN_API const margin_config *margin_context_config(const margin_context *context);
/* Returns what the last failed call found; status MARGIN_OK if none failed. The context owns it. */
MARGIN_API const margin_fault *margin_context_fault(const margin_context *context);
/* Returns the bytes of workspace that the last head call used: at most config.workspace_bytes. */
MARGIN_API size_t margin_context_workspace_used(const margin_context *context);
/* Returns the least workspace_bytes with which margin_head_run accepts this shape, on one thread:
 * where the workspace is too small for the scratch of more threads, fewer take part. With
 * `accumulate` and with `consume` the sums of dW cannot wait in an array of the caller's while rows
 * follow: all rows must fit together, which takes more; margin_fault.bytes says how much. 0 if the
 * shape itself is impossible, or without a context. */
MARGIN_API size_t margin_head_workspace_minimum(const margin_context *context, size_t rows,
                                                size_t dim, size_t classes);

/* ---- head level: embeddings, class weights, labels -> loss and gradients ---- */

/* Takes finished gradients of the classes `first` to `first` + `count` - 1 while they are in a
 * cache: `gradients` [count, D], `stride` elements from row to row, and `bias_gradients` [count],
 * NULL where the call has no bias. Both are gone when it returns. A call of the head hands over
 * each class exactly once, in pieces of any size and order, also several at once on different
 * threads. It has written dX and no longer reads these class weights, nor their bias, so these
 * may be changed in place; those of other classes may not. It must return: an exception or a
 * longjmp through the library is not allowed. `user` is the call's consume_user. */
typedef void (*margin_consume)(void *user, size_t first, size_t count, const float *gradients,
                               size_t stride, const float *bias_gradients);

/* Begin with `margin_head head = MARGIN_HEAD_INIT;`, then set what is needed. */
typedef struct margin_head {
    size_t size; /* sizeof(margin_head), set by MARGIN_HEAD_INIT */
    /* inputs */
    size_t rows;               /* N >= 1 */
    size_t dim;                /* D >= 1 */
    size_t classes;            /* C >= 1 */
    const float *embeddings;   /* X [N, D], raw: the head normalises where the loss asks for it */
    size_t embeddings_stride;  /* elements from row to row, >= D; 0: D */
    const float *weights;      /* W [C, D], raw */
    size_t weights_stride;     /* >= D; 0: D */
    const float *bias;         /* b [C] or NULL; softmax only */
    const int64_t *labels;     /* y [N]: in [0, C), or -1 for a row that does not count */
    const float *row_weight;   /* [N] or NULL: factor of each row's loss in the objective instead of
                                  1 / (number of counted rows): the upstream gradient */
    const float *class_weight; /* [C] or NULL: a row's loss counts by that of its label; finite and
                                  >= 0. With v = class_weight[y], a row's factor in the objective is
                                  row_weight v, or without row_weight v / (sum of v over counted
                                  rows): a weighted mean; 0 where all these are 0 */
    double label_smoothing;    /* e in [0, 1): the wanted distribution of a row is 1 - e for its
                                  label plus e / C for every class (Szegedy et al. 2016, "Rethinking
                                  the Inception architecture", section 7). A row's loss becomes
                                  L + e (z - mean of all C logits, z among them) */
    /* outputs; every pointer may be NULL: what is not asked for is not computed */
    float *row_loss;               /* [N]: the loss of each row, unweighted; 0 for ignored rows */
    float *row_angle;              /* [N]: the target's theta in radians, 0 for ignored rows */
    uint8_t *row_correct;          /* [N]: 1 where the target's plain cosine (softmax: logit) is
                                      strictly larger than that of every negative, each in float32
                                      by the same sums: class weights that are equal, or of which
                                      one is a power of two times the other, tie. 0 for ignored
                                      rows */
    float *grad_embeddings;        /* dX [N, D], with respect to the raw X */
    size_t grad_embeddings_stride; /* >= D; 0: D */
    float *grad_weights;           /* dW [C, D], with respect to the raw W */
    size_t grad_weights_stride;    /* >= D; 0: D */
    float *grad_bias;              /* db [C]; needs bias and grad_weights */
    /* results */
    double loss; /* the objective, which the gradients are of: the sum of the rows' losses times
                    their factors; without weights the mean; 0 when no row counts */
    double mean_loss; /* plain mean of the counted rows' losses; 0 when none counts */
    size_t counted;   /* rows with a label */
    size_t tied;      /* counted rows whose target shares the largest cosine with a negative; they
                         are not correct */
    /* appended: more inputs, and an output */
    int accumulate;            /* 1: dX, dW and db are added to what their arrays hold */
    int64_t ignore_label;      /* rows of this label do not count, as those of -1; 0: only -1 */
    const float *row_margin;   /* [N] or NULL: each row's margin (margin_loss_info.margin_index: m1,
                                  m2 or m3) instead of the configuration's, in the same range; for
                                  losses with one margin, as in ElasticFace and MagFace */
    const float *class_margin; /* [C] or NULL: likewise, for the rows of each class; not both */
    const float *row_scale;    /* [N] or NULL: each row's s; finite and >= 0; not with
                                  feature_norm = keep, whose s is |x| */
    float *row_others;         /* [N] or NULL: log-sum-exp of the negatives' logits, -FLT_MAX where
                                  there is none, 0 for ignored rows. With it any z makes a loss
                                  without loss of digits: softplus(row_others - z) */
    margin_consume consume;    /* takes dW, which is then never stored, in place of grad_weights;
                                  NULL: none. margin_update.h has some */
    void *consume_user;        /* what it is given */
    margin_type embeddings_type; /* of what embeddings points to, cast to const float * where it is
                                    not float32; an element of 16 bits lies at any even address */
    margin_type weights_type;    /* likewise of weights; dX and dW are float32 in any case */
    const int64_t *class_index;  /* [C] or NULL: the classes that the call is of, as rows of W,
                                    rising (margin_sample_run makes such a list). C is then their
                                    number; labels, weights, bias, class_weight and class_margin are
                                    numbered as the rows of W, and only what belongs to listed
                                    classes is read; dW [C, D] and db [C] are as the list. A label
                                    outside it is an error */
} margin_head;

/* Runs the fused classification head: normalise, cosines, margin, softmax cross entropy, and back.
 * Gradients are of head->loss, overwrite their arrays, and are tangent to the sphere: bounded at
 * theta = 0 and pi, where the undefined direction gives the zero tangent. A zero vector has no
 * direction: its cosines are 0, theta is pi/2, its own gradient is zero. Gradient entries beyond
 * float32 become +-FLT_MAX, never infinite. Inputs and outputs must not overlap.
 *
 * Errors: MARGIN_ERROR_NULL, _SHAPE (also a class_index that does not rise), _LABEL, _NONFINITE,
 * _WORKSPACE, _CONFIG (bias with a loss that has none, label_smoothing out of its range, both
 * consume and grad_weights, a type that there is not); outputs are then untouched, nothing was
 * consumed, and margin_context_fault says what was wrong where.
 *
 * Source: Deng et al., ArcFace, eq. 1-4; Wang et al., NormFace, for the normalisation's gradient.
 */
MARGIN_API margin_status margin_head_run(margin_context *context, margin_head *head);

/* Begin with `margin_predict predict = MARGIN_PREDICT_INIT;`, then set what is needed. */
typedef struct margin_predict {
    size_t size; /* sizeof(margin_predict), set by MARGIN_PREDICT_INIT */
    /* inputs, as in margin_head */
    size_t rows, dim, classes;
    const float *embeddings;
    size_t embeddings_stride;
    const float *weights;
    size_t weights_stride;
    const float *bias;
    size_t k; /* how many classes of each row are wanted: in [1, C] */
    /* outputs; either may be NULL */
    int64_t *top_classes; /* [N, k]: the classes with the largest cosines, largest first, equal ones
                             in the order of classes */
    float *top_values;    /* [N, k]: their cosines, in [-1, 1]; for losses that normalise nothing
                             their logits */
    /* appended, as in margin_head */
    margin_type embeddings_type, weights_type;
} margin_predict;

/* Finds the k nearest classes of each row, without labels or margins. W is read once, and no [N, C]
 * array is stored. A zero vector's cosines are 0. Which class is nearest is decided by the same
 * float32 cosines as row_correct.
 * Errors: MARGIN_ERROR_NULL, _SIZE, _SHAPE (also k), _NONFINITE, _WORKSPACE, _MEMORY, _CONFIG. */
MARGIN_API margin_status margin_head_predict(margin_context *context, const margin_predict *call);

/* ---- sampled classes: which rows of W a step looks at ---- */

/* Begin with `margin_sample sample = MARGIN_SAMPLE_INIT;`, then set what is needed. */
typedef struct margin_sample {
    size_t size; /* sizeof(margin_sample), set by MARGIN_SAMPLE_INIT */
    /* inputs */
    const int64_t *labels; /* y [N]: in [0, C), or -1; their classes are sampled in any case */
    size_t rows;           /* N >= 0 */
    int64_t ignore_label;  /* as in margin_head */
    size_t classes;        /* C >= 1 */
    size_t first, count;   /* the classes to list: from `first` on `count`, at most to C; all of W:
                              0 and C */
    double rate;           /* r in (0, 1]: the probability with which each other class is drawn */
    uint64_t seed, step;   /* another step, or another seed: other classes */
    /* output */
    int64_t *class_index; /* [capacity]: the sampled classes of the range, in rising order */
    size_t capacity;      /* `count` is always enough */
    /* result */
    size_t found; /* classes that are sampled, also where capacity is too small for them */
} margin_sample;

/* Samples classes for one step of training, as margin_head.class_index takes them: those of the
 * labels, and each other one with probability `rate`, rounded up to a multiple of 2^-32, whatever
 * the others. Whether class j is drawn follows from seed, step and j alone, so the lists of ranges
 * side by side, one after another, are the list of the whole: ranks that each hold a range of
 * classes agree without a word. What a smaller sum over classes does to the loss is in
 * docs/method.md. Scratch memory: 8 bytes a row.
 * Errors: MARGIN_ERROR_NULL, _SIZE, _SHAPE (classes, range; capacity: class_index then holds no
 * list), _CONFIG (rate), _LABEL, _WORKSPACE, _MEMORY.
 * Source: An et al. 2022, "Killing two birds with one stone: efficient and robust training of face
 * recognition CNNs by Partial FC"; Salmon et al. 2011 for the generator, Philox4x32-10. */
MARGIN_API margin_status margin_sample_run(margin_context *context, margin_sample *sample);

/* ---- rows level: cosines (or logits) and labels -> loss and their gradient ---- */

/* Begin with `margin_rows rows = MARGIN_ROWS_INIT;`, then set what is needed. */
typedef struct margin_rows {
    size_t size; /* sizeof(margin_rows), set by MARGIN_ROWS_INIT */
    /* inputs */
    size_t rows;               /* N >= 1 */
    size_t classes;            /* C >= 1 */
    const float *logits;       /* [N, C]: cosines; for softmax raw logits. A target's cosine beyond
                                  [-1, 1] is taken as the nearer end */
    size_t logits_stride;      /* elements from row to row, >= C; 0: C */
    const int64_t *labels;     /* y [N]: in [0, C), or -1 for a row that does not count */
    const float *row_scale;    /* [N] or NULL: factor of the row instead of s; required with
                                  feature_norm = keep (|x|); finite and >= 0 */
    const float *row_weight;   /* [N] or NULL: this and the next two as in margin_head */
    const float *class_weight; /* [C] or NULL */
    double label_smoothing;    /* in [0, 1) */
    /* outputs; every pointer may be NULL */
    float *row_loss;    /* [N] */
    float *grad_logits; /* [N, C]: derivative with respect to the input `logits`; may be the same
                           array as `logits` (same stride), else no overlap */
    size_t grad_logits_stride; /* >= C; 0: C */
    /* results, as in margin_head */
    double loss, mean_loss;
    size_t counted;
    /* appended, as in margin_head */
    int64_t ignore_label;
    const float *row_margin;   /* [N] or NULL */
    const float *class_margin; /* [C] or NULL */
    float *row_others;         /* [N] or NULL */
} margin_rows;

/* Computes loss and gradient from given cosines: for any backbone and any matrix product.
 * d psi / d c = -psi'(theta) / sin(theta) has no bound where |c| = 1; there the slope is that of
 * the angle whose sine is 2^-12, half way to the nearest float32 cosine. (margin_head_run has no
 * such limit.)
 * Scratch memory: 8 bytes a row, and for the gradient 16 bytes a thread and 2048 classes; up to 32
 * rows of classes a thread make it faster.
 * Errors as margin_head_run, with one difference: logits are read once, so at a NaN or an infinity
 * among them rows of grad_logits may have been written, unless it is the same array as `logits`.
 * Source: as margin_head_run. */
MARGIN_API margin_status margin_rows_run(margin_context *context, margin_rows *rows);

#ifdef __cplusplus
/* What the macros of the same names are in C++: zeros but for the size. */
#define MARGIN_DEFINE_INITIAL(type)                                                                \
    static inline type type##_initial()                                                            \
    {                                                                                              \
        type zero = type();                                                                        \
        zero.size = sizeof(type);                                                                  \
        return zero;                                                                               \
    }
MARGIN_DEFINE_INITIAL(margin_head)
MARGIN_DEFINE_INITIAL(margin_rows)
MARGIN_DEFINE_INITIAL(margin_predict)
MARGIN_DEFINE_INITIAL(margin_sample)
#undef MARGIN_DEFINE_INITIAL
}
#endif
#endif
