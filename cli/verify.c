/* verify.c: `margin verify`: how well a person's embeddings tell whether two samples are of one
 * identity. Must not know how that is measured. */
#include "verify.h"

#include "command.h"

#include <atomic_file.h>
#include <output_paths.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ----------------------------------------------------------------------------------*/

#define OPTION_TARGET verify_options

static const char *take_far(void *target, const char *item)
{
    verify_options *o = target;
    double limit;
    if (!parse_double(item, &limit) || !(limit > 0.0) || limit > 1.0)
        return "a rate greater than 0 and at most 1";
    if (o->far_count == VERIFY_LIMITS) return "one of at most 64 rates";
    o->far[o->far_count++] = limit;
    return NULL;
}

static const char *take_dcf(void *target, const char *item)
{
    verify_options *o = target;
    double value;
    if (!parse_double(item, &value) || !(value > 0.0)) return "a number greater than 0";
    if (o->dcf_count == 0 && value >= 1.0) return "a share of genuine pairs, between 0 and 1";
    if (o->dcf_count == 3) return "one of three numbers: P,MISS,ACCEPT";
    o->dcf[o->dcf_count++] = value;
    return NULL;
}

static const option_row rows[] = {
    OPTION_GROUP("input (.npy, or FILE.npz:NAME):"),
    {"embeddings", "X.npy", "floats [N, D], not normalised", TO_TEXT(samples.embeddings)},
    {"labels", "y.npy", "whole numbers [N] from 0, the identities; with --scores 1 (same) or 0",
     TO_TEXT(samples.labels)},
    OPTION_IGNORE_LABEL(samples.ignore_label),
    {"pairs", "FILE", "compare these alone: a line for each pair, two rows of X and 1 (same) or 0",
     TO_TEXT(pairs)},
    {"names", "FILE",
     "a name for each row of X, one a line, as paths of images: pairs then name rows",
     TO_TEXT(names)},
    {"scores", "s.npy",
     "scores [N] made elsewhere, instead of embeddings: the greater, the more alike",
     TO_TEXT(scores)},

    OPTION_GROUP("what is measured:"),
    {"far", "F,...", "limits on FAR at which TAR is printed (default 1e-1 to 1e-5)",
     TO_ITEMS(take_far)},
    {"folds", "K", "accuracy of K parts of the list, each by the threshold best for the others",
     TO_INT(folds, 2, FOLDS_MOST)},
    {"min-dcf", "P[,M[,A]]",
     "least cost of decisions: P the share of genuine pairs, M the cost of a "
     "miss, A of a false accept (1, 1)",
     TO_ITEMS(take_dcf)},
    {"bootstrap", "R", "intervals of 95 % from R samples of identities (of comparisons, for lists)",
     TO_INT(bootstrap, 10, 100000)},

    OPTION_GROUP("output:"),
    {"curve", "FILE",
     "thresholds, FAR and misses as a table; plots/draw.sh of the source tree draws it where it is "
     "DIR/tables/det.tsv",
     TO_TEXT(curve)},
    {"json", NULL, "one JSON object on standard output", TO_FLAG(samples.json)},

    OPTION_GROUP("run:"),
    {"threads", "T", "default {default}: as OMP_NUM_THREADS or the CPUs say",
     TO_INT(samples.threads, 0, 1024)},
    OPTION_END};

const option_table verify_table = {
    PROGRAM, "verify", "TAR at FAR, EER and AUC of embeddings and identities",
    "TAR at FAR, EER and AUC over all pairs of rows, or over listed ones. A pair is genuine\n"
    "when its labels are equal, its score is the cosine, and it is accepted when the score\n"
    "is at least the threshold; pairs of equal score are accepted together. FAR: accepted\n"
    "impostor pairs over all impostor pairs. Zero vectors take no part.",
    .rows = rows};

/* Refuses options that do not go together. */
static void check_options(const verify_options *o)
{
    const samples_options *s = &o->samples;
    if (o->scores != NULL && (o->pairs != NULL || s->embeddings != NULL))
        die_usage(PROGRAM, "--scores stands instead of --embeddings and --pairs");
    if (o->scores == NULL && s->embeddings == NULL)
        die_usage(PROGRAM, "--embeddings is missing (see '%s verify --help')", PROGRAM);
    if (o->pairs != NULL && s->labels != NULL)
        die_usage(PROGRAM, "--labels says nothing beside --pairs, whose lines end in 1 or 0");
    if (o->pairs == NULL && s->labels == NULL)
        die_usage(PROGRAM, "--labels is missing (see '%s verify --help')", PROGRAM);
    if (o->names != NULL && o->pairs == NULL)
        die_usage(PROGRAM, "--names says how --pairs name rows: it needs --pairs");
    if (o->folds > 0 && o->pairs == NULL && o->scores == NULL)
        die_usage(PROGRAM, "--folds takes parts of a list: it needs --pairs or --scores");
}

