/* identify.c: `margin identify`: whether a person's probes find their identities in a gallery. Must
 * not know how that is measured. */
#include "command.h"
#include "input.h"
#include "verify.h"

#include <identification.h>
#include <json_out.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMITS = 16 };

typedef struct identify_options {
    const char *gallery, *gallery_labels, *probes, *probe_labels;
    double fpir[LIMITS];
    int fpir_count;
    int ignore_label, threads, json;
} identify_options;

#define OPTION_TARGET identify_options

static const char *take_fpir(void *target, const char *item)
{
    identify_options *o = target;
    double limit;
    if (!parse_double(item, &limit) || !(limit > 0.0) || limit > 1.0)
        return "a rate greater than 0 and at most 1";
    if (o->fpir_count == LIMITS) return "one of at most 16 rates";
    o->fpir[o->fpir_count++] = limit;
    return NULL;
}

static const option_row rows[] = {
    OPTION_GROUP("input (.npy, or FILE.npz:NAME):"),
    {"gallery", "G.npy", "floats [M, D], not normalised", TO_TEXT(gallery), .required = 1},
    {"gallery-labels", "g.npy", "whole numbers [M] from 0, the identities", TO_TEXT(gallery_labels),
     .required = 1},
    {"probes", "P.npy", "floats [N, D]", TO_TEXT(probes), .required = 1},
    {"probe-labels", "p.npy", "whole numbers [N] from 0", TO_TEXT(probe_labels), .required = 1},
    OPTION_IGNORE_LABEL(ignore_label),

    OPTION_GROUP("what is measured:"),
    {"fpir", "F,...", "limits on FPIR at which TPIR is printed (default 1e-1,1e-2,1e-3)",
     TO_ITEMS(take_fpir)},

    OPTION_GROUP("run:"),
    {"json", NULL, "one JSON object on standard output", TO_FLAG(json)},
    {"threads", "T", "default {default}: as OMP_NUM_THREADS or the CPUs say",
     TO_INT(threads, 0, 1024)},
    OPTION_END};

const option_table identify_table = {
    PROGRAM, "identify", "rank-1 and TPIR at FPIR of probes in a gallery",
    "Each probe is compared with all of a gallery by the cosine. A probe whose identity the\n"
    "gallery has is found where that identity scores strictly higher than all others:\n"
    "  rank-1  found probes over those whose identity the gallery has\n"
    "  FPIR    probes of other identities whose best score is accepted, over these\n"
    "  TPIR    found probes whose score is accepted, over those of the gallery's identities\n"
    "A score is accepted when it is at least the threshold. Zero vectors take no part.",
    .rows = rows};

/* One of the two sets. */
typedef struct labelled {
    float_input rows;
    label_input labels;
} labelled;

static labelled read_set(const char *path, const char *labels, const char *shape, int ignored,
                         notes *list)
{
    labelled set = {.rows = input_floats(path, shape, 2, ROWS_AS_DIRECTIONS, list)};
    set.labels = input_labels(labels, ignored, &set.rows);
    for (size_t i = 0; i < set.rows.rows * set.rows.columns; i++)
        if (!isfinite(set.rows.values[i]))
            die(PROGRAM, "%s: row %zu holds a NaN or an infinity", path, i / set.rows.columns);
    return set;
}

static void free_set(labelled *set)
{
    input_free(&set->rows);
    free(set->labels.values);
}

/* ---- reports ----------------------------------------------------------------------------------*/

static double rank_1(const identification *found)
{
    return found->mated > 0 ? (double)found->found / (double)found->mated : NAN;
}

static void print_point(const identification_point *p, const identification *found)
{
    char name[48], text[64];
    snprintf(name, sizeof name, "TPIR at FPIR %g", p->limit);
    if (found->mated == 0)
        printf("%-18s -  (no probe has its identity in the gallery)\n", name);
    else if (isnan(p->tpir))
        printf("%-18s -  (takes at least %.0f probes of other identities)\n", name,
               ceil(1.0 / p->limit));
    else if (isinf(p->threshold))
        printf("%-18s 0.00 %%  (the highest score alone accepts more)\n", name);
    else
        printf("%-18s %.2f %%  (cosine >= %s)\n", name, 100.0 * p->tpir,
               threshold_text(p->threshold, p->above, p->below, text, sizeof text));
}

