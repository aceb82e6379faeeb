/* head_plan.c: how a call is cut, and where its arrays lie in the workspace. */
#include "head_state.h"

#include <stdint.h>
#include <string.h>

enum {
    ALIGNMENT = 64,
    /* head_small.c: weights of a block, in floats, that stay in L1; panels of 16 rows at a time for
     * each thread. */
    SMALL_BLOCK = 2048,
    SMALL_PANELS = 4,
    /* At least, where there are several shards: a row's parts are added up in the end, which so few
     * classes would not pay for. */
    BLOCKS_OF_SHARD = 4
};

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Sums and products that stick at SIZE_MAX / 4 instead of overflowing. */
static size_t product(size_t a, size_t b)
{
    const size_t most = SIZE_MAX / 4;
    size_t r;
    return __builtin_mul_overflow(a, b, &r) || r > most ? most : r;
}

/* A cursor that either counts bytes (base NULL) or hands out memory: one list serves both. */
typedef struct cursor {
    char *base;
    size_t used;
} cursor;

static void *take(cursor *c, size_t count, size_t size)
{
    void *p = c->base == NULL ? NULL : c->base + c->used;
    const size_t bytes = product(divide_up(product(count, size), ALIGNMENT), ALIGNMENT);
    c->used = c->used + bytes < SIZE_MAX / 4 ? c->used + bytes : SIZE_MAX / 4;
    return p;
}

static void carve_scratch(const head_plan *p, cursor *c, head_scratch *scratch)
{
    const size_t padded = p->panels * 16;
    const size_t tile_panels = p->want_w && !p->keep_tiles ? p->rows / 16 : 2;
    const size_t weights = p->keep_packed ? 0 : product(padded, p->block);
    scratch->weights = take(c, weights, sizeof(float));
    scratch->tiles = take(c, product(tile_panels * 16, p->block), sizeof(float));
    scratch->line = take(c, padded, sizeof(float));
    scratch->peaks = take(c, p->want_w ? p->rows : 0, sizeof(float));
    scratch->factors = take(c, p->want_w ? p->rows : 0, sizeof(float));
    const int scaled = p->want_w && !p->scale_tiles;
    scratch->scaled_x = take(c, scaled ? product(p->panels, head_row_stride(p)) : 0, sizeof(float));
    const int scratch_w = p->want_w && !p->in_place;
    scratch->gradient = take(c, scratch_w ? product(padded, p->block) : 0, sizeof(float));
}

static size_t packed_size(const head_plan *p)
{
    return product(product(p->blocks, p->block), p->panels * 16);
}

/* What both paths know of rows and classes. */
static void carve_rows(head_state *s, cursor *c, size_t classes)
{
    const head_plan *p = &s->plan;
    const size_t padded = p->panels * 16, parts = product(p->shards, p->rows);
    s->row = take(c, p->rows, sizeof *s->row);
    s->label = take(c, p->rows, sizeof *s->label);
    s->norms = take(c, classes, sizeof(double));
    s->columns = take(c, product(p->panels, head_row_stride(p)), sizeof(float));
    s->scale = take(c, p->rows, sizeof(float));
    s->target_dot = take(c, p->rows, sizeof(float));
    s->shard_sum = take(c, parts, sizeof(double));
    s->shard_peak = take(c, parts, sizeof(float));
    s->shard_max = take(c, parts, sizeof(float));
    s->shard_x = take(c, p->want_x ? product(parts, padded) : 0, sizeof(float));
    s->first_of = take(c, p->want_w ? classes : 0, sizeof *s->first_of);
    s->next_of = take(c, p->want_w ? p->all_rows : 0, sizeof *s->next_of);
    s->target_share = take(c, p->want_w ? p->all_rows : 0, sizeof(double));
    s->scratch = take(c, p->threads, sizeof *s->scratch);
}

/* head_small.c. */
static void carve_small(head_state *s, cursor *c)
{
    const head_plan *p = &s->plan;
    const size_t plane = product(p->dim, p->stride);
    s->scaled = take(c, p->want_w ? p->rows * 16 : 0, sizeof(float));
    s->planes = take(c, plane, sizeof(float));
    s->parts = take(c, p->want_w ? product(plane, p->rows / 16) : 0, sizeof(float));
    s->sums = take(c, p->want_w ? plane : 0, sizeof(float));
    s->pairs = take(c, p->want_w ? p->all_rows : 0, sizeof *s->pairs);
}

static void carve_small_scratch(const head_plan *p, cursor *c, head_scratch *scratch)
{
    scratch->tiles = take(c, product(16, p->stride), sizeof(float));
    scratch->line = take(c, MARGIN_LANES, sizeof(float));
    scratch->factors = take(c, p->block, sizeof(float));
}

static void carve_tiles(head_state *s, cursor *c)
{
    const head_plan *p = &s->plan;
    const size_t tiles = product(product(p->blocks, p->block), p->rows);
    s->packed = take(c, p->keep_packed ? packed_size(p) : 0, sizeof(float));
    s->lanes = take(c, p->few ? 0 : product(p->panels * 16, p->rows), sizeof(float));
    s->block_peak = take(c, p->want_w ? product(p->blocks, p->rows) : 0, sizeof(float));
    s->tiles = take(c, p->keep_tiles ? tiles : 0, sizeof(float));
}

