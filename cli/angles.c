/* angles.c: `margin angles`: how a person's embeddings and class weights lie to each other.
 * Must not know how angles are measured. */
#include "command.h"
#include "samples.h"

#include <angles.h>
#include <degrees.h>
#include <json_out.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OPTION_TARGET samples_options
static const option_row rows[] = {
    OPTION_GROUP("input (.npy, or FILE.npz:NAME):"),
    {"embeddings", "X.npy", "floats [N, D], not normalised", TO_TEXT(embeddings), .required = 1},
    {"labels", "y.npy", "whole numbers [N] from 0", TO_TEXT(labels), .required = 1},
    {"weights", "W.npy", "floats [C, D], not normalised; labels are then in 0..C-1",
     TO_TEXT(weights)},
    OPTION_IGNORE_LABEL(ignore_label),
    OPTION_WEIGHTS_LAYOUT(weights_layout),

    OPTION_GROUP("run:"),
    {"json", NULL, "one JSON object on standard output", TO_FLAG(json)},
    {"threads", "T", "default {default}: as OMP_NUM_THREADS or the CPUs say",
     TO_INT(threads, 0, 1024)},
    OPTION_END};

const option_table angles_table = {
    PROGRAM, "angles", "W-EC, W-Inter, Intra and Inter of embeddings and class weights",
    "The angle statistics of ArcFace's table, in degrees:\n\n"
    "  W-EC     mean angle between a class's weight and its embedding centre\n"
    "  W-Inter  mean angle from a class's weight to the nearest other weight\n"
    "  Intra    mean angle between a sample and its embedding centre\n"
    "  Inter    mean angle from an embedding centre to the nearest other centre\n\n"
    "The embedding centre is the mean of the class's normalised embeddings. Zero vectors\n"
    "enter no mean, and rows that are alone in their class not Intra.",
    .rows = rows};

static void report_json(const samples *s, const angles *a)
{
    json_t *object = json_object();
    json_object_set_new(object, "w_ec_deg", json_number(degrees(a->w_ec)));
    json_object_set_new(object, "w_inter_deg", json_number(degrees(a->w_inter)));
    json_object_set_new(object, "intra_deg", json_number(degrees(a->intra)));
    json_object_set_new(object, "inter_deg", json_number(degrees(a->inter)));
    json_object_set_new(object, "rows", json_integer((json_int_t)s->embeddings.rows));
    json_object_set_new(object, "ignored",
                        json_integer((json_int_t)(s->embeddings.rows - s->counted)));
    json_object_set_new(object, "zero_rows", json_integer((json_int_t)a->zero_rows));
    json_object_set_new(object, "single_rows", json_integer((json_int_t)a->single_rows));
    json_object_set_new(object, "uncentred_rows", json_integer((json_int_t)a->uncentred_rows));
    json_object_set_new(object, "dim", json_integer((json_int_t)s->embeddings.columns));
    json_object_set_new(object, "classes", json_integer((json_int_t)s->classes));
    json_object_set_new(object, "centres", json_integer((json_int_t)a->centres));
    print_json(object);
}

static void print_angle(const char *name, double radians, const char *why_not)
{
    if (isnan(radians))
        printf("%-8s -  (%s)\n", name, why_not);
    else
        printf("%-8s %.2f degrees\n", name, degrees(radians));
}

static void print_left_out(size_t count, const char *why)
{
    if (count > 0) printf("%-8s %zu row%s %s\n", "", count, count == 1 ? "" : "s", why);
}

static void report_text(const samples *s, const angles *a)
{
    if (s->weights.values != NULL) {
        print_angle("W-EC", a->w_ec, "no class has an embedding centre");
        print_angle("W-Inter", a->w_inter, "fewer than two weights");
    }
    print_angle("Intra", a->intra, "no class has two rows with a direction");
    print_angle("Inter", a->inter, "fewer than two embedding centres");
    printf("%-8s %zu rows", "data", s->embeddings.rows);
    if (s->counted < s->embeddings.rows) printf(" (%zu ignored)", s->embeddings.rows - s->counted);
    printf(", dimension %zu, %zu classes", s->embeddings.columns, s->classes);
    if (a->centres < s->classes) printf(" (%zu with an embedding centre)", a->centres);
    putchar('\n');
    print_left_out(a->zero_rows, "zero vectors: they enter no mean");
    print_left_out(a->single_rows, "alone in their class: they are not in Intra");
    print_left_out(a->uncentred_rows, "of classes whose rows cancel: they are not in Intra");
}

int command_angles(int argc, char **argv)
{
    samples_options options = SAMPLES_OPTIONS_INIT;
    options_read(&angles_table, argc, argv, &options);
    samples s = {0};
    samples_read(&options, &s);
    const angles_input in = {.rows = s.embeddings.rows,
                             .dim = s.embeddings.columns,
                             .classes = s.classes,
                             .embeddings = s.embeddings.values,
                             .labels = s.labels.values,
                             .weights = s.weights.values,
                             .threads = options.threads};
    angles found;
    if (angles_measure(&in, &found, NULL) != 0) die(PROGRAM, "out of memory");
    notes_print(&s.notes);
    if (options.json)
        report_json(&s, &found);
    else
        report_text(&s, &found);
    samples_free(&s);
    return EXIT_SUCCESS;
}
