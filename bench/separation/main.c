/* main.c: bench_separation: which runs are made, in which order, and where their numbers go. Must
 * not know how a run works.
 *
 * Without options every figure's runs are made. --data and --loss name runs of their own, --figure
 * one figure or several, which are then also drawn. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine.h"
#include "figures.h"
#include "film.h"
#include "json_out.h"
#include "memory.h"
#include "options.h"
#include "output_paths.h"
#include "provenance.h"
#include "report.h"

extern char **environ;

typedef struct session {
    separation_options options;
    data_sources sources;
    plan_list plans, film;
    uint32_t figures;    /* those to make */
    char *folder, *file; /* for the results; or NULL */
    tables tables;
} session;

static char *join(const char *first, const char *second)
{
    char *text = NULL;
    if (asprintf(&text, "%s%s", first, second) < 0) out_of_memory();
    return text;
}

/* ---- what to make -------------------------------------------------------------------------- */

static void choose_figures(session *s)
{
    s->figures = s->options.figures;
    if (s->options.own_runs || s->figures != 0) return;
    for (size_t i = 0; i < figure_count(); i++)
        s->figures |= UINT32_C(1) << i;
    size_t fashion;
    if (!sources_have_fashion() && figure_find("fashion", &fashion)) {
        s->figures &= ~(UINT32_C(1) << fashion);
        fprintf(stderr, "%s: no Fashion-MNIST in %s: the hypersphere only\n", SEPARATION_PROGRAM,
                SEPARATION_FASHION);
    }
}

static int wanted(const session *s, size_t index)
{
    return (s->figures >> index & 1) != 0;
}

/* Its tables write nothing before they are opened. */
static figure_request request_of(session *s)
{
    return (figure_request){&s->options, &s->sources, s->options.figures != 0, &s->tables};
}

/* Before hours of work: would the library take these settings? */
static void check_plan(const run_plan *plan)
{
    const margin_config *const loss = &plan->aim.loss;
    margin_context *context = NULL;
    const char *why;
    const margin_status status = margin_create_explained(loss, &context, &why);
    margin_destroy(context);
    /* An angle that is too large for radians may have been meant in degrees. */
    if (status == MARGIN_ERROR_CONFIG && loss->m2 > M_PI && loss->m2 <= 180.0)
        die_usage(
            SEPARATION_PROGRAM,
            "--margin, --m2: %s's margin is an angle in radians, at most pi: if m2=%g was meant "
            "in degrees, write %.3g",
            margin_loss_get(loss->loss)->name, loss->m2, loss->m2 * (M_PI / 180.0));
    if (status == MARGIN_ERROR_CONFIG)
        die_usage(SEPARATION_PROGRAM, "--scale, --margin: %s takes no s=%g m1=%g m2=%g m3=%g: %s",
                  margin_loss_get(loss->loss)->name, loss->scale, loss->m1, loss->m2, loss->m3,
                  why);
    if (status != MARGIN_OK) die(SEPARATION_PROGRAM, "%s", margin_status_text(status));
}

static void make_plans(session *s)
{
    const figure_request request = request_of(s);
    separation_options *const o = &s->options;
    choose_figures(s);
    if (o->own_runs && o->data_count == 0) {
        o->data[o->data_count++] = "sphere";
        if (sources_have_fashion()) o->data[o->data_count++] = "fashion";
    }
    for (size_t i = 0; i < o->data_count && o->own_runs; i++)
        plan_own(&request, sources_open(&s->sources, o->data[i]), &s->plans);
    for (size_t i = 0; i < figure_count(); i++) {
        if (wanted(s, i) && figure_get(i)->plan != NULL) {
            s->plans.figures = UINT32_C(1) << i;
            figure_get(i)->plan(&request, &s->plans);
        }
    }
    for (size_t i = 0; i < s->plans.count; i++)
        check_plan(&s->plans.plans[i]);
    idle_options_refuse(o, &s->plans);
    plans_check_cost(&s->plans, engine_rank() == 0);
}

