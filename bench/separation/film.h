/* film.h: the toy along its training, under every loss at several margins and scales, for the page
 * on which one sees the margin (plots/toy.html). Must not know how the page looks.
 *
 * Trained anew after the figure's own runs, for the seed that stands for all of them is known only
 * then: its runs at the figure's margins have the same numbers. */
#ifndef SEPARATION_FILM_H
#define SEPARATION_FILM_H

#include <jansson.h>

#include "figures.h"

/* Trains; `done` are the finished runs of the figure. */
void film_shoot(const figure_request *request, const plan_list *done, plan_list *film);
/* What results/README.md says of toy.json. Takes the context over. */
json_t *film_json(const figure_request *request, const plan_list *film, json_t *context);

#endif
