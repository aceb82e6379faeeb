/* npy_read.c: reader of .npy files. Reads untrusted files: memory
 * grows with the bytes that are there, not with those that a header promises. Must not know what an
 * array means. */
#include "npy.h"
#include "npy_header.h"
#include "npz.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "data is used as it lies in the file");

enum { HEADER_MAX = 65535, CHUNK = 1 << 20 };

typedef struct npy_reader {
    const char *path;
    FILE *stream;
    char *error;
    size_t error_size;
} npy_reader;

__attribute__((format(printf, 2, 3))) static int refuse(const npy_reader *r, const char *format,
                                                        ...)
{
    const int used = snprintf(r->error, r->error_size, "%s: ", r->path);
    if (used > 0 && (size_t)used < r->error_size) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(r->error + used, r->error_size - (size_t)used, format, arguments);
        va_end(arguments);
    }
    return -1;
}

/* Take exactly `size` bytes of the header; a fault says what the file lacks. */
static int read_header_bytes(const npy_reader *r, void *out, size_t size)
{
    errno = 0;
    if (fread(out, 1, size, r->stream) == size) return 0;
    if (ferror(r->stream)) return refuse(r, "cannot read: %s", strerror(errno));
    return refuse(r, "truncated: it ends within its header");
}

static int zipped(const unsigned char *start)
{
    return memcmp(start, "PK\3\4", 4) == 0;
}

/* Magic, version and length: everything before the dictionary. */
static int read_preamble(const npy_reader *r, size_t *header_length)
{
    static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    unsigned char start[8] = {0}, length[4] = {0};
    errno = 0;
    const size_t got = fread(start, 1, sizeof start, r->stream);
    if (ferror(r->stream)) return refuse(r, "cannot read: %s", strerror(errno));
    if (got == 0) return refuse(r, "the file is empty");
    if (memcmp(start, magic, got < sizeof magic ? got : sizeof magic) != 0)
        return refuse(r, "not a .npy file%s",
                      zipped(start) ? ", but a zip file: is it an .npz?" : "");
    if (got < sizeof start) return refuse(r, "truncated: it ends within its header");
    const int major = start[6], minor = start[7];
    if (major < 1 || major > 3 || minor != 0)
        return refuse(r, "version %d.%d of the .npy format is not known", major, minor);
    if (read_header_bytes(r, length, major == 1 ? 2 : 4) != 0) return -1;
    *header_length = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 |
                     (size_t)length[3] << 24;
    if (*header_length > HEADER_MAX)
        return refuse(r, "malformed header: %zu bytes long", *header_length);
    return 0;
}

static int read_header(const npy_reader *r, npy_array *out, int *fortran_order)
{
    size_t length = 0;
    if (read_preamble(r, &length) != 0) return -1;
    char *text = malloc(length + 1);
    if (text == NULL) return refuse(r, "out of memory");
    char fault[128] = "";
    int status = read_header_bytes(r, text, length);
    if (status == 0 && npy_parse_header(text, length, out, fortran_order, fault, sizeof fault) != 0)
        status = refuse(r, "%s", fault);
    free(text);
    return status;
}

static int wrong_length(const npy_reader *r, const npy_array *out, int longer)
{
    char shape[96];
    return refuse(r, "%s: it holds %s bytes than %s of %s needs",
                  longer ? "surplus data" : "truncated", longer ? "more" : "fewer",
                  npy_shape_text(out, shape, sizeof shape), npy_type_name(out->type));
}

/* Where the file's size is known, a wrong one is found before memory is taken. Returns 1 if it is
 * right, 0 if it is not known, -1 after a fault. */
static int check_length(const npy_reader *r, const npy_array *out, size_t bytes)
{
    struct stat info;
    const long position = ftell(r->stream);
    if (fstat(fileno(r->stream), &info) != 0 || !S_ISREG(info.st_mode) || position < 0) return 0;
    const uint64_t left = (uint64_t)info.st_size - (uint64_t)position;
    return left == bytes ? 1 : wrong_length(r, out, left > bytes);
}

