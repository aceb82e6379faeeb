/* output.h: what a run found, as lines for people and as JSON. results/README.md has the fields. */
#ifndef SCALE_OUTPUT_H
#define SCALE_OUTPUT_H

#include "judge.h"
#include "step.h"
#include "usage.h"

/* What a run found. */
typedef struct findings {
    const settings *s;
    size_t weights_bytes, workspace_bytes;
    int threads;
    judgement judged;
    step_seconds *seconds; /* [steps] */
    double *objective;     /* [1 + steps] */
    usage used;            /* by all timed steps */
    double peak_bytes, anonymous_bytes;
} findings;

void output_print(const findings *f);
/* Writes the JSON; ends the program where it cannot. */
void output_write(const findings *f, int argc, char **argv);

#endif
