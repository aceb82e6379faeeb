/* cases.h: what is measured: every loss with its options, and the sweeps. It must not know how. */
#ifndef MARGIN_STABILITY_CASES_H
#define MARGIN_STABILITY_CASES_H

#include <stddef.h>

#include "margin.h"

enum { CASES_MOST = 100, CASE_NAME_SIZE = 48 };

typedef struct stability_case {
    margin_config config;
    char option[CASE_NAME_SIZE]; /* "paper", "monotone lambda=5", "none" for losses without angle */
    int is_default;              /* the options a user gets: the scale sweep takes these */
} stability_case;

/* How densely; what is not a default gets EFFORT_COARSE unless the run is full. */
typedef enum effort { EFFORT_COARSE, EFFORT_QUICK, EFFORT_DEFAULT, EFFORT_FULL } effort;

/* All cases; returns how many. */
size_t list_cases(stability_case cases[CASES_MOST]);

/* The effort for one case of a run. */
effort effort_for(const stability_case *one, effort of_run);

/* An angle, given by its distance to the nearer of 0 and pi so that it keeps its digits there. */
typedef struct sweep_angle {
    double offset; /* in [0, pi/2] */
    int from_pi;
} sweep_angle;

/* The angles for a configuration, ascending: dense towards 0 and pi, and around phi = pi and
 * theta = pi/2, where options change what the target does. The caller frees *angles.
 * Returns 0, or -1 when out of memory. */
int list_angles(const margin_config *config, effort how_many, sweep_angle **angles, size_t *count);

/* The scales from 1 to 10000; returns how many. */
enum { SCALES_MOST = 33 };
size_t list_scales(effort how_many, double scales[SCALES_MOST]);

/* A curve of ArcFace's figure of target logits. */
typedef struct target_curve {
    const char *label;
    margin_config config;
} target_curve;

enum { CURVES = 7 };
/* Fill in the seven curves, in the figure's legend order. */
void list_curves(target_curve curves[CURVES]);

#endif
