/* advise.c: `margin advise`: scale and margin for a number of classes, with the bounds that they
 * come from. Must not know a loss by name. */
#include "advice.h"
#include "command.h"

#include <bounds.h>
#include <caps.h>
#include <degrees.h>
#include <json_out.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct advise_options {
    size_t classes, dim;
    int json;
} advise_options;

static const double posteriors[] = {0.9, 0.99, 0.999};
static const double scales[] = {10, 20, 30, 64};
enum { POSTERIORS = sizeof posteriors / sizeof *posteriors };
enum { SCALES = sizeof scales / sizeof *scales };

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

static json_t *pairs_json(const char *key, const char *value_key, const double *keys, int count,
                          double (*value)(double, double), double classes)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_t *const number = json_number(value(classes, keys[i]));
        json_array_append_new(list, json_pack("{s:f, s:o}", key, keys[i], value_key, number));
    }
    return list;
}

static json_t *bounds_json(const advise_options *o)
{
    const double classes = (double)o->classes;
    json_t *object = json_object();
    json_object_set_new(
        object, "cosface_scale",
        pairs_json("posterior", "scale", posteriors, POSTERIORS, bound_cosface_scale, classes));
    json_object_set_new(object, "normface_loss",
                        pairs_json("scale", "loss", scales, SCALES, bound_normface_loss, classes));
    json_object_set_new(object, "adacos_scale", json_number(bound_adacos_scale(classes)));
    json_object_set_new(object, "nearest_least_deg",
                        json_number(degrees(packing_least(o->dim, classes))));
    json_object_set_new(object, "nearest_most_deg",
                        json_number(degrees(packing_most(o->dim, classes))));
    json_object_set_new(object, "nearest_random_deg",
                        json_number(degrees(sphere_nearest(o->dim, classes))));
    json_object_set_new(object, "closest_random_deg",
                        json_number(degrees(sphere_closest(o->dim, classes))));
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
    const double classes = (double)o->classes;
    const double least = packing_least(o->dim, classes), most = packing_most(o->dim, classes);
    printf("%zu classes in %zu dimensions\n\n", o->classes, o->dim);
    printf("CosFace   s at least");
    for (int i = 0; i < POSTERIORS; i++)
        printf("%s %.2f", i > 0 ? "," : "", bound_cosface_scale(classes, posteriors[i]));
    printf(" for a posterior of");
    for (int i = 0; i < POSTERIORS; i++)
        printf("%s %g", i > 0 ? "," : "", posteriors[i]);
    printf(" at a class weight\nNormFace  the same as a loss: at least");
    for (int i = 0; i < SCALES; i++)
        printf("%s %.2g", i > 0 ? "," : "", bound_normface_loss(classes, scales[i]));
    printf(" with s =");
    for (int i = 0; i < SCALES; i++)
        printf("%s %g", i > 0 ? "," : "", scales[i]);
    printf("\nAdaCos    s = sqrt(2) ln(C - 1) = %.2f\n", bound_adacos_scale(classes));
    if (most > least)
        printf("sphere    all classes can be %.1f degrees apart, but not more than %.1f;\n",
               degrees(least), degrees(most));
    else
        printf("sphere    all classes can be %.1f degrees apart and not more;\n", degrees(least));
    printf("          of random directions the nearest is at %.1f on average, the closest pair "
           "at %.1f\n\n",
           degrees(sphere_nearest(o->dim, classes)), degrees(sphere_closest(o->dim, classes)));
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
