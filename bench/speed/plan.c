/* plan.c: from what was asked for to the list of cases.
 *
 * The levels keep the time that people expect: quick about a minute, default about four; full is
 * the whole grid and takes hours. The smaller levels have three lines through one point of the
 * grid, one each over N, D and C. Must not know how a case is run. */
#include "plan.h"

#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blas.h"
#include "memory.h"
#include "data.h"
#include "random.h"

/* toy is the shape of the 2-D figures, face a mini-batch of a mid-sized training set; the others
 * are the class counts of published face sets. */
static const speed_shape named[] = {
    {"tiny", 24, 20, 70, SPEED_SMOKE, SPEED_SMOKE},
    {"toy", 512, 2, 8, SPEED_SMOKE, SPEED_FULL},
    {"small", 128, 64, 1000, SPEED_QUICK, SPEED_FULL},
    {"face", 128, 512, 10000, SPEED_QUICK, SPEED_FULL},
    {"ms1mv2", 128, 512, 85742, SPEED_FULL, SPEED_FULL},
    {"ms1mv3", 128, 512, 93431, SPEED_DEFAULT, SPEED_FULL},
    {"glint360k", 128, 512, 360232, SPEED_FULL, SPEED_FULL},
};

static const size_t grid_rows[] = {1, 8, 32, 128, 512};
static const size_t grid_dims[] = {2, 64, 128, 512};
static const size_t grid_classes[] = {8, 1000, 10000, 100000};

int speed_cpu_count(void)
{
    cpu_set_t set;
    const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    return count > 0 ? count : 1;
}

