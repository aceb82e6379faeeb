/* trial.c: the arrays of a trial, its clock, and its comparison with another's output. */
#include "trial.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const kernel_subject *const kernel_subjects[] = {&kernels_of_packing, &kernels_of_products,
                                                 &kernels_of_terms,   &kernels_of_pairs,
                                                 &kernels_of_planes,  NULL};

float *trial_input(trial *t, size_t count, double spread)
{
    guard *g = &t->input[t->inputs++];
    *g = guard_make(count, t->repeat > 0 ? 0 : (t->offset * 7 + t->inputs) % 16);
    noise_fill(&t->noise, g->at, count, spread);
    return g->at;
}

float *trial_output(trial *t, size_t count, double spread)
{
    t->out = guard_make(count, t->repeat > 0 ? 0 : t->offset);
    noise_fill(&t->noise, t->out.at, count, spread);
    return t->out.at;
}

float *trial_factors(trial *t, size_t count, double spread)
{
    float *factor = trial_input(t, count, spread);
    for (size_t i = 0; i < count && t->repeat > 0; i++)
        factor[i] = copysignf(1.0f, factor[i]);
    return factor;
}

void trial_work(trial *t, double elements, double flops, double bytes)
{
    t->elements = elements;
    t->flops = flops;
    t->bytes = bytes;
}

void trial_expect(trial *t, int condition, const char *format, ...)
{
    if (condition || t->fault[0] != '\0') return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->fault, sizeof t->fault, format, arguments);
    va_end(arguments);
}

void trial_double(float *at, double x)
{
    for (int i = 0; i < FLOATS_OF_DOUBLE; i++) {
        at[i] = (float)x;
        x -= (double)at[i];
    }
}

double trial_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void trial_run(trial *t, const kernel_case *kernel, const margin_kernels *k)
{
    kernel->run(k, t);
    trial_expect(t, guard_intact(&t->out), ": wrote outside its output");
    t->held = t->out.bytes;
    for (size_t i = 0; i < t->inputs; i++) {
        t->held += t->input[i].bytes;
        trial_expect(t, guard_free(&t->input[i]), ": wrote outside an input");
    }
}

static int near(float a, float b, double tolerance)
{
    return a == b || fabs((double)a - (double)b) <= tolerance;
}

static int same_bits(float a, float b)
{
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

void trial_compare(trial *t, const trial *other, int bits, const char *whose)
{
    for (size_t i = 0; i < t->out.count; i++) {
        const float a = t->out.at[i], b = other->out.at[i];
        if (bits ? same_bits(a, b) : near(a, b, t->tolerance)) continue;
        trial_expect(t, 0, bits ? "[%zu]: %a, %s %a" : "[%zu]: %.9g, %s %.9g", i, (double)a, whose,
                     (double)b);
    }
}

void trial_free(trial *t)
{
    guard_free(&t->out);
}

const kernel_case *kernel_find(const kernel_subject *subject, const char *name)
{
    for (size_t i = 0; i < subject->count; i++) {
        if (strcmp(subject->cases[i].name, name) == 0) return &subject->cases[i];
    }
    return NULL;
}
