/* choice.c: values that a person gives by name (see choice.h). Must not know a name itself. */
#include "choice.h"

#include <margin.h>

#include <stdio.h>
#include <strings.h>

static const char *loss_name(int value)
{
    return value < MARGIN_LOSS_COUNT ? margin_loss_get((margin_loss)value)->name : NULL;
}

static const char *past_pi_name(int value)
{
    return value < MARGIN_PAST_PI_COUNT ? margin_past_pi_name((margin_past_pi)value) : NULL;
}

static const char *gradient_name(int value)
{
    return value < MARGIN_GRADIENT_COUNT ? margin_gradient_name((margin_gradient)value) : NULL;
}

static const char *feature_norm_name(int value)
{
    return value < MARGIN_FEATURE_NORM_COUNT ? margin_feature_norm_name((margin_feature_norm)value)
                                             : NULL;
}

static const char *isa_name(int value)
{
    return value < MARGIN_ISA_COUNT ? margin_isa_name((margin_isa)value) : NULL;
}

static const char *isa_fault(int value)
{
    const margin_isa isa = (margin_isa)value;
    if (isa == MARGIN_ISA_AUTO || margin_isa_usable(isa)) return NULL;
    return margin_isa_built(isa) ? "cannot run on this CPU" : "is not built into this program";
}

const choice loss_choice = {loss_name, NULL};
const choice past_pi_choice = {past_pi_name, NULL};
const choice gradient_choice = {gradient_name, NULL};
const choice feature_norm_choice = {feature_norm_name, NULL};
const choice isa_choice = {isa_name, isa_fault};

int choice_find(const choice *set, const char *text)
{
    const char *name;
    for (int i = 0; (name = set->name(i)) != NULL; i++)
        if (strcasecmp(name, text) == 0) return i; /* "ArcFace" is what papers write */
    return -1;
}

const char *choice_fault(const choice *set, int value)
{
    return set->fault != NULL ? set->fault(value) : NULL;
}

const char *choice_list(const choice *set, char *text, size_t text_size)
{
    size_t used = 0;
    const char *name;
    text[0] = '\0';
    for (int i = 0; (name = set->name(i)) != NULL && used < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used, "%s%s", i > 0 ? ", " : "", name);
    return text;
}
