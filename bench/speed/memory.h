/* memory.h: how much memory a call takes beyond what was there before it, as Linux counts it.
 *
 * Must not know cases or libraries. */
#ifndef SPEED_MEMORY_H
#define SPEED_MEMORY_H

/* Forgets the process's peak, and returns the bytes that are resident now; negative where the
 * system does not let us. */
double speed_memory_mark(void);

/* Bytes by which the peak since then lies above `mark`; negative where it is not known. */
double speed_memory_growth(double mark);

#endif
