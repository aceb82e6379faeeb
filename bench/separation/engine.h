/* engine.h: who runs the heads of a training: this process alone (engine.c), or the ranks of MPI
 * together (engine_mpi.c, in bench_separation_mpi). Must not know what is trained. */
#ifndef SEPARATION_ENGINE_H
#define SEPARATION_ENGINE_H

#include "margin.h"

/* To be called before and after all others; over ranks, every rank makes the same calls. */
void engine_begin(int *argc, char ***argv);
void engine_end(void);
/* Returns how many trainings may run at a time, where `wanted` are (0: as OpenMP decides). */
int engine_threads(int wanted);
/* Return which of how many processes this is; the first one, 0, reports. */
int engine_rank(void);
int engine_ranks(void);
/* Runs a head whose arrays are whole in every process, and writes all its outputs. */
margin_status engine_head_run(margin_context *context, margin_head *head);

#endif
