/* info.c: `margin info`: what this build can do on this machine. Must not know a loss or an
 * instruction set by name. */
#include "command.h"

#include <json_out.h>
#include <provenance.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct info_options {
    margin_isa isa;
    int threads;
    int json;
} info_options;

#define OPTION_TARGET info_options
static const option_row rows[] = {
    OPTION_GROUP("options:"),
    {"json", NULL, "one JSON object", TO_FLAG(json)},
    {"isa", "NAME", "{names}: show this choice", TO_NAME(isa, &isa_choice),
     .environment = "MARGIN_ISA"},
    {"threads", "T", "show this number ({range})", TO_INT(threads, 0, 1024)},
    OPTION_END};

const option_table info_table = {
    PROGRAM, "info", "version, instruction sets, threads, losses",
    "Version, instruction sets, threads, and the losses with their defaults.", .rows = rows};

/* The default of the margin: a number, null for none, or a list of three. */
static json_t *margin_json(const margin_loss_info *info)
{
    const double margins[] = {info->m1, info->m2, info->m3};
    if (info->margin_index == 0) return json_null();
    if (info->margin_index == 4) return json_pack("[f,f,f]", info->m1, info->m2, info->m3);
    return json_number(margins[info->margin_index - 1]);
}

static json_t *loss_json(const margin_loss_info *info)
{
    const char *const past_pi = info->has_angle ? margin_past_pi_name(info->past_pi) : NULL;
    return json_pack("{s:s, s:s, s:s, s:f, s:o, s:f, s:f, s:f, s:s?, s:b, s:b}", "name", info->name,
                     "formula", info->formula, "source", info->source, "scale", info->scale,
                     "margin", margin_json(info), "m1", info->m1, "m2", info->m2, "m3", info->m3,
                     "past_pi", past_pi, "normalised", info->normalised, "has_lambda",
                     info->has_lambda);
}

static void report_json(const margin_config *config)
{
    json_t *object = json_object(), *losses = json_array();
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        json_array_append_new(losses, loss_json(margin_loss_get((margin_loss)loss)));
    json_object_set_new(object, "version", json_string(margin_version()));
    json_object_set_new(object, "commit", json_string(provenance_commit()));
    json_object_set_new(object, "isa", json_string(margin_isa_name(config->isa)));
    json_object_set_new(object, "isas_built", provenance_isas_built());
    json_object_set_new(object, "isas_usable", provenance_isas_usable());
    json_object_set_new(object, "threads", json_integer(config->threads));
    json_object_set_new(object, "losses", losses);
    print_json(object);
}

static void print_isas(const char *label, int (*wanted)(margin_isa))
{
    printf("%-9s", label);
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++)
        if (wanted((margin_isa)isa)) printf(" %s", margin_isa_name((margin_isa)isa));
    putchar('\n');
}

static void print_loss(margin_loss loss, int formula_width)
{
    const margin_loss_info *const info = margin_loss_get(loss);
    const margin_config defaults = {.loss = loss, .m1 = info->m1, .m2 = info->m2, .m3 = info->m3};
    char margin[64];
    printf("%-12s  %-*s  %5g  %-11s  %s\n", info->name, formula_width, info->formula, info->scale,
           margin_text(&defaults, margin, sizeof margin),
           info->has_angle ? margin_past_pi_name(info->past_pi) : "-");
}

static void report_text(const margin_config *config)
{
    int width = (int)strlen("target logit / s");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const int needed = (int)strlen(margin_loss_get((margin_loss)loss)->formula);
        width = needed > width ? needed : width;
    }
    printf("%-9s %s (commit %.12s)\n", PROGRAM, margin_version(), provenance_commit());
    print_isas("built", margin_isa_built);
    print_isas("usable", margin_isa_usable);
    printf("%-9s %s, %d thread%s\n\n", "chosen", margin_isa_name(config->isa), config->threads,
           config->threads == 1 ? "" : "s");
    printf("%-12s  %-*s  %5s  %-11s  %s\n", "loss", width, "target logit / s", "scale", "margin",
           "past pi");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        print_loss((margin_loss)loss, width);
}

int command_info(int argc, char **argv)
{
    info_options options = {.isa = MARGIN_ISA_AUTO};
    options_read(&info_table, argc, argv, &options);
    margin_config config;
    margin_config_init(&config, (margin_loss)0);
    config.isa = options.isa;
    config.threads = options.threads;
    margin_context *context = create_context(&config);
    if (options.json)
        report_json(margin_context_config(context));
    else
        report_text(margin_context_config(context));
    margin_destroy(context);
    return EXIT_SUCCESS;
}
