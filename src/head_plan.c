/* head_plan.c: how a call is cut, and where its arrays lie in the workspace. */
#include "head_state.h"

#include <stdint.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Sums and products that stick at SIZE_MAX / 4 instead of overflowing. */
static size_t product(size_t a, size_t b)
{
    const size_t most = SIZE_MAX / 4;
    return a != 0 && b > most / a ? most : a * b;
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
    const size_t tile_panels = p->want_w && !p->keep_tiles ? p->rows / 16 : 1;
    scratch->weights = take(c, product(padded, p->block), sizeof(float));
    scratch->norms = take(c, p->block, sizeof(double));
    scratch->tiles = take(c, product(tile_panels * 16, p->block), sizeof(float));
    scratch->line = take(c, padded, sizeof(float));
    scratch->peaks = take(c, p->want_w ? p->rows : 0, sizeof(float));
    scratch->factors = take(c, p->want_w ? p->rows : 0, sizeof(float));
    scratch->scaled_x = take(c, p->want_w ? product(padded, p->rows) : 0, sizeof(float));
    scratch->gradient = take(c, p->want_w ? product(padded, p->block) : 0, sizeof(float));
}

static void carve(head_state *s, cursor *c, size_t classes)
{
    const head_plan *p = &s->plan;
    const size_t padded = p->panels * 16;
    s->row = take(c, p->rows, sizeof *s->row);
    s->lanes = take(c, product(padded, p->rows), sizeof(float));
    s->columns = take(c, product(padded, p->rows), sizeof(float));
    s->scale = take(c, p->rows, sizeof(float));
    s->target_dot = take(c, p->rows, sizeof(float));
    s->shard_sum = take(c, product(p->shards, p->rows), sizeof(double));
    s->shard_peak = take(c, product(p->shards, p->rows), sizeof(float));
    s->shard_max = take(c, product(p->shards, p->rows), sizeof(float));
    s->block_peak = take(c, p->want_w ? product(p->blocks, p->rows) : 0, sizeof(float));
    s->first_of = take(c, p->want_w ? classes : 0, sizeof *s->first_of);
    s->next_of = take(c, p->want_w ? p->all_rows : 0, sizeof *s->next_of);
    s->target_share = take(c, p->want_w ? p->all_rows : 0, sizeof(double));
    s->shard_x =
        take(c, p->want_x ? product(p->shards, product(padded, p->rows)) : 0, sizeof(float));
    s->tiles = take(c, p->keep_tiles ? product(classes, p->rows) : 0, sizeof(float));
    s->scratch = take(c, p->threads, sizeof *s->scratch);
    head_scratch unused;
    for (size_t t = 0; t < p->threads; t++) {
        carve_scratch(p, c, c->base == NULL ? &unused : &s->scratch[t]);
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

/* The most rows, in whole chunks, that fit; 0 if not even one chunk does. */
static size_t rows_that_fit(head_plan plan, size_t rows, size_t classes, size_t workspace)
{
    size_t most = divide_up(rows, MARGIN_ROW_CHUNK), least = 0;
    while (least < most) {
        const size_t middle = least + (most - least + 1) / 2;
        plan.rows = middle * MARGIN_ROW_CHUNK;
        if (bytes_of(&plan, classes) <= workspace) {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    return least * MARGIN_ROW_CHUNK;
}

head_plan margin_head_plan(size_t rows, size_t dim, size_t classes, size_t threads, int want_x,
                           int want_w, size_t workspace)
{
    head_plan p = {
        .dim = dim, .all_rows = rows, .threads = threads, .want_x = want_x, .want_w = want_w};
    p.panels = divide_up(dim, 16);
    p.block = divide_up(classes, divide_up(classes, MARGIN_BLOCK_CLASSES));
    p.blocks = divide_up(classes, p.block);
    p.shards = p.blocks < MARGIN_SHARDS ? p.blocks : MARGIN_SHARDS;

    const size_t all = divide_up(rows, 16) * 16;
    head_plan least = p;
    least.bytes = SIZE_MAX;
    for (p.keep_tiles = want_w; p.keep_tiles >= 0; p.keep_tiles--) {
        p.rows = all;
        p.bytes = bytes_of(&p, classes);
        if (p.bytes <= workspace) return p;
        p.rows = rows_that_fit(p, rows, classes, workspace);
        p.bytes = bytes_of(&p, classes);
        if (p.rows > 0) return p;
        p.rows = all < MARGIN_ROW_CHUNK ? all : MARGIN_ROW_CHUNK;
        p.bytes = bytes_of(&p, classes);
        if (p.bytes < least.bytes) least = p;
    }
    return least;
}
