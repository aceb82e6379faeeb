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

#endif
