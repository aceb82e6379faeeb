/* smoothing.c: label smoothing. With e = label_smoothing a row's loss is its cross entropy plus
 * e lead, where lead = z - the mean of all C logits, z among them. So what smoothing adds needs no
 * kernel: the sum of all plain logits is one inner product with the sum of all class weights, and
 * of its gradient one vector is the same for every class. All sums are in double and in an order
 * that the shape alone decides. */
#include "head/geometry.h"

/* Returns the first of `count` vectors that part `part` adds up. */
static size_t part_first(size_t part, size_t count)
{
    return part * count / HEAD_SMOOTHING_PARTS;
}

/* How many elements go side by side: a loop of this many is one that compilers vectorise. */
enum { ABREAST = 8 };

static void add_multiple(double *sum, double factor, const float *vector, size_t n)
{
    size_t d = 0;
    for (; d + ABREAST <= n; d += ABREAST)
        for (size_t k = 0; k < ABREAST; k++)
            sum[d + k] += factor * (double)vector[d + k];
    for (; d < n; d++)
        sum[d] += factor * (double)vector[d];
}

/* Returns the inner product of x and `sum`, in chains that do not wait for each other. */
static double dot(const float *x, const double *sum, size_t n)
{
    double chain[ABREAST] = {0.0}, total = 0.0;
    size_t d = 0;
    for (; d + ABREAST <= n; d += ABREAST)
        for (size_t k = 0; k < ABREAST; k++)
            chain[k] += (double)x[d + k] * sum[d + k];
    for (; d < n; d++)
        chain[d % ABREAST] += (double)x[d] * sum[d];
    for (size_t k = 0; k < ABREAST; k++)
        total += chain[k];
    return total;
}

static double norm_of(const head_call *call, const float *vector)
{
    margin_pair pair;
    margin_pair_start(call->kernels.pairs, vector, vector, call->io->dim, &pair);
    return pair.norm_x;
}

/* Adds the class weights of a part, as logits see them, to `sum`. */
static void add_classes(const head_call *call, size_t part, double *sum, const head_lines *lines)
{
    const margin_head *io = call->io;
    const size_t end = part_first(part + 1, io->classes);
    for (size_t j = part_first(part, io->classes); j < end; j++) {
        const float *w = margin_head_class(call, j, lines);
        const double factor = call->geometry->class_factor(call, norm_of(call, w));
        add_multiple(sum, factor * call->class_measure, w, io->dim);
        if (io->bias != NULL) sum[io->dim] += margin_head_bias(call, j);
    }
}

/* Adds the embeddings of a part, times their rows' weights and what makes logits of them, to `sum`.
 */
static void add_rows(const head_call *call, size_t part, double *sum, const head_lines *lines)
{
    const margin_head *io = call->io;
    const size_t end = part_first(part + 1, io->rows);
    for (size_t i = part_first(part, io->rows); i < end; i++) {
        const int64_t label = margin_label(&call->labels, i);
        if (label < 0) continue;
        const float *x = margin_head_embedding(call, i, lines);
        const double factor = margin_row_weight(&call->weighting, i, label) *
                              call->geometry->row_factor(margin_head_s(call, i), norm_of(call, x));
        add_multiple(sum, factor, x, io->dim);
        if (io->bias != NULL) sum[io->dim] += factor;
    }
}

void margin_head_smoothing_part(const head_call *call, size_t item, const head_lines *lines)
{
    const size_t dim = call->layout.dim, part = item % HEAD_SMOOTHING_PARTS;
    const int of_rows = item >= HEAD_SMOOTHING_PARTS;
    const head_smoothing *s = &call->smoothing;
    double *sum = (of_rows ? s->row_sums : s->class_sums) + part * dim;
    for (size_t d = 0; d < dim; d++)
        sum[d] = 0.0;
    if (of_rows) {
        add_rows(call, part, sum, lines);
    } else {
        add_classes(call, part, sum, lines);
    }
}

/* Adds all parts to the first. */
static void add_parts(double *sums, size_t dim)
{
    for (size_t k = dim; k < HEAD_SMOOTHING_PARTS * dim; k++)
        sums[k % dim] += sums[k];
}

void margin_head_smoothing_total(const head_call *call)
{
    const head_smoothing *s = &call->smoothing;
    const size_t dim = call->layout.dim;
    add_parts(s->class_sums, dim);
    if (s->even == NULL) return;
    add_parts(s->row_sums, dim);
    const double factor = -s->share / (double)call->io->classes / call->gradient_measure;
    for (size_t d = 0; d < dim; d++)
        s->even[d] = margin_to_float(factor * s->row_sums[d]);
}

head_smooth_row margin_head_smooth_row(const head_call *call, const head_rows *rows, size_t i,
                                       const head_lines *lines)
{
    const margin_head *io = call->io;
    const head_geometry *geometry = call->geometry;
    const double *sum = call->smoothing.class_sums;
    head_smooth_row r = {.row = &rows->row[i],
                         .x = margin_head_embedding(call, rows->first + i, lines)};
    r.factor = geometry->row_factor(r.row->s, r.row->norm);
    r.others = (double)(io->classes - 1);
    r.per_class = 1.0 / (double)io->classes;
    r.dot = dot(r.x, sum, io->dim);
    if (io->bias != NULL) r.dot += sum[io->dim];
    const double plain = geometry->plain_logit(call, r.row);
    r.lead =
        (r.others * geometry->target_logit(call, r.row) + plain - r.factor * r.dot) * r.per_class;
    r.share = call->smoothing.share * r.row->weight;
    return r;
}

void margin_head_smooth_losses(const head_call *call, const head_rows *rows, size_t first,
                               size_t count, const head_lines *lines, head_result *results)
{
    for (size_t i = first; i < first + count; i++) {
        if (rows->place[i] < 0) continue;
        const head_smooth_row r = margin_head_smooth_row(call, rows, i, lines);
        results[i].loss += call->smoothing.share * r.lead;
    }
}
