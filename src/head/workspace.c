/* workspace.c: where the values of a call lie in the caller's workspace. */
#include "head/workspace.h"

#include <stdint.h>

enum { ALIGNMENT = 64 };

/* Returns a b, or SIZE_MAX / 4 where that is beyond it. */
static size_t product(size_t a, size_t b)
{
    const size_t most = SIZE_MAX / 4;
    size_t r;
    return __builtin_mul_overflow(a, b, &r) || r > most ? most : r;
}

size_t margin_bytes(size_t a, size_t b, size_t size)
{
    return product(product(a, b), size);
}

/* A cursor that either counts bytes (base NULL) or hands out memory: one list serves both. */
typedef struct cursor {
    char *base;
    size_t used;
} cursor;

/* Takes `count` elements of `size` bytes if they are wanted, else none, and returns NULL. */
static void *take_if(int wanted, cursor *c, size_t count, size_t size)
{
    if (!wanted) return NULL;
    void *p = c->base == NULL ? NULL : c->base + c->used;
    const size_t bytes = product(margin_divide_up(product(count, size), ALIGNMENT), ALIGNMENT);
    c->used = c->used + bytes < SIZE_MAX / 4 ? c->used + bytes : SIZE_MAX / 4;
    return p;
}

static void *take(cursor *c, size_t count, size_t size)
{
    return take_if(1, c, count, size);
}

/* What is asked for and how it is cut, as the lists below need it. */
typedef struct plan {
    const head_shape *shape;
    const head_layout *layout;
    const head_schedule *schedule;
    size_t capacity, padded; /* rows of a row block; dimensions in whole panels */
} plan;

/* Returns the floats from panel to panel: an odd number of lines, so that the panels of a row do
 * not fall on the same sets of a cache. */
static size_t row_stride(const plan *p)
{
    return (p->capacity + 1) * 16;
}

static void carve_rows(const plan *p, cursor *c, head_rows *rows)
{
    rows->capacity = p->capacity;
    rows->x_stride = row_stride(p);
    rows->row = take(c, p->capacity, sizeof *rows->row);
    rows->place = take(c, p->capacity, sizeof *rows->place);
    rows->terms = take(c, p->capacity / 16, sizeof *rows->terms);
    rows->x_panels = take(c, product(p->layout->panels, row_stride(p)), sizeof(float));
    rows->x_lanes =
        take_if(p->layout->path == HEAD_TILES, c, product(p->padded, p->capacity), sizeof(float));
}

static void carve_classes(const plan *p, cursor *c, head_classes *classes)
{
    const head_layout *l = p->layout;
    classes->norms = take(c, l->classes, sizeof(double));
    classes->panels = take_if(p->schedule->keep_packed, c,
                              product(product(l->blocks, l->block), p->padded), sizeof(float));
    classes->planes =
        take_if(l->path == HEAD_PLANES, c, product(l->dim, l->plane_stride), sizeof(float));
}

/* Takes the statistics of `count` nodes. */
static void carve_nodes(const plan *p, cursor *c, size_t count, int want_x, float *target_dot,
                        head_stats *stats)
{
    const size_t n = p->capacity, parts = product(n, p->padded);
    double *sum = take(c, product(count, n), sizeof(double));
    float *peak = take(c, product(count, n), sizeof(float));
    float *most = take(c, product(count, n), sizeof(float));
    float *x_part = take_if(want_x, c, product(count, parts), sizeof(float));
    for (size_t s = 0; c->base != NULL && s < count; s++) {
        stats[s] = (head_stats){.peak = peak + s * n,
                                .most = most + s * n,
                                .sum = sum + s * n,
                                .x_part = x_part == NULL ? NULL : x_part + s * parts,
                                .target_dot = target_dot};
    }
}

