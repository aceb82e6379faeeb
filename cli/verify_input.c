/* verify_input.c: comparisons that a person has listed: pairs of rows, or scores made elsewhere. */
#include "command.h"
#include "verify.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static verify_list open_list(size_t count, double (*value)(score s), const char *path)
{
    verify_list list = {.items = malloc((count + 1) * sizeof *list.items), .value = value};
    if (list.items == NULL) die(PROGRAM, "%s: out of memory", path);
    return list;
}

/* ---- pairs ------------------------------------------------------------------------------------*/

/* The names of rows, in their order and sorted. */
typedef struct name_list {
    char **names;
    size_t *sorted; /* rows, by name */
    size_t count;
} name_list;

static name_list *being_sorted; /* qsort hands nothing on */

static int by_name(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return strcmp(being_sorted->names[x], being_sorted->names[y]);
}

/* Puts `line`, which the list takes over, at its end. */
static void add_name(const char *path, name_list *list, char *line)
{
    char **grown = realloc(list->names, (list->count + 1) * sizeof *grown);
    if (grown == NULL) die(PROGRAM, "%s: out of memory", path);
    list->names = grown;
    line[strcspn(line, "\r\n")] = '\0';
    list->names[list->count++] = line;
}

static name_list read_names(const char *path, const float_input *embeddings)
{
    name_list list = {0};
    char *line = NULL;
    size_t room = 0;
    FILE *stream = fopen(path, "r");
    if (stream == NULL) die(PROGRAM, "%s: cannot read: %s", path, strerror(errno));
    for (; getline(&line, &room, stream) >= 0; line = NULL, room = 0)
        add_name(path, &list, line);
    free(line);
    fclose(stream);
    if (list.count != embeddings->rows)
        die(PROGRAM, "%s: %zu names, but %s has %zu rows", path, list.count, embeddings->path,
            embeddings->rows);
    list.sorted = malloc((list.count + 1) * sizeof *list.sorted);
    if (list.sorted == NULL) die(PROGRAM, "%s: out of memory", path);
    for (size_t i = 0; i < list.count; i++)
        list.sorted[i] = i;
    being_sorted = &list;
    qsort(list.sorted, list.count, sizeof *list.sorted, by_name);
    for (size_t i = 1; i < list.count; i++)
        if (strcmp(list.names[list.sorted[i - 1]], list.names[list.sorted[i]]) == 0)
            die(PROGRAM, "%s: line %zu: the name %s occurs twice", path, list.sorted[i] + 1,
                list.names[list.sorted[i]]);
    return list;
}

static void free_names(name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    free(list->sorted);
}

/* Returns the row of this name, SIZE_MAX if there is none. */
static size_t row_of(const name_list *list, const char *name)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(list->names[list->sorted[middle]], name);
        if (order == 0) return list->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

/* Divides a line at blanks, but names, which may have some, at tabs where it has any; returns 1 if
 * it has three fields. */
static int divide(char *line, int named, char *fields[3])
{
    const char *const at = named && strchr(line, '\t') != NULL ? "\t" : " \t";
    char *rest = line;
    int count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *field; (field = strsep(&rest, at)) != NULL;) {
        if (field[0] == '\0') continue;
        if (count == 3) return 0;
        fields[count++] = field;
    }
    return count == 3;
}

/* Reads a row number; SIZE_MAX where it is none. */
static size_t number_of(const char *text)
{
    uint64_t number;
    return parse_u64(text, &number) && number < SIZE_MAX ? (size_t)number : SIZE_MAX;
}

/* What scores single pairs. */
typedef struct pair_scorer {
    const float_input *embeddings;
    const name_list *names; /* NULL: rows are numbers */
    score_vectors left, right;
} pair_scorer;

/* Writes the score of two rows; returns 0 where one is a zero vector. */
static int score_rows(pair_scorer *p, const size_t rows[2], score *out)
{
    const size_t dim = p->embeddings->columns;
    double dot;
    score_set(&p->left, p->embeddings->values, &rows[0], 1, dim);
    score_set(&p->right, p->embeddings->values, &rows[1], 1, dim);
    if (p->left.square[0] == 0.0 || p->right.square[0] == 0.0) return 0;
    score_block(&p->left, 1, &p->right, 1, dim, &dot, out);
    return 1;
}

