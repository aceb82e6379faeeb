/* budget.c: see budget.h. Must not know how a case runs. */
#include "budget.h"

#include <math.h>

size_t speed_iterations(const speed_case *c, double min_seconds)
{
    return (size_t)fmin(fmax(ceil(min_seconds / fmax(c->seconds, 1e-8)), 1.0), 1e9);
}

static double seconds_needed(const speed_plan *plan, int repetitions, double min_seconds)
{
    const double per_repetition = 1e-4; /* Google Benchmark's own work, and what is read of /proc */
    double sum = 0;
    for (const speed_case *c = plan->cases; c < plan->cases + plan->count; c++) {
        const double runs = (c->seconds < 0.1) + (double)speed_iterations(c, min_seconds);
        sum += c->fault[0] ? 0 : per_repetition + runs * c->seconds;
    }
    return (1 + SPEED_AGAIN) * repetitions * sum;
}

double speed_min_seconds(const speed_options *options, const speed_plan *plan, double seconds_left)
{
    static const double choices[] = {0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005};
    if (options->request.level == SPEED_SMOKE) return 0;
    if (options->min_seconds > 0 || options->budget_seconds <= 0)
        return options->min_seconds > 0 ? options->min_seconds : 0.5;
    for (const double *choice = choices; choice < choices + sizeof choices / sizeof *choices;
         choice++)
        if (seconds_needed(plan, options->repetitions, *choice) <= seconds_left) return *choice;
    return 0.002;
}
