/* verify.c: `margin verify`: how well a person's embeddings tell whether two samples are of one
 * identity. Must not know how that is measured. */
#include "command.h"
#include "samples.h"

#include <json_out.h>
#include <verification.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OPTION_TARGET samples_options
static const option_row rows[] = {
    OPTION_GROUP("input (.npy, or FILE.npz:NAME):"),
    {"embeddings", "X.npy", "floats [N, D], not normalised", TO_TEXT(embeddings), .required = 1},
    {"labels", "y.npy", "whole numbers [N] from 0, the identities", TO_TEXT(labels), .required = 1},
    OPTION_IGNORE_LABEL(ignore_label),

    OPTION_GROUP("run:"),
    {"json", NULL, "one JSON object on standard output", TO_FLAG(json)},
    {"threads", "T", "default {default}: as OMP_NUM_THREADS or the CPUs say",
     TO_INT(threads, 0, 1024)},
    OPTION_END};

const option_table verify_table = {
    PROGRAM, "verify", "TAR at FAR, EER and AUC of embeddings and identities",
    "TAR at FAR 1e-1 to 1e-5, EER and AUC over all pairs of rows: a pair is genuine when\n"
    "its labels are equal, its score is the cosine (to 2^-21), and pairs of equal score\n"
    "are accepted together. FAR: accepted impostor pairs over all impostor pairs.",
    .rows = rows};

static json_t *point_json(const verification_point *point)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "far_limit", json_number(point->limit), "far",
                     json_number(point->far), "tar", json_number(point->tar), "threshold",
                     json_number(point->threshold));
}

static void report_json(const samples *s, const verification *v)
{
    json_t *object = json_object(), *tar_at_far = json_array(), *roc = json_array();
    for (int decade = 1; decade <= VERIFICATION_DECADES; decade++)
        json_array_append_new(tar_at_far, point_json(verification_at(v, decade)));
    for (int k = 0; k < VERIFICATION_POINTS; k++)
        json_array_append_new(roc, point_json(&v->roc[k]));
    json_object_set_new(object, "tar_at_far", tar_at_far);
    json_object_set_new(object, "eer", json_number(v->eer));
    json_object_set_new(object, "eer_threshold", json_number(v->eer_threshold));
    json_object_set_new(object, "auc", json_number(v->auc));
    json_object_set_new(object, "genuine_pairs", json_integer((json_int_t)v->genuine));
    json_object_set_new(object, "impostor_pairs", json_integer((json_int_t)v->impostor));
    json_object_set_new(object, "rows", json_integer((json_int_t)s->embeddings.rows));
    json_object_set_new(object, "ignored",
                        json_integer((json_int_t)(s->embeddings.rows - s->counted)));
    json_object_set_new(object, "dim", json_integer((json_int_t)s->embeddings.columns));
    json_object_set_new(object, "identities", json_integer((json_int_t)s->classes));
    json_object_set_new(object, "roc", roc);
    print_json(object);
}

static void report_text(const samples *s, const verification *v)
{
    for (int decade = 1; decade <= VERIFICATION_DECADES; decade++) {
        const verification_point *point = verification_at(v, decade);
        char name[32];
        snprintf(name, sizeof name, "TAR at FAR 1e-%d", decade);
        if (isnan(point->tar))
            printf("%-16s -  (takes at least %.0f impostor pairs)\n", name, 1.0 / point->limit);
        else if (point->threshold > 1.0)
            printf("%-16s 0.00 %%  (the highest score alone accepts more)\n", name);
        else
            printf("%-16s %.2f %%  (cosine >= %.4f)\n", name, 100.0 * point->tar, point->threshold);
    }
    printf("%-16s %.2f %%  (cosine >= %.4f)\n", "EER", 100.0 * v->eer, v->eer_threshold);
    printf("%-16s %.6f\n", "AUC", v->auc);
    printf("%-16s %" PRIu64 " genuine, %" PRIu64 " impostor\n", "pairs", v->genuine, v->impostor);
    printf("%-16s %zu rows", "data", s->embeddings.rows);
    if (s->counted < s->embeddings.rows) printf(" (%zu ignored)", s->embeddings.rows - s->counted);
    printf(", dimension %zu, %zu identities\n", s->embeddings.columns, s->classes);
}

int command_verify(int argc, char **argv)
{
    samples_options options = SAMPLES_OPTIONS_INIT;
    options_read(&verify_table, argc, argv, &options);
    samples s = {0};
    samples_read(&options, &s);
    if (s.classes < 2)
        die(PROGRAM, "%s: no impostor pair: fewer than two identities", options.labels);
    if (s.counted == s.classes)
        die(PROGRAM, "%s: no genuine pair: every identity occurs once", options.labels);
    progress line;
    const verification_input in = {.rows = s.embeddings.rows,
                                   .dim = s.embeddings.columns,
                                   .embeddings = s.embeddings.values,
                                   .labels = s.labels.values,
                                   .threads = options.threads,
                                   .line = &line};
    verification found;
    progress_start(&line, "comparing", s.embeddings.rows);
    const int status = verification_measure(&in, &found);
    progress_end(&line);
    if (status != 0) die(PROGRAM, "out of memory");
    notes_print(&s.notes);
    if (options.json)
        report_json(&s, &found);
    else
        report_text(&s, &found);
    samples_free(&s);
    return EXIT_SUCCESS;
}
