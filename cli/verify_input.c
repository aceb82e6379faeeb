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

/* Reads a line of two row numbers and 0 or 1; returns 0 where it is something else. */
static int parse_pair(const char *line, size_t rows[2], int *genuine)
{
    int end = 0;
    long long a = -1, b = -1, same = -1;
    if (sscanf(line, " %lld %lld %lld %n", &a, &b, &same, &end) != 3 || line[end] != '\0') return 0;
    rows[0] = (size_t)a;
    rows[1] = (size_t)b;
    *genuine = same == 1;
    return a >= 0 && b >= 0 && (same == 0 || same == 1);
}

/* What scores single pairs. */
typedef struct pair_scorer {
    const float_input *embeddings;
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

static void add_line(const char *path, size_t number, const char *line, pair_scorer *p,
                     verify_list *list)
{
    size_t rows[2];
    comparison c;
    if (!parse_pair(line, rows, &c.genuine))
        die(PROGRAM, "%s: line %zu: must be two row numbers and 0 or 1", path, number);
    for (int k = 0; k < 2; k++)
        if (rows[k] >= p->embeddings->rows)
            die(PROGRAM, "%s: line %zu: row %zu, but %s has rows 0..%zu", path, number, rows[k],
                p->embeddings->path, p->embeddings->rows - 1);
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

verify_list verify_read_pairs(const char *path, const samples *s)
{
    const size_t dim = s->embeddings.columns;
    verify_list list = open_list(0, score_cosine, path);
    pair_scorer p = {&s->embeddings, score_open(1, dim), score_open(1, dim)};
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
