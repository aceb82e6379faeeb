/* trial.h: one call of a kernel of the judged instruction set (MARGIN_SIMD_NAME), compared with the
 * scalar kernel to rounding and with the emulated vocabulary bit for bit. */
#ifndef MARGIN_TESTS_TRIAL_H
#define MARGIN_TESTS_TRIAL_H

#include <math.h>

#include "check.h"
#include "dispatch.h"
#include "guard.h"
#include "judged.h"
#include "kernels/kernels.h"
#include "noise.h"

extern const margin_kernels margin_kernels_emulated;

enum { INPUTS_AT_MOST = 4, PADDING = 48 };

/* One call of a kernel: its sizes, misalignment and inputs. */
typedef struct trial {
    size_t a, b, c;
    size_t offset;
    noise noise;
    guard input[INPUTS_AT_MOST];
    size_t inputs;
} trial;

/* Calls the kernel, whose output goes to a new guarded array; returns by how much the scalar kernel
 * may differ. */
typedef double (*runner)(const margin_kernels *k, trial *t, guard *out);

static float *fresh(trial *t, size_t count, double spread)
{
    guard *g = &t->input[t->inputs++];
    *g = guard_make(count, (t->offset * 7 + t->inputs) % 16);
    noise_fill(&t->noise, g->at, count, spread);
    return g->at;
}

static float *start(trial *t, guard *out, size_t count, double spread)
{
    *out = guard_make(count, t->offset);
    noise_fill(&t->noise, out->at, count, spread);
    return out->at;
}

static size_t panels_of(size_t n)
{
    return (n + 15) / 16;
}

/* Rounding of a sum of `terms` products of nearly normal numbers, with room. */
static double sum_tolerance(size_t terms)
{
    return 2e-6 * (4.0 + (double)terms);
}

static double run(const margin_kernels *k, runner call, trial t, guard *out, const char *what)
{
    const double tolerance = call(k, &t, out);
    CHECK(guard_intact(out), "%s: wrote outside its output (%zu, %zu, %zu)", what, t.a, t.b, t.c);
    for (size_t i = 0; i < t.inputs; i++) {
        CHECK(guard_free(&t.input[i]), "%s: wrote outside an input (%zu, %zu, %zu)", what, t.a, t.b,
              t.c);
    }
    return tolerance;
}

static int near(float a, float b, double tolerance)
{
    return a == b || fabs((double)a - (double)b) <= tolerance;
}

static void compare(const char *what, const trial *t, const guard *got, const guard *scalar,
                    const guard *emulated, double tolerance)
{
    for (size_t i = 0; i < got->count; i++) {
        const float x = got->at[i], s = scalar->at[i], e = emulated->at[i];
        CHECK(near(x, s, tolerance), "%s(%zu, %zu, %zu)[%zu]: %.9g, scalar %.9g", what, t->a, t->b,
              t->c, i, (double)x, (double)s);
        CHECK(same_float(x, e), "%s(%zu, %zu, %zu)[%zu]: %a, emulated %a", what, t->a, t->b, t->c,
              i, (double)x, (double)e);
    }
}

static const margin_kernels *judged_kernels(void)
{
    margin_isa isa;
    return margin_isa_find(JUDGED_TEXT, &isa) ? margin_dispatch(isa) : NULL;
}

static void judge(const char *what, runner call, size_t a, size_t b, size_t c)
{
    static size_t calls;
    calls++;
    const trial t = {.a = a, .b = b, .c = c, .offset = calls % 16, .noise = {calls}};
    guard got, scalar, emulated;
    const double tolerance = run(judged_kernels(), call, t, &got, what);
    run(margin_dispatch(MARGIN_ISA_SCALAR), call, t, &scalar, what);
    run(&margin_kernels_emulated, call, t, &emulated, what);
    compare(what, &t, &got, &scalar, &emulated, tolerance);
    guard_free(&got);
    guard_free(&scalar);
    guard_free(&emulated);
}

#endif
