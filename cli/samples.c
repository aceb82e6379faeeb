/* samples.c: command line and data of the subcommands that measure embeddings (see samples.h). Must
 * not know what is measured. */
#define _GNU_SOURCE
#include "samples.h"

#include "command.h"

#include <options.h>

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- command line -----------------------------------------------------------------------------*/

static void leave(void (*print)(void))
{
    print();
    finish_stdout();
    exit(EXIT_SUCCESS);
}

static void check(const samples_options *o, int argc, char **argv)
{
    if (optind < argc)
        die_usage(PROGRAM, "unexpected argument %s (see '%s %s --help')", argv[optind], PROGRAM,
                  argv[0]);
    if (o->embeddings == NULL || o->labels == NULL)
        die_usage(PROGRAM, "--%s is missing (see '%s %s --help')",
                  o->embeddings == NULL ? "embeddings" : "labels", PROGRAM, argv[0]);
    if (o->threads < 0 || o->threads > 1024)
        die_usage(PROGRAM, "--threads: %d is out of range (0 to 1024)", o->threads);
}

samples_options samples_parse(int argc, char **argv, int takes_weights, void (*print_help)(void))
{
    const struct option long_options[] = {
        {"embeddings", required_argument, NULL, 'x'},
        {"labels", required_argument, NULL, 'y'},
        {"threads", required_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {takes_weights ? "weights" : NULL, required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0}};
    samples_options options = {0};
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, "+:", long_options, NULL)) != -1) {
        if (code == 'x')
            options.embeddings = optarg;
        else if (code == 'y')
            options.labels = optarg;
        else if (code == 'w')
            options.weights = optarg;
        else if (code == 'j')
            options.json = 1;
        else if (code == 't' && !parse_int(optarg, &options.threads))
            die_usage(PROGRAM, "--threads: '%s' is not a whole number", optarg);
        else if (code == 'h' || code == 'v')
            leave(code == 'h' ? print_help : print_version);
        else if (code == '?' || code == ':')
            die_getopt(PROGRAM, code, argv);
    }
    check(&options, argc, argv);
    return options;
}

/* ---- data -------------------------------------------------------------------------------------*/

static void check_finite(const float_input *input)
{
    for (size_t i = 0; i < input->rows * input->columns; i++)
        if (!isfinite(input->values[i]))
            die(PROGRAM, "%s: row %zu holds a NaN or an infinity", input->path, i / input->columns);
}

static void check_labels(const label_input *labels, size_t classes)
{
    for (size_t i = 0; i < labels->rows; i++) {
        const int64_t label = labels->values[i];
        if (label < -1 || (label >= 0 && (uint64_t)label >= classes))
            die(PROGRAM, "%s: row %zu: label %lld is neither -1 nor in 0..%zu", labels->path, i,
                (long long)label, classes - 1);
    }
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

void samples_read(const samples_options *o, samples *s)
{
    s->embeddings = input_floats(o->embeddings, "[N, D]", 2, &s->notes);
    s->labels = input_labels(o->labels);
    if (s->labels.rows != s->embeddings.rows)
        die(PROGRAM, "%s: %zu labels, but %s has %zu rows", o->labels, s->labels.rows,
            o->embeddings, s->embeddings.rows);
    check_finite(&s->embeddings);
    if (o->weights != NULL) {
        s->weights = input_floats(o->weights, "[C, D]", 2, &s->notes);
        if (s->weights.columns != s->embeddings.columns)
            die(PROGRAM, "%s: dimension %zu, but %s has %zu", o->weights, s->weights.columns,
                o->embeddings, s->embeddings.columns);
        check_finite(&s->weights);
        s->classes = s->weights.rows;
        check_labels(&s->labels, s->classes);
    } else {
        s->classes = number_labels(&s->labels);
    }
    for (size_t i = 0; i < s->labels.rows; i++)
        s->counted += s->labels.values[i] != -1;
}

void samples_free(samples *s)
{
    free(s->embeddings.values);
    free(s->weights.values);
    free(s->labels.values);
}
