/* eval_options.c: the command line of `margin eval`. Which options a loss takes is read from its
 * margin_loss_info, so no loss is named here. Must not know how anything is computed. */
#define _GNU_SOURCE
#include "eval_options.h"

#include "choice.h"
#include "command.h"

#include <options.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
enum {
    LOSS, SCALE, MARGIN, M1, M2, M3, PAST_PI, GRADIENT, LAMBDA, FEATURE_NORM,
    EMBEDDINGS, WEIGHTS, LABELS, BIAS,
    GRAD_EMBEDDINGS, GRAD_WEIGHTS, GRAD_BIAS, PER_SAMPLE,
    ISA, THREADS, WORKSPACE, JSON, HELP, VERSION, OPTIONS,
    FIRST = 256 /* getopt_long's values, clear of its '?' and ':' */
};
/* clang-format on */

static const struct option long_options[] = {
    [LOSS] = {"loss", required_argument, NULL, FIRST + LOSS},
    [SCALE] = {"scale", required_argument, NULL, FIRST + SCALE},
    [MARGIN] = {"margin", required_argument, NULL, FIRST + MARGIN},
    [M1] = {"m1", required_argument, NULL, FIRST + M1},
    [M2] = {"m2", required_argument, NULL, FIRST + M2},
    [M3] = {"m3", required_argument, NULL, FIRST + M3},
    [PAST_PI] = {"past-pi", required_argument, NULL, FIRST + PAST_PI},
    [GRADIENT] = {"gradient", required_argument, NULL, FIRST + GRADIENT},
    [LAMBDA] = {"lambda", required_argument, NULL, FIRST + LAMBDA},
    [FEATURE_NORM] = {"feature-norm", required_argument, NULL, FIRST + FEATURE_NORM},
    [EMBEDDINGS] = {"embeddings", required_argument, NULL, FIRST + EMBEDDINGS},
    [WEIGHTS] = {"weights", required_argument, NULL, FIRST + WEIGHTS},
    [LABELS] = {"labels", required_argument, NULL, FIRST + LABELS},
    [BIAS] = {"bias", required_argument, NULL, FIRST + BIAS},
    [GRAD_EMBEDDINGS] = {"grad-embeddings", required_argument, NULL, FIRST + GRAD_EMBEDDINGS},
    [GRAD_WEIGHTS] = {"grad-weights", required_argument, NULL, FIRST + GRAD_WEIGHTS},
    [GRAD_BIAS] = {"grad-bias", required_argument, NULL, FIRST + GRAD_BIAS},
    [PER_SAMPLE] = {"per-sample", required_argument, NULL, FIRST + PER_SAMPLE},
    [ISA] = {"isa", required_argument, NULL, FIRST + ISA},
    [THREADS] = {"threads", required_argument, NULL, FIRST + THREADS},
    [WORKSPACE] = {"workspace", required_argument, NULL, FIRST + WORKSPACE},
    [JSON] = {"json", no_argument, NULL, FIRST + JSON},
    [HELP] = {"help", no_argument, NULL, FIRST + HELP},
    [VERSION] = {"version", no_argument, NULL, FIRST + VERSION},
    [OPTIONS] = {NULL, 0, NULL, 0},
};

/* The command line as text; a NULL was not given. Defaults depend on --loss, which may come last,
 * so nothing is interpreted before all of it is here. */
typedef struct eval_text {
    const char *value[OPTIONS];
    const margin_loss_info *loss;
} eval_text;

