/* counters.h: what the processor counts and what it draws during a repetition, where kernel and
 * machine let a person know. Must not know what is measured. */
#ifndef SPEED_COUNTERS_H
#define SPEED_COUNTERS_H

#include <jansson.h>

typedef enum speed_counter {
    SPEED_CYCLES,
    SPEED_INSTRUCTIONS,
    SPEED_CACHE_MISSES, /* of the last cache */
    SPEED_JOULES,       /* of all processor packages, whoever used them */
    SPEED_COUNTERS
} speed_counter;

typedef struct speed_counts {
    double of[SPEED_COUNTERS]; /* that only grow; NaN where there are none */
} speed_counts;

/* Before the process has threads: those made later are counted, too. */
void speed_counters_open(void);
speed_counts speed_counters_now(void);
/* "cycles", the name of the row's member. */
const char *speed_counter_name(speed_counter counter);
/* {name: null, or why there is none}, of all. */
json_t *speed_counters_describe(void);

#endif
