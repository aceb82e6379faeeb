/* main.c: bench_separation: every loss on every data set with every seed, spread over threads, and
 * the results as a table and as JSON. Must not know how a run works.
 *
 * Threads work on whole runs, never inside one: a run is far too small to share, and so its
 * numbers cannot depend on how many threads there are. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "json_out.h"
#include "options.h"
#include "progress.h"
#include "provenance.h"
#include "report.h"
#include "separation_options.h"

typedef struct data_entry {
    run_data data;
    image_set images;
    char name[64];
} data_entry;

typedef struct session {
    separation_options options;
    data_entry entries[SEPARATION_MOST_DATA];
    size_t entry_count;
    run_plan *plans;
    run_result *results;
    size_t run_count;
    progress line;
    size_t epochs_done;
} session;

/* ---- data ---------------------------------------------------------------------------------- */

/* A folder's last part, as it may stand in file names. */
static void name_folder(const char *folder, char *name, size_t size)
{
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && folder[start - 1] != '/') {
        start--;
    }
    size_t used = 0;
    for (size_t i = start; i < end && used + 1 < size; i++) {
        const char letter = folder[i];
        name[used++] = isalnum((unsigned char)letter) || strchr("-_.", letter) ? letter : '_';
    }
    name[used] = '\0';
    if (used == 0 || strcmp(name, "sphere") == 0 || name[0] == '.') {
        snprintf(name, size, "images");
    }
}

static void open_data(data_entry *entry, const char *given)
{
    if (strcmp(given, "sphere") == 0) {
        entry->data = (run_data){"sphere", NULL};
        return;
    }
    const int fashion = strcmp(given, "fashion") == 0;
    char error[512];
    if (fashion) {
        snprintf(entry->name, sizeof entry->name, "fashion");
    } else {
        name_folder(given, entry->name, sizeof entry->name);
    }
    if (image_set_load(fashion ? SEPARATION_FASHION : given, &entry->images, error, sizeof error) !=
        0) {
        die(SEPARATION_PROGRAM, "%s%s", error,
            fashion ? " (Debian's package dataset-fashion-mnist has these files)" : "");
    }
    entry->data = (run_data){entry->name, &entry->images};
}

static void choose_data(separation_options *o)
{
    if (o->data_count > 0) {
        return;
    }
    o->data[o->data_count++] = "sphere";
    if (access(SEPARATION_FASHION, F_OK) == 0) {
        o->data[o->data_count++] = "fashion";
    } else {
        fprintf(stderr, "%s: no Fashion-MNIST in %s: the hypersphere only\n", SEPARATION_PROGRAM,
                SEPARATION_FASHION);
    }
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* Called by whichever thread ends an epoch. */
static void count_epoch(void *user)
{
    session *const s = user;
#pragma omp critical(separation_progress)
    progress_step(&s->line, ++s->epochs_done, NULL);
}

static size_t count_losses(const separation_options *o)
{
    size_t count = 0;
    for (int i = 0; i < MARGIN_LOSS_COUNT; i++) {
        count += (size_t)o->losses[i];
    }
    return count;
}

static run_plan make_plan(session *s, const run_data *data, margin_loss loss, size_t repetition)
{
    const separation_options *const o = &s->options;
    return (run_plan){
        .data = data,
        .loss = loss,
        .override = o->override,
        .isa = o->isa,
        .seed = o->seed + repetition,
        .epochs = o->epochs,
        .samples = o->samples,
        .features = repetition == 0 ? o->features : 0,
        .epoch_done = count_epoch,
        .user = s,
    };
}

static void make_plans(session *s)
{
    const separation_options *const o = &s->options;
    const size_t most = s->entry_count * count_losses(o) * o->seeds;
    s->plans = calloc(most, sizeof *s->plans);
    s->results = calloc(most, sizeof *s->results);
    if (s->plans == NULL || s->results == NULL) {
        die(SEPARATION_PROGRAM, "out of memory");
    }
    for (size_t d = 0; d < s->entry_count; d++) {
        for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
            for (size_t r = 0; o->losses[loss] && r < o->seeds; r++) {
                s->plans[s->run_count++] = make_plan(s, &s->entries[d].data, (margin_loss)loss, r);
            }
        }
    }
}

/* Before hours of work: would the library take these settings? */
static void check_plan(const run_plan *plan)
{
    const size_t classes = plan->data->images != NULL ? plan->data->images->classes : 8;
    margin_config config;
    margin_context *context = NULL;
    recipe_loss(plan->loss, classes, &plan->override, &config);
    config.isa = plan->isa;
    config.threads = 1;
    const margin_status status = margin_create(&config, &context);
    margin_destroy(context);
    if (status == MARGIN_ERROR_CONFIG) {
        die_usage(SEPARATION_PROGRAM, "--scale, --margin: %s takes no s=%g m1=%g m2=%g m3=%g",
                  margin_loss_get(plan->loss)->name, config.scale, config.m1, config.m2, config.m3);
    }
    if (status != MARGIN_OK) {
        const char *const forced = getenv("MARGIN_ISA");
        die(SEPARATION_PROGRAM, "%s%s%s", margin_status_text(status),
            status == MARGIN_ERROR_ISA && forced != NULL ? ": MARGIN_ISA=" : "",
            status == MARGIN_ERROR_ISA && forced != NULL ? forced : "");
    }
}