static void print_help(void)
{
    char losses[256], isas[128], past_pi[128], gradients[64], norms[64];
    printf("usage: %s eval --loss NAME --embeddings X.npy --weights W.npy --labels y.npy "
           "[OPTION...]\n\n"
           "Loss, accuracy and target angles of a batch, and gradients on request.\n",
           PROGRAM);
    printf("\nloss:\n"
           "  --loss NAME             %s\n"
           "  --scale S               s; default of the loss, see '%s info'\n"
           "  --margin M              the margin of a loss that has one\n"
           "  --m1 M --m2 M --m3 M    the margins of a loss that has three\n"
           "  --past-pi HOW           %s:\n"
           "                          the target's logit once m1 theta + m2 exceeds pi\n"
           "  --gradient HOW          %s: the margin's derivative, or 1 instead\n"
           "  --lambda L              target (L cos + psi) / (1 + L), default 0\n"
           "  --feature-norm HOW      %s: logits scaled by s, or by |x| instead\n",
           choice_list(&loss_choice, losses, sizeof losses), PROGRAM,
           choice_list(&past_pi_choice, past_pi, sizeof past_pi),
           choice_list(&gradient_choice, gradients, sizeof gradients),
           choice_list(&feature_norm_choice, norms, sizeof norms));
    printf("\ninput (.npy, C order):\n"
           "  --embeddings X.npy      float32 [N, D], not normalised\n"
           "  --weights W.npy         float32 [C, D], not normalised\n"
           "  --labels y.npy          int32 or int64 [N]; -1: the row does not count\n"
           "  --bias b.npy            float32 [C], for a loss that does not normalise\n"
           "\noutput (.npy, float32; all of them or, after an error, none):\n"
           "  --grad-embeddings F     dX [N, D], of the mean loss\n"
           "  --grad-weights F        dW [C, D]\n"
           "  --grad-bias F           db [C]\n"
           "  --per-sample F          loss of each row [N]\n"
           "  --json                  one JSON object on standard output\n");
    printf("\nrun:\n"
           "  --isa NAME              %s; default auto\n"
           "  --threads T             default 0: as OMP_NUM_THREADS or the CPUs say\n"
           "  --workspace BYTES       most scratch memory, as 67108864 or 64MiB; default 256MiB\n"
           "  --help, --version\n",
           choice_list(&isa_choice, isas, sizeof isas));
}

static eval_text collect(int argc, char **argv)
{
    eval_text text = {0};
    opterr = 0;
    for (;;) {
        const int code = getopt_long(argc, argv, "+:", long_options, NULL);
        if (code == -1) break;
        if (code < FIRST) die_getopt(PROGRAM, code, argv);
        text.value[code - FIRST] = optarg != NULL ? optarg : "";
    }
    if (text.value[HELP] == NULL && text.value[VERSION] == NULL && optind < argc)
        die_usage(PROGRAM, "unexpected argument %s (see '%s eval --help')", argv[optind], PROGRAM);
    return text;
}

static double number(const eval_text *text, int option)
{
    double value = 0.0;
    if (!parse_double(text->value[option], &value))
        die_usage(PROGRAM, "--%s: '%s' is not a finite number", long_options[option].name,
                  text->value[option]);
    return value;
}

/* The library judges a configuration; one option at a time is changed in a valid one, so a refusal
 * is about that option. */
static void check_range(const eval_text *text, int option, const margin_config *config,
                        const char *range)
{
    if (margin_psi(config, 0.5, NULL, NULL) != MARGIN_OK)
        die_usage(PROGRAM, "--%s: %s is out of range for %s (%s)", long_options[option].name,
                  text->value[option], text->loss->name, range);
}

static void apply_scale(const eval_text *text, margin_config *config, notes *list)
{
    if (text->value[SCALE] == NULL) return;
    config->scale = number(text, SCALE);
    check_range(text, SCALE, config, "greater than 0, at most 1e9");
    if (config->feature_norm == MARGIN_FEATURE_NORM_KEEP)
        note(list, "--scale has no effect with --feature-norm %s",
             margin_feature_norm_name(config->feature_norm));
}

static void apply_margin(const eval_text *text, int option, int index, margin_config *config)
{
    static const char *const ranges[] = {
        "a factor of the angle, 1 or, for some losses, more than 0",
        "radians, 0 or more and less than pi", "a difference of cosines, -1e6 to 1e6"};
    double *const fields[] = {&config->m1, &config->m2, &config->m3};
    *fields[index - 1] = number(text, option);
    check_range(text, option, config, ranges[index - 1]);
}

static void apply_margins(const eval_text *text, margin_config *config)
{
    const margin_loss_info *loss = text->loss;
    const int all = loss->margin_index == 4;
    if (text->value[MARGIN] != NULL) {
        if (loss->margin_index == 0) die_usage(PROGRAM, "--margin: %s has no margin", loss->name);
        if (all) die_usage(PROGRAM, "--margin: %s takes --m1, --m2 and --m3", loss->name);
        apply_margin(text, MARGIN, loss->margin_index, config);
    }
    for (int option = M1; option <= M3; option++) {
        const char *name = long_options[option].name;
        if (text->value[option] == NULL) continue;
        if (loss->margin_index == 0) die_usage(PROGRAM, "--%s: %s has no margin", name, loss->name);
        if (!all) die_usage(PROGRAM, "--%s: %s takes --margin, not --%s", name, loss->name, name);
        apply_margin(text, option, option - M1 + 1, config);
    }
}

