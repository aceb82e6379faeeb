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
/* The names that figures had before, by which they can still be called: NULL behind the last. */
const char *figure_old_name(size_t index);
/* The one that this figure had; NULL: none. */
const char *figure_alias(size_t index);
/* By either name. 0 and *out untouched if there is no such figure. */
int figure_find(const char *name, size_t *out);

/* What the command line says of every run: instruction set, recipe, samples, checkpoints. */
run_plan take_options(const figure_request *request, run_plan plan);
/* One run for each seed, with so many test samples of each class kept for a picture. */
void add_seeds(const figure_request *request, run_plan plan, size_t features, plan_list *plans);

/* ---- own_runs.c: every chosen loss on one data set, with every pair of the scales and margins
 * that were named. It must not know figures. ---- */

void plan_own(const figure_request *request, const run_data *data, plan_list *plans);

/* What figures are made of, with what the command line says of every run: eight identities in the
 * plane; a hundred in 64 dimensions, where strangers are verified. */
run_plan toy(const figure_request *request, margin_loss loss);
run_plan faces(const figure_request *request, margin_loss loss);
/* So many samples of each class, where the command line does not say how many. */
void take_samples(const separation_options *o, size_t train, size_t test, run_plan *plan);

/* The request with as many seeds as a figure of many trainings takes, its options in `options`. */
figure_request figure_of_many(const figure_request *request, separation_options *options);

/* Each loss against its margin and scale. */
void plan_sweep(const figure_request *request, plan_list *plans);

/* Neural collapse, alignment and uniformity along the epochs (figure_geometry.c). */
void plan_geometry(const figure_request *request, plan_list *plans);

/* Strangers and test samples against false labels and outliers, against the tail of the classes'
 * sizes, and against dimension and number of classes (figure_noise.c). */
void plan_noise(const figure_request *request, plan_list *plans);
void plan_tails(const figure_request *request, plan_list *plans);
void plan_room(const figure_request *request, plan_list *plans);

/* ---- figure_sensitivity.c: the toy under other settings ---- */

void plan_sensitivity(const figure_request *request, plan_list *plans);
/* The settings: how they are called, after "with", and whether a plan is the figure's under one. */
size_t sensitivity_count(void);
const char *sensitivity_name(size_t setting);
int sensitivity_has(const run_plan *plan, size_t setting);

/* What was chosen, or what numbers mean. */
json_t *figure_sentences(const char *const *sentences, size_t count);

/* ---- without training: {"chosen": what was chosen where the paper is silent, "curves": [{"label",
 * "loss", the loss's settings, "points": [[x, y], ...]}, ...]} with x and y as said ---- */

/* Target logit / s over theta in degrees: ArcFace's seven losses; AM-Softmax's five. */
json_t *curves_arcface_fig4b(const figure_request *request);
json_t *curves_amsoftmax_psi(const figure_request *request);

/* Where class 1 begins, two classes: theta_2 over theta_1 in degrees. Class 2's boundary is the
 * mirror image. */
json_t *curves_arcface_fig5(const figure_request *request);

/* The same in each panel's own plane: "plane" is "cosine" (cos theta_2 over cos theta_1) or "angle"
 * (degrees). Softmax's curve is the end of its zone of doubt. */
json_t *curves_cosface_fig2(const figure_request *request);

/* Curves have a "panel": "scale" (s over C), "loss" (NormFace's least loss in nat over s), "margin"
 * (CosFace's largest margin over C; where the best spread of the classes is known between two
 * bounds only, "low" and "high" say which a curve is). */
json_t *curves_bounds(const figure_request *request);

/* Angles in degrees over the number of identities: "curves" have a "kind" (nearest: mean angle to
 * the nearest neighbour, exact; closest: closest pair, its pairs taken as independent; asymptotic:
 * the paper's formula for that) and a "dim"; "drawn" is what random directions gave, "speed" how
 * fast. */
json_t *curves_sphere_size(const figure_request *request);

#endif