static void read_rows(const char *path, size_t number, char *fields[3], const pair_scorer *p,
                      size_t rows[2])
{
    for (int k = 0; k < 2; k++) {
        rows[k] = p->names != NULL ? row_of(p->names, fields[k]) : number_of(fields[k]);
        if (rows[k] < p->embeddings->rows) continue;
        if (p->names != NULL)
            die(PROGRAM, "%s: line %zu: no row has the name %s", path, number, fields[k]);
        die(PROGRAM, "%s: line %zu: row %s, but %s has rows 0..%zu", path, number, fields[k],
            p->embeddings->path, p->embeddings->rows - 1);
    }
}

static void add_line(const char *path, size_t number, char *line, pair_scorer *p, verify_list *list)
{
    size_t rows[2];
    char *fields[3];
    comparison c;
    if (!divide(line, p->names != NULL, fields) ||
        (strcmp(fields[2], "0") != 0 && strcmp(fields[2], "1") != 0))
        die(PROGRAM, "%s: line %zu: must be two rows and 0 or 1", path, number);
    c.genuine = fields[2][0] == '1';
    read_rows(path, number, fields, p, rows);
    if (!score_rows(p, rows, &c.score)) {
        list->zero_rows++;
        return;
    }
    if ((list->count & (list->count + 1)) == 0) { /* room for twice as many and one */
        comparison *grown = realloc(list->items, (2 * list->count + 2) * sizeof *grown);
        if (grown == NULL) die(PROGRAM, "%s: out of memory", path);
        list->items = grown;
    }
    list->items[list->count++] = c;
}

/* Empty lines, and those that begin with #, say nothing. */
static int says_nothing(const char *line)
{
    const size_t blank = strspn(line, " \t\r\n");
    return line[blank] == '\0' || line[blank] == '#';
}

verify_list verify_read_pairs(const verify_options *o, const samples *s)
{
    const char *path = o->pairs;
    const size_t dim = s->embeddings.columns;
    verify_list list = open_list(0, score_cosine, path);
    name_list names = {0};
    if (o->names != NULL) names = read_names(o->names, &s->embeddings);
    pair_scorer p = {&s->embeddings, o->names != NULL ? &names : NULL, score_open(1, dim),
                     score_open(1, dim)};
    FILE *stream = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (stream == NULL) die(PROGRAM, "%s: cannot read: %s", path, strerror(errno));
    if (p.left.raw == NULL || p.right.raw == NULL) die(PROGRAM, "%s: out of memory", path);
    errno = 0;
    for (size_t number = 1; getline(&line, &room, stream) >= 0; number++)
        if (!says_nothing(line)) add_line(path, number, line, &p, &list);
    if (ferror(stream)) die(PROGRAM, "%s: cannot read: %s", path, strerror(errno));
    fclose(stream);
    free(line);
    score_close(&p.left);
    score_close(&p.right);
    free_names(&names);
    return list;
}

/* ---- scores -----------------------------------------------------------------------------------*/

verify_list verify_read_scores(const verify_options *o, samples *s)
{
    s->embeddings = input_floats(o->scores, "[N]", 1, ROWS_WITH_LENGTH, &s->notes);
    s->labels = input_labels(o->samples.labels, o->samples.ignore_label, &s->embeddings);
    verify_list list = open_list(s->labels.rows, score_number, o->scores);
    for (size_t i = 0; i < s->labels.rows; i++) {
        const int64_t label = s->labels.values[i];
        const double number = (double)s->embeddings.values[i];
        if (!isfinite(number)) die(PROGRAM, "%s: row %zu holds a NaN or an infinity", o->scores, i);
        if (label > 1)
            die(PROGRAM, "%s: row %zu: label %lld, must be 1 (same identity) or 0",
                o->samples.labels, i, (long long)label);
        if (label < 0) continue;
        list.items[list.count++] = (comparison){score_of_number(number), label == 1};
    }
    s->counted = list.count;
    return list;
}