int speed_fail(char *fault, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(fault, SPEED_FAULT, format, values);
    va_end(values);
    return -1;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Of a head with its gradients. */
static double head_flops(const speed_shape *s)
{
    return 6.0 * (double)s->rows * (double)s->dim * (double)s->classes;
}

double speed_case_flops(const speed_case *c)
{
    const double shares[] = {
        [SPEED_HEAD] = 1, [SPEED_HEAD_FORWARD] = 3, [SPEED_GEMM3] = 1, [SPEED_PACKED] = 1};
    return c->what == SPEED_ROWS ? 0 : head_flops(c->shape) / shares[c->what];
}

double speed_case_bytes(const speed_case *c)
{
    const double n = (double)c->shape->rows, d = (double)c->shape->dim;
    const double logits = n * (double)c->shape->classes;
    const double vectors = n * d + (double)c->shape->classes * d;
    switch (c->what) {
    case SPEED_HEAD:
        return sizeof(float) * (2 * vectors + n) + sizeof(int64_t) * n;
    case SPEED_HEAD_FORWARD:
        return sizeof(float) * (vectors + n) + sizeof(int64_t) * n;
    case SPEED_GEMM3:
    case SPEED_PACKED: /* three calls that know nothing of one another */
        return sizeof(float) * 3 * (vectors + logits);
    default:
        return sizeof(float) * (2 * logits + n) + sizeof(int64_t) * n;
    }
}

int speed_is_products(speed_what what)
{
    return what == SPEED_GEMM3 || what == SPEED_PACKED;
}

const char *speed_what_name(speed_what what)
{
    static const char *const words[] = {"head", "head_forward", "rows", "gemm3", "gemm3_packed"};
    return words[what];
}

static void name_case(speed_case *c)
{
    const speed_shape *s = c->shape;
    char who[64];
    if (speed_is_products(c->what)) {
        snprintf(who, sizeof who, "impl:%s", c->impl);
    } else if (c->impl) {
        snprintf(who, sizeof who, "impl:%s/loss:%s", c->impl, margin_loss_get(c->loss)->name);
    } else {
        snprintf(who, sizeof who, "loss:%s/isa:%s", margin_loss_get(c->loss)->name,
                 margin_isa_name(c->isa));
    }
    snprintf(c->name, sizeof c->name, "%s/%s/N:%zu/D:%zu/C:%zu/threads:%d",
             speed_what_name(c->what), who, s->rows, s->dim, s->classes, c->threads);
}

/* ---- which cases belong to a level ----------------------------------------------------------- */

typedef struct builder {
    speed_plan *plan;
    const speed_request *request;
    const regex_t *filter;
    margin_isa best; /* the fastest wanted instruction set */
} builder;

/* The pair that every shape is measured with: no margin, and the best-known margin. */
static int is_principal(margin_loss loss)
{
    return loss == MARGIN_NORMSOFTMAX || loss == MARGIN_ARCFACE;
}

/* A point of a line (all of them unnamed below the full level), or a shape too large for more. */
static int wanted_of_line(const speed_case *c, margin_isa best)
{
    return c->what == SPEED_HEAD &&
           ((c->isa == best && is_principal(c->loss)) ||
            (c->isa != MARGIN_ISA_SCALAR && c->loss == MARGIN_ARCFACE && *c->shape->name == '\0'));
}

static int wanted_default(const speed_case *c, margin_isa best)
{
    const double flops = head_flops(c->shape);
    if (flops > 1e10)
        return wanted_of_line(c, best) ||
               (c->what == SPEED_ROWS && c->isa == best && is_principal(c->loss));
    if (*c->shape->name == '\0') return wanted_of_line(c, best);
    if (flops > 1e9 && c->what == SPEED_HEAD)
        return c->isa != MARGIN_ISA_SCALAR || (c->loss == MARGIN_ARCFACE && c->threads == 1);
    if (flops > 1e9) return c->isa == best && (c->what == SPEED_ROWS || is_principal(c->loss));
    return 1;
}

static int wanted_quick(const speed_case *c, margin_isa best)
{
    const double flops = head_flops(c->shape);
    if (*c->shape->name == '\0')
        return c->what == SPEED_HEAD && c->isa == best && c->loss == MARGIN_ARCFACE;
    if (flops > 1e9) return c->isa == best && (c->what == SPEED_HEAD || is_principal(c->loss));
    return c->what == SPEED_HEAD || c->isa == best;
}

/* The shape that stands for others where one has to: a mini-batch of a mid-sized training set. */
static int is_face(const speed_shape *s)
{
    return s->rows == 128 && s->dim == 512 && s->classes == 10000;
}

/* Between one thread and all of them: only what shows how a head scales. */
static int only_scaling(const speed_request *request, const speed_case *c)
{
    return !request->threads_given && c->threads > request->threads[0] &&
           c->threads < request->threads[request->thread_counts - 1];
}

static int wanted(const builder *b, const speed_case *c)
{
    switch (b->request->level) {
    case SPEED_QUICK:
        return wanted_quick(c, b->best);
    case SPEED_DEFAULT:
        return wanted_default(c, b->best);
    case SPEED_FULL:
        return c->isa != MARGIN_ISA_SCALAR || head_flops(c->shape) < 1e10;
    default:
        return 1;
    }
}

/* ---- building -------------------------------------------------------------------------------- */

static void add_case(builder *b, speed_case c)
{
    speed_plan *plan = b->plan;
    name_case(&c);
    errno = 0;
    if (b->filter && regexec(b->filter, c.name, 0, NULL, 0) != 0) {
        if (errno == ENOMEM) out_of_memory(); /* which regexec calls a mismatch */
        return;
    }
    if (plan->count == plan->capacity) {
        plan->capacity = plan->capacity ? 2 * plan->capacity : 256;
        plan->cases = grown(plan->cases, plan->capacity * sizeof *plan->cases);
    }
    plan->cases[plan->count++] = c;
}

static void add_library_cases(builder *b, speed_case c)
{
    static const speed_what levels[] = {SPEED_HEAD, SPEED_HEAD_FORWARD, SPEED_ROWS};
    for (size_t w = 0; w < sizeof levels / sizeof *levels; w++) {
        for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
            for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++) {
                c.what = levels[w];
                c.loss = (margin_loss)loss;
                c.isa = (margin_isa)isa;
                const int scales = is_face(c.shape) && c.what == SPEED_HEAD && c.isa == b->best &&
                                   is_principal(c.loss);
                if (b->request->loss[loss] && b->request->isa[isa] && wanted(b, &c) &&
                    (scales || !only_scaling(b->request, &c)))
                    add_case(b, c);
            }
        }
    }
}

/* Somebody else's head: with ArcFace everywhere, with every loss where one shape stands for
 * others. */
static void add_peer_heads(builder *b, speed_case c, const char *impl)
{
    c.what = SPEED_HEAD;
    c.impl = impl;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        c.loss = (margin_loss)loss;
        if (b->request->loss[loss] &&
            (c.loss == MARGIN_ARCFACE || (is_face(c.shape) && c.threads == 1))) {
            add_case(b, c);
        }
    }
}

static void add_peers(builder *b, speed_case c)
{
    const char *name;
    int some_blas = 0;
    if (only_scaling(b->request, &c) && !is_face(c.shape)) return;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const speed_blas *blas = speed_blas_find(name);
        if (!blas) continue;
        some_blas = 1;
        c.impl = name;
        c.what = SPEED_GEMM3;
        add_case(b, c);
        c.what = SPEED_PACKED;
        if (speed_blas_packs(blas)) add_case(b, c);
    }
    if (some_blas) add_peer_heads(b, c, "blas-unfused");
    if (c.threads == 1 && head_flops(c.shape) < 1e9 && *c.shape->name)
        add_peer_heads(b, c, "naive");
}

