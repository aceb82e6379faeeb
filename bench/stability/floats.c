/* floats.c: see floats.h. The reference is the C library's double function, good to 1e-9 float32
 * ulp. */
#include "floats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "dmath.h"
#include "json_out.h"
#include "memory.h"
#include "progress.h"
#include "workers.h"

enum { BLOCK = 4096, STEPS = 100 };

/* What has been tried, for the line of progress. */
typedef struct watcher {
    progress line;
    double done, all; /* floats times functions: of earlier ranges, and of all */
} watcher;

/* One function on a range of floats that are ascending or descending in their bits. */
typedef struct range {
    double (*reference)(double);
    double (*function)(double);                      /* in double, or NULL: */
    const margin_kernels *kernels[MARGIN_ISA_COUNT]; /* exp of each set */
    size_t sets;
    uint32_t first, last, step;
    float zero_below; /* results for less are to be 0 */
    int threads;
    watcher *watcher;
    float_sweep (*found)[MARGIN_ISA_COUNT]; /* [threads], of each set */
} range;

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* (got - want) in units of the last place of a float32 near `want`; 0 has that of 2^-126. */
static double signed_ulp(float got, double want)
{
    uint64_t bits;
    double per_ulp;
    memcpy(&bits, &want, sizeof bits);
    uint64_t exponent = bits >> 52 & 0x7ff;
    exponent = exponent < 1023 - 126 ? 1023 - 126 : exponent;
    bits = (uint64_t)(2 * 1023 + 23 - exponent) << 52;
    memcpy(&per_ulp, &bits, sizeof per_ulp);
    return ((double)got - want) * per_ulp;
}

static void judge_one(float_sweep *f, float x, float got, double want)
{
    const double ulp = signed_ulp(got, want), apart = fabs(ulp);
    const double place = (ulp - ulp_first) / ulp_width;
    const int bin = place >= ULP_BINS ? ULP_BINS - 1 : place > 0 ? (int)place : 0;
    f->tried++;
    f->bins[bin]++;
    if (apart > f->worst) {
        f->worst = apart;
        f->at = x;
    } else if (isnan(apart)) {
        f->worst = INFINITY;
        f->at = x;
    }
}

static void judge_block(const range *r, float_sweep *found, const float *x, size_t n)
{
    double want[BLOCK];
    float got[BLOCK];
    for (size_t i = 0; i < n; i++)
        want[i] = r->reference((double)x[i]);
    for (size_t k = 0; k < r->sets; k++) {
        if (r->function) {
            for (size_t i = 0; i < n; i++)
                got[i] = (float)r->function((double)x[i]);
        } else {
            margin_pending none = {0};
            const margin_term_row row = {.scale = 1.0f};
            r->kernels[k]->terms->row_exp(x, n, row, 0.0f, got, x, &none);
        }
        for (size_t i = 0; i < n; i++) {
            if (x[i] < r->zero_below) {
                found[k].nonzero += bits_of(got[i]) != 0;
            } else {
                judge_one(&found[k], x[i], got[i], want[i]);
            }
        }
    }
}

/* Every `threads`-th block. */
static void walk(void *context, int number)
{
    const range *r = context;
    const uint64_t stride = (uint64_t)BLOCK * r->step;
    float x[BLOCK];
    for (uint64_t start = r->first + stride * (uint64_t)number; start <= r->last;
         start += stride * (uint64_t)r->threads) {
        size_t n = 0;
        for (uint64_t bits = start; n < BLOCK && bits <= r->last; bits += r->step)
            x[n++] = float_of((uint32_t)bits);
        judge_block(r, r->found[number], x, n);
        if (number == 0) { /* which is the caller's own thread */
            const double tried = (double)(start - r->first) / r->step * (double)r->sets;
            const double share = (r->watcher->done + tried) / r->watcher->all;
            progress_step(&r->watcher->line, (size_t)(STEPS * share), NULL);
        }
    }
}

/* Of two inputs that are equally bad, the one nearer to 0 stands. */
static void merge(float_sweep *into, const float_sweep *from)
{
    into->tried += from->tried;
    into->nonzero += from->nonzero;
    for (int k = 0; k < ULP_BINS; k++)
        into->bins[k] += from->bins[k];
    if (from->worst > into->worst ||
        (!(from->worst < into->worst) && fabsf(from->at) < fabsf(into->at))) {
        into->worst = from->worst;
        into->at = from->at;
    }
}

static double floats_of(const range *r)
{
    return (double)(r->last - r->first) / r->step * (double)r->sets;
}

