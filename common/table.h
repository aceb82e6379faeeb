/* table.h: tables of tab-separated values for figures and pages: a line of column names, then a
 * line per point. Must not know what a table means.
 *
 * A table of several series repeats the series in the first two columns of each line, and divides
 * series by two blank lines, which gnuplot counts as blocks. */
#ifndef MARGIN_COMMON_TABLE_H
#define MARGIN_COMMON_TABLE_H

#include <stddef.h>

#include "atomic_file.h"

/* The tables of one program, written one after another. */
typedef struct tables {
    char folder[4096];
    int writes;                     /* 0: nothing is written, at all or after a failure */
    char fault[512];                /* the first failure, in one line, or "" */
    char path[4400];                /* of the table that is begun */
    char series[256], written[256]; /* of the next line, of the last one */
    atomic_file file;
    atomic_set *set; /* takes the finished ones */
    size_t lines;    /* of the table so far */
    int line_open;   /* 1: the line has cells */
} tables;

/* Makes the folder `tables` beside the file `results`, where it is missing; finished tables are put
 * into `set`. Beside what is no file, as /dev/null, nothing is written. */
void tables_open(tables *out, const char *results, atomic_set *set);

/* Begins the table NAME.tsv; `columns` are the names of its columns, divided by blanks; "x*" stands
 * for three of them, "x", "x_low" and "x_high". */
void table_begin(tables *out, const char *name, const char *columns);
/* Puts the lines from here on into a series: the printed `format` and `kind` stand in their first
 * two columns. To name the series that they are in already changes nothing. */
void table_series(tables *out, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds cells to the line; a letter of `kinds` for each: s a text (NULL: "-"), d an int, z a size_t,
 * g a double (NaN: "NaN"), o a double that may be missing (NaN: "-"). */
void table_cells(tables *out, const char *kinds, ...);
/* The same, and ends the line. */
void table_row(tables *out, const char *kinds, ...);
/* Ends the table, whose file appears with the set; one without a line is not written, and an old
 * one of its name is removed then. */
void table_end(tables *out);

/* The library's losses in their order: name and title, "ArcFace". */
void table_of_losses(tables *out);

#endif