/* Refuses an output that is an input, or standard output. */
static void check_paths(const verify_options *o)
{
    const char *const outputs[] = {o->curve};
    const char *const inputs[] = {o->samples.embeddings, o->samples.labels, o->pairs, o->names,
                                  o->scores};
    output_paths_check(PROGRAM, outputs, 1, inputs, sizeof inputs / sizeof inputs[0]);
}

static verify_options read_options(int argc, char **argv)
{
    verify_options o = {.samples = SAMPLES_OPTIONS_INIT};
    options_read(&verify_table, argc, argv, &o);
    check_options(&o);
    check_paths(&o);
    for (int k = 0; o.far_count == 0 && k < VERIFICATION_DECADES; k++)
        o.far[k] = pow(10.0, -(k + 1));
    if (o.far_count == 0) o.far_count = VERIFICATION_DECADES;
    for (; o.dcf_count > 0 && o.dcf_count < 3; o.dcf_count++)
        o.dcf[o.dcf_count] = 1.0;
    return o;
}

/* ---- the curve --------------------------------------------------------------------------------*/

/* The corners of the curve, those left out that cannot be told apart in a figure. */
typedef struct curve {
    const char *path;
    atomic_file file;
    atomic_set written;
    double far, tar; /* of the last line */
    double waiting[3];
    int waits;
} curve;

static void write_corner(curve *c, double threshold, double far, double tar)
{
    fprintf(c->file.stream, "all pairs\tdet\t%.17g\t%.9g\t%.9g\n", threshold, far, 1.0 - tar);
    c->far = far;
    c->tar = tar;
    c->waits = 0;
}

static int is_far_from(double a, double b)
{
    return fabs(a - b) > 0.01 * fmin(a, b);
}

static void take_corner(void *user, double threshold, double far, double tar)
{
    curve *c = user;
    if (is_far_from(far, c->far) || is_far_from(1.0 - tar, 1.0 - c->tar)) {
        write_corner(c, threshold, far, tar);
        return;
    }
    memcpy(c->waiting, (double[3]){threshold, far, tar}, sizeof c->waiting);
    c->waits = 1;
}

static void open_curve(curve *c)
{
    if (c->path == NULL) return;
    const int status = atomic_open(&c->file, c->path);
    if (status != 0) die(PROGRAM, "%s: cannot write: %s", c->path, strerror(status));
    fprintf(c->file.stream, "#series\tkind\tthreshold\tfar\tmiss\n");
}

static void close_curve(curve *c)
{
    if (c->path == NULL) return;
    if (c->waits) write_corner(c, c->waiting[0], c->waiting[1], c->waiting[2]);
    const int status = atomic_set_add(&c->written, &c->file);
    if (status != 0) die(PROGRAM, "%s: cannot write: %s", c->path, strerror(status));
}

/* Lets the curve appear, once the report is out. */
static void commit_curve(curve *c)
{
    char error[1024];
    finish_stdout(PROGRAM);
    if (atomic_set_commit(&c->written, error, sizeof error) != 0) die(PROGRAM, "%s", error);
}

/* ---- the run ----------------------------------------------------------------------------------*/

static int falling(const void *a, const void *b)
{
    return -compare_doubles(a, b);
}

static void set_limits(const verify_options *o, verify_result *r)
{
    double limits[VERIFY_LIMITS];
    memcpy(limits, o->far, sizeof limits);
    qsort(limits, (size_t)o->far_count, sizeof *limits, falling);
    for (int k = 0; k < o->far_count; k++)
        if (k == 0 || limits[k] != limits[k - 1]) r->points[r->point_count++].limit = limits[k];
    if (o->dcf_count > 0)
        r->cost = (roc_cost){.prior = o->dcf[0], .miss = o->dcf[1], .accept = o->dcf[2]};
}

