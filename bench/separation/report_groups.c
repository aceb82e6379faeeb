/* report_groups.c: runs that differ in the seed only, summarised as JSON (see report.h). Must not
 * know how a run works. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "figures.h"
#include "json_out.h"
#include "options.h"
#include "quantities.h"
#include "report.h"

json_t *report_figures(uint32_t figures)
{
    json_t *names = json_array();
    for (size_t k = 0; k < figure_count(); k++) {
        if ((figures >> k & 1) != 0) json_array_append_new(names, json_string(figure_get(k)->name));
    }
    return names;
}

/* The place of the first run that differs from this one in the seed only. */
static size_t leader_of(const plan_list *plans, char (*keys)[RUN_KEY], size_t index)
{
    run_plan plan = plans->plans[index];
    plan.seed = 0;
    run_plan_key(&plan, keys[index]);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(keys[i], keys[index]) == 0) return i;
    }
    return index;
}

static json_t *interval_object(interval found)
{
    json_t *list = json_array();
    json_array_append_new(list, json_number(found.mean));
    json_array_append_new(list, json_number(found.low));
    json_array_append_new(list, json_number(found.high));
    return list;
}

interval report_interval(const plan_list *plans, const size_t *leaders, size_t leader,
                         const quantity *wanted)
{
    double *values = calloc(plans->count + 1, sizeof *values);
    size_t count = 0;
    for (size_t i = leader; i < plans->count && values != NULL; i++) {
        if (leaders[i] == leader) values[count++] = wanted->of(&plans->results[i]);
    }
    if (values == NULL) die(SEPARATION_PROGRAM, "out of memory");
    const interval found = interval_of(values, count);
    free(values);
    return found;
}

/* Quantities that the group's runs have: [mean, low, high]. */
static json_t *values_object(const plan_list *plans, const size_t *leaders, size_t leader)
{
    json_t *object = json_object();
    for (size_t q = 0; q < quantity_count(); q++) {
        const interval found = report_interval(plans, leaders, leader, quantity_get(q));
        if (!isnan(found.mean))
            json_object_set_new(object, quantity_get(q)->name, interval_object(found));
    }
    return object;
}

static json_t *group_object(const plan_list *plans, const size_t *leaders, size_t leader)
{
    const run_plan *const plan = &plans->plans[leader];
    const margin_config *const loss = &plan->aim.loss;
    const int triplet = plan->aim.triplet > 0.0;
    const double margins[] = {NAN, loss->m1, loss->m2, loss->m3, NAN};
    const margin_loss_info *const info = margin_loss_get(loss->loss);
    json_t *object = json_object();
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    json_object_set_new(object, "figures", report_figures(plan->figures));
    json_object_set_new(object, "data", json_string(plan->data->name));
    json_object_set_new(object, "dim", json_integer((json_int_t)plan->dim));
    json_object_set_new(object, "classes",
                        json_integer((json_int_t)plans->results[leader].classes));
    json_object_set_new(object, "label", json_string(label));
    json_object_set_new(object, "loss", json_string(triplet ? "triplet" : info->name));
    json_object_set_new(object, "scale", json_number(triplet ? NAN : loss->scale));
    json_object_set_new(object, "margin",
                        json_number(triplet ? plan->aim.triplet : margins[info->margin_index]));
    json_object_set_new(object, "values", values_object(plans, leaders, leader));
    return object;
}

size_t *report_leaders(const plan_list *plans)
{
    char(*keys)[RUN_KEY] = calloc(plans->count + 1, sizeof *keys);
    size_t *leaders = calloc(plans->count + 1, sizeof *leaders);
    if (keys == NULL || leaders == NULL) die(SEPARATION_PROGRAM, "out of memory");
    for (size_t i = 0; i < plans->count; i++)
        leaders[i] = leader_of(plans, keys, i);
    free(keys);
    return leaders;
}

json_t *report_groups(const plan_list *plans)
{
    json_t *list = json_array();
    size_t *leaders = report_leaders(plans);
    for (size_t i = 0; i < plans->count; i++) {
        if (leaders[i] == i) json_array_append_new(list, group_object(plans, leaders, i));
    }
    free(leaders);
    return list;
}
