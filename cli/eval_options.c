/* eval_options.c: the command line of `margin eval`. Which options a loss takes is read from its
 * margin_loss_info, so no loss is named here. Must not know how anything is computed. */
#include "eval_options.h"

#include "command.h"

#include <math.h>

/* What was given; NaN or -1: nothing, for the loss, which may come last, has the default. */
typedef struct eval_given {
    eval_options options;
    int loss, past_pi, feature_norm;
    double scale, margin, m[3], lambda;
} eval_given;

#define OPTION_TARGET eval_given
static const option_row rows[] = {
    OPTION_GROUP("loss:"),
    {"loss", "NAME", "{names}", TO_NAME(loss, &loss_choice), .required = 1},
    {"scale", "S", "s; default of the loss, see 'margin info'", TO_DOUBLE(scale)},
    {"margin", "M", "the margin of a loss that has one", TO_DOUBLE(margin)},
    {"m1", "M", "of a loss that has three margins: factor of the angle", TO_DOUBLE(m[0])},
    {"m2", "M", "likewise: added to the angle, in radians", TO_DOUBLE(m[1])},
    {"m3", "M", "likewise: subtracted from the cosine", TO_DOUBLE(m[2])},
    {"past-pi", "HOW", "{names}: the target's logit once m1 theta + m2 exceeds pi",
     TO_NAME(past_pi, &past_pi_choice)},
    {"gradient", "HOW", "{names}: the margin's derivative, or 1 instead",
     TO_NAME(options.config.gradient, &gradient_choice)},
    {"lambda", "L", "target (L cos + psi) / (1 + L), default 0", TO_DOUBLE(lambda)},
    {"feature-norm", "HOW", "{names}: logits scaled by s, or by |x| instead",
     TO_NAME(feature_norm, &feature_norm_choice)},
    {"label-smoothing", "E", "share of a row that goes to all classes alike: 0 or more, below 1",
     TO_DOUBLE(options.label_smoothing)},

    OPTION_GROUP("input (.npy, or FILE.npz:NAME):"),
    {"embeddings", "X.npy", "floats [N, D], not normalised", TO_TEXT(options.embeddings),
     .required = 1},
    {"weights", "W.npy", "floats [C, D], not normalised", TO_TEXT(options.weights), .required = 1},
    {"labels", "y.npy", "whole numbers [N] from 0", TO_TEXT(options.labels), .required = 1},
    {"bias", "b.npy", "floats [C], for a loss that does not normalise", TO_TEXT(options.bias)},
    {"row-weight", "w.npy", "floats [N]: the loss is the sum of these times the rows' losses",
     TO_TEXT(options.row_weight)},
    {"class-weight", "v.npy", "floats [C], 0 or more: the mean is weighted by the labels' classes",
     TO_TEXT(options.class_weight)},
    OPTION_IGNORE_LABEL(options.ignore_label),
    OPTION_WEIGHTS_LAYOUT(options.weights_layout),

    OPTION_GROUP("output (.npy, float32; all of them or, after an error, none):"),
    {"grad-embeddings", "F", "dX [N, D], of the loss", TO_TEXT(options.grad_embeddings)},
    {"grad-weights", "F", "dW, in the layout of W", TO_TEXT(options.grad_weights)},
    {"grad-bias", "F", "db [C]", TO_TEXT(options.grad_bias)},
    {"per-sample", "F", "loss of each row [N]", TO_TEXT(options.per_sample)},
    {"json", NULL, "one JSON object on standard output", TO_FLAG(options.json)},

    OPTION_GROUP("run:"),
    {"isa", "NAME", "{names}; default: MARGIN_ISA, else auto", TO_ISA(options.config.isa)},
    {"threads", "T", "default {default}: as OMP_NUM_THREADS or the CPUs say",
     TO_INT(options.config.threads, 0, 1024)},
    {"workspace", "BYTES", "most scratch memory, as 67108864 or 64MiB; default 256MiB",
     TO_BYTES(options.config.workspace_bytes)},
    OPTION_END};

const option_table eval_table = {
    PROGRAM, "eval", "loss, accuracy, angles and gradients for .npy arrays",
    "Loss, accuracy and target angles of a batch, and gradients on request.", .rows = rows};

/* Puts `value` into `field` of the configuration, unless it is NaN. The library judges: one option
 * at a time is changed in a valid configuration, so a refusal is about that option. */
