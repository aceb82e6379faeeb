/* figure_sphere_size.c: is the sphere large enough for so many identities: by theory and by drawing
 * them (see figure_parts.h). Must not know how either is computed, or how a figure looks. */
#include "figure_parts.h"

#include <math.h>

#include "caps.h"
#include "crowd.h"
#include "degrees.h"
#include "json_out.h"
#include "json_parts.h"
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
    json_t *const points = json_pack("[]");
    series(out, kind, dim);
    for (int i = 8; i <= 32; i++) {
        const double n = pow(10.0, 0.25 * i), found = degrees(angle(dim, n));
        json_array_append_new(points, json_numbers((double[]){n, found}, 2));
        table_row(out, "ggg", n, found, 0.0);
    }
    return json_pack("{s:s, s:I, s:o}", "kind", kind, "dim", (json_int_t)dim, "points", points);
}

static json_t *theory(tables *out)
{
    json_t *const curves = json_pack("[]");
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
    json_t *const list = json_pack("[]");
    for (const crowd_row *row = rows; row < rows + count; row++)
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)row->n,
                            "dim", (json_int_t)row->dim, "sets", (json_int_t)row->sets, "looked",
                            (json_int_t)row->looked, "nearest_deg", json_degrees(row->nearest),
                            "nearest_error_deg", json_degrees(row->nearest_error), "closest_deg",
                            json_degrees(row->closest), "closest_error_deg",
                            json_degrees(row->closest_error)));
    return list;
}

/* With twice its standard error, where that is known. */
static void drawn_row(tables *out, size_t n, double angle, double error)
{
    if (!isnan(angle))
        table_row(out, "ggg", (double)n, degrees(angle), isnan(error) ? 0.0 : 2 * degrees(error));
}

static void drawn_table(tables *out, const crowd_row *rows, size_t count)
{
    for (size_t k = 0; k < DIMS; k++) {
        series(out, "drawn_nearest", dims[k]);
        for (size_t i = 0; i < count; i++)
            if (rows[i].dim == dims[k])
                drawn_row(out, rows[i].n, rows[i].nearest, rows[i].nearest_error);
        series(out, "drawn_closest", dims[k]);
        for (size_t i = 0; i < count; i++)
            if (rows[i].dim == dims[k])
                drawn_row(out, rows[i].n, rows[i].closest, rows[i].closest_error);
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
    return json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o, s:I}}", "chosen",
                     json_sentences(chosen, sizeof chosen / sizeof *chosen), "curves", curves,
                     "drawn", drawn_objects(rows, count), "speed", "seconds",
                     json_number(speed.seconds), "cosines", json_number(speed.cosines), "gflops",
                     json_number(1e-9 * speed.operations / speed.seconds), "threads",
                     (json_int_t)thread_count(request->options->threads));
}