static void carve_stats(const plan *p, cursor *c, head_work *work)
{
    const head_layout *l = p->layout;
    work->target_dot = take(c, p->capacity, sizeof(float));
    work->node_count = margin_head_nodes(l, l->first_cell, l->end_cell, work->nodes);
    carve_nodes(p, c, work->node_count, p->shape->want_x, work->target_dot, work->stats);
}

static void carve_exchange(const plan *p, cursor *c, head_work *work)
{
    const head_span *span = p->shape->span;
    head_exchange *e = &work->exchange;
    e->count = 0;
    if (span == NULL) return;
    for (size_t s = 0; s < span->shards; s++) {
        head_node unused[HEAD_NODES];
        e->count += margin_head_nodes(p->layout, span->cuts[s], span->cuts[s + 1], unused);
    }
    e->nodes = take(c, e->count, sizeof *e->nodes);
    e->stats = take(c, e->count, sizeof *e->stats);
    e->steps = take(c, e->count, sizeof *e->steps);
    e->merges = take(c, product(e->count, p->capacity), sizeof *e->merges);
    carve_nodes(p, c, e->count, 0, work->target_dot, e->stats);
}

static void carve_top(const plan *p, cursor *c, head_work *work)
{
    const size_t each = product(p->capacity, p->shape->top);
    for (size_t s = 0; s < p->layout->shards; s++) {
        float *value = take_if(p->shape->top > 0, c, each, sizeof(float));
        int64_t *of_class = take_if(p->shape->top > 0, c, each, sizeof(int64_t));
        work->top[s] = (head_top){value, of_class};
    }
}

static void carve_tiles(const plan *p, cursor *c, head_tiles *tiles)
{
    const head_layout *l = p->layout;
    const int want_w = p->shape->want_w && l->path != HEAD_PLANES;
    tiles->peak = take_if(want_w, c, product(l->blocks, p->capacity), sizeof(float));
    tiles->terms = take_if(p->schedule->keep_tiles, c,
                           product(product(l->blocks, l->block), p->capacity), sizeof(float));
}

static void carve_targets(const plan *p, cursor *c, head_targets *targets)
{
    const size_t rows = p->shape->rows;
    const int want_w = p->shape->want_w, planes = p->layout->path == HEAD_PLANES;
    targets->first_of = take_if(want_w, c, p->layout->classes, sizeof *targets->first_of);
    targets->next_of = take_if(want_w, c, rows, sizeof *targets->next_of);
    targets->share = take_if(want_w, c, rows, sizeof(double));
    targets->pair = take_if(want_w && planes, c, rows, sizeof *targets->pair);
}

static void carve_plane_sums(const plan *p, cursor *c, head_plane_sums *sums)
{
    const int wanted = p->shape->want_w && p->layout->path == HEAD_PLANES;
    const size_t plane = product(p->layout->dim, p->layout->plane_stride);
    sums->scaled_x = take_if(wanted, c, p->capacity * 16, sizeof(float));
    sums->parts = take_if(wanted, c, product(plane, p->capacity / 16), sizeof(float));
    sums->sums = take_if(wanted, c, plane, sizeof(float));
}

static void carve_smoothing(const plan *p, cursor *c, head_smoothing *smoothing)
{
    const int wanted = p->shape->smooth, want_w = wanted && p->shape->want_w;
    const size_t sums = product(HEAD_SMOOTHING_PARTS, p->layout->dim);
    smoothing->class_sums = take_if(wanted, c, sums, sizeof(double));
    smoothing->row_sums = take_if(want_w, c, sums, sizeof(double));
    smoothing->even = take_if(want_w, c, p->layout->dim, sizeof(float));
}

static void carve_planes_scratch(const plan *p, cursor *c, head_scratch *scratch)
{
    scratch->terms = take(c, product(16, p->layout->plane_stride), sizeof(float));
    scratch->inner = take(c, p->layout->block, sizeof(float));
    scratch->finish_factor = scratch->inner;
    scratch->gradient =
        take_if(p->shape->consume, c, product(p->layout->block, p->layout->dim), sizeof(float));
}

