/* figures.h: the table of figures that bench_separation reproduces: what each shows, what it takes,
 * and how its numbers come about. A figure is drawn by plots/draw.sh from these numbers alone. Must
 * not know how a run works or how a figure looks.
 *
 * A new figure: one row in figures.c, with a function that adds its trainings to the list of runs,
 * or one that computes its numbers without any. */
#ifndef SEPARATION_FIGURES_H
#define SEPARATION_FIGURES_H

#include <jansson.h>

#include "plans.h"
#include "separation_options.h"
#include "sources.h"
#include "table.h"

/* What a figure is made for. */
typedef struct figure_request {
    const separation_options *options;
    data_sources *sources;
    int alone;   /* 1: asked for by name, so it may take its time */
    tables *out; /* for a figure that computes its numbers */
} figure_request;

typedef struct figure {
    const char *name;  /* after --figure, and the key of its numbers in the JSON's `figures` */
    const char *title; /* what it shows, and whose figure that is */
    const char *needs; /* what it takes, for --list */
    const char *drawn; /* what plots/draw.sh calls it; several names are divided by spaces */
    /* One of the two, or both. */
    void (*plan)(const figure_request *request, plan_list *plans); /* its trainings */
    /* Its other numbers, a new object; writes its tables as well. */
    json_t *(*compute)(const figure_request *request);
} figure;

/* At most 32: a run knows its figures by bits. */
size_t figure_count(void);
const figure *figure_get(size_t index);
/* 0 and *out untouched if there is no such figure. */
int figure_find(const char *name, size_t *out);

#endif
