/* samples.c: the data of the subcommands that measure embeddings (see samples.h). Must not know
 * what is measured. */
#include "samples.h"

#include "command.h"

#include <math.h>
#include <stdlib.h>

static void check_finite(const float_input *input)
{
    for (size_t i = 0; i < input->rows * input->columns; i++)
        if (!isfinite(input->values[i]))
            die(PROGRAM, "%s: row %zu holds a NaN or an infinity", input->path, i / input->columns);
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Number the identities 0, 1, ... in the order of their labels; returns how many there are. */
static size_t number_labels(const label_input *labels)
{
    int64_t *known = malloc(labels->rows * sizeof *known);
    if (known == NULL) die(PROGRAM, "%s: out of memory", labels->path);
    size_t count = 0, classes = 0;
    for (size_t i = 0; i < labels->rows; i++)
        if (labels->values[i] != -1) known[count++] = labels->values[i];
    qsort(known, count, sizeof *known, ascending);
    for (size_t i = 0; i < count; i++)
        if (classes == 0 || known[i] != known[classes - 1]) known[classes++] = known[i];
    for (size_t i = 0; i < labels->rows; i++) {
        int64_t *const label = &labels->values[i];
        const int64_t *const found =
            *label == -1 ? NULL : bsearch(label, known, classes, sizeof *known, ascending);
        if (found != NULL) *label = found - known;
    }
    free(known);
    return classes;
}

/* Counts the rows that take part, and those that are alone in their class. */
static void count_rows(samples *s)
{
    size_t *rows = calloc(s->classes + 1, sizeof *rows);
    if (rows == NULL) die(PROGRAM, "%s: out of memory", s->labels.path);
    for (size_t i = 0; i < s->labels.rows; i++) {
        s->counted += s->labels.values[i] >= 0;
        rows[s->labels.values[i] + 1]++;
    }
    for (size_t j = 1; j <= s->classes; j++)
        s->single += rows[j] == 1;
    free(rows);
}

void samples_read(const samples_options *o, samples *s)
{
    s->embeddings = input_floats(o->embeddings, "[N, D]", 2, ROWS_AS_DIRECTIONS, &s->notes);
    check_finite(&s->embeddings);
    if (o->labels == NULL) return;
    s->labels = input_labels(o->labels, o->ignore_label, &s->embeddings);
    if (o->weights != NULL) {
        s->weights = input_weights(o->weights, (weights_layout)o->weights_layout, &s->embeddings,
                                   ROWS_AS_DIRECTIONS, &s->notes);
        check_finite(&s->weights);
        s->classes = s->weights.rows;
        input_check_classes(&s->labels, s->classes);
    } else {
        s->classes = number_labels(&s->labels);
    }
    count_rows(s);
}

void samples_free(samples *s)
{
    input_free(&s->embeddings);
    input_free(&s->weights);
    free(s->labels.values);
}
