/* session.h: runs one case: finds its inputs and context, checks it, runs it again and again.
 *
 * Must not know clocks, repetitions or reports. */
#ifndef SPEED_SESSION_H
#define SPEED_SESSION_H

#include "check.h"
#include "peers.h"
#include "plan.h"

/* A few library contexts. */
#define SPEED_MAX_CONTEXTS 32

typedef struct speed_context {
    margin_loss loss;
    margin_isa isa;
    int threads;
    unsigned long last_used;
    margin_context *context;
} speed_context;

typedef struct speed_contexts {
    speed_context entry[SPEED_MAX_CONTEXTS];
    size_t count;
    unsigned long clock;
} speed_contexts;

typedef struct speed_session {
    const speed_plan *plan;
    speed_data data;
    speed_contexts contexts;
    speed_reference reference; /* of the shape checked last */
    speed_packed packed;       /* of the job at hand */
} speed_session;

/* One case, ready to run. Valid until the next speed_session_prepare. */
typedef struct speed_job {
    const speed_case *what;
    const speed_problem *problem;
    const speed_outputs *outputs;
    margin_context *context; /* NULL for peers */
    int fresh;               /* the context is new: its first run takes its memory's pages */
    margin_config config;
    const speed_blas *blas;
    const speed_packed *packed; /* gemm3_packed */
    double mean_loss;           /* of the last run of libmargin */
    double product_seconds[3];  /* products: added up over the runs */
} speed_job;

void speed_session_open(speed_session *session, const speed_plan *plan);
void speed_session_close(speed_session *session);
/* Each returns 0, or -1 and one line in `fault`. */
int speed_session_prepare(speed_session *session, const speed_case *c, speed_job *job, char *fault);
int speed_job_run(speed_job *job, char *fault);

/* Runs the case, compares its outputs with the reference, and notes c->seconds, c->peak_bytes and
 * c->blas; what is wrong goes into c->fault. Cases of one shape are best checked together. */
void speed_session_check(speed_session *session, speed_case *c);

/* Bytes of workspace of the job's last run: the context's, or the copies a peer makes. */
size_t speed_job_workspace(const speed_job *job);

/* Lets a library's idle threads fall asleep before the next case. */
void speed_job_settle(const speed_job *job);

#endif
