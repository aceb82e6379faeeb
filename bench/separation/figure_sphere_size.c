/* figure_sphere_size.c: is the sphere large enough for so many identities: by theory and by drawing
 * them (see figures.h). Must not know how either is computed, or how a figure looks. */
#include "figures.h"

#include <math.h>

#include "caps.h"
#include "crowd.h"
#include "degrees.h"
#include "json_out.h"
#include "progress.h"
#include "table.h"
#include "threads.h"

static const size_t dims[] = {128, 256, 512};
enum { DIMS = sizeof dims / sizeof *dims };

/* A table's rows of `kind` belong to so many dimensions. */
static void series(tables *out, const char *kind, size_t dim)
{
    char words[24];
    snprintf(words, sizeof words, "%zu", dim);
    table_series(out, words, "%s", kind);
}

/* From 1e2 to 1e8 identities, four numbers to a decade. */
static json_t *theory_curve(tables *out, const char *kind, size_t dim,
                            double (*angle)(size_t, double))
{
    json_t *const points = json_array();
    series(out, kind, dim);
    for (int i = 8; i <= 32; i++) {
        const double n = pow(10.0, 0.25 * i), found = degrees(angle(dim, n));
        json_array_append_new(points, json_numbers((double[]){n, found}, 2));
        table_row(out, "ggg", n, found, 0.0);
    }
    return json_row("kind dim points", "szo", kind, dim, points);
}

static json_t *theory(tables *out)
{
    json_t *const curves = json_array();
    for (size_t k = 0; k < DIMS; k++) {
        json_array_append_new(curves, theory_curve(out, "nearest", dims[k], sphere_nearest));
        json_array_append_new(curves, theory_curve(out, "closest", dims[k], sphere_closest));
        json_array_append_new(curves,
                              theory_curve(out, "asymptotic", dims[k], sphere_closest_asymptotic));
    }
    return curves;
}

/* ---- what drawing directions gave ---------------------------------------------------------- */

static json_t *drawn_objects(const crowd_row *rows, size_t count)
{
    json_t *const list = json_array();
    for (const crowd_row *row = rows; row < rows + count; row++)
        json_array_append_new(
            list, json_row("n dim sets looked nearest_deg nearest_error_deg closest_deg "
                           "closest_error_deg",
                           "zzzzaaaa", row->n, row->dim, row->sets, row->looked, row->nearest,
                           row->nearest_error, row->closest, row->closest_error));
    return list;
}

/* With twice the standard error, where that is known. */
static void drawn_table(tables *out, const crowd_row *rows, size_t count)
{
    for (size_t k = 0; k < 2 * DIMS; k++) {
        const int nearest = k % 2 == 0;
        series(out, nearest ? "drawn_nearest" : "drawn_closest", dims[k / 2]);
        for (const crowd_row *r = rows; r < rows + count; r++) {
            const double angle = nearest ? r->nearest : r->closest;
            const double error = nearest ? r->nearest_error : r->closest_error;
            if (r->dim == dims[k / 2] && !isnan(angle))
                table_row(out, "ggg", (double)r->n, degrees(angle),
                          isnan(error) ? 0.0 : 2 * degrees(error));
        }
    }
}

/* ---- the figure ---------------------------------------------------------------------------- */

static void show(void *line, double share)
{
    progress_step(line, (size_t)(1000.0 * share), NULL);
}

static size_t draw(const figure_request *request, crowd_row *rows, crowd_speed *speed)
{
    progress line;
    const crowd_plan plan = {.seed = request->options->seed,
                             .isa = request->options->isa,
                             .threads = request->options->threads,
                             .most = request->alone ? 1000000 : 100000,
                             .whole = 10000,
                             .step = show,
                             .user = &line};
    progress_start(&line, "directions", 1000);
    const size_t count = crowd_measure(&plan, rows, speed);
    progress_end(&line);
    return count;
}

json_t *curves_sphere_size(const figure_request *request)
{
    static const char *const chosen[] = {
        "The paper's words and numbers were not at hand: its formula is taken from the asymptotic "
        "law for the closest pair of uniform points (Brauchart et al.), its range from 1e4 to 1e8.",
        "Theory goes from 1e2 to 1e8 identities, drawing to 1e6 (1e5 when all figures are made).",
        "Crowds above 1e4 are looked at from 256 further directions, which see what a member sees; "
        "their closest pair would take all pairs and is not drawn."};
    crowd_row rows[CROWD_MOST_ROWS];
    crowd_speed speed;
    const size_t count = draw(request, rows, &speed);
    table_begin(request->out, "sphere_size", "#series dim n angle_deg twice_error");
    json_t *const curves = theory(request->out);
    drawn_table(request->out, rows, count);
    table_end(request->out);
    return json_row("chosen curves drawn speed", "oooo",
                    figure_sentences(chosen, sizeof chosen / sizeof *chosen), curves,
                    drawn_objects(rows, count),
                    json_row("seconds cosines gflops threads", "gggd", speed.seconds, speed.cosines,
                             1e-9 * speed.operations / speed.seconds,
                             thread_count(request->options->threads)));
}