static int most_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static void carry_out_all(session *s)
{
    const int threads = s->options.threads > 0 ? s->options.threads : most_threads();
    size_t epochs = 0;
    int failed = 0;
    for (size_t i = 0; i < s->run_count; i++) {
        epochs += run_epochs(&s->plans[i]);
    }
    progress_start(&s->line, "training", epochs);
    /* One run at a time to each thread: they differ in length. */
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (size_t i = 0; i < s->run_count; i++) {
        int stop;
#pragma omp atomic read
        stop = failed;
        if (!stop && run_carry_out(&s->plans[i], &s->results[i]) != 0) {
#pragma omp atomic write
            failed = 1;
        }
    }
    progress_end(&s->line);
    for (size_t i = 0; i < s->run_count; i++) {
        if (s->results[i].error[0] != '\0') {
            die(SEPARATION_PROGRAM, "%s, %s, seed %llu: %s", s->plans[i].data->name,
                margin_loss_get(s->plans[i].loss)->name, (unsigned long long)s->plans[i].seed,
                s->results[i].error);
        }
    }
}

/* ---- results ------------------------------------------------------------------------------- */

/* Before minutes of work: is there a folder to write to? */
static void check_out(const char *path)
{
    char folder[PATH_MAX];
    const char *const slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof folder) {
        die(SEPARATION_PROGRAM, "%s: %s", path, strerror(ENAMETOOLONG));
    }
    snprintf(folder, sizeof folder, "%.*s", (int)length, path);
    if (access(length > 0 ? folder : ".", W_OK) != 0) {
        die(SEPARATION_PROGRAM, "%s: %s", path, strerror(errno));
    }
}

static void complete_context(const session *s, json_t *context)
{
    json_object_set_new(context, "seed", json_integer((json_int_t)s->options.seed));
    if (s->options.isa != MARGIN_ISA_AUTO) {
        json_object_set_new(context, "isa", json_string(margin_isa_name(s->options.isa)));
    }
    if (s->options.threads > 0) {
        json_object_set_new(context, "threads", json_integer(s->options.threads));
    }
}

static void write_json(const session *s, json_t *context)
{
    json_t *root = json_object(), *runs = json_array();
    json_object_set_new(root, "schema", json_integer(1));
    json_object_set_new(root, "context", context);
    json_object_set_new(root, "notes", report_notes());
    for (size_t i = 0; i < s->run_count; i++) {
        json_array_append_new(runs, report_run(&s->plans[i], &s->results[i]));
    }
    json_object_set_new(root, "runs", runs);
    char error[512];
    if (json_write_file(root, s->options.out, error, sizeof error) != 0) {
        die(SEPARATION_PROGRAM, "%s", error);
    }
    json_decref(root);
}

static void print_table(const session *s)
{
    report_table_head(stdout);
    for (size_t i = 0; i < s->run_count; i++) {
        report_table_row(stdout, &s->plans[i], &s->results[i]);
    }
    if (fflush(stdout) != 0) {
        die(SEPARATION_PROGRAM, "standard output: cannot be written");
    }
}

static void close_session(session *s)
{
    for (size_t i = 0; i < s->run_count; i++) {
        run_free(&s->results[i]);
    }
    for (size_t i = 0; i < s->entry_count; i++) {
        image_set_free(&s->entries[i].images);
    }
    free(s->plans);
    free(s->results);
}

int main(int argc, char **argv)
{
    static session s;
    /* First, while the arguments are whole: reading the options cuts lists at their commas. */
    json_t *context = provenance_json(argc, argv, 0);
    separation_options_read(&s.options, argc, argv);
    if (s.options.list) {
        report_list(stdout, s.options.losses, &s.options.override);
        json_decref(context);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED;
    }
    complete_context(&s, context);
    if (s.options.out != NULL) {
        check_out(s.options.out);
    }
    choose_data(&s.options);
    for (size_t i = 0; i < s.options.data_count; i++) {
        open_data(&s.entries[s.entry_count++], s.options.data[i]);
    }
    make_plans(&s);
    for (size_t i = 0; i < s.run_count; i++) {
        check_plan(&s.plans[i]);
    }
    carry_out_all(&s);
    print_table(&s);
    if (s.options.out != NULL) {
        write_json(&s, context);
    } else {
        json_decref(context);
    }
    close_session(&s);
    return EXIT_SUCCESS;
}
