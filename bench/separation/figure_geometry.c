/* figure_geometry.c: what training does to the geometry of embeddings, along its epochs (see
 * figures.h): trainings, table and JSON. Must not know how a measure is computed or how a figure
 * looks. */
#include "figures.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

#include "json_out.h"
#include "memory.h"

static const char *const part_names[PART_COUNT] = {"train", "test", "unseen"};

void plan_geometry(const figure_request *request, plan_list *plans)
{
    static const margin_loss losses[] = {MARGIN_NORMSOFTMAX, MARGIN_SPHEREFACE, MARGIN_COSFACE,
                                         MARGIN_ARCFACE};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        run_plan plan = faces(request, losses[i]);
        plan.geometry = 1;
        add_seeds(request, plan, 0, plans);
    }
}

static int has_part(const run_result *r, int part)
{
    return part != PART_UNSEEN || r->strangers.count > 0;
}

json_t *geometry_columns(const run_result *r)
{
    json_t *const list = json_array();
    for (int part = 0; part < PART_COUNT; part++) {
        for (size_t i = 0; i < r->moment_count && has_part(r, part); i++) {
            json_t *const row = json_row("part epoch", "sz", part_names[part], r->moments[i].epoch);
            for (size_t k = 0; k < GEOMETRY_COUNT; k++)
                json_put(row, geometry_names[k], "g",
                         geometry_value(&r->moments[i].parts[part], k));
            json_array_append_new(list, row);
        }
    }
    return json_columns(list);
}

/* The measures of a part at a moment, over the seeds. */
static void cells(tables *out, const group *g, int part, size_t moment)
{
    double *const values = zeroed(g->count, sizeof *values);
    for (size_t k = 0; k < GEOMETRY_COUNT; k++) {
        for (size_t i = 0; i < g->count; i++)
            values[i] = geometry_value(&group_result(g, i)->moments[moment].parts[part], k);
        const interval v = interval_of(values, g->count);
        table_cells(out, "ggg", v.mean, isnan(v.low) ? v.mean : v.low,
                    isnan(v.high) ? v.mean : v.high);
    }
    free(values);
}

void geometry_table(tables *out, const group_list *groups)
{
    table_begin(out, "geometry",
                "#series loss epoch within_between* length_spread* angle_deviation* "
                "weight_alignment* nearest_mean* alignment* uniformity* least_angle_deviation");
    for (const group *g = groups->groups; g < groups->groups + groups->count; g++) {
        for (int part = 0; part < PART_COUNT && has_part(g->result, part); part++) {
            for (size_t i = 0; i < g->result->moment_count; i++) {
                table_series(out, g->loss, "%s %zu %s %s", part_names[part], g->plan->dim,
                             g->plan->data->name, g->label);
                table_cells(out, "z", g->result->moments[i].epoch);
                cells(out, g, part, i);
                table_row(out, "g", geometry_least_deviation(g->plan->dim, g->result->classes));
            }
        }
    }
    table_end(out);
}
