/* session.c: from a case to a run of it.
 *
 * Must not know clocks beyond one rough timing, repetitions or reports. */
#include "session.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "calls.h"
#include "clock.h"
#include "process.h"

/* ---- contexts: kept from case to case, since interleaved repetitions return to a case again and
 * again, and making its context anew would cost its workspace's page faults ---- */

/* What idle contexts may hold together, as far as their last calls tell. */
#define POOL_BYTES ((size_t)1 << 30)

/* Returns what it held. */
static size_t drop_oldest(speed_contexts *pool)
{
    size_t oldest = 0;
    for (size_t i = 1; i < pool->count; i++) {
        if (pool->entry[i].last_used < pool->entry[oldest].last_used) oldest = i;
    }
    const size_t held = margin_context_workspace_used(pool->entry[oldest].context);
    margin_destroy(pool->entry[oldest].context);
    pool->entry[oldest] = pool->entry[--pool->count];
    return held;
}

/* One of the caller's own. */
static margin_context *new_context(const speed_case *c, margin_status *status)
{
    margin_config config;
    margin_context *context = NULL;
    *status = margin_config_init(&config, c->loss);
    config.isa = c->isa;
    config.threads = c->threads;
    if (*status == MARGIN_OK) *status = margin_create(&config, &context);
    return context;
}

/* The context of this case; the pool owns it until the next call: the one used longest ago leaves
 * first. *fresh: 1 if it had to be made. NULL: see *status. */
static margin_context *pooled_context(speed_contexts *pool, const speed_case *c, int *fresh,
                                      margin_status *status)
{
    size_t i = 0;
    while (i < pool->count && (pool->entry[i].loss != c->loss || pool->entry[i].isa != c->isa ||
                               pool->entry[i].threads != c->threads)) {
        i++;
    }
    *fresh = i == pool->count;
    *status = MARGIN_OK;
    if (*fresh) {
        size_t held = 0;
        for (size_t k = 0; k < pool->count; k++)
            held += margin_context_workspace_used(pool->entry[k].context);
        while (pool->count == SPEED_MAX_CONTEXTS || (pool->count && held > POOL_BYTES))
            held -= drop_oldest(pool);
        margin_context *context = new_context(c, status);
        if (!context) return NULL;
        i = pool->count++;
        pool->entry[i] = (speed_context){
            .loss = c->loss, .isa = c->isa, .threads = c->threads, .context = context};
    }
    pool->entry[i].last_used = ++pool->clock;
    return pool->entry[i].context;
}

/* ---- the session
 * -------------------------------------------------------------------------------*/

void speed_session_open(speed_session *session, const speed_plan *plan)
{
    *session = (speed_session){.plan = plan};
    speed_data_open(&session->data, plan->shapes, plan->shape_count, plan->seed);
}

void speed_session_close(speed_session *session)
{
    speed_reference_close(&session->reference);
    speed_packed_close(&session->packed);
    while (session->contexts.count > 0)
        drop_oldest(&session->contexts);
    speed_data_close(&session->data);
}

/* ---- run --------------------------------------------------------------------------------------*/

static int is_unfused(const speed_case *c)
{
    return c->what == SPEED_HEAD && c->impl && strcmp(c->impl, "naive") != 0;
}

int speed_session_prepare(speed_session *session, const speed_case *c, speed_job *job, char *fault)
{
    const size_t shape = (size_t)(c->shape - session->plan->shapes);
    margin_status status = MARGIN_OK;
    *job = (speed_job){.what = c, .outputs = &session->data.outputs};
    job->problem = speed_data_problem(&session->data, shape, c->what == SPEED_ROWS);
    if (c->impl) {
        margin_config_init(&job->config, c->loss);
        if (speed_is_products(c->what) || is_unfused(c)) {
            /* An unfused head's own threads call the library. */
            job->blas = speed_blas_find(is_unfused(c) ? c->blas : c->impl);
            job->blas->set_threads(job->blas, is_unfused(c) ? 1 : c->threads);
        }
        speed_packed_close(&session->packed);
        job->packed = &session->packed;
        if (c->what == SPEED_PACKED && speed_packed_open(&session->packed, job->problem, job->blas))
            return speed_fail(fault, "%s cannot pack W of this shape", c->impl);
        return 0;
    }
    job->context = pooled_context(&session->contexts, c, &job->fresh, &status);
    if (!job->context) return speed_fail(fault, "%s", margin_status_text(status));
    job->config = *margin_context_config(job->context);
    return 0;
}

static margin_status run_head(speed_job *job)
{
    const speed_problem *p = job->problem;
    const int gradients = job->what->what == SPEED_HEAD;
    const speed_shape *s = p->shape;
    margin_head head =
        head_of_arrays(s->rows, s->dim, s->classes, p->embeddings, p->weights, p->labels);
    head.row_loss = job->outputs->row_loss;
    head.grad_embeddings = gradients ? job->outputs->grad_embeddings : NULL;
    head.grad_weights = gradients ? job->outputs->grad_weights : NULL;
    const margin_status status = margin_head_run(job->context, &head);
    job->mean_loss = head.loss;
    return status;
}

static margin_status run_rows(speed_job *job)
{
    const speed_problem *p = job->problem;
    margin_rows rows = {
        .size = sizeof(margin_rows),
        .rows = p->shape->rows,
        .classes = p->shape->classes,
        .logits = p->cosines,
        .labels = p->labels,
        .row_loss = job->outputs->row_loss,
        .grad_logits = job->outputs->grad_logits,
    };
    const margin_status status = margin_rows_run(job->context, &rows);
    job->mean_loss = rows.loss;
    return status;
}