static void carve(head_state *s, cursor *c, size_t classes)
{
    const head_plan *p = &s->plan;
    head_scratch unused;
    carve_rows(s, c, classes);
    if (p->small) {
        carve_small(s, c);
    } else {
        carve_tiles(s, c);
    }
    for (size_t t = 0; t < p->threads; t++) {
        head_scratch *scratch = c->base == NULL ? &unused : &s->scratch[t];
        if (p->small) {
            carve_small_scratch(p, c, scratch);
        } else {
            carve_scratch(p, c, scratch);
        }
    }
}

static size_t bytes_of(const head_plan *plan, size_t classes)
{
    head_state s = {.plan = *plan};
    cursor c = {NULL, 0};
    carve(&s, &c, classes);
    return c.used;
}

void margin_head_carve(head_state *s, char *memory)
{
    cursor c = {memory, 0};
    carve(s, &c, s->call->classes);
}

/* Gives the plan as many rows as fit: all or whole chunks, else the fewest, and 0 is returned. */
static int fit_rows(head_plan *p, size_t classes, size_t workspace)
{
    const size_t all = divide_up(p->all_rows, 16) * 16;
    size_t most = divide_up(p->all_rows, MARGIN_ROW_CHUNK), fit = 0;
    p->rows = all;
    p->bytes = bytes_of(p, classes);
    if (p->bytes <= workspace) return 1;
    while (fit < most) {
        const size_t middle = fit + (most - fit + 1) / 2;
        p->rows = middle * MARGIN_ROW_CHUNK;
        if (bytes_of(p, classes) <= workspace) {
            fit = middle;
        } else {
            most = middle - 1;
        }
    }
    p->rows = fit > 0 ? fit * MARGIN_ROW_CHUNK : all < MARGIN_ROW_CHUNK ? all : MARGIN_ROW_CHUNK;
    p->bytes = bytes_of(p, classes);
    return fit > 0;
}

/* Keeping exponentials saves most, then more rows at a time, then packing once. */
static head_plan choose(head_plan p, size_t classes, size_t workspace, int may_keep_packed)
{
    head_plan least = {.bytes = SIZE_MAX};
    for (p.keep_tiles = p.want_w; p.keep_tiles >= 0; p.keep_tiles--) {
        head_plan best = {.rows = 0};
        for (p.keep_packed = may_keep_packed; p.keep_packed >= 0; p.keep_packed--) {
            const int fits = fit_rows(&p, classes, workspace);
            if (fits && p.rows > best.rows) best = p;
            if (p.bytes < least.bytes) least = p;
        }
        if (best.rows > 0) return best;
    }
    return least;
}

/* Rows in panels of 16, each an item for a thread: enough at a time to share evenly. */
static head_plan small_plan(head_plan p, size_t classes, size_t workspace)
{
    const size_t all = divide_up(p.all_rows, 16), lines = divide_up(classes, 32) * 2;
    size_t panels = p.threads * SMALL_PANELS;
    p.small = 1;
    p.shards = 1;
    /* An odd number of lines of 16 floats, at least, so that rows do not fall on the same sets. */
    p.stride = (lines + 1) * 16;
    p.block = SMALL_BLOCK / (p.dim > 2 ? p.dim : 2) / 32 * 32;
    p.blocks = divide_up(classes, p.block);
    if (panels > all) panels = all;
    for (; panels > 0; panels /= 2) {
        p.rows = panels * 16;
        p.bytes = bytes_of(&p, classes);
        if (p.bytes <= workspace) break;
    }
    return p;
}

head_plan margin_head_plan(size_t rows, size_t dim, size_t classes, size_t threads, int want_x,
                           int want_w, int bias, size_t workspace)
{
    head_plan p = {.dim = dim + (size_t)bias,
                   .all_rows = rows,
                   .threads = threads,
                   .want_x = want_x,
                   .want_w = want_w,
                   .in_place = dim % 16 == 0 && !bias};
    p.panels = divide_up(p.dim, 16);
    p.few = head_is_few(rows, p.dim, classes);
    if (p.dim <= MARGIN_SMALL_DIM && classes >= MARGIN_SMALL_CLASSES)
        return small_plan(p, classes, workspace);
    p.block = classes < MARGIN_BLOCK_CLASSES ? classes : MARGIN_BLOCK_CLASSES;
    p.blocks = divide_up(classes, p.block);
    /* Few classes: a row has fewer exponentials than dimensions, and one peak. */
    p.scale_tiles = p.blocks == 1 && classes < p.panels * 16;
    p.shards = p.blocks / BLOCKS_OF_SHARD;
    if (p.shards < 1) p.shards = 1;
    if (p.shards > MARGIN_SHARDS) p.shards = MARGIN_SHARDS;
    return choose(p, classes, workspace,
                  product(packed_size(&p), sizeof(float)) <= MARGIN_PACKED_BYTES);
}