static void apply_past_pi(const eval_text *text, margin_config *config, notes *list)
{
    if (text->value[PAST_PI] == NULL) return;
    config->past_pi =
        (margin_past_pi)choice_parse(&past_pi_choice, "--past-pi", text->value[PAST_PI]);
    if (!text->loss->has_angle)
        note(list, "--past-pi has no effect: the margin of %s is not on the angle",
             text->loss->name);
}

static void apply_shape_of_loss(const eval_text *text, margin_config *config)
{
    if (text->value[GRADIENT] != NULL)
        config->gradient =
            (margin_gradient)choice_parse(&gradient_choice, "--gradient", text->value[GRADIENT]);
    if (text->value[LAMBDA] != NULL) {
        config->lambda = number(text, LAMBDA);
        if (config->lambda != 0.0 && !text->loss->has_lambda)
            die_usage(PROGRAM, "--lambda: %s has no lambda", text->loss->name);
        check_range(text, LAMBDA, config, "0 or more, at most 1e9");
    }
    if (text->value[FEATURE_NORM] != NULL) {
        config->feature_norm = (margin_feature_norm)choice_parse(
            &feature_norm_choice, "--feature-norm", text->value[FEATURE_NORM]);
        if (config->feature_norm != MARGIN_FEATURE_NORM_FIXED && !text->loss->has_lambda)
            die_usage(PROGRAM, "--feature-norm: %s takes %s only", text->loss->name,
                      margin_feature_norm_name(MARGIN_FEATURE_NORM_FIXED));
    }
}

static void apply_run(const eval_text *text, margin_config *config)
{
    if (text->value[ISA] != NULL)
        config->isa = (margin_isa)choice_parse(&isa_choice, "--isa", text->value[ISA]);
    if (text->value[THREADS] != NULL) {
        if (!parse_int(text->value[THREADS], &config->threads))
            die_usage(PROGRAM, "--threads: '%s' is not a whole number", text->value[THREADS]);
        check_range(text, THREADS, config, "0 to 1024");
    }
    const char *workspace = text->value[WORKSPACE];
    /* 0 would mean the library's default, which is hardly what it says. */
    if (workspace != NULL &&
        (!parse_size(workspace, &config->workspace_bytes) || config->workspace_bytes == 0))
        die_usage(PROGRAM, "--workspace: '%s' is not a size such as 67108864 or 64MiB", workspace);
}

static const char *required(const eval_text *text, int option)
{
    if (text->value[option] == NULL)
        die_usage(PROGRAM, "--%s is missing (see '%s eval --help')", long_options[option].name,
                  PROGRAM);
    return text->value[option];
}

static void check_bias(const eval_text *text)
{
    if (text->value[BIAS] != NULL && text->loss->normalised)
        die_usage(PROGRAM, "--bias: %s has no bias", text->loss->name);
    if (text->value[GRAD_BIAS] != NULL && text->value[BIAS] == NULL)
        die_usage(PROGRAM, "--grad-bias needs --bias");
}

eval_options eval_options_parse(int argc, char **argv, notes *list)
{
    eval_text text = collect(argc, argv);
    if (text.value[HELP] != NULL || text.value[VERSION] != NULL) {
        if (text.value[HELP] != NULL)
            print_help();
        else
            print_version();
        finish_stdout();
        exit(EXIT_SUCCESS);
    }
    const margin_loss loss =
        (margin_loss)choice_parse(&loss_choice, "--loss", required(&text, LOSS));
    text.loss = margin_loss_get(loss);
    eval_options options = {.embeddings = required(&text, EMBEDDINGS),
                            .weights = required(&text, WEIGHTS),
                            .labels = required(&text, LABELS),
                            .bias = text.value[BIAS],
                            .grad_embeddings = text.value[GRAD_EMBEDDINGS],
                            .grad_weights = text.value[GRAD_WEIGHTS],
                            .grad_bias = text.value[GRAD_BIAS],
                            .per_sample = text.value[PER_SAMPLE],
                            .json = text.value[JSON] != NULL};
    check_bias(&text);
    margin_config_init(&options.config, loss);
    apply_margins(&text, &options.config);
    apply_past_pi(&text, &options.config, list);
    apply_shape_of_loss(&text, &options.config);
    apply_scale(&text, &options.config, list);
    apply_run(&text, &options.config);
    return options;
}