static int run_peer(speed_job *job)
{
    const speed_case *c = job->what;
    if (c->what == SPEED_GEMM3)
        return speed_gemm3_run(job->problem, job->blas, job->outputs, job->product_seconds);
    if (c->what == SPEED_PACKED)
        return speed_packed_run(job->problem, job->blas, job->packed, job->outputs,
                                job->product_seconds);
    return is_unfused(c)
               ? speed_unfused_run(job->problem, &job->config, job->blas, c->threads, job->outputs)
               : speed_naive_run(job->problem, &job->config, job->outputs);
}

int speed_job_run(speed_job *job, char *fault)
{
    if (job->what->impl)
        return run_peer(job) ? speed_fail(fault, "%s refused the shape", job->what->impl) : 0;
    const margin_status status = job->what->what == SPEED_ROWS ? run_rows(job) : run_head(job);
    if (status != MARGIN_OK)
        return speed_fail(fault, "%s (%s)", margin_status_text(status),
                          margin_context_fault(job->context)->detail);
    return 0;
}

size_t speed_job_workspace(const speed_job *job)
{
    const speed_shape *s = job->problem->shape;
    if (job->context)
        return job->what->what == SPEED_ROWS ? 0 : margin_context_workspace_used(job->context);
    const size_t copies = speed_is_products(job->what->what) ? 0 : (s->rows + s->classes) * s->dim;
    return sizeof(float) * (s->rows * s->classes + copies);
}

void speed_job_settle(const speed_job *job)
{
    if (speed_is_products(job->what->what) && job->what->threads > 1 &&
        job->blas->settle_seconds > 0) {
        const struct timespec wait = {.tv_nsec = (long)(1e9 * job->blas->settle_seconds)};
        nanosleep(&wait, NULL);
    }
}

/* ---- check ------------------------------------------------------------------------------------*/

/* The mean against the row losses, which have passed their own check. */
static int check_mean(const speed_job *job, char *fault)
{
    const size_t rows = job->problem->shape->rows;
    double sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += job->outputs->row_loss[i];
    const double mean = sum / (double)rows;
    if (!(fabs(job->mean_loss - mean) <= 1e-6 * mean + 1e-37))
        return speed_fail(fault, "mean loss is %.9g, its rows say %.9g", job->mean_loss, mean);
    return 0;
}

static int judge_outputs(speed_session *session, const speed_job *job, char *fault)
{
    const speed_case *c = job->what;
    const double scale = job->config.scale;
    const speed_tolerance tolerance =
        c->impl ? speed_tolerance_peer(scale) : speed_tolerance_library(scale);
    if (speed_is_products(c->what)) return speed_check_gemm3(job->problem, job->outputs, fault);
    if (c->what == SPEED_ROWS)
        return speed_check_rows(job->problem, &job->config, job->outputs, tolerance, fault);
    if (session->reference.problem != job->problem) {
        speed_reference_close(&session->reference);
        speed_reference_open(&session->reference, job->problem);
    }
    return speed_check_head(&session->reference, &job->config, job->outputs, c->what == SPEED_HEAD,
                            tolerance, fault);
}

/* Seconds of a run, the first one if that is long: it has the page faults, but is not repeated. */
static int time_roughly(speed_job *job, double first, double *seconds, char *fault)
{
    *seconds = first;
    for (int tries = 0; tries < 3 && *seconds < 0.2; tries++) {
        const double start = seconds_now();
        if (speed_job_run(job, fault)) return -1;
        const double took = seconds_now() - start;
        *seconds = took < *seconds ? took : *seconds;
    }
    return 0;
}

/* The run that is judged, with memory that nothing has touched yet: what it takes is noted. */
static int run_measured(speed_session *session, speed_case *c, speed_job *job)
{
    margin_context *pooled = job->context;
    margin_status status = MARGIN_OK;
    speed_data_release_scratch(&session->data);
    speed_check_poison(job->outputs, c->shape, c->what);
    const double mark = speed_memory_mark();
    if (pooled) job->context = new_context(c, &status);
    if (status != MARGIN_OK) speed_fail(c->fault, "%s", margin_status_text(status));
    const int failed = status != MARGIN_OK || speed_job_run(job, c->fault);
    /* The output of gemm3 is scratch of a head, and was written before the mark. */
    c->peak_bytes = speed_is_products(c->what) ? -1 : speed_memory_growth(mark);
    if (pooled) {
        margin_destroy(job->context);
        job->context = pooled;
    }
    return failed ? -1 : 0;
}

static int check_once(speed_session *session, speed_case *c)
{
    speed_job job;
    if (speed_session_prepare(session, c, &job, c->fault)) return -1;
    const double start = seconds_now();
    if (run_measured(session, c, &job)) return -1;
    const double first = seconds_now() - start;
    const int failed = judge_outputs(session, &job, c->fault) ||
                       (!c->impl && check_mean(&job, c->fault)) ||
                       time_roughly(&job, first, &c->seconds, c->fault);
    speed_job_settle(&job);
    return failed ? -1 : 0;
}

/* The unfused head gets the library that serves it best at this shape and number of threads. */
static void check_unfused(speed_session *session, speed_case *c)
{
    const speed_case plain = *c;
    speed_case best = plain;
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        *c = plain;
        c->blas = name;
        if (!speed_blas_find(name)) continue;
        if (check_once(session, c)) return;
        best = !best.blas || c->seconds < best.seconds ? *c : best;
    }
    *c = best;
}

void speed_session_check(speed_session *session, speed_case *c)
{
    c->fault[0] = '\0';
    if (is_unfused(c)) {
        check_unfused(session, c);
    } else {
        (void)check_once(session, c);
    }
}
