/* idx.c: reading IDX files (see data.h). Must not know what the bytes mean. */
#include "data.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The code of a type in the header, its size, and its name for people. */
typedef struct idx_type {
    uint8_t code;
    size_t bytes;
    const char *name;
} idx_type;

static const idx_type unsigned_bytes = {0x08, 1, "unsigned bytes"}, ints = {0x0c, 4, "ints"};

/* A header that asks for more than this is taken as damaged. */
static const size_t most_bytes = (size_t)1 << 33;

typedef struct idx_source {
    gzFile file;
    idx_type type;
    const char *path;
    char *error;
    size_t error_size;
} idx_source;

__attribute__((format(printf, 2, 3))) static int fault(const idx_source *from, const char *format,
                                                       ...)
{
    char reason[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    snprintf(from->error, from->error_size, "%s: %s", from->path, reason);
    return -1;
}

/* Bytes read, up to `size`; fewer at the end of the file or where it is damaged. */
static size_t read_bytes(const idx_source *from, uint8_t *to, size_t size)
{
    const size_t most = (size_t)1 << 20; /* gzread counts in int */
    size_t done = 0;
    while (done < size) {
        const size_t left = size - done;
        const int got = gzread(from->file, to + done, (unsigned)(left < most ? left : most));
        if (got <= 0) break;
        done += (size_t)got;
    }
    return done;
}

/* Why a file ended early. */
static int short_fault(const idx_source *from, const char *part, size_t got, size_t wanted)
{
    int code = Z_OK;
    const char *const text = gzerror(from->file, &code);
    if (code == Z_ERRNO) return fault(from, "%s", strerror(errno));
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return fault(from, "damaged gzip data (%s)", text);
    return fault(from, "truncated: %zu of the %zu bytes of its %s", got, wanted, part);
}

static int read_header(const idx_source *from, size_t ndim, idx_array *out)
{
    uint8_t header[4 + 4 * IDX_MOST_DIMENSIONS];
    const size_t length = 4 + 4 * ndim;
    const size_t got = read_bytes(from, header, length);
    if (got < 4) return short_fault(from, "header", got, length);
    if (header[0] != 0 || header[1] != 0)
        return fault(from, "not an IDX file: it begins with %02x %02x, not with 00 00", header[0],
                     header[1]);
    if (header[2] != from->type.code || header[3] != ndim)
        return fault(from, "IDX type %02x with %d dimensions, not %02x (%s) with %zu", header[2],
                     header[3], from->type.code, from->type.name, ndim);
    if (got < length) return short_fault(from, "header", got, length);
    out->ndim = ndim;
    out->size = from->type.bytes;
    for (size_t i = 0; i < ndim; i++) {
        const uint8_t *const byte = header + 4 + 4 * i;
        out->shape[i] =
            (size_t)byte[0] << 24 | (size_t)byte[1] << 16 | (size_t)byte[2] << 8 | byte[3];
        if (out->shape[i] == 0) return fault(from, "dimension %zu is 0", i);
        if (out->size > most_bytes / out->shape[i])
            return fault(from, "its header asks for more than %zu bytes", most_bytes);
        out->size *= out->shape[i];
    }
    return 0;
}

static int read_data(const idx_source *from, idx_array *out)
{
    out->data = malloc(out->size);
    if (out->data == NULL) return fault(from, "no memory for its %zu bytes", out->size);
    const size_t got = read_bytes(from, out->data, out->size);
    if (got < out->size) return short_fault(from, "data", got, out->size);
    uint8_t more;
    if (read_bytes(from, &more, 1) != 0)
        return fault(from, "more data than the %zu bytes its header tells", out->size);
    /* The end of a gzip file holds a checksum: only now is it known to be whole. */
    int code = Z_OK;
    const char *const text = gzerror(from->file, &code);
    return code == Z_OK || code == Z_STREAM_END ? 0 : fault(from, "damaged gzip data (%s)", text);
}

static int read_file(idx_type type, const char *path, size_t ndim, idx_array *out, char *error,
                     size_t error_size)
{
    *out = (idx_array){0};
    idx_source from = {.type = type, .path = path, .error = error, .error_size = error_size};
    errno = 0;
    from.file = gzopen(path, "rb");
    if (from.file == NULL) return fault(&from, "%s", strerror(errno != 0 ? errno : ENOMEM));
    gzbuffer(from.file, 1u << 17);
    int status = read_header(&from, ndim, out);
    if (status == 0) status = read_data(&from, out);
    gzclose(from.file);
    if (status != 0) idx_free(out);
    return status;
}

int idx_read(const char *path, size_t ndim, idx_array *out, char *error, size_t error_size)
{
    return read_file(unsigned_bytes, path, ndim, out, error, error_size);
}

int idx_read_ints(const char *path, size_t ndim, idx_array *out, char *error, size_t error_size)
{
    return read_file(ints, path, ndim, out, error, error_size);
}

int32_t idx_int(const idx_array *array, size_t index)
{
    const uint8_t *const b = array->data + 4 * index;
    return (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
}

void idx_free(idx_array *array)
{
    free(array->data);
    *array = (idx_array){0};
}
