/* info.c: `margin info`: what this build can do on this machine. Must not know a loss or an
 * instruction set by name. */
#define _GNU_SOURCE
#include "choice.h"
#include "command.h"

#include <json_out.h>
#include <options.h>
#include <provenance.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct info_options {
    margin_isa isa;
    int threads;
    int json;
} info_options;

static void print_help(void)
{
    char isas[128];
    printf("usage: %s info [--json] [--isa NAME] [--threads T]\n\n"
           "Version, instruction sets, threads, and the losses with their defaults.\n\n"
           "  --json         one JSON object\n"
           "  --isa NAME     %s: show this choice\n"
           "  --threads T    likewise\n"
           "  --help, --version\n",
           PROGRAM, choice_list(&isa_choice, isas, sizeof isas));
}

static void print_and_exit(void (*print)(void))
{
    print();
    finish_stdout();
    exit(EXIT_SUCCESS);
}

static info_options parse(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},          {"isa", required_argument, NULL, 'i'},
        {"threads", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},       {NULL, 0, NULL, 0}};
    info_options options = {.isa = MARGIN_ISA_AUTO};
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, "+:", long_options, NULL)) != -1) {
        if (code == 'j')
            options.json = 1;
        else if (code == 'i')
            options.isa = (margin_isa)choice_parse(&isa_choice, "--isa", optarg);
        else if (code == 't' && !parse_int(optarg, &options.threads))
            die_usage(PROGRAM, "--threads: '%s' is not a whole number", optarg);
        else if (code == 'h')
            print_and_exit(print_help);
        else if (code == 'v')
            print_and_exit(print_version);
        else if (code == '?' || code == ':')
            die_getopt(PROGRAM, code, argv);
    }
    if (optind < argc)
        die_usage(PROGRAM, "unexpected argument %s (see '%s info --help')", argv[optind], PROGRAM);
    if (options.threads < 0 || options.threads > 1024)
        die_usage(PROGRAM, "--threads: %d is out of range (0 to 1024)", options.threads);
    return options;
}

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
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(info->name));
    json_object_set_new(object, "formula", json_string(info->formula));
    json_object_set_new(object, "source", json_string(info->source));
    json_object_set_new(object, "scale", json_number(info->scale));
    json_object_set_new(object, "margin", margin_json(info));
    json_object_set_new(object, "m1", json_number(info->m1));
    json_object_set_new(object, "m2", json_number(info->m2));
    json_object_set_new(object, "m3", json_number(info->m3));
    json_object_set_new(object, "past_pi",
                        info->has_angle ? json_string(margin_past_pi_name(info->past_pi))
                                        : json_null());
    json_object_set_new(object, "normalised", json_boolean(info->normalised));
    json_object_set_new(object, "has_lambda", json_boolean(info->has_lambda));
    return object;
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
    json_dumpf(object, stdout, JSON_OUT_FLAGS);
    putchar('\n');
    json_decref(object);
}

static void print_isas(const char *label, int (*wanted)(margin_isa))
{
    printf("%-9s", label);
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++)
        if (wanted((margin_isa)isa)) printf(" %s", margin_isa_name((margin_isa)isa));
    putchar('\n');
}

static void print_loss(const margin_loss_info *info, int formula_width)
{
    char margin[64] = "-";
    const double margins[] = {info->m1, info->m2, info->m3};
    if (info->margin_index == 4)
        snprintf(margin, sizeof margin, "%g, %g, %g", info->m1, info->m2, info->m3);
    else if (info->margin_index > 0)
        snprintf(margin, sizeof margin, "%g", margins[info->margin_index - 1]);
    printf("%-12s  %-*s  %5g  %-11s  %s\n", info->name, formula_width, info->formula, info->scale,
           margin, info->has_angle ? margin_past_pi_name(info->past_pi) : "-");
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
        print_loss(margin_loss_get((margin_loss)loss), width);
}

int command_info(int argc, char **argv)
{
    const info_options options = parse(argc, argv);
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
