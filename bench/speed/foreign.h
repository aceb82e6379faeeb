/* foreign.h: how busy others keep the machine while we measure, as Linux counts it.
 *
 * Must not know what is measured. */
#ifndef SPEED_FOREIGN_H
#define SPEED_FOREIGN_H

typedef struct speed_foreign {
    double wall, others; /* seconds; others: of all CPUs' work but ours, negative where not known */
} speed_foreign;

speed_foreign speed_foreign_now(void);

/* CPUs that others used since then, on average; negative where that is not known. Work that a
 * hypervisor gives to other guests counts, where it tells. */
double speed_foreign_cpus(speed_foreign since);

#endif
