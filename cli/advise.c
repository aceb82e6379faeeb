/* advise.c: `margin advise`: scale and margin for a number of classes, with the bounds that they
 * come from. Must not know a loss by name. */
#include "command.h"

#include <advice.h>
#include <degrees.h>
#include <json_out.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct advise_options {
    size_t classes, dim;
    int json;
} advise_options;

/* ---- command line -----------------------------------------------------------------------------*/

#define OPTION_TARGET advise_options
static const option_row rows[] = {
    OPTION_GROUP("options:"),
    {"classes", "C", "number of classes, {range}", TO_SIZE(classes, 2, 1000000000), .required = 1},
    {"dim", "D", "dimension of the embedding, {range} (default {default})",
     TO_SIZE(dim, 2, 100000)},
    {"json", NULL, "one JSON object", TO_FLAG(json)},
    OPTION_END};

const option_table advise_table = {
    PROGRAM,
    "advise",
    "scale and margin for a number of classes, and why",
    "Scale and margin of each loss for C classes, and the bounds that they come from.",
    .rows = rows,
    .closing = "The bounds are those of CosFace, NormFace and AdaCos and how far apart so many\n"
               "directions can be. They come from geometry alone, before any training."};

/* ---- for programs -----------------------------------------------------------------------------*/

static json_t *pairs_json(const char *key, const double *keys, const char *value_key,
                          const double *values, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:f, s:o}", key, keys[i], value_key, json_number(values[i])));
    return list;
}

static json_t *bounds_json(const advise_options *o)
{
    const advice_bounds b = advice_bounds_of(o->dim, o->classes);
    json_t *object = json_object();
    json_object_set_new(
        object, "cosface_scale",
        pairs_json("posterior", b.posterior, "scale", b.cosface_scale, ADVICE_POSTERIORS));
    json_object_set_new(object, "normface_loss",
                        pairs_json("scale", b.scale, "loss", b.normface_loss, ADVICE_SCALES));
    json_object_set_new(object, "adacos_scale", json_number(b.adacos_scale));
    json_object_set_new(object, "nearest_least_deg", json_number(degrees(b.nearest_least)));
    json_object_set_new(object, "nearest_most_deg", json_number(degrees(b.nearest_most)));
    json_object_set_new(object, "nearest_random_deg", json_number(degrees(b.nearest_random)));
    json_object_set_new(object, "closest_random_deg", json_number(degrees(b.closest_random)));
    return object;
}

static json_t *advice_json(const advice *a)
{
    const margin_config *const c = &a->config;
    return json_pack("{s:s, s:o, s:f, s:f, s:f, s:b, s:o, s:o, s:o}", "loss",
                     margin_loss_get(c->loss)->name, "scale", json_number(c->scale), "m1", c->m1,
                     "m2", c->m2, "m3", c->m3, "shrunk", a->shrunk, "margin_most",
                     json_number(a->margin_most), "scale_centre", json_number(a->scale_centre),
                     "scale_45_degrees", json_number(a->scale_slope));
}

static void report_json(const advise_options *o)
{
    json_t *object = json_object(), *list = json_array();
    json_object_set_new(object, "classes", json_integer((json_int_t)o->classes));
    json_object_set_new(object, "dim", json_integer((json_int_t)o->dim));
    json_object_set_new(object, "posterior", json_number(ADVICE_POSTERIOR));
    json_object_set_new(object, "bounds", bounds_json(o));
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        if (!margin_loss_get((margin_loss)loss)->normalised) continue;
        const advice a = advice_of((margin_loss)loss, o->dim, o->classes);
        json_array_append_new(list, advice_json(&a));
    }
    json_object_set_new(object, "advice", list);
    print_json(object);
}

/* ---- for people -------------------------------------------------------------------------------*/

static void print_bounds(const advise_options *o)
{
    const advice_bounds b = advice_bounds_of(o->dim, o->classes);
    printf("%zu classes in %zu dimensions\n\n", o->classes, o->dim);
    printf("CosFace   s at least");
    for (int i = 0; i < ADVICE_POSTERIORS; i++)
        printf("%s %.2f", i > 0 ? "," : "", b.cosface_scale[i]);
    printf(" for a posterior of");
    for (int i = 0; i < ADVICE_POSTERIORS; i++)
        printf("%s %g", i > 0 ? "," : "", b.posterior[i]);
    printf(" at a class weight\nNormFace  the same as a loss: at least");
    for (int i = 0; i < ADVICE_SCALES; i++)
        printf("%s %.2g", i > 0 ? "," : "", b.normface_loss[i]);
    printf(" with s =");
    for (int i = 0; i < ADVICE_SCALES; i++)
        printf("%s %g", i > 0 ? "," : "", b.scale[i]);
    printf("\nAdaCos    s = sqrt(2) ln(C - 1) = %.2f\n", b.adacos_scale);
    if (b.nearest_most > b.nearest_least)
        printf("sphere    all classes can be %.1f degrees apart, but not more than %.1f;\n",
               degrees(b.nearest_least), degrees(b.nearest_most));
    else
        printf("sphere    all classes can be %.1f degrees apart and not more;\n",
               degrees(b.nearest_least));
    printf("          of random directions the nearest is at %.1f on average, the closest pair "
           "at %.1f\n\n",
           degrees(b.nearest_random), degrees(b.closest_random));
}

/* "-" for NaN. */
static const char *number_text(double value, const char *format, char *text, size_t size)
{
    if (isnan(value))
        snprintf(text, size, "-");
    else
        snprintf(text, size, format, value);
    return text;
}

static void print_advice(const advice *a)
{
    const margin_loss_info *info = margin_loss_get(a->config.loss);
    char scale[32], margin[64], centre[32], slope[32], most[32];
    printf("%-12s %7s  %-15s %-13s  %9s  %9s  %6s\n", info->name,
           number_text(a->config.scale, "%.0f", scale, sizeof scale),
           margin_text(&a->config, margin, sizeof margin),
           info->margin_index == 0 ? "-"
           : a->shrunk             ? "room = gap"
                                   : "default",
           number_text(a->scale_centre, "%.1f", centre, sizeof centre),
           number_text(a->scale_slope, "%.1f", slope, sizeof slope),
           number_text(a->margin_most, "%.2g", most, sizeof most));
}

static void report_text(const advise_options *o)
{
    print_bounds(o);
    printf("%-12s %7s  %-15s %-13s  %9s  %9s  %6s\n", "loss", "s", "margin", "what it is",
           "s: weight", "s: 45 deg", "m most");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        if (!margin_loss_get((margin_loss)loss)->normalised) continue;
        const advice a = advice_of((margin_loss)loss, o->dim, o->classes);
        print_advice(&a);
    }
    printf("\n"
           "s is the larger of two, rounded up: the one with which an embedding at its class\n"
           "weight reaches a posterior of %g, and the one with which the posterior at 45 degrees\n"
           "is 1/2 (AdaCos), the margin included in both. The papers train with s = 30 to 64.\n"
           "Margin: the default, or where that is too much, as much room for samples as gap\n"
           "between classes; with more than \"m most\" not even a class weight is right.\n",
           ADVICE_POSTERIOR);
}

int command_advise(int argc, char **argv)
{
    advise_options options = {.dim = 512};
    options_read(&advise_table, argc, argv, &options);
    if (degrees(advice_nearest(options.dim, options.classes)) < 0.01)
        die_usage(PROGRAM, "--classes: in %zu dimensions so many are less than 0.01 degrees apart",
                  options.dim);
    if (options.json)
        report_json(&options);
    else
        report_text(&options);
    return EXIT_SUCCESS;
}