static void carve_tiles_scratch(const plan *p, cursor *c, const head_work *work,
                                head_scratch *scratch)
{
    const head_layout *l = p->layout;
    const head_schedule *s = p->schedule;
    const int want_w = p->shape->want_w;
    const size_t block = product(p->padded, l->block);
    /* Forward takes two strips at a time; backward, where it computes terms again, all. */
    const size_t strips = p->capacity / 16, at_once = want_w ? strips : margin_least(strips, 2);
    const size_t tile_strips = s->keep_tiles ? 0 : at_once;
    scratch->panels = take_if(!s->keep_packed, c, block, sizeof(float));
    scratch->norms = take_if(!s->keep_packed, c, l->block, sizeof(double));
    scratch->tiles = take(c, product(tile_strips * 16, l->block), sizeof(float));
    scratch->row_factor = take_if(want_w, c, p->capacity, sizeof(float));
    scratch->peak = take_if(want_w, c, p->capacity, sizeof(float));
    scratch->scaled_x =
        take_if(want_w && !l->scale_tiles, c, product(l->panels, row_stride(p)), sizeof(float));
    const size_t handed = p->shape->consume && p->shape->bias ? l->block : 0;
    scratch->gradient = take_if(want_w && !s->in_place, c, block + handed, sizeof(float));
    size_t levels = 0;
    for (size_t k = 0; p->shape->top == 0 && k < work->node_count; k++)
        while ((size_t)1 << levels < work->nodes[k].cells)
            levels++;
    scratch->half = take(c, levels, sizeof *scratch->half);
    carve_nodes(p, c, levels, p->shape->want_x, work->target_dot, scratch->half);
}

static void carve_scratch(const plan *p, cursor *c, const head_work *work, head_scratch *scratch)
{
    *scratch = (head_scratch){.bad_class = SIZE_MAX};
    scratch->row_line = take(c, p->padded, sizeof(float));
    scratch->x_line = take_if(p->shape->add && p->shape->want_x, c, p->padded, sizeof(float));
    scratch->lines.x = take_if(p->shape->widen_x, c, p->shape->dim, sizeof(float));
    scratch->lines.w = take_if(p->shape->widen_w, c, p->shape->dim, sizeof(float));
    if (p->layout->path == HEAD_PLANES) {
        carve_planes_scratch(p, c, scratch);
    } else {
        carve_tiles_scratch(p, c, work, scratch);
    }
}

static void carve(const plan *p, cursor *c, head_work *work)
{
    head_scratch unused;
    carve_rows(p, c, &work->rows);
    carve_classes(p, c, &work->classes);
    carve_stats(p, c, work);
    carve_exchange(p, c, work);
    carve_top(p, c, work);
    carve_tiles(p, c, &work->tiles);
    work->results = take(c, p->capacity, sizeof *work->results);
    carve_targets(p, c, &work->targets);
    carve_plane_sums(p, c, &work->sums);
    carve_smoothing(p, c, &work->smoothing);
    work->scratch = take(c, p->schedule->threads, sizeof *work->scratch);
    for (size_t t = 0; t < p->schedule->threads; t++)
        carve_scratch(p, c, work, c->base == NULL ? &unused : &work->scratch[t]);
}

size_t margin_head_bytes(const head_shape *shape, const head_layout *layout,
                         const head_schedule *schedule)
{
    const plan p = {shape, layout, schedule, schedule->rows, layout->panels * 16};
    head_work counted; /* carve reads no more of it than it has written */
    cursor c = {NULL, 0};
    carve(&p, &c, &counted);
    return c.used;
}

void margin_head_carve(const head_shape *shape, const head_layout *layout,
                       const head_schedule *schedule, char *memory, head_work *work)
{
    const plan p = {shape, layout, schedule, schedule->rows, layout->panels * 16};
    cursor c = {memory, 0};
    carve(&p, &c, work);
}
