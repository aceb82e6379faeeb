/* shards.c: reads what a checkpoint in shards is, and checks that its files are (see shards.h).
 * Must not know where it goes. */
#include "shards.h"

#include "command.h"

#include <json_out.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void *allocate(size_t count, size_t size)
{
    void *const memory = calloc(count, size);
    if (memory == NULL) die(PROGRAM, "out of memory");
    return memory;
}

/* ---- shards.json ----------------------------------------------------------------------------- */

/* Returns the whole number `key` of `object`, from `least` to `most`; `where` says whose it is. */
static size_t whole_of(const checkpoint *c, const json_t *object, const char *where,
                       const char *key, size_t least, size_t most)
{
    const json_t *const value = json_object_get(object, key);
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (size_t)number < least || (size_t)number > most)
        die(PROGRAM, "%s: %s'%s' is missing or not a whole number from %zu to %zu", c->source,
            where, key, least, most);
    return (size_t)number;
}

/* Returns the member `key` of `object`, an object or an array as `kind` says. */
static json_t *part_of(const checkpoint *c, const json_t *object, const char *where,
                       const char *key, json_type kind)
{
    json_t *const value = json_object_get(object, key);
    if (value == NULL || json_typeof(value) != kind)
        die(PROGRAM, "%s: %s'%s' is missing or no %s", c->source, where, key,
            kind == JSON_ARRAY ? "list" : "object");
    return value;
}

static int is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const size_t length = strlen(text);
    return length > 0 && length <= 64 && strspn(text, letters) == length;
}

static npy_type type_of(const checkpoint *c, const char *where, const json_t *object)
{
    const char *const name = json_string_value(json_object_get(object, "dtype"));
    for (npy_type type = 0; name != NULL && type < NPY_TYPE_COUNT; type++)
        if (strcmp(name, npy_type_name(type)) == 0) return type;
    die(PROGRAM, "%s: %s'dtype' is missing or not a type such as float32", c->source, where);
}

/* Takes one more extent of a class into the array; `where` names the array. */
static void add_extent(const checkpoint *c, shard_array *a, const char *where, const json_t *value)
{
    const json_int_t extent = json_integer_value(value);
    if (!json_is_integer(value) || extent < 1 || a->whole.ndim == NPY_MAX_DIMENSIONS)
        die(PROGRAM, "%s: %s'row' is not a list of at most %d whole numbers from 1", c->source,
            where, NPY_MAX_DIMENSIONS - 1);
    if ((size_t)extent > SIZE_MAX / 2 / SHARD_ARRAYS_MOST / c->classes / a->row_bytes)
        die(PROGRAM, "%s: %sthe shape is too large for this machine", c->source, where);
    a->whole.shape[a->whole.ndim++] = (size_t)extent;
    a->row_bytes *= (size_t)extent;
}

static void add_array(checkpoint *c, const char *name, const json_t *described)
{
    char where[96];
    if (!is_name(name) || !json_is_object(described))
        die(PROGRAM, "%s: 'arrays' holds a name that is not of letters, digits and _, or no object",
            c->source);
    if (c->arrays == SHARD_ARRAYS_MOST)
        die(PROGRAM, "%s: more than %d arrays", c->source, SHARD_ARRAYS_MOST);
    snprintf(where, sizeof where, "%s: ", name);
    const npy_type type = type_of(c, where, described);
    shard_array *const a = &c->array[c->arrays++];
    *a = (shard_array){name, {.ndim = 1, .shape = {c->classes}, .type = type}, npy_type_size(type)};
    const json_t *const row = part_of(c, described, where, "row", JSON_ARRAY), *value;
    size_t i;
    json_array_foreach(row, i, value) add_extent(c, a, where, value);
    if (strcmp(name, "weight") != 0) return;
    if (a->whole.ndim != 2)
        die(PROGRAM, "%s: weight: 'row' is not one number, the dimension", c->source);
    c->dim = a->whole.shape[1];
}