/* Sentences that are judged are of the figures' settings: without these runs they are left out. */
static void tell_of_claims(const separation_options *o)
{
    static const char *const names[] = {"scale", "margin", "m1", "m2", "m3"};
    for (size_t i = 0; i < sizeof names / sizeof *names && !o->own_runs; i++) {
        if (!separation_option_given(o, names[i])) continue;
        fprintf(stderr,
                "%s: --%s: sentences about runs with the usual one are left out, not judged\n",
                SEPARATION_PROGRAM, names[i]);
    }
}

/* ---- where it goes ------------------------------------------------------------------------- */

static void make_folder(const char *path)
{
    char part[PATH_MAX];
    for (const char *end = path; *end != '\0'; end++) {
        if ((end[1] == '/' || end[1] == '\0') && end - path + 1 < PATH_MAX) {
            snprintf(part, sizeof part, "%.*s", (int)(end - path + 1), path);
            if (mkdir(part, 0777) != 0 && errno != EEXIST)
                die(SEPARATION_PROGRAM, "%s: %s", part, strerror(errno));
        }
    }
}

static void choose_out(session *s)
{
    const separation_options *const o = &s->options;
    if (o->figures != 0) {
        char path[PATH_MAX] = "results"; /* and "/bounds+sweep" where the folder is not named */
        for (size_t i = 0, used = strlen(path); i < figure_count(); i++)
            if (wanted(s, i))
                used +=
                    (size_t)snprintf(path + used, sizeof path - used, "%c%s",
                                     strchr(path, '/') == NULL ? '/' : '+', figure_get(i)->name);
        s->folder = join(o->folder != NULL ? o->folder : path, "");
        make_folder(s->folder);
        s->file = join(s->folder, "/separation.json");
    } else if (o->out != NULL) {
        s->file = join(o->out, "");
    }
    output_paths_try(SEPARATION_PROGRAM, (const char *[]){s->file}, 1);
    if (o->dump != NULL) make_folder(o->dump);
    if (o->checkpoints != NULL) make_folder(o->checkpoints);
}

/* ---- results ------------------------------------------------------------------------------- */

/* The path of a file in the results' folder. */
static void beside_results(const session *s, const char *name, char path[PATH_MAX])
{
    const char *const slash = strrchr(s->file, '/');
    snprintf(path, PATH_MAX, "%.*s%s", slash != NULL ? (int)(slash + 1 - s->file) : 0, s->file,
             name);
}

/* Takes the context over. */
static void write_results(session *s, json_t *context, const group_list *groups,
                          const claim_list *claims)
{
    char error[512];
    atomic_set written = {0};
    tables_open(&s->tables, s->file, &written);
    json_t *const figures = json_object();
    const figure_request request = request_of(s);
    for (size_t i = 0; i < figure_count(); i++)
        if (wanted(s, i) && figure_get(i)->compute != NULL)
            json_object_set_new(figures, figure_get(i)->name, figure_get(i)->compute(&request));
    json_t *const root =
        json_row("schema context notes runs figures groups gap_share claims", "dooooooo", 2,
                 json_incref(context), report_notes(), report_runs(&s->plans, groups), figures,
                 report_groups(groups), report_gaps(groups), report_claims(claims));
    if (json_add_file(root, s->file, &written, error, sizeof error) != 0)
        die(SEPARATION_PROGRAM, "%s", error);
    json_decref(root);
    if (s->film.count > 0) {
        json_t *const toy = film_json(&request, &s->film, json_incref(context));
        char path[PATH_MAX];
        beside_results(s, "toy.json", path);
        if (json_add_file(toy, path, &written, error, sizeof error) != 0)
            die(SEPARATION_PROGRAM, "%s", error);
        json_decref(toy);
    }
    json_decref(context);
    tables_of_runs(&s->tables, groups, claims);
    if (*s->tables.fault != '\0') die(SEPARATION_PROGRAM, "%s", s->tables.fault);
    if (atomic_set_commit(&written, error, sizeof error) != 0) die(SEPARATION_PROGRAM, "%s", error);
}