static void add_shape(speed_plan *plan, speed_shape shape)
{
    for (size_t i = 0; i < plan->shape_count; i++) {
        const speed_shape *other = &plan->shapes[i];
        if (other->rows == shape.rows && other->dim == shape.dim &&
            other->classes == shape.classes) {
            return; /* a point of the grid that has a name already */
        }
    }
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const size_t used = strlen(plan->skipped);
    if (speed_shape_bytes(&shape) < 0.4 * memory) {
        plan->shapes[plan->shape_count++] = shape;
    } else {
        snprintf(plan->skipped + used, sizeof plan->skipped - used, "%sN:%zu/D:%zu/C:%zu",
                 used ? " " : "", shape.rows, shape.dim, shape.classes);
    }
}

/* Points of the grid that a level has: full all of them; the smaller levels lines through the face
 * shape, where a named shape stands for the largest number of classes. */
static int has_grid_point(const speed_shape *s, speed_level level)
{
    const int off = (s->rows != 128) + (s->dim != 512) + (s->classes != 10000);
    switch (level) {
    case SPEED_FULL:
        return 1;
    case SPEED_DEFAULT:
        return off <= 1 && s->classes <= 10000;
    case SPEED_QUICK:
        return off <= 1 && s->classes <= 10000 && s->rows <= 128;
    default:
        return 0;
    }
}

static void choose_shapes(speed_plan *plan, speed_level level)
{
    enum {
        names = sizeof named / sizeof *named,
        rows = sizeof grid_rows / sizeof *grid_rows,
        dims = sizeof grid_dims / sizeof *grid_dims,
        classes = sizeof grid_classes / sizeof *grid_classes
    };
    plan->shapes = zeroed(names + rows * dims * classes, sizeof *plan->shapes);
    for (size_t i = 0; i < names; i++) {
        if (named[i].first <= level && level <= named[i].last) add_shape(plan, named[i]);
    }
    for (size_t k = 0; k < rows * dims * classes; k++) {
        const speed_shape shape = {.name = "",
                                   .rows = grid_rows[k / classes / dims],
                                   .dim = grid_dims[k / classes % dims],
                                   .classes = grid_classes[k % classes],
                                   .first = level,
                                   .last = level};
        if (has_grid_point(&shape, level)) add_shape(plan, shape);
    }
}

int speed_plan_build(speed_plan *plan, const speed_request *request, char *fault)
{
    regex_t filter;
    memset(plan, 0, sizeof *plan);
    plan->seed = request->seed;
    if (request->filter && regcomp(&filter, request->filter, REG_EXTENDED | REG_NOSUB))
        return speed_fail(fault, "--filter: '%s' is not a regular expression", request->filter);
    builder b = {.plan = plan, .request = request, .best = MARGIN_ISA_SCALAR};
    b.filter = request->filter ? &filter : NULL;
    /* The enum lists instruction sets from the slowest to the fastest within an architecture. */
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++)
        b.best = request->isa[isa] ? (margin_isa)isa : b.best;
    choose_shapes(plan, request->level);
    for (size_t i = 0; i < plan->shape_count; i++) {
        for (size_t t = 0; t < request->thread_counts; t++) {
            const speed_case c = {.shape = &plan->shapes[i], .threads = request->threads[t]};
            add_library_cases(&b, c);
            add_peers(&b, c);
        }
    }
    if (request->filter) regfree(&filter);
    return 0;
}

void speed_plan_free(speed_plan *plan)
{
    free(plan->shapes);
    free(plan->cases);
    memset(plan, 0, sizeof *plan);
}

/* ---- the order of the repetitions: random, group by group
 * ---------------------------------------- */

/* A run of cases in the plan with the same shape and threads. */
typedef struct group {
    size_t first, count;
} group;

size_t *speed_rounds(const speed_plan *plan, size_t rounds)
{
    size_t *order = zeroed(rounds * plan->count + 1, sizeof *order), used = 0, count = 0;
    group *groups = zeroed(plan->count + 1, sizeof *groups);
    uint64_t state = plan->seed;
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (i == 0 || c->shape != c[-1].shape || c->threads != c[-1].threads)
            groups[count++] = (group){i, 0};
        groups[count - 1].count++;
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = count; i > 1; i--) {
            const size_t k = random_below(&state, i);
            const group other = groups[k];
            groups[k] = groups[i - 1];
            groups[i - 1] = other;
        }
        for (const group *g = groups; g < groups + count; g++) {
            size_t *const to = order + used;
            for (size_t i = 0; i < g->count; i++) {
                const size_t k = random_below(&state, i + 1);
                to[i] = to[k];
                to[k] = g->first + i;
            }
            used += g->count;
        }
    }
    free(groups);
    return order;
}
