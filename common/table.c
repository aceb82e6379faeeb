/* table.c: see table.h. Must not know what a table means. */
#include "table.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "margin.h"

/* Keeps the fault of `error`, an errno value or 0, on this path. */
static void note(tables *out, const char *path, int error)
{
    if (error != 0) {
        snprintf(out->fault, sizeof out->fault, "%.400s: cannot write: %s", path, strerror(error));
        out->writes = 0;
    }
}

void tables_open(tables *out, const char *results, atomic_set *set)
{
    const char *slash = strrchr(results, '/');
    const int length = slash != NULL ? (int)(slash - results) + 1 : 0;
    struct stat there;
    *out = (tables){.set = set, .writes = stat(results, &there) != 0 || S_ISREG(there.st_mode)};
    snprintf(out->folder, sizeof out->folder, "%.*stables", length, results);
    if (out->writes && mkdir(out->folder, 0777) != 0 && errno != EEXIST)
        note(out, out->folder, errno);
}

void table_begin(tables *out, const char *name, const char *columns)
{
    snprintf(out->path, sizeof out->path, "%s/%s.tsv", out->folder, name);
    out->lines = 0;
    out->line_open = 0;
    *out->series = '\0';
    if (out->writes) note(out, out->path, atomic_open(&out->file, out->path));
    while (out->writes && *columns != '\0') {
        const int length = (int)strcspn(columns, " *");
        fprintf(out->file.stream, "%.*s", length, columns);
        if (columns[length] == '*')
            fprintf(out->file.stream, "\t%.*s_low\t%.*s_high", length, columns, length, columns);
        columns += length;
        columns += *columns == '*';
        if (*columns == ' ') {
            putc('\t', out->file.stream);
            columns++;
        }
    }
}

void table_series(tables *out, const char *kind, const char *format, ...)
{
    char label[200];
    va_list values;
    va_start(values, format);
    vsnprintf(label, sizeof label, format, values);
    va_end(values);
    snprintf(out->series, sizeof out->series, "%s\t%.40s\t", label, kind);
}

/* Ends the line before and begins one, after two blank lines where a new series begins. */
static void begin_line(tables *out)
{
    const int first = out->lines > 0 && strcmp(out->series, out->written) != 0;
    fprintf(out->file.stream, "%s%s", first ? "\n\n\n" : "\n", out->series);
    strcpy(out->written, out->series);
}

static void print_cells(tables *out, const char *kinds, va_list values)
{
    for (; *kinds != '\0'; kinds++) {
        const char *const text = *kinds == 's' ? va_arg(values, const char *) : NULL;
        const int whole = *kinds == 'd' ? va_arg(values, int) : 0;
        const size_t size = *kinds == 'z' ? va_arg(values, size_t) : 0;
        const double real = *kinds == 'g' || *kinds == 'o' ? va_arg(values, double) : 0.0;
        FILE *const stream = out->file.stream;
        if (!out->writes) return;
        if (out->line_open) {
            putc('\t', stream);
        } else {
            begin_line(out);
        }
        out->line_open = 1;
        if (*kinds == 's') {
            fputs(text != NULL ? text : "-", stream);
        } else if (*kinds == 'd') {
            fprintf(stream, "%d", whole);
        } else if (*kinds == 'z') {
            fprintf(stream, "%zu", size);
        } else if (isnan(real)) {
            fputs(*kinds == 'o' ? "-" : "NaN", stream);
        } else {
            char digits[32]; /* as few as bring the same double back */
            snprintf(digits, sizeof digits, "%.15g", real);
            const double back = strtod(digits, NULL);
            fprintf(stream, back < real || back > real ? "%.17g" : "%.15g", real);
        }
    }
}

void table_cells(tables *out, const char *kinds, ...)
{
    va_list values;
    va_start(values, kinds);
    print_cells(out, kinds, values);
    va_end(values);
}

void table_row(tables *out, const char *kinds, ...)
{
    va_list values;
    va_start(values, kinds);
    print_cells(out, kinds, values);
    va_end(values);
    out->line_open = 0;
    out->lines++;
}

void table_end(tables *out)
{
    if (!out->writes) return;
    errno = 0;
    const int failed = out->lines > 0 && putc('\n', out->file.stream) == EOF;
    if (failed)
        note(out, out->path, errno != 0 ? errno : EIO);
    else
        note(out, out->path,
             out->lines > 0 ? atomic_set_add(out->set, &out->file)
                            : atomic_set_remove(out->set, &out->file));
    atomic_abort(&out->file);
}

void table_of_losses(tables *out)
{
    table_begin(out, "losses", "#loss title");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const char *const name = margin_loss_get((margin_loss)loss)->name;
        char title[64];
        snprintf(title, sizeof title, "%s", name);
        /* Words begin large: the name's, and the one that it ends on. */
        char *const face = strstr(title, "face"), *const softmax = strstr(title, "softmax");
        char *const last = face != NULL ? face : softmax != NULL ? softmax : title;
        *last = (char)toupper((unsigned char)*last);
        *title = (char)toupper((unsigned char)*title);
        table_row(out, "ss", name, title);
    }
    table_end(out);
}
