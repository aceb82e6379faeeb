/* process.h: what Linux counts of this process and of others: memory that a call takes beyond what
 * was there before it, and how busy others keep the machine while we measure.
 *
 * Must not know what is measured. */
#ifndef SPEED_PROCESS_H
#define SPEED_PROCESS_H

/* Forgets the process's peak, and returns the bytes that are resident now; negative where the
 * system does not let us. */
double speed_memory_mark(void);
/* Bytes by which the peak since then lies above `mark`; negative where it is not known. */
double speed_memory_growth(double mark);

typedef struct speed_foreign {
    double wall, others; /* seconds; others: of all CPUs' work but ours, negative where not known */
} speed_foreign;

speed_foreign speed_foreign_now(void);
/* CPUs that others used since then, on average; negative where that is not known. Work that a
 * hypervisor gives to other guests counts, where it tells. */
double speed_foreign_cpus(speed_foreign since);

/* What kept the process from its processors. */
typedef struct speed_waits {
    double wall;
    double queued; /* seconds that its threads stood ready and did not run, added up */
    double stolen; /* seconds of all processors that the hypervisor gave to other guests */
} speed_waits;

speed_waits speed_waits_now(void);
/* Since then, as a share of the time of `threads` threads: what they waited for a processor, or
 * what was stolen, whichever is more. 0 where the system does not tell. */
double speed_waits_share(speed_waits since, int threads);

#endif