static void report_text(const labelled *gallery, const labelled *probes,
                        const identification *found, const identification_point *points, int count)
{
    if (found->mated > 0)
        printf("%-18s %.2f %%  (%zu of %zu probes)\n", "rank-1", 100.0 * rank_1(found),
               found->found, found->mated);
    else
        printf("%-18s -  (no probe has its identity in the gallery)\n", "rank-1");
    if (found->tied > 0)
        printf("%-18s %zu probes tie with another identity: not found\n", "", found->tied);
    for (int k = 0; k < count; k++)
        print_point(&points[k], found);
    printf("%-18s %zu rows, %zu identities", "gallery", gallery->rows.rows, found->identities);
    if (found->gallery_zero > 0) printf(" (%zu zero vectors left out)", found->gallery_zero);
    printf("\n%-18s %zu rows, %zu of the gallery's identities, %zu of others", "probes",
           probes->rows.rows, found->mated, found->unmated);
    if (found->probe_zero > 0) printf(" (%zu zero vectors left out)", found->probe_zero);
    printf("\n");
}

static void set_count(json_t *object, const char *key, size_t count)
{
    json_object_set_new(object, key, json_integer((json_int_t)count));
}

static void report_json(const labelled *gallery, const labelled *probes,
                        const identification *found, const identification_point *points, int count)
{
    json_t *object = json_object(), *list = json_array();
    for (int k = 0; k < count; k++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o}", "fpir_limit",
                                              json_number(points[k].limit), "fpir",
                                              json_number(points[k].fpir), "tpir",
                                              json_number(points[k].tpir), "threshold",
                                              json_number(points[k].threshold)));
    json_object_set_new(object, "rank_1", json_number(rank_1(found)));
    json_object_set_new(object, "tpir_at_fpir", list);
    set_count(object, "gallery_rows", gallery->rows.rows);
    set_count(object, "gallery_zero_rows", found->gallery_zero);
    set_count(object, "identities", found->identities);
    set_count(object, "probe_rows", probes->rows.rows);
    set_count(object, "probe_zero_rows", found->probe_zero);
    set_count(object, "mated_probes", found->mated);
    set_count(object, "other_probes", found->unmated);
    set_count(object, "tied_probes", found->tied);
    set_count(object, "dim", gallery->rows.columns);
    print_json(object);
}

/* ---- the run ----------------------------------------------------------------------------------*/

static int falling(const void *a, const void *b)
{
    return -compare_doubles(a, b);
}

static void measure(const identify_options *o, const labelled *gallery, const labelled *probes,
                    identification_point *points, identification *found)
{
    progress line;
    const identification_input in = {.dim = gallery->rows.columns,
                                     .gallery_rows = gallery->rows.rows,
                                     .probe_rows = probes->rows.rows,
                                     .gallery = gallery->rows.values,
                                     .probes = probes->rows.values,
                                     .gallery_labels = gallery->labels.values,
                                     .probe_labels = probes->labels.values,
                                     .threads = o->threads,
                                     .line = &line};
    for (int k = 0; k < o->fpir_count; k++)
        points[k].limit = o->fpir[k];
    progress_start(&line, "comparing", probes->rows.rows);
    const int status = identification_measure(&in, points, (size_t)o->fpir_count, found);
    progress_end(&line);
    if (status != 0) die(PROGRAM, "out of memory");
}

int command_identify(int argc, char **argv)
{
    identify_options o = {.ignore_label = -1};
    options_read(&identify_table, argc, argv, &o);
    for (int k = 0; o.fpir_count == 0 && k < 3; k++)
        o.fpir[k] = pow(10.0, -(k + 1));
    if (o.fpir_count == 0) o.fpir_count = 3;
    qsort(o.fpir, (size_t)o.fpir_count, sizeof *o.fpir, falling);
    notes list = {0};
    labelled gallery = read_set(o.gallery, o.gallery_labels, "[M, D]", o.ignore_label, &list);
    labelled probes = read_set(o.probes, o.probe_labels, "[N, D]", o.ignore_label, &list);
    if (probes.rows.columns != gallery.rows.columns)
        die(PROGRAM, "%s: dimension %zu, but %s has %zu", o.probes, probes.rows.columns, o.gallery,
            gallery.rows.columns);
    identification_point points[LIMITS];
    identification found;
    measure(&o, &gallery, &probes, points, &found);
    notes_print(&list);
    if (o.json)
        report_json(&gallery, &probes, &found, points, o.fpir_count);
    else
        report_text(&gallery, &probes, &found, points, o.fpir_count);
    free_set(&gallery);
    free_set(&probes);
    return EXIT_SUCCESS;
}
