/* json_out.c: writing JSON results. Must not know what a result means. */
#define _POSIX_C_SOURCE 200809L
#include "json_out.h"

#include "atomic_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

int json_write_file(const json_t *value, const char *path, char *error, size_t error_size)
{
    atomic_file file;
    int status = atomic_open(&file, path);
    if (status == 0) {
        errno = 0;
        if (json_dumpf(value, file.stream, JSON_OUT_FLAGS) != 0 || fputc('\n', file.stream) == EOF)
            status = errno != 0 ? errno : EIO;
        else
            status = atomic_commit(&file);
        atomic_abort(&file);
    }
    if (status != 0) snprintf(error, error_size, "%s: cannot write: %s", path, strerror(status));
    return status == 0 ? 0 : -1;
}
