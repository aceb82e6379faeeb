/* checkpoint.c: the state of a training in a file (see run.h). Must not know what a run
 * measures. */
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "atomic_file.h"
#include "hash.h"

static const char magic[] = "margin checkpoint 1";

char *checkpoint_path(const char *folder, const char *key)
{
    char *path = NULL;
    const uint64_t hash = hash_on(hash_start, key, strlen(key));
    return asprintf(&path, "%s/%016" PRIx64 ".state", folder, hash) < 0 ? NULL : path;
}

/* Everything that is in the file but the checksum at its end. */
static uint64_t hash_all(const char *key, const checkpoint_piece *pieces, size_t count)
{
    uint64_t hash = hash_on(hash_start, key, strlen(key));
    for (size_t i = 0; i < count; i++)
        hash = hash_on(hash, pieces[i].data, pieces[i].bytes);
    return hash;
}

int checkpoint_save(const char *path, const char *key, const checkpoint_piece *pieces, size_t count,
                    char *error, size_t error_size)
{
    int status;
#pragma omp critical(separation_files)
    {
        atomic_file file;
        status = atomic_open(&file, path);
        if (status == 0) {
            const uint64_t hash = hash_all(key, pieces, count);
            fprintf(file.stream, "%s\n%s\n", magic, key);
            for (size_t i = 0; i < count; i++)
                fwrite(pieces[i].data, 1, pieces[i].bytes, file.stream);
            fwrite(&hash, sizeof hash, 1, file.stream);
            status = atomic_commit(&file);
            atomic_abort(&file);
        }
    }
    if (status != 0) snprintf(error, error_size, "%s: %s", path, strerror(status));
    return status == 0 ? 0 : -1;
}

/* 1 if the stream goes on with this line. */
static int next_line_is(FILE *from, const char *text)
{
    for (; *text != '\0'; text++) {
        if (getc(from) != (unsigned char)*text) return 0;
    }
    return getc(from) == '\n';
}

static int read_all(FILE *from, const char *key, const checkpoint_piece *pieces, size_t count)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++) {
        if (fread(pieces[i].data, 1, pieces[i].bytes, from) != pieces[i].bytes) return 0;
    }
    return fread(&hash, sizeof hash, 1, from) == 1 && getc(from) == EOF &&
           hash == hash_all(key, pieces, count);
}

int checkpoint_load(const char *path, const char *key, const checkpoint_piece *pieces, size_t count,
                    char *error, size_t error_size)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? 0 : -1;
    }
    const char *fault = NULL;
    if (!next_line_is(file, magic)) {
        fault = "not a checkpoint";
    } else if (!next_line_is(file, key)) {
        fault = "the checkpoint of another run";
    } else if (!read_all(file, key, pieces, count)) {
        fault = "a broken checkpoint";
    }
    fclose(file);
    if (fault != NULL) snprintf(error, error_size, "%s: %s (remove it to start anew)", path, fault);
    return fault == NULL ? 1 : -1;
}
