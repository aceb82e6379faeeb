/* choice.c: options whose value is one of the library's names, and contexts made from them. Must
 * not know a name itself. */
#define _POSIX_C_SOURCE 200809L
#include "choice.h"

#include "command.h"

#include <options.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *loss_name(int value)
{
    return margin_loss_get((margin_loss)value)->name;
}

static const char *past_pi_name(int value)
{
    return margin_past_pi_name((margin_past_pi)value);
}

static const char *gradient_name(int value)
{
    return margin_gradient_name((margin_gradient)value);
}

static const char *feature_norm_name(int value)
{
    return margin_feature_norm_name((margin_feature_norm)value);
}

static const char *isa_name(int value)
{
    return margin_isa_name((margin_isa)value);
}

const choice loss_choice = {MARGIN_LOSS_COUNT, loss_name};
const choice past_pi_choice = {MARGIN_PAST_PI_COUNT, past_pi_name};
const choice gradient_choice = {MARGIN_GRADIENT_COUNT, gradient_name};
const choice feature_norm_choice = {MARGIN_FEATURE_NORM_COUNT, feature_norm_name};
const choice isa_choice = {MARGIN_ISA_COUNT, isa_name};

const char *choice_list(const choice *set, char *text, size_t text_size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < set->count && used < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used, "%s%s", i > 0 ? ", " : "",
                                 set->name(i));
    return text;
}

int choice_parse(const choice *set, const char *option, const char *text)
{
    for (int i = 0; i < set->count; i++)
        if (strcmp(set->name(i), text) == 0) return i;
    char names[512];
    die_usage(PROGRAM, "%s: '%s' is none of %s", option, text,
              choice_list(set, names, sizeof names));
}

static void refuse_isa(margin_isa isa)
{
    const char *source = "--isa", *name = margin_isa_name(isa);
    if (isa == MARGIN_ISA_AUTO) {
        const char *forced = getenv("MARGIN_ISA");
        source = "MARGIN_ISA";
        name = forced != NULL ? forced : "";
        isa = (margin_isa)choice_parse(&isa_choice, source, name);
    }
    die(PROGRAM, "%s: %s %s", source, name,
        margin_isa_built(isa) ? "cannot run on this CPU" : "is not built into this program");
}

margin_context *create_context(const margin_config *config)
{
    margin_context *context = NULL;
    const margin_status status = margin_create(config, &context);
    if (status == MARGIN_ERROR_ISA) refuse_isa(config->isa);
    if (status == MARGIN_ERROR_MEMORY)
        die(PROGRAM, "out of memory (see --workspace and --threads)");
    if (status != MARGIN_OK) die(PROGRAM, "%s", margin_status_text(status));
    return context;
}
