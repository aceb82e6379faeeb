/* tolerance.c: see tolerance.h. */
#include "tolerance.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { PRINTED_FAULTS = 3 };

double loss_bound(double s)
{
    return 2e-6 + 2e-7 * s;
}

double gradient_bound(double s)
{
    return 1e-5 + 4e-7 * s;
}

void log_where(fault_log *log, margin_isa isa, int threads)
{
    log->isa = isa;
    log->threads = threads;
    log->faults_here = 0;
}

void log_fault(fault_log *log, const char *format, ...)
{
    va_list arguments;

    log->faults++;
    if (log->faults_here++ >= PRINTED_FAULTS) {
        return;
    }
    fprintf(stderr, "%s; %s, %d threads: ", log->what, margin_isa_name(log->isa), log->threads);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void check_absolute(fault_log *log, const char *name, size_t index, double got, double want,
                    double bound)
{
    const double limit = (double)FLT_MAX;
    const double clipped = fmax(-limit, fmin(limit, want));
    const double error = fabs(got - clipped);
    const double allowed = bound + (double)FLT_MIN;

    log->worst = fmax(log->worst, error / allowed);
    if (!(error <= allowed)) {
        log_fault(log, "%s[%zu] %.9g, want %.9g: error %.3g > %.3g", name, index, got, want, error,
                  allowed);
    }
}

void check_relative(fault_log *log, const char *name, size_t index, double got, double want,
                    double bound)
{
    check_absolute(log, name, index, got, want, bound * fabs(want));
}
