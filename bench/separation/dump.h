/* dump.h: a run's embeddings as .npy files. Must not know how they came about. */
#ifndef SEPARATION_DUMP_H
#define SEPARATION_DUMP_H

#include "run.h"

/* A run_plan's `embedded`, with the folder as `user`: FOLDER/DATA-DIMd-LABEL-seedS-PART-X.npy with
 * X embeddings, labels and, where there are some, weights. Any thread. Ends the program if a file
 * cannot be written. */
void dump_embedded(const char *folder, const run_plan *plan, const run_embedded *what);

#endif