/* The array's bytes, through a buffer that doubles until it holds them all. */
static int read_data(const npy_reader *r, npy_array *out)
{
    const size_t bytes = npy_count(out) * npy_type_size(out->type);
    const int known = check_length(r, out, bytes);
    size_t capacity = known > 0 || bytes < CHUNK ? bytes : CHUNK, have = 0;
    if (known < 0) return -1;
    while (have < bytes) {
        void *grown = realloc(out->data, capacity);
        if (grown == NULL) return refuse(r, "out of memory for %zu bytes", capacity);
        out->data = grown;
        errno = 0;
        have += fread((char *)out->data + have, 1, capacity - have, r->stream);
        if (ferror(r->stream)) return refuse(r, "cannot read: %s", strerror(errno));
        if (have < capacity) return wrong_length(r, out, 0);
        capacity = bytes / 2 < capacity ? bytes : 2 * capacity;
    }
    return getc(r->stream) == EOF ? 0 : wrong_length(r, out, 1);
}

/* Turns what was read column by column: its elements are those of the transposed matrix. */
static int turn(const npy_reader *r, npy_array *out)
{
    const size_t rows = out->shape[0];
    out->shape[0] = out->shape[1];
    out->shape[1] = rows;
    return npy_transpose(out) == 0 ? 0 : refuse(r, "out of memory");
}

/* Opens the file or the member of the reader's path, and reads its header. */
static int start(npy_reader *r, npy_array *out, int *fortran_order)
{
    char fault[256] = "";
    *out = (npy_array){0};
    r->stream = npz_is_named(r->path) ? npz_open(r->path, fault, sizeof fault) //
                                      : fopen(r->path, "rb");
    if (r->stream == NULL && fault[0] != '\0') return refuse(r, "%s", fault);
    if (r->stream == NULL) return refuse(r, "cannot read: %s", strerror(errno));
    return read_header(r, out, fortran_order);
}

int npy_read(const char *path, npy_array *out, char *error, size_t error_size)
{
    npy_reader r = {.path = path, .error = error, .error_size = error_size};
    int fortran_order = 0, status = start(&r, out, &fortran_order);
    char shape[96];
    if (status == 0 && npy_count(out) == 0)
        status = refuse(&r, "empty: its shape is %s", npy_shape_text(out, shape, sizeof shape));
    if (status == 0) status = read_data(&r, out);
    if (status == 0 && fortran_order) status = turn(&r, out);
    if (status != 0) npy_free(out);
    if (r.stream != NULL) fclose(r.stream);
    return status;
}

int npy_open(const char *path, npy_file *out, char *error, size_t error_size)
{
    npy_reader r = {.path = path, .error = error, .error_size = error_size};
    *out = (npy_file){.path = path};
    int fortran_order = 0, status = start(&r, &out->array, &fortran_order);
    out->stream = r.stream;
    if (status == 0 && fortran_order)
        status = refuse(&r, "Fortran order; save it with numpy.ascontiguousarray(...)");
    if (status == 0) {
        out->left = npy_count(&out->array) * npy_type_size(out->array.type);
        status = check_length(&r, &out->array, out->left) < 0 ? -1 : 0;
    }
    if (status == 0 && out->left == 0 && getc(out->stream) != EOF)
        status = wrong_length(&r, &out->array, 1);
    if (status != 0) npy_close(out);
    return status;
}

int npy_take(npy_file *file, void *data, size_t bytes, char *error, size_t error_size)
{
    const npy_reader r = {file->path, file->stream, error, error_size};
    int status = 0;
    errno = 0;
    const size_t got = fread(data, 1, bytes, file->stream);
    file->left -= got;
    if (ferror(file->stream))
        status = refuse(&r, "cannot read: %s", strerror(errno));
    else if (got < bytes)
        status = wrong_length(&r, &file->array, 0);
    else if (file->left == 0 && getc(file->stream) != EOF)
        status = wrong_length(&r, &file->array, 1);
    if (status != 0) npy_close(file);
    return status;
}

void npy_close(npy_file *file)
{
    if (file->stream != NULL) fclose(file->stream);
    *file = (npy_file){0};
}
