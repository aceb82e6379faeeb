/* workspace.h: where the values of a call lie in the caller's workspace. */
#ifndef MARGIN_HEAD_WORKSPACE_H
#define MARGIN_HEAD_WORKSPACE_H

#include "head/planes_path.h"
#include "head/rank.h"

/* What a shard's call knows of the nodes of all shards, and how they are merged into shards in the
 * head's own sense, which combine takes. */
typedef struct head_exchange {
    head_node *nodes;  /* [count], in class order */
    head_stats *stats; /* [count], without x_part */
    size_t count;
    size_t (*steps)[2]; /* [step_count]: the node that takes over another, which stands behind it */
    size_t step_count;
    head_merge *merges;                 /* [step_count][capacity] */
    size_t kept[MARGIN_SHARDS];         /* the nodes that are left */
    head_stats combined[MARGIN_SHARDS]; /* theirs */
} head_exchange;

/* Lists the nodes of all shards, and the steps that merge them: whenever two halves of a node stand
 * side by side, the second goes into the first. */
void margin_head_list_nodes(const head_layout *layout, const head_span *span, head_exchange *e);

/* All that a call works on; run.c owns it and hands each stage what it needs. */
typedef struct head_work {
    head_rows rows;
    head_classes classes;
    head_node nodes[HEAD_NODES]; /* of the call's cells: the shards, where it holds all */
    size_t node_count;
    head_exchange exchange; /* a shard's call only */
    head_stats stats[HEAD_NODES];
    float *target_dot; /* [capacity]: that of all stats */
    head_top top[MARGIN_SHARDS];
    head_tiles tiles;
    head_result *results; /* [capacity] */
    head_targets targets;
    head_plane_sums sums;
    head_smoothing smoothing;
    head_scratch *scratch; /* [threads] */
} head_work;

/* Returns a b size, or SIZE_MAX / 4 where that is beyond it. */
size_t margin_bytes(size_t a, size_t b, size_t size);

/* Returns how many bytes a schedule takes. */
size_t margin_head_bytes(const head_shape *shape, const head_layout *layout,
                         const head_schedule *schedule);

/* Lays out *work, which is all zeros before, in `memory`, which has schedule->bytes and starts at a
 * multiple of 64. */
void margin_head_carve(const head_shape *shape, const head_layout *layout,
                       const head_schedule *schedule, char *memory, head_work *work);

#endif
