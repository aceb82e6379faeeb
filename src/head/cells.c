/* cells.c: where a head may be cut, and the tree in which its cells are summed however it is cut.
 * It knows shapes, no data. */
#include "head/workspace.h"

static head_layout layout_of(size_t rows, size_t dim, size_t classes)
{
    const head_shape shape = {.rows = rows, .dim = dim, .classes = classes};
    return margin_head_layout(&shape);
}

size_t margin_shard_cells(size_t rows, size_t dim, size_t classes)
{
    if (rows == 0 || dim == 0 || classes == 0) return 0;
    return layout_of(rows, dim, classes).cells;
}

size_t margin_shard_cut(size_t rows, size_t dim, size_t classes, size_t cell)
{
    if (rows == 0 || dim == 0 || classes == 0) return 0;
    const head_layout layout = layout_of(rows, dim, classes);
    if (cell >= layout.cells) return classes;
    return head_cell_first(&layout, cell) * layout.block;
}

size_t margin_shard_nodes(size_t rows, size_t dim, size_t classes, size_t first_cell,
                          size_t end_cell)
{
    if (rows == 0 || dim == 0 || classes == 0) return 0;
    const head_layout layout = layout_of(rows, dim, classes);
    head_node nodes[HEAD_NODES];
    return margin_head_nodes(&layout, first_cell, margin_least(end_cell, layout.cells), nodes);
}

size_t margin_shard_width(size_t dim)
{
    return margin_divide_up(dim, 16) * 16;
}

size_t margin_head_nodes(const head_layout *layout, size_t first, size_t end, head_node *nodes)
{
    const size_t most = layout->cells / layout->shards;
    size_t count = 0;
    while (first < end) {
        size_t cells = 1;
        while (2 * cells <= most && first % (2 * cells) == 0 && first + 2 * cells <= end)
            cells *= 2;
        nodes[count++] = (head_node){first, cells};
        first += cells;
    }
    return count;
}

void margin_head_list_nodes(const head_layout *layout, const head_span *span, head_exchange *e)
{
    const size_t most = layout->cells / layout->shards;
    size_t waiting[HEAD_NODES], depth = 0, count = 0;
    e->step_count = 0;
    for (size_t s = 0; s < span->shards; s++)
        count += margin_head_nodes(layout, span->cuts[s], span->cuts[s + 1], e->nodes + count);
    for (size_t k = 0; k < count; k++) {
        waiting[depth++] = k;
        while (depth > 1) {
            head_node *a = &e->nodes[waiting[depth - 2]];
            const head_node *b = &e->nodes[waiting[depth - 1]];
            const int halves = a->cells == b->cells && a->first % (2 * a->cells) == 0;
            if (!halves || 2 * a->cells > most) break;
            e->steps[e->step_count][0] = waiting[depth - 2];
            e->steps[e->step_count][1] = waiting[depth - 1];
            e->step_count++;
            a->cells *= 2;
            depth--;
        }
    }
    for (size_t p = 0; p < layout->shards; p++) {
        e->kept[p] = waiting[p];
        e->combined[p] = e->stats[waiting[p]];
    }
}
