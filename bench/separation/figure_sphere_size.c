/* figure_sphere_size.c: is the sphere large enough for so many identities: by theory and by drawing
 * them (see figure_curves.h). Must not know how either is computed, or how a figure looks. */
#include "figure_curves.h"

#include <math.h>

#include "caps.h"
#include "crowd.h"
#include "degrees.h"
#include "json_out.h"
#include "progress.h"
#include "threads.h"

static const size_t dims[] = {128, 256, 512};

static void set_count(json_t *object, const char *key, size_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void add_curve(json_t *curves, const char *kind, size_t dim, double (*angle)(size_t, double))
{
    json_t *const curve = json_object(), *const points = json_array();
    json_object_set_new(curve, "kind", json_string(kind));
    set_count(curve, "dim", dim);
    json_object_set_new(curve, "points", points);
    json_array_append_new(curves, curve);
    for (int i = 8; i <= 32; i++) { /* 1e2 to 1e8, four to a decade */
        const double n = pow(10.0, 0.25 * i);
        json_t *const point = json_array();
        json_array_append_new(point, json_number(n));
        json_array_append_new(point, json_number(degrees(angle(dim, n))));
        json_array_append_new(points, point);
    }
}

static json_t *theory(void)
{
    json_t *const curves = json_array();
    for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
        add_curve(curves, "nearest", dims[k], sphere_nearest);
        add_curve(curves, "closest", dims[k], sphere_closest);
        add_curve(curves, "asymptotic", dims[k], sphere_closest_asymptotic);
    }
    return curves;
}

static json_t *row_object(const crowd_row *row)
{
    json_t *const object = json_object();
    set_count(object, "n", row->n);
    set_count(object, "dim", row->dim);
    set_count(object, "sets", row->sets);
    set_count(object, "looked", row->looked);
    json_object_set_new(object, "nearest_deg", json_number(degrees(row->nearest)));
    json_object_set_new(object, "nearest_error_deg", json_number(degrees(row->nearest_error)));
    json_object_set_new(object, "closest_deg", json_number(degrees(row->closest)));
    json_object_set_new(object, "closest_error_deg", json_number(degrees(row->closest_error)));
    return object;
}

static json_t *speed_object(const crowd_speed *speed, int threads)
{
    json_t *const object = json_object();
    json_object_set_new(object, "seconds", json_number(speed->seconds));
    json_object_set_new(object, "cosines", json_number(speed->cosines));
    json_object_set_new(object, "gflops", json_number(1e-9 * speed->operations / speed->seconds));
    set_count(object, "threads", (size_t)threads);
    return object;
}

static json_t *chosen(void)
{
    static const char *const texts[] = {
        "The paper's words and numbers were not at hand: its formula is taken from the asymptotic "
        "law for the closest pair of uniform points (Brauchart et al.), its range from 1e4 to 1e8.",
        "Theory goes from 1e2 to 1e8 identities, drawing to 1e6 (1e5 when all figures are made).",
        "Crowds above 1e4 are looked at from 256 further directions, which see what a member sees; "
        "their closest pair would take all pairs and is not drawn."};
    json_t *const list = json_array();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static void show(void *line, double share)
{
    progress_step(line, (size_t)(1000.0 * share), NULL);
}

json_t *curves_sphere_size(const figure_request *request, char *error, size_t error_size)
{
    progress line;
    crowd_row rows[CROWD_MOST_ROWS];
    crowd_speed speed;
    margin_status status;
    const crowd_plan plan = {.seed = request->options->seed,
                             .isa = request->options->isa,
                             .threads = request->options->threads,
                             .most = request->alone ? 1000000 : 100000,
                             .whole = 10000,
                             .step = show,
                             .user = &line};
    progress_start(&line, "directions", 1000);
    const size_t count = crowd_measure(&plan, rows, &speed, &status);
    progress_end(&line);
    if (count == 0) {
        snprintf(error, error_size, "%s", margin_status_text(status));
        return NULL;
    }
    json_t *const numbers = json_object(), *const drawn = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(drawn, row_object(&rows[i]));
    json_object_set_new(numbers, "chosen", chosen());
    json_object_set_new(numbers, "curves", theory());
    json_object_set_new(numbers, "drawn", drawn);
    json_object_set_new(numbers, "speed", speed_object(&speed, thread_count(plan.threads)));
    return numbers;
}
