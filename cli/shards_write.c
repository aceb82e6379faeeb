/* shards_write.c: writes a checkpoint in other shards (see shards.h): a stream of rows from one row
 * of files into another. Must not know how its header was read. */
#include "shards.h"

#include "command.h"

#include <json_out.h>
#include <progress.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 4 << 20, MIB = 1 << 20 };

typedef struct writer {
    const checkpoint *from;
    const size_t *counts;
    size_t shards;
    const char *out;
    atomic_folder *folder;
    char *buffer;
    npy_file input; /* the one that is being read, and the shard after it */
    size_t next;
    progress line;
    size_t done; /* bytes */
} writer;

/* Ends the program if the call that made `status` has failed; `name` is the file. */
static void must(const writer *w, const char *name, int status)
{
    if (status != 0) die(PROGRAM, "%s/%s: cannot write: %s", w->out, name, strerror(status));
}

static const char *file_name(const char *array, size_t shard, size_t shards, char text[128])
{
    snprintf(text, 128, "%s-%05zu-of-%05zu.npy", array, shard, shards);
    return text;
}

/* Reads the next bytes of the array, at most `most` of them; returns how many. */
static size_t read_some(writer *w, size_t array, size_t most)
{
    char error[1024];
    while (w->input.left == 0) {
        npy_close(&w->input);
        checkpoint_open(w->from, w->next++, array, &w->input);
    }
    size_t bytes = most < BUFFER ? most : BUFFER;
    bytes = bytes < w->input.left ? bytes : w->input.left;
    if (npy_take(&w->input, w->buffer, bytes, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    return bytes;
}

static void write_file(writer *w, size_t array, size_t shard)
{
    const shard_array *const a = &w->from->array[array];
    char name[128];
    FILE *stream;
    npy_array part = a->whole;
    part.shape[0] = w->counts[shard];
    file_name(a->name, shard, w->shards, name);
    must(w, name, atomic_folder_begin(w->folder, name, &stream));
    must(w, name, npy_write_header(stream, &part));
    for (size_t left = w->counts[shard] * a->row_bytes; left > 0;) {
        const size_t bytes = read_some(w, array, left);
        errno = 0;
        if (fwrite(w->buffer, 1, bytes, stream) != bytes) must(w, name, errno != 0 ? errno : EIO);
        left -= bytes;
        w->done += bytes;
        progress_step(&w->line, w->done / MIB, a->name);
    }
    must(w, name, atomic_folder_end(stream));
}

/* Says of each shard where it begins, how many classes it has, and its files. */
static json_t *describe_shards(const writer *w)
{
    json_t *const list = json_array();
    char name[128];
    size_t first = 0;
    for (size_t k = 0; k < w->shards; k++) {
        json_t *const files = json_object();
        for (size_t a = 0; a < w->from->arrays; a++) {
            const char *const array = w->from->array[a].name;
            json_object_set_new(files, array, json_string(file_name(array, k, w->shards, name)));
        }
        json_array_append_new(list, json_pack("{s:I, s:I, s:o}", "first", (json_int_t)first,
                                              "count", (json_int_t)w->counts[k], "files", files));
        first += w->counts[k];
    }
    return list;
}

static void write_header(const writer *w)
{
    static const char name[] = "shards.json";
    FILE *stream;
    json_t *const header = json_copy(w->from->header);
    json_object_set_new(header, "shards", describe_shards(w));
    must(w, name, atomic_folder_begin(w->folder, name, &stream));
    must(w, name, json_write_stream(header, stream));
    must(w, name, atomic_folder_end(stream));
    json_decref(header);
}

void checkpoint_write(const checkpoint *c, const size_t *counts, size_t shards, const char *out,
                      atomic_folder *folder)
{
    writer w = {.from = c, .counts = counts, .shards = shards, .out = out, .folder = folder};
    const int status = atomic_folder_open(folder, out);
    if (status == ENOTEMPTY)
        die(PROGRAM, "%s: cannot write: not empty; OUT is a new folder, or an empty one", out);
    if (status != 0) die(PROGRAM, "%s: cannot write: %s", out, strerror(status));
    if ((w.buffer = malloc(BUFFER)) == NULL) die(PROGRAM, "out of memory");
    progress_start(&w.line, "resharding, MiB", checkpoint_bytes(c) / MIB);
    for (size_t a = 0; a < c->arrays; a++) {
        w.next = 0;
        for (size_t k = 0; k < shards; k++)
            write_file(&w, a, k);
        npy_close(&w.input);
    }
    write_header(&w);
    progress_end(&w.line);
    free(w.buffer);
}

void checkpoint_commit(atomic_folder *folder)
{
    const int status = atomic_folder_commit(folder);
    if (status != 0) die(PROGRAM, "%s: cannot write: %s", folder->path, strerror(status));
}
