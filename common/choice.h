/* choice.h: values that a person gives by name, the library's and others. Must not know who asks.
 */
#ifndef MARGIN_COMMON_CHOICE_H
#define MARGIN_COMMON_CHOICE_H

#include <stddef.h>

/* A set of names: those of the values 0, 1, ... */
typedef struct choice {
    const char *(*name)(int value);  /* NULL: no such value, and none after it */
    const char *(*fault)(int value); /* why it cannot be had here, or NULL; NULL: all can */
} choice;

extern const choice loss_choice, past_pi_choice, gradient_choice, feature_norm_choice, isa_choice;

/* Returns the value called `text`, in whatever case, -1 if there is none. */
int choice_find(const choice *set, const char *text);
/* Returns why `value` cannot be had here, NULL if it can. */
const char *choice_fault(const choice *set, int value);
/* Writes "paper, monotone, ..." to `text`, and returns it. */
const char *choice_list(const choice *set, char *text, size_t text_size);

#endif