static void read_arrays(checkpoint *c)
{
    const char *name;
    json_t *described;
    json_object_foreach(part_of(c, c->header, "", "arrays", JSON_OBJECT), name, described)
        add_array(c, name, described);
    if (c->dim == 0) die(PROGRAM, "%s: 'arrays' has no weight", c->source);
}

/* Keeps the paths of a shard's files, which are in the folder `folder`. */
static void add_files(checkpoint *c, const char *folder, size_t k, const char *where,
                      const json_t *shard)
{
    const json_t *const files = part_of(c, shard, where, "files", JSON_OBJECT);
    for (size_t a = 0; a < c->arrays; a++) {
        const char *const name = c->array[a].name;
        const char *const file = json_string_value(json_object_get(files, name));
        if (file == NULL || file[0] == '\0' || strchr(file, '/') != NULL)
            die(PROGRAM, "%s: %sno file of %s, or one that is not in this folder", c->source, where,
                name);
        if (asprintf(&c->files[k * c->arrays + a], "%s/%s", folder, file) < 0)
            die(PROGRAM, "out of memory");
    }
}

/* Reads the ranges, which have to follow one another from class 0 to the last one. */
static void read_shards(checkpoint *c, const char *folder)
{
    const json_t *const list = part_of(c, c->header, "", "shards", JSON_ARRAY);
    c->shards = json_array_size(list);
    if (c->shards < 1 || c->shards > SHARDS_MOST)
        die(PROGRAM, "%s: %zu shards, not from 1 to %d", c->source, c->shards, SHARDS_MOST);
    c->counts = allocate(c->shards, sizeof *c->counts);
    c->files = allocate(c->shards * c->arrays, sizeof *c->files);
    size_t next = 0;
    for (size_t k = 0; k < c->shards; k++) {
        char where[32];
        snprintf(where, sizeof where, "shard %zu: ", k);
        const json_t *const shard = json_array_get(list, k);
        const size_t first = whole_of(c, shard, where, "first", 0, c->classes);
        c->counts[k] = whole_of(c, shard, where, "count", 0, c->classes);
        if (first != next)
            die(PROGRAM,
                "%s: %sit begins at class %zu, but those before it end before class %zu: %s",
                c->source, where, first, next, first > next ? "a gap" : "an overlap");
        if (c->counts[k] > c->classes - first)
            die(PROGRAM, "%s: %sits %zu classes from %zu on are more than the %zu that there are",
                c->source, where, c->counts[k], first, c->classes);
        next += c->counts[k];
        add_files(c, folder, k, where, shard);
    }
    if (next < c->classes)
        die(PROGRAM, "%s: the shards end before class %zu, but there are %zu classes", c->source,
            next, c->classes);
}

static json_t *load(const char *path)
{
    json_error_t error;
    FILE *const stream = fopen(path, "rb");
    if (stream == NULL) die(PROGRAM, "%s: cannot read: %s", path, strerror(errno));
    json_t *const value = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
    const int failed = ferror(stream) ? errno : 0;
    fclose(stream);
    if (failed != 0) die(PROGRAM, "%s: cannot read: %s", path, strerror(failed));
    if (value == NULL) die(PROGRAM, "%s: line %d: not JSON", path, error.line);
    return value;
}

static void read_folder(checkpoint *c, const char *folder)
{
    char *path;
    if (asprintf(&path, "%s/shards.json", folder) < 0) die(PROGRAM, "out of memory");
    c->source = path;
    c->header = load(path);
    const char *const format = json_string_value(json_object_get(c->header, "format"));
    if (format == NULL || strcmp(format, "margin-shards") != 0)
        die(PROGRAM, "%s: 'format' is not margin-shards", path);
    const size_t version = whole_of(c, c->header, "", "version", 1, INT32_MAX);
    if (version != 1) die(PROGRAM, "%s: version %zu of the format is not known", path, version);
    c->classes = whole_of(c, c->header, "", "classes", 1, SIZE_MAX / 4);
    read_arrays(c);
    read_shards(c, folder);
}

/* ---- files ----------------------------------------------------------------------------------- */