/* exp of each instruction set. */
static range range_of_exp(float_sweep *sweeps, margin_isa wanted, unsigned step)
{
    range r = {.reference = exp,
               .first = bits_of(-0.0f),
               .last = bits_of(-104.0f),
               .step = step,
               .zero_below = -0x1.5d2c42p+6f};
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
        const margin_kernels *kernels = margin_dispatch((margin_isa)isa);
        if (!kernels || (wanted != MARGIN_ISA_AUTO && wanted != (margin_isa)isa)) continue;
        sweeps[r.sets] = (float_sweep){.name = "exp",
                                       .isa = margin_isa_name((margin_isa)isa),
                                       .from = r.zero_below,
                                       .to = 0,
                                       .step = step,
                                       .bound = 1};
        r.kernels[r.sets++] = kernels;
    }
    return r;
}

static range range_of_double(float_sweep *sweep, const char *name, double (*function)(double),
                             double (*reference)(double), float to, unsigned step)
{
    *sweep = (float_sweep){
        .name = name, .isa = "none", .from = float_of(1), .to = to, .step = step, .bound = 1};
    return (range){.reference = reference,
                   .function = function,
                   .sets = 1,
                   .first = 1,
                   .last = bits_of(to),
                   .step = step,
                   .zero_below = -INFINITY};
}

size_t sweep_floats(float_sweep sweeps[FLOAT_SWEEPS], margin_isa wanted, unsigned exp_step,
                    unsigned log_step, int threads)
{
    watcher all = {.all = 0};
    range ranges[3] = {range_of_exp(sweeps, wanted, exp_step)};
    float_sweep *next = sweeps;
    ranges[1] =
        range_of_double(&sweeps[ranges[0].sets], "log", dm_log, log, 0x1.fffffep127f, log_step);
    ranges[2] = range_of_double(&sweeps[ranges[0].sets + 1], "log1p", dm_log1p, log1p, 1, log_step);
    for (int k = 0; k < 3; k++) {
        all.all += floats_of(&ranges[k]);
        ranges[k].watcher = &all;
    }
    progress_start(&all.line, "exp and log", STEPS);
    for (int k = 0; k < 3; k++) {
        range *const r = &ranges[k];
        r->threads = threads < 1 ? 1 : threads > WORKERS_MOST ? WORKERS_MOST : threads;
        r->found = zeroed((size_t)r->threads, sizeof *r->found);
        each_worker(r->threads, walk, r);
        for (int number = 0; number < r->threads; number++) {
            for (size_t set = 0; set < r->sets; set++)
                merge(&next[set], &r->found[number][set]);
        }
        free(r->found);
        all.done += floats_of(r);
        next += r->sets;
    }
    progress_end(&all.line);
    return (size_t)(next - sweeps);
}

/* ---- reporting ------------------------------------------------------------------------------- */

int float_sweep_kept(const float_sweep *sweep)
{
    return sweep->tried > 0 && sweep->worst <= sweep->bound && sweep->nonzero == 0;
}

void float_sweeps_print(const float_sweep *sweeps, size_t count, FILE *stream)
{
    fputs("\nElementary functions on float32 inputs (bound: 1 ulp)\n", stream);
    fprintf(stream, "%-12s %-8s %11s  %9s at\n", "function", "isa", "inputs", "ulp");
    for (size_t k = 0; k < count; k++) {
        const float_sweep *f = &sweeps[k];
        fprintf(stream, "%-12s %-8s %11zu  %9.6f %a (%.9g)  %s\n", f->name, f->isa, f->tried,
                f->worst, (double)f->at, (double)f->at, float_sweep_kept(f) ? "PASS" : "FAIL");
    }
}

json_t *float_sweeps_json(const float_sweep *sweeps, size_t count)
{
    json_t *list = json_array();
    for (const float_sweep *f = sweeps; f < sweeps + count; f++) {
        json_t *bins = json_array();
        char at[40];
        snprintf(at, sizeof at, "%a", (double)f->at);
        for (int k = 0; k < ULP_BINS; k++)
            json_array_append_new(bins, json_integer((json_int_t)f->bins[k]));
        json_array_append_new(
            list,
            json_row("function isa from to every cases worst_ulp at at_hex bound nonzero kept "
                     "bin_first bin_width bins",
                     "ssggzzggsgzbggo", f->name, f->isa, (double)f->from, (double)f->to,
                     (size_t)f->step, f->tried, f->worst, (double)f->at, at, f->bound, f->nonzero,
                     float_sweep_kept(f), ulp_first, ulp_width, bins));
    }
    return list;
}