static void set(margin_config *config, const char *option, double value, double *field,
                const char *range)
{
    if (isnan(value)) return;
    *field = value;
    if (margin_psi(config, 0.5, NULL, NULL) != MARGIN_OK)
        die_usage(PROGRAM, "--%s: %g is out of range for %s (%s)", option, value,
                  margin_loss_get(config->loss)->name, range);
}

static void set_margins(const eval_given *given, margin_config *config)
{
    static const char *const names[] = {"m1", "m2", "m3"};
    static const char *const ranges[] = {
        "a factor of the angle, 1 or, for some losses, more than 0",
        "radians, 0 or more and less than pi", "a difference of cosines, -1e6 to 1e6"};
    double *const fields[] = {&config->m1, &config->m2, &config->m3};
    const margin_loss_info *const loss = margin_loss_get(config->loss);
    const int index = loss->margin_index;
    if (!isnan(given->margin)) {
        if (index == 0) die_usage(PROGRAM, "--margin: %s has no margin", loss->name);
        if (index == 4) die_usage(PROGRAM, "--margin: %s takes --m1, --m2 and --m3", loss->name);
        set(config, "margin", given->margin, fields[index - 1], ranges[index - 1]);
    }
    for (int k = 0; k < 3; k++) {
        if (isnan(given->m[k])) continue;
        if (index == 0) die_usage(PROGRAM, "--%s: %s has no margin", names[k], loss->name);
        if (index != 4)
            die_usage(PROGRAM, "--%s: %s takes --margin, not --%s", names[k], loss->name, names[k]);
        set(config, names[k], given->m[k], fields[k], ranges[k]);
    }
}

static void set_shape_of_loss(const eval_given *given, margin_config *config, notes *list)
{
    const margin_loss_info *const loss = margin_loss_get(config->loss);
    if (given->past_pi >= 0) {
        config->past_pi = (margin_past_pi)given->past_pi;
        if (!loss->has_angle)
            note(list, "--past-pi has no effect: the margin of %s is not on the angle", loss->name);
    }
    if (given->lambda != 0.0 && !isnan(given->lambda) && !loss->has_lambda)
        die_usage(PROGRAM, "--lambda: %s has no lambda", loss->name);
    set(config, "lambda", given->lambda, &config->lambda, "0 or more, at most 1e9");
    if (given->feature_norm >= 0) {
        config->feature_norm = (margin_feature_norm)given->feature_norm;
        if (config->feature_norm != MARGIN_FEATURE_NORM_FIXED && !loss->has_lambda)
            die_usage(PROGRAM, "--feature-norm: %s takes %s only", loss->name,
                      margin_feature_norm_name(MARGIN_FEATURE_NORM_FIXED));
    }
    set(config, "scale", given->scale, &config->scale, "greater than 0, at most 1e9");
    if (!isnan(given->scale) && config->feature_norm == MARGIN_FEATURE_NORM_KEEP)
        note(list, "--scale has no effect with --feature-norm %s",
             margin_feature_norm_name(config->feature_norm));
}

eval_options eval_options_parse(int argc, char **argv, notes *list)
{
    eval_given given = {.options = {.ignore_label = -1},
                        .loss = -1,
                        .past_pi = -1,
                        .feature_norm = -1,
                        .scale = NAN,
                        .margin = NAN,
                        .m = {NAN, NAN, NAN},
                        .lambda = NAN};
    options_read(&eval_table, argc, argv, &given);
    eval_options options = given.options;
    const margin_config *const run = &given.options.config;
    margin_config_init(&options.config, (margin_loss)given.loss);
    options.config.gradient = run->gradient;
    options.config.isa = run->isa;
    options.config.threads = run->threads;
    options.config.workspace_bytes = run->workspace_bytes;
    const margin_loss_info *const loss = margin_loss_get(options.config.loss);
    if (options.bias != NULL && loss->normalised)
        die_usage(PROGRAM, "--bias: %s has no bias", loss->name);
    if (!(options.label_smoothing >= 0.0 && options.label_smoothing < 1.0))
        die_usage(PROGRAM, "--label-smoothing: %g is out of range (0 or more, below 1)",
                  options.label_smoothing);
    if (options.grad_bias != NULL && options.bias == NULL)
        die_usage(PROGRAM, "--grad-bias needs --bias");
    set_margins(&given, &options.config);
    set_shape_of_loss(&given, &options.config, list);
    return options;
}
