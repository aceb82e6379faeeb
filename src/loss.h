/* loss.h: what a loss is: data and one function of a row. A loss knows no instruction set, no
 * thread and no array; the kernels know no loss. */
#ifndef MARGIN_LOSS_H
#define MARGIN_LOSS_H

#include "margin.h"

/* The target's angle theta as its sine and cosine, each accurate on its own (near 0 and pi a cosine
 * alone has lost the angle). */
typedef struct margin_angle {
    double sine, cosine;
} margin_angle;

/* The margins m1, m2 and m3 of cos(m1 theta + m2) - m3, with the sine and cosine of m2. */
typedef struct margin_margins {
    double m1, m2, m3, sine_m2, cosine_m2;
} margin_margins;

/* A configuration with what follows from it alone. */
typedef struct margin_setting {
    const margin_config *config; /* outlives the setting */
    margin_margins margins;      /* of the configuration; a row may have its own */
} margin_setting;

/* What a loss may see of a row. */
typedef struct margin_row {
    margin_angle angle;            /* between the embedding and its class weight */
    double norm;                   /* |x|; NaN where only cosines are given */
    int64_t label;                 /* its class; -1 where there is none, as on a curve */
    const margin_margins *margins; /* the row's */
} margin_row;

/* What a loss answers: the target's logit is s psi, and slope = d psi / d theta, which is the
 * factor of the unit tangent: in this form nothing is divided by sin(theta). */
typedef struct margin_target {
    double psi, slope;
} margin_target;

/* The geometry in which inner products are logits: it decides how vectors are packed and how
 * gradients leave. */
typedef enum margin_geometry {
    MARGIN_GEOMETRY_UNIT, /* both vectors at length 1, the logit is s cos(theta) */
    MARGIN_GEOMETRY_RAW,  /* nothing normalised, the logit is s (w . x + b) */
    MARGIN_GEOMETRY_KEPT  /* the class weight at length 1, the logit is |x| cos(theta) */
} margin_geometry;

/* One row of the table of losses. */
typedef struct margin_loss_row {
    margin_loss_info info;
    margin_target (*target)(const margin_setting *setting, const margin_row *row);
} margin_loss_row;

#define MARGIN_LOSS_DECLARE(id, name) extern const margin_loss_row margin_loss_##name;
MARGIN_LOSS_TABLE(MARGIN_LOSS_DECLARE)
#undef MARGIN_LOSS_DECLARE

/* Returns these three margins with what follows from them: a loss whose margins differ by row or by
 * class makes its own. */
margin_margins margin_margins_of(double m1, double m2, double m3);

/* Sets the margin of a configuration whose loss has one. */
void margin_set_margin(margin_config *config, double margin);

/* Returns the setting of a configuration. */
margin_setting margin_setting_of(const margin_config *config);

/* Returns the geometry that a configuration's loss lives in. */
margin_geometry margin_geometry_of(const margin_config *config);

/* Returns theta, in [0, pi]. */
double margin_theta(const margin_angle *angle);

/* Returns cos(m1 theta + m2) - m3 of the row's margins, with the configured behaviour beyond pi:
 * the target of every loss that is a margin on an angle. */
margin_target margin_angular_target(const margin_setting *setting, const margin_row *row);

/* Returns psi and slope of a row under the configured gradient mode. */
margin_target margin_target_at(const margin_setting *setting, const margin_row *row);

/* Returns NULL, or one sentence on the first field of `config` that is out of its range. */
const char *margin_config_fault(const margin_config *config);

#endif
