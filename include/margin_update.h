/* margin_update.h: optimizers that take gradients of class weights as the head finishes them: a
 * consumer for margin_head.consume. Each row of W and of what the optimizer remembers is read and
 * written once, while its gradient is in a cache, and dW is never stored: no [C, D] array but W and
 * the moments. Everywhere as in margin.h: float32 arrays in C order that the caller owns, lengths
 * and strides in elements.
 *
 *     margin_update update;
 *     margin_update_init(&update, MARGIN_UPDATE_SGD);
 *     update.learning_rate = 0.1, update.momentum = 0.9, update.weight_decay = 5e-4;
 *     update.classes = C, update.dim = D, update.weights = w, update.moment1 = zeros;
 *     ...
 *     margin_head head = MARGIN_HEAD_INIT;
 *     ...                                          and no grad_weights
 *     margin_update_attach(context, &update, &head);
 *     margin_head_run(context, &head);             w and zeros are those of the next step
 *
 * The result is bit for bit that of storing dW and calling margin_update_run with it, on every path
 * and for any number of threads. Rows are taken in rising order from each thread, so W and moments
 * may be files that are mapped into memory (docs/embedding.md).
 */
#ifndef MARGIN_UPDATE_H
#define MARGIN_UPDATE_H

#include "margin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With g the gradient, w the class weight, r the learning rate and d the weight decay, all in
 * float32, as torch.optim.SGD and torch.optim.AdamW define them:
 *
 * SGD: u = momentum u + (g + d w); w = w - r u; with nesterov w = w - r (g + d w + momentum u)
 * (Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning",
 * with the learning rate taken out of u).
 *
 * AdamW: w = (1 - r d) w, m = m + (1 - beta1) (g - m), v = beta2 v + (1 - beta2) g^2,
 * w = w - r / (1 - beta1^step) m / (sqrt(v / (1 - beta2^step)) + epsilon) (Loshchilov & Hutter
 * 2019, "Decoupled weight decay regularization", algorithm 2). */
typedef enum margin_update_rule {
    MARGIN_UPDATE_SGD,
    MARGIN_UPDATE_ADAMW,
    MARGIN_UPDATE_COUNT
} margin_update_rule;

/* An update: fill with margin_update_init, then change fields. It grows as the structs of margin.h
 * do. */
typedef struct margin_update {
    size_t size; /* sizeof(margin_update), set by margin_update_init */
    margin_update_rule rule;
    double learning_rate; /* in [0, 1e37); default 0.001 */
    double weight_decay;  /* in [0, 1e37); default 0, AdamW 0.01; of W and the bias */
    double momentum;      /* SGD: in [0, 1); default 0 */
    int nesterov;         /* SGD: 1: Nesterov's momentum, which needs momentum > 0 */
    double beta1, beta2;  /* AdamW: in [0, 1); default 0.9, 0.999 */
    double epsilon;       /* AdamW: finite and at least 1e-37; default 1e-8 */
    int64_t step;    /* AdamW: the step's number, from 1 on, which the caller counts; default 1 */
    int renormalise; /* 1: class weights are brought to length 1 after the step; one of length 0
                        stays. Not with a bias */
    size_t classes, dim;   /* C and D */
    float *weights;        /* W [C, D] */
    size_t weights_stride; /* >= D; 0: D */
    /* What is remembered from step to step, zeros before the first. SGD: moment1 is u, and with
     * momentum 0 may be NULL; moment2 is not used. AdamW: m and v. */
    float *moment1, *moment2; /* [C, D] */
    size_t moments_stride;    /* >= D; 0: D */
    float *bias; /* b [C] where the head has one, else NULL; with moments [C] of its own */
    float *bias_moment1, *bias_moment2;
    /* appended */
    const int64_t *class_index; /* [C] or NULL: that of the head. Row k of the gradients is of row
                                   class_index[k] of W, of the moments and of what belongs to the
                                   bias; other rows stay, also what is remembered of them */
    void *rounded;              /* W in 16 bits, which a head of this type reads, or NULL: each row
                                   is rounded to the nearest number there after its step, at most
                                   the largest finite one (a NaN stays one). `weights` are then the
                                   master weights, which nobody else reads; NULL: there are none,
                                   and steps smaller than half the distance of two 16-bit numbers
                                   are lost */
    margin_type rounded_type;   /* MARGIN_TYPE_BFLOAT16 or _FLOAT16 */
    size_t rounded_stride;      /* elements of 16 bits, >= D; 0: D */
} margin_update;

/* Fills *update, of `size` bytes, with the defaults of `rule`. In C and C++ write
 * margin_update_init(&update, rule), which passes the size. Thread-safe.
 * Errors: MARGIN_ERROR_NULL, MARGIN_ERROR_SIZE, MARGIN_ERROR_CONFIG. */
MARGIN_API margin_status margin_update_init_sized(margin_update *update, size_t size,
                                                  margin_update_rule rule);
#define margin_update_init(update, rule)                                                           \
    margin_update_init_sized((update), sizeof(margin_update), (rule))

/* Checks `update`, and that it is of the class weights (and bias) of `head`, whose shape and inputs
 * are set; then makes it the consumer of the call: it sets head->consume and head->consume_user.
 * Both structs stay the caller's, and the update must stay until the call has run. A call that is
 * refused has updated nothing.
 * Errors, which margin_context_fault explains: MARGIN_ERROR_NULL, _SIZE, _CONFIG, _SHAPE. */
MARGIN_API margin_status margin_update_attach(margin_context *context, const margin_update *update,
                                              margin_head *head);

/* Updates the classes at hand: the margin_consume that margin_update_attach sets. `update` is a
 * margin_update that it has checked. A consumer of the caller's, which clips gradients, say, may
 * call it with what it made of them. Thread-safe for different classes. */
MARGIN_API void margin_update_consume(void *update, size_t first, size_t count,
                                      const float *gradients, size_t stride,
                                      const float *bias_gradients);

/* Does the same with gradients that are stored: dW [C, D], `stride` elements from row to row (0:
 * D), and db [C], NULL without bias. It runs on the context's threads; bits do not depend on them.
 * Errors, which margin_context_fault explains: MARGIN_ERROR_NULL, _SIZE, _CONFIG, _SHAPE; nothing
 * is then updated. A gradient that is not finite is the caller's concern. */
MARGIN_API margin_status margin_update_run(margin_context *context, const margin_update *update,
                                           const float *gradients, size_t stride,
                                           const float *bias_gradients);

#ifdef __cplusplus
}
#endif
#endif
