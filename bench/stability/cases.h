/* cases.h: what is measured: every loss with its options, and the points of the sweeps. It must not
 * know how. */
#ifndef MARGIN_STABILITY_CASES_H
#define MARGIN_STABILITY_CASES_H

#include <stddef.h>

#include "inputs.h"
#include "margin.h"

enum { CASES_MOST = 100, CASE_NAME_SIZE = 48 };

typedef struct stability_case {
    margin_config config;
    char option[CASE_NAME_SIZE]; /* "paper", "monotone lambda=5", "none" for losses without angle */
    int is_default;              /* the options a user gets: the scale sweep takes these */
} stability_case;

/* How densely; what is not a default gets EFFORT_COARSE unless the run is full. */
typedef enum effort { EFFORT_COARSE, EFFORT_QUICK, EFFORT_DEFAULT, EFFORT_FULL } effort;

/* All cases of the losses whose formula the oracle knows; returns how many. */
size_t list_cases(stability_case cases[CASES_MOST]);

/* The effort for one case of a run. */
effort effort_for(const stability_case *one, effort of_run);

/* theta in [0, pi]. */
sweep_angle angle_at(double theta);

/* The angles where psi of a configuration breaks or may break: phi = k pi, and pi/2 where the sign
 * of c decides. Returns how many. */
enum { BREAKS_MOST = 8 };
size_t list_breaks(const margin_config *config, double breaks[BREAKS_MOST]);

/* The angles for a configuration, ascending: from as near as 1e-12 to 0, pi and each break, dense
 * there. The caller frees *angles. Returns 0, or -1 when out of memory. */
int list_angles(const margin_config *config, effort how_many, sweep_angle **angles, size_t *count);

/* The scales from 1 to 10000; returns how many. */
enum { SCALES_MOST = 33 };
size_t list_scales(effort how_many, double scales[SCALES_MOST]);

#endif
