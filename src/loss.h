/* loss.h: what a loss is: data and one function of the target's angle. A loss knows no instruction
 * set, no thread and no array; the kernels know no loss. */
#ifndef MARGIN_SRC_LOSS_H
#define MARGIN_SRC_LOSS_H

#include "margin.h"

/* The target's angle theta as its sine and cosine, each accurate on its own (near 0 and pi a cosine
 * alone has lost the angle). */
typedef struct margin_angle {
    double sine, cosine;
} margin_angle;

/* A configuration with what follows from it alone. */
typedef struct margin_setting {
    const margin_config *config; /* outlives the setting */
    double sine_m2, cosine_m2;
} margin_setting;

/* The target's logit is s psi; slope = d psi / d theta. */
typedef struct margin_target {
    double psi, slope;
} margin_target;

/* One row of the table. `setting` carries the margins: a later loss whose margins differ by sample
 * is called with another one. */
typedef struct margin_loss_row {
    margin_loss_info info;
    margin_target (*target)(const margin_setting *setting, const margin_angle *angle);
} margin_loss_row;

#define MARGIN_LOSS_DECLARE(id, name) extern const margin_loss_row margin_loss_##name;
MARGIN_LOSS_TABLE(MARGIN_LOSS_DECLARE)
#undef MARGIN_LOSS_DECLARE

margin_setting margin_setting_of(const margin_config *config);

/* theta, in [0, pi]. */
double margin_theta(const margin_angle *angle);

/* cos(m1 theta + m2) - m3 with the configured behaviour beyond pi: for every loss with an angle. */
margin_target margin_angular_target(const margin_setting *setting, const margin_angle *angle);

/* The row of a loss; NULL when out of range. */
const margin_loss_row *margin_loss_row_get(margin_loss loss);

/* psi and slope under the configured gradient mode. */
margin_target margin_target_at(const margin_setting *setting, const margin_angle *angle);

/* NULL, or one sentence on the first field out of range. */
const char *margin_config_fault(const margin_config *config);

#endif