/* Refuses data that has no pair of one kind. */
static void check_kinds(const verify_options *o, const samples *s, const verify_list *list)
{
    const char *path = o->pairs != NULL ? o->pairs : o->samples.labels;
    size_t genuine = 0;
    if (list != NULL) {
        for (size_t k = 0; k < list->count; k++)
            genuine += list->items[k].genuine != 0;
        if (genuine == list->count) die(PROGRAM, "%s: no impostor pair: no line ends in 0", path);
        if (genuine == 0) die(PROGRAM, "%s: no genuine pair: no line ends in 1", path);
        return;
    }
    if (o->bootstrap > 0 && (double)s->counted * ((double)s->counted - 1.0) > VERIFICATION_SORTED)
        die(PROGRAM, "--bootstrap: more than %d pairs; take fewer rows", VERIFICATION_SORTED / 2);
    if (s->classes < 2) die(PROGRAM, "%s: no impostor pair: fewer than two identities", path);
    if (s->counted == s->classes)
        die(PROGRAM, "%s: no genuine pair: every identity occurs once", path);
}

static void measure(verify_result *r, verification_input *in, progress *line)
{
    progress_start(line, "comparing", r->list == NULL ? verification_work(in) : 1);
    const int status = r->list == NULL ? verification_measure(in, &r->found)
                                       : verification_of_list(in, r->list->items, r->list->count,
                                                              r->list->value, &r->found);
    progress_end(line);
    if (status != 0) die(PROGRAM, "out of memory");
    if (r->found.all.genuine == 0 || r->found.all.impostor == 0)
        die(PROGRAM, "%s: without the zero vectors no pair of both kinds is left",
            r->options->samples.embeddings);
}

static void measure_folds(verify_result *r)
{
    const int folds = r->options->folds;
    if (folds == 0) return;
    const int status =
        folds_measure(r->list->items, r->list->count, folds, r->list->value, &r->folds);
    if (status == EINVAL)
        die(PROGRAM, "--folds: %d, but there are %zu pairs", folds, r->list->count);
    if (status != 0) die(PROGRAM, "out of memory");
}

static void measure_bootstrap(verify_result *r, verification_input *in, progress *line)
{
    const int draws = r->options->bootstrap;
    if (draws == 0) return;
    r->bootstrap.tar = malloc(r->point_count * sizeof *r->bootstrap.tar);
    if (r->bootstrap.tar == NULL) die(PROGRAM, "out of memory");
    in->corner = NULL;
    in->cost = NULL;
    progress_start(line, "drawing again", (size_t)draws);
    const int status =
        r->list == NULL ? bootstrap_identities(in, r->samples->classes, draws, &r->bootstrap)
                        : bootstrap_list(in, r->list->items, r->list->count, draws, &r->bootstrap);
    progress_end(line);
    if (status != 0) die(PROGRAM, "out of memory");
}

static void run(verify_result *r, curve *c)
{
    const verify_options *o = r->options;
    const samples *s = r->samples;
    progress line;
    verification_input in = {.rows = s->embeddings.rows,
                             .dim = s->embeddings.columns,
                             .embeddings = s->embeddings.values,
                             .labels = s->labels.values,
                             .threads = o->samples.threads,
                             .line = &line,
                             .points = r->points,
                             .point_count = r->point_count,
                             .cost = &r->cost,
                             .corner = o->curve != NULL ? take_corner : NULL,
                             .user = c};
    open_curve(c);
    measure(r, &in, &line);
    measure_folds(r);
    measure_bootstrap(r, &in, &line);
    close_curve(c);
}

int command_verify(int argc, char **argv)
{
    const verify_options options = read_options(argc, argv);
    samples s = {0};
    verify_list list = {0};
    if (options.scores != NULL)
        list = verify_read_scores(&options, &s);
    else
        samples_read(&options.samples, &s);
    if (options.pairs != NULL) list = verify_read_pairs(&options, &s);
    verify_result result = {
        .options = &options, .samples = &s, .list = list.items != NULL ? &list : NULL};
    check_kinds(&options, &s, result.list);
    set_limits(&options, &result);
    curve c = {.path = options.curve, .far = -1.0, .tar = 2.0};
    run(&result, &c);
    notes_print(&s.notes);
    if (options.samples.json)
        verify_report_json(&result);
    else
        verify_report_text(&result);
    commit_curve(&c);
    free(result.bootstrap.tar);
    free(list.items);
    samples_free(&s);
    return EXIT_SUCCESS;
}
