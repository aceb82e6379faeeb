/* progress.h: a line on the terminal that shows how far a long run is. Silent unless stderr is a
 * terminal. Must not know what is being done. One progress at a time, from one thread. */
#ifndef MARGIN_COMMON_PROGRESS_H
#define MARGIN_COMMON_PROGRESS_H

#include <stddef.h>

typedef struct progress {
    const char *what;
    size_t total;
    double share;          /* of the time that is over, where it is known; else 0 */
    double started, shown; /* seconds of the monotonic clock */
    int live;              /* stderr is a terminal */
    int colour;            /* and may be coloured */
} progress;

/* `what` must outlive the progress. */
void progress_start(progress *p, const char *what, size_t total);
/* `detail` may be NULL. Cheap to call often: the line is redrawn at most ten times a second. */
void progress_step(progress *p, size_t done, const char *detail);
/* Where steps differ in length: the share of the time that is over by now, for the time left. */
void progress_share(progress *p, double share);
/* Wipe the line. */
void progress_end(progress *p);

#endif
