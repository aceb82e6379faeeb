/* shards.h: checkpoints of class weights that lie in shards, each a range of the classes, and of
 * arrays such as momentum that are cut alike (docs/sharding.md has the format). Must not know what
 * the numbers mean. What does not fit ends the program with a message that names the file. */
#ifndef MARGIN_CLI_SHARDS_H
#define MARGIN_CLI_SHARDS_H

#include <atomic_folder.h>
#include <npy.h>

#include <jansson.h>
#include <stddef.h>

enum { SHARDS_MOST = 99999, SHARD_ARRAYS_MOST = 32 };

/* One array of all classes, in whatever shards. */
typedef struct shard_array {
    const char *name; /* held by the checkpoint's header */
    npy_array whole;  /* [C, ...], without data */
    size_t row_bytes; /* of one class */
} shard_array;

typedef struct checkpoint {
    json_t *header; /* what shards.json says; of plain files, what it would say, without shards */
    char *source;   /* where the header is from, for messages */
    size_t classes, dim, shards, arrays;
    shard_array array[SHARD_ARRAYS_MOST];
    size_t *counts; /* of classes [shards] */
    char **files;   /* paths [shards][arrays] */
} checkpoint;

/* Reads the headers, but no data, of the checkpoint in the folder paths[0], or of `count` matrices
 * in .npy files, in the order of their classes; and checks every file against them. */
void checkpoint_read(const char *const *paths, size_t count, checkpoint *out);
void checkpoint_free(checkpoint *c);

/* Opens the file of one array in one shard, after the same check. */
void checkpoint_open(const checkpoint *c, size_t shard, size_t array, npy_file *out);

/* The bytes of all arrays. */
size_t checkpoint_bytes(const checkpoint *c);

/* Writes the checkpoint, in shards of these counts of classes, whose sum is c->classes, a few MiB
 * at a time, for the new or empty folder `out`. It appears when checkpoint_commit is called. */
void checkpoint_write(const checkpoint *c, const size_t *counts, size_t shards, const char *out,
                      atomic_folder *folder);
void checkpoint_commit(atomic_folder *folder);

#endif
