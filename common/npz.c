/* npz.c: see npz.h. The zip format is libzip's. */
#include "npz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

/* Returns where the file's name ends in FILE.npz or FILE.npz:NAME; NULL: it is neither. */
static const char *file_end(const char *path)
{
    const char *at = path, *end = NULL;
    while ((at = strstr(at, ".npz")) != NULL) {
        at += 4;
        if (*at == '\0' || (*at == ':' && end == NULL)) end = at;
    }
    return end;
}

int npz_is_named(const char *path)
{
    struct stat info;
    const char *end = file_end(path);
    return end != NULL && (*end == '\0' || stat(path, &info) != 0);
}

/* A member of an open archive. */
typedef struct member {
    zip_t *archive;
    zip_file_t *file;
} member;

static ssize_t member_read(void *cookie, char *buffer, size_t size)
{
    const member *m = cookie;
    const zip_int64_t got = zip_fread(m->file, buffer, size);
    if (got < 0) errno = EILSEQ; /* of all that a damaged archive can be, the nearest */
    return (ssize_t)got;
}

static int member_close(void *cookie)
{
    member *m = cookie;
    zip_fclose(m->file);
    zip_discard(m->archive);
    free(m);
    return 0;
}

static zip_t *open_archive(const char *path, const char *end, char *fault, size_t fault_size)
{
    int code = 0;
    char *file = strndup(path, (size_t)(end - path));
    zip_t *archive = file == NULL ? NULL : zip_open(file, ZIP_RDONLY, &code);
    if (archive == NULL && code == ZIP_ER_NOENT) {
        snprintf(fault, fault_size, "cannot read: %s", strerror(ENOENT));
    } else if (archive == NULL) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        snprintf(fault, fault_size, "not an .npz file: %s",
                 file == NULL ? strerror(ENOMEM) : zip_error_strerror(&error));
        zip_error_fini(&error);
    }
    free(file);
    return archive;
}

/* Writes the archive's members to `text`, as "a, b"; returns it. */
static const char *members_text(zip_t *archive, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (zip_int64_t k = 0; k < zip_get_num_entries(archive, 0) && used < size; k++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)k, 0);
        if (name == NULL) continue;
        const size_t length = strlen(name);
        const int shown = (int)(length > 4 ? length - 4 : length);
        used +=
            (size_t)snprintf(text + used, size - used, "%s%.*s", k == 0 ? "" : ", ", shown, name);
    }
    for (char *c = text; *c != '\0'; c++)
        if (*c < ' ') *c = '?';
    return text;
}

/* Returns the index of the member NAME or NAME.npy, or of the only one where `name` is empty; -1
 * and a fault if there is none. */
static zip_int64_t find_member(zip_t *archive, const char *name, char *fault, size_t fault_size)
{
    char known[128], full[256];
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    if (name[0] == '\0' && count == 1) return 0;
    if (name[0] != '\0' && strlen(name) + 5 < sizeof full) {
        snprintf(full, sizeof full, "%s.npy", name);
        zip_int64_t found = zip_name_locate(archive, full, 0);
        if (found < 0) found = zip_name_locate(archive, name, 0);
        if (found >= 0) return found;
    }
    snprintf(fault, fault_size, "%s; it holds %s: name one as FILE.npz:NAME",
             name[0] == '\0' ? "not one array" : "no such member",
             count > 0 ? members_text(archive, known, sizeof known) : "nothing");
    return -1;
}

FILE *npz_open(const char *path, char *fault, size_t fault_size)
{
    const char *end = file_end(path);
    zip_t *archive = open_archive(path, end, fault, fault_size);
    if (archive == NULL) return NULL;
    const zip_int64_t at = find_member(archive, *end == ':' ? end + 1 : "", fault, fault_size);
    member *m = malloc(sizeof *m);
    zip_file_t *file = at < 0 || m == NULL ? NULL : zip_fopen_index(archive, (zip_uint64_t)at, 0);
    if (file != NULL) {
        *m = (member){archive, file};
        const cookie_io_functions_t functions = {.read = member_read, .close = member_close};
        FILE *stream = fopencookie(m, "rb", functions);
        if (stream != NULL) return stream;
        zip_fclose(file);
    }
    if (fault[0] == '\0')
        snprintf(fault, fault_size, "cannot read the member: %s", zip_strerror(archive));
    zip_discard(archive);
    free(m);
    return NULL;
}
