/* schedule.c: learning rate, margin warm-up and lambda over the steps (see schedule.h). Must not
 * know networks or losses. */
#include "schedule.h"

#include <math.h>

double schedule_rate(const schedule *plan, size_t step)
{
    const double progress = (double)step / (double)plan->steps;
    if (plan->shape == RATE_COSINE) return plan->rate * 0.5 * (1.0 + cos(M_PI * progress));
    return plan->rate * (progress < 0.5 ? 1.0 : progress < 0.75 ? 0.1 : 0.01);
}

double schedule_margin(const schedule *plan, size_t step)
{
    return step < plan->warmup_steps ? (double)step / (double)plan->warmup_steps : 1.0;
}

double schedule_lambda(const schedule *plan, size_t step)
{
    if (step + 1 >= plan->anneal_steps) return plan->lambda_least;
    /* A least lambda of 0 is never met; a thousandth of the cosine is as good as none of it. */
    const double meeting = plan->lambda_least > 1e-3 ? plan->lambda_least : 1e-3;
    const double growth = pow(plan->lambda_base / meeting, 1.0 / plan->lambda_power) - 1.0;
    const double gamma = growth / (double)plan->anneal_steps;
    return plan->lambda_base * pow(1.0 + gamma * (double)(step + 1), -plan->lambda_power);
}
