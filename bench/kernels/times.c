/* times.c: see times.h. */
#include "times.h"

#include <string.h>

#include "quantile.h"

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