/* What the finished runs say, to people and into files; takes the context over. */
static void report(session *s, json_t *context)
{
    group_list groups = groups_of(&s->plans);
    claim_list claims = claims_judge(&groups);
    report_table(stdout, &s->plans);
    report_claims_table(stdout, &claims);
    if (s->file != NULL) {
        write_results(s, context, &groups, &claims);
    } else {
        json_decref(context);
    }
    claims_free(&claims);
    groups_free(&groups);
}

/* Runs plots/draw.sh of the source tree (or of the folder in MARGIN_PLOTS) on a run's folder;
 * `names` are its figures, divided by spaces. */
static void draw_figures(const char *folder, const char *names)
{
    const char *const plots = getenv("MARGIN_PLOTS");
    char script[PATH_MAX];
    snprintf(script, sizeof script, "%s/draw.sh", plots != NULL ? plots : SEPARATION_PLOTS);
    /* The shell divides the names; posix_spawn changes no argument. */
    char *const arguments[] = {"sh",          "-c", "exec \"$0\" \"$1\" $2", script, (char *)folder,
                               (char *)names, NULL};
    pid_t child;
    int status = 0;
    const int error = posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ);
    if (error != 0) die(SEPARATION_PROGRAM, "%s: %s", script, strerror(error));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die(SEPARATION_PROGRAM, "%s failed; the numbers are in %s", script, folder);
}

/* The toy's page comes with its figure, where there is a folder for it: not beside /dev/null. */
static int films(const session *s)
{
    size_t toy;
    struct stat there;
    return s->file != NULL && (stat(s->file, &there) != 0 || S_ISREG(there.st_mode)) &&
           figure_find("arcface-fig3", &toy) && wanted(s, toy);
}

int main(int argc, char **argv)
{
    static session s;
    json_begin();
    json_t *context = provenance_json(argc, argv, 0);
    separation_options_read(&s.options, argc, argv);
    if (s.options.list) {
        report_list(stdout, s.options.losses, &s.options.override);
        printf("figures:\n");
        for (size_t i = 0; i < figure_count(); i++) {
            const figure *const row = figure_get(i);
            const char *const alias = figure_alias(i);
            printf("  %-16s %s (%s%s%s)\n", row->name, row->title, row->needs,
                   alias != NULL ? "; also called " : "", alias != NULL ? alias : "");
        }
        json_decref(context);
        finish_stdout(SEPARATION_PROGRAM);
        return EXIT_SUCCESS;
    }
    engine_begin(&argc, &argv);
    /* Leaves to the first of several processes what only one should write. */
    if (engine_ranks() > 1 && s.options.checkpoints != NULL)
        die_usage(SEPARATION_PROGRAM, "--checkpoints: not over several ranks");
    if (engine_rank() > 0) s.options.dump = NULL;
    json_put(context, "seed", "z", (size_t)s.options.seed);
    if (s.options.isa != MARGIN_ISA_AUTO)
        json_put(context, "isa", "s", margin_isa_name(s.options.isa));
    if (s.options.threads > 0) json_put(context, "threads", "d", s.options.threads);
    make_plans(&s);
    choose_out(&s);
    if (engine_rank() == 0) tell_of_claims(&s.options);
    plans_carry_out(&s.plans, engine_threads(s.options.threads));
    if (films(&s)) {
        const figure_request request = request_of(&s);
        film_shoot(&request, &s.plans, &s.film);
    }
    if (engine_rank() == 0) {
        report(&s, context);
    } else {
        json_decref(context);
    }
    for (size_t i = 0; i < figure_count() && s.folder != NULL && engine_rank() == 0; i++) {
        if (wanted(&s, i)) {
            draw_figures(s.folder, figure_get(i)->drawn);
            printf("%s: %s/figures\n", figure_get(i)->name, s.folder);
        }
    }
    engine_end();
    plan_list_free(&s.plans);
    plan_list_free(&s.film);
    sources_free(&s.sources);
    free(s.folder);
    free(s.file);
    finish_stdout(SEPARATION_PROGRAM);
    return EXIT_SUCCESS;
}
