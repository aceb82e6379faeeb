/* cases.c: see cases.h. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loops.h"
#include "memory.h"
#include "quantile.h"

/* ---- the peaks: bench_speed's loops, in the caches that the kernels' arrays are in -------------
 */

enum { ROUNDS = 1024 };

/* size: rounds of the loop. An element is a multiply-add. */
static void run_fma(const margin_kernels *k, trial *t)
{
    (void)k;
    const speed_loops *loops = speed_loops_get(t->isa);
    float *result = trial_output(t, 1, 0.0);
    TRIAL_CALL(t, result[0] = loops->multiply_add(t->size[0]));
    const double flops = loops->flops_per_round * (double)t->size[0];
    trial_work(t, flops / 2.0, flops, 0.0);
}

/* size: KiB of both arrays. */
static void run_copy(const margin_kernels *k, trial *t)
{
    (void)k;
    const size_t n = t->size[0] * 1024 / 2 / sizeof(float);
    float *from = trial_input(t, n, 1.0), *to = trial_output(t, n, 0.0);
    TRIAL_CALL(t, speed_loops_get(t->isa)->copy[0](to, from, n));
    trial_work(t, (double)n, 0.0, 8.0 * (double)n);
}

static const kernel_case cases[] = {
    {"fma", run_fma, BOUND_FLOPS, {"rounds"}, {{ROUNDS}}},
    {"copy", run_copy, BOUND_BYTES, {"KiB"}, {{24}, {384}}},
};

static const kernel_subject kernels_of_peaks = {"peaks", cases, sizeof cases / sizeof *cases};

/* ---- the list ----------------------------------------------------------------------------------
 */

static void name_case(timed_case *c)
{
    int used =
        snprintf(c->name, sizeof c->name, "%s/isa:%s", c->kernel->name, margin_isa_name(c->isa));
    for (size_t i = 0; i < KERNEL_SIZES && c->kernel->letter[i] != NULL; i++)
        used += snprintf(c->name + used, sizeof c->name - (size_t)used, "/%s:%zu",
                         c->kernel->letter[i], c->size[i]);
}

/* Adds one kernel at one of its sizes on one instruction set if the filter lets it pass. */
static void add_case(case_list *list, const settings *s, timed_case c)
{
    name_case(&c);
    if (c.subject != &kernels_of_peaks && strstr(c.name, s->filter) == NULL) return;
    c.ns = zeroed(list->rounds, sizeof *c.ns);
    list->at = grown(list->at, (list->count + 1) * sizeof c);
    list->at[list->count++] = c;
}

static void add_kernel(case_list *list, const settings *s, kernel_dispatch dispatch,
                       const kernel_subject *subject, const kernel_case *kernel)
{
    for (size_t i = 0; i < KERNEL_TIMED && kernel->timed[i][0] > 0; i++) {
        for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
            const timed_case c = {.subject = subject,
                                  .kernel = kernel,
                                  .size = kernel->timed[i],
                                  .isa = (margin_isa)isa,
                                  .table = dispatch((margin_isa)isa)};
            if (c.table == NULL || (s->isa != MARGIN_ISA_AUTO && s->isa != c.isa)) continue;
            if (subject == &kernels_of_peaks && speed_loops_get(c.isa) == NULL) continue;
            add_case(list, s, c);
        }
    }
}

static void add_subject(case_list *list, const settings *s, kernel_dispatch dispatch,
                        const kernel_subject *subject)
{
    for (size_t i = 0; i < subject->count; i++)
        add_kernel(list, s, dispatch, subject, &subject->cases[i]);
}

void cases_make(case_list *list, const settings *s, kernel_dispatch dispatch)
{
    memset(list, 0, sizeof *list);
    list->rounds = s->quick ? 9 : 31;
    list->sample_seconds = s->quick ? 20e-6 : 100e-6;
    add_subject(list, s, dispatch, &kernels_of_peaks);
    list->peaks = list->count;
    for (size_t i = 0; kernel_subjects[i] != NULL; i++)
        add_subject(list, s, dispatch, kernel_subjects[i]);
}

void cases_free(case_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i].ns);
    free(list->at);
    memset(list, 0, sizeof *list);
}

const timed_case *cases_peak(const case_list *list, const timed_case *c)
{
    const timed_case *found = NULL;
    for (size_t i = 0; i < list->peaks; i++) {
        const timed_case *peak = &list->at[i];
        if (peak->kernel->bound != c->kernel->bound || peak->isa != c->isa) continue;
        found = peak;
        if (c->held <= PEAK_ROOM * peak->held) break; /* a copy in the same cache; sizes rise */
    }
    return found;
}

double cases_rate(const timed_case *c)
{
    if (c->rounds == 0) return 0.0;
    const double amount[] = {
        [BOUND_FLOPS] = c->flops, [BOUND_BYTES] = c->bytes, [BOUND_NONE] = 0.0};
    return amount[c->kernel->bound] / (c->subject == &kernels_of_peaks ? c->ns[0] : c->median);
}

/* ---- times -------------------------------------------------------------------------------------
 */

static trial trial_of(const timed_case *c, size_t seed)
{
    trial t = {.isa = c->isa, .noise = {seed}};
    memcpy(t.size, c->size, sizeof t.size);
    return t;
}

void times_check(timed_case *c, const margin_kernels *scalar)
{
    static const size_t offsets[] = {0, 1, 6, 11};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets && c->fault[0] == '\0'; i++) {
        trial t = trial_of(c, i + 1);
        t.offset = offsets[i];
        trial reference = t;
        reference.isa = MARGIN_ISA_SCALAR;
        trial_run(&t, c->kernel, c->table);
        trial_run(&reference, c->kernel, scalar);
        trial_compare(&t, &reference, 0, "scalar");
        memcpy(c->fault, t.fault, sizeof c->fault);
        trial_free(&t);
        trial_free(&reference);
    }
}

/* Returns the seconds of c->repeat calls, after one that brings everything into the caches. */
static double take(timed_case *c, size_t seed)
{
    trial t = trial_of(c, seed);
    t.repeat = c->repeat;
    trial_run(&t, c->kernel, c->table);
    c->elements = t.elements;
    c->flops = t.flops;
    c->bytes = t.bytes;
    c->held = t.held;
    trial_free(&t);
    return t.seconds;
}

void times_calibrate(timed_case *c, double seconds)
{
    enum { MOST = 1 << 24 };
    double taken = 0.0;
    for (c->repeat = 1; c->repeat < MOST; c->repeat *= 2) {
        taken = take(c, 1);
        if (taken >= seconds / 4.0) break;
    }
    const double wanted = taken > 0.0 ? (double)c->repeat * seconds / taken : 1.0;
    c->repeat = wanted < 1.0 ? 1 : wanted > MOST ? MOST : (size_t)wanted;
}

void times_sample(timed_case *c, size_t round)
{
    c->ns[c->rounds++] = 1e9 * take(c, round) / (double)c->repeat;
}

void times_summarise(timed_case *c)
{
    sort_doubles(c->ns, c->rounds);
    if (c->rounds == 0) return;
    c->median = quantile(c->ns, c->rounds, 0.5);
    c->low = quantile(c->ns, c->rounds, 0.25);
    c->high = quantile(c->ns, c->rounds, 0.75);
}
