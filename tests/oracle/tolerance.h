/* tolerance.h: the stated bounds, and a log of what lies outside them. It must not know which
 * quantities are compared. */
#ifndef MARGIN_TESTS_TOLERANCE_H
#define MARGIN_TESTS_TOLERANCE_H

#include <stddef.h>

#include "margin.h"

/* The largest error of a target's angle, radians. */
static const double angle_bound = 1e-6;

/* The relative error allowed to a loss, and the error of a gradient's entry relative to the
 * largest, at an effective scale s. */
double loss_bound(double s);
double gradient_bound(double s);

typedef struct fault_log {
    const char *what; /* the case */
    margin_isa isa;
    int threads;
    int faults;      /* of all instruction sets together */
    int faults_here; /* since log_where: only the first few are printed */
    double worst;    /* largest error as a share of what is allowed */
} fault_log;

void log_where(fault_log *log, margin_isa isa, int threads);
void log_fault(fault_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* |got - want| <= bound |want|, and |got - want| <= bound. Float32's range is allowed for: what
 * underflows it may be 0, what overflows it is to be +-FLT_MAX. */
void check_relative(fault_log *log, const char *name, size_t index, double got, double want,
                    double bound);
void check_absolute(fault_log *log, const char *name, size_t index, double got, double want,
                    double bound);

#endif
