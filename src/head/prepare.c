/* prepare.c: what is done once per row before the classes: its target pair is measured, its loss
 * asked for psi, and the row packed. All of it in double but the packing. */
#include "head/geometry.h"

/* Returns the bias of row i's label, which counts, where there are biases. */
static double bias_of(const head_call *call, const head_rows *rows, size_t i)
{
    if (call->shard != NULL) return (double)call->shard->target_bias[rows->first + i];
    return margin_head_bias(call, (size_t)rows->place[i]);
}

static void start_row(const head_call *call, head_rows *rows, size_t i, const head_lines *lines)
{
    const margin_head *io = call->io;
    head_row *row = &rows->row[i];
    row->label = i < rows->count ? margin_label(&call->labels, rows->first + i) : -1;
    rows->place[i] = row->label < 0 ? -1 : margin_head_place(call, row->label);
    if (row->label < 0) return;
    *row = (head_row){.label = row->label, .scale = 1.0, .unpack = 1.0};
    row->s = margin_head_s(call, rows->first + i);
    if (io->bias != NULL) row->bias = bias_of(call, rows, i);
    row->weight = margin_row_weight(&call->weighting, rows->first + i, row->label);
    margin_pair_start(call->kernels.pairs, margin_head_embedding(call, rows->first + i, lines),
                      margin_head_target(call, rows, i, lines), io->dim, &row->pair);
    row->norm = row->pair.norm_x;
}

/* What the kernels know of a lane without a row that counts. */
static const margin_term_row no_row = {.scale = 1.0f};

static void set_target(const head_call *call, head_rows *rows, size_t i, const head_lines *lines)
{
    head_row *row = &rows->row[i];
    margin_term_rows *strip = &rows->terms[i / 16];
    if (row->label < 0) {
        margin_put_term_row(strip, i % 16, no_row);
        return;
    }
    margin_pair_finish(call->kernels.pairs, margin_head_embedding(call, rows->first + i, lines),
                       margin_head_target(call, rows, i, lines), call->io->dim, &row->pair);
    margin_margins own;
    const margin_row seen = {
        row->pair.angle, row->norm, row->label,
        margin_row_margins(call->setting, &call->margins, rows->first + i, row->label, &own)};
    row->target = margin_target_at(call->setting, &seen);
    call->geometry->set_scale(call, row);
    margin_put_term_row(strip, i % 16, margin_term_row_of(row->scale, &row->target));
}

/* Prepares rows loop by loop. Tiles have a lane for each of 16 rows, so the lanes of rows that are
 * not there are packed too. */
void margin_head_prepare(const head_call *call, size_t first, size_t count, head_rows *rows,
                         const head_lines *lines)
{
    const size_t end = first + count;
    for (size_t i = first; i < end; i++)
        start_row(call, rows, i, lines);
    for (size_t i = first; i < end; i++)
        set_target(call, rows, i, lines);
    for (size_t i = first; i < end; i++) {
        if (i < rows->count || rows->x_lanes != NULL)
            margin_head_pack_embedding(call, rows, i, lines);
    }
    if (rows->x_lanes == NULL) return;
    call->kernels.packing->pack_lanes(rows->x_panels + first * 16, rows->x_stride,
                                      call->layout.panels,
                                      rows->x_lanes + first * call->layout.panels * 16);
}
