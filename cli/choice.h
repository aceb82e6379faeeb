/* choice.h: options whose value is one of the library's names. Must not know a name itself. */
#ifndef MARGIN_CLI_CHOICE_H
#define MARGIN_CLI_CHOICE_H

#include <margin.h>

/* A set of names: the values 0 .. count - 1 and what they are called. */
typedef struct choice {
    int count;
    const char *(*name)(int value);
} choice;

extern const choice loss_choice, past_pi_choice, gradient_choice, feature_norm_choice, isa_choice;

/* "paper, monotone, ..."; returns `text`. */
const char *choice_list(const choice *set, char *text, size_t text_size);
/* The value called `text`; a usage error that names `option` and the names if there is none. */
int choice_parse(const choice *set, const char *option, const char *text);

/* A context for `config`, or an error message: usage for an unknown name in MARGIN_ISA, failure for
 * an instruction set that cannot run here. */
margin_context *create_context(const margin_config *config);

#endif