void checkpoint_open(const checkpoint *c, size_t shard, size_t array, npy_file *out)
{
    char error[1024], has[96], wanted[96];
    const char *const path = c->files[shard * c->arrays + array];
    npy_array whole = c->array[array].whole;
    const npy_array *const found = &out->array;
    whole.shape[0] = c->counts[shard];
    if (npy_open(path, out, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    int same = whole.ndim == found->ndim && whole.type == found->type;
    for (int i = 0; i < whole.ndim && same; i++)
        same = whole.shape[i] == found->shape[i];
    if (same) return;
    npy_shape_text(found, has, sizeof has);
    const npy_type type = found->type;
    npy_close(out);
    die(PROGRAM, "%s: %s of %s, but by %s it is %s of %s", path, has, npy_type_name(type),
        c->source, npy_shape_text(&whole, wanted, sizeof wanted), npy_type_name(whole.type));
}

static void check_files(const checkpoint *c)
{
    for (size_t k = 0; k < c->shards; k++)
        for (size_t a = 0; a < c->arrays; a++) {
            npy_file file;
            checkpoint_open(c, k, a, &file);
            npy_close(&file);
        }
}

/* Takes the matrix `path` as the shard `k`; the first one says what the others have to be. */
static void add_matrix(checkpoint *c, const char *path, size_t k)
{
    char error[1024], shape[96];
    npy_file file;
    if ((c->files[k] = strdup(path)) == NULL) die(PROGRAM, "out of memory");
    if (npy_open(path, &file, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    const npy_array found = file.array;
    npy_close(&file);
    if (found.ndim != 2)
        die(PROGRAM, "%s: shape %s, not [C, D]", path, npy_shape_text(&found, shape, sizeof shape));
    const size_t dim = found.shape[1], size = npy_type_size(found.type);
    if (k == 0) c->array[0] = (shard_array){"weight", found, dim * size};
    c->counts[k] = found.shape[0];
    if (c->counts[k] > SIZE_MAX / 2 / c->array[0].row_bytes - c->classes)
        die(PROGRAM, "%s: too many classes for this machine", path);
    c->classes += c->counts[k];
}

static void read_matrices(checkpoint *c, const char *const *paths, size_t count)
{
    if (count > SHARDS_MOST)
        die(PROGRAM, "%zu inputs: there may be %d at most", count, SHARDS_MOST);
    if ((c->source = strdup(paths[0])) == NULL) die(PROGRAM, "out of memory");
    c->shards = count;
    c->arrays = 1;
    c->counts = allocate(count, sizeof *c->counts);
    c->files = allocate(count, sizeof *c->files);
    for (size_t k = 0; k < count; k++)
        add_matrix(c, paths[k], k);
    if (c->classes == 0) die(PROGRAM, "%s: no classes", paths[0]);
    c->array[0].whole.shape[0] = c->classes;
    c->dim = c->array[0].whole.shape[1];
    c->header =
        json_pack("{s:s, s:i, s:I, s:{s:{s:s, s:[I]}}}", "format", "margin-shards", "version", 1,
                  "classes", (json_int_t)c->classes, "arrays", "weight", "dtype",
                  npy_type_name(c->array[0].whole.type), "row", (json_int_t)c->dim);
}

static int is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

void checkpoint_read(const char *const *paths, size_t count, checkpoint *out)
{
    *out = (checkpoint){0};
    for (size_t i = 0; i < count; i++)
        if (count > 1 && is_folder(paths[i]))
            die(PROGRAM, "%s: the folder of a checkpoint has to be the only input", paths[i]);
    if (is_folder(paths[0]))
        read_folder(out, paths[0]);
    else
        read_matrices(out, paths, count);
    check_files(out);
}

size_t checkpoint_bytes(const checkpoint *c)
{
    size_t bytes = 0;
    for (size_t a = 0; a < c->arrays; a++)
        bytes += c->classes * c->array[a].row_bytes;
    return bytes;
}

void checkpoint_free(checkpoint *c)
{
    for (size_t i = 0; i < c->shards * c->arrays; i++)
        free(c->files[i]);
    free(c->files);
    free(c->counts);
    free(c->source);
    json_decref(c->header);
    *c = (checkpoint){0};
}
