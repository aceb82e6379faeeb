/* cost.c: what runs take at least, before hours of work or the last of the memory (see plans.h).
 * Must not know what a run is for. */
#include "plans.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "options.h"

/* What tells a long run from one whose end is waited for, at so many operations a second. */
static const double long_seconds = 4 * 3600.0, a_second = 1e11;

/* Samples of a part of the data. */
static double samples_of(const run_plan *plan, size_t each, size_t most)
{
    const double count = (double)each * (double)run_plan_classes(plan);
    return plan->data->images != NULL ? fmin(count, (double)most) : count;
}

static double train_samples(const run_plan *plan)
{
    const image_set *const set = plan->data->images;
    return samples_of(plan, plan->train, set != NULL ? set->train.count : 0);
}

static double test_samples(const run_plan *plan)
{
    const image_set *const set = plan->data->images;
    return samples_of(plan, plan->test, set != NULL ? set->test.count : 0);
}

static double inputs_of(const run_plan *plan)
{
    const image_set *const set = plan->data->images;
    return (double)(set != NULL ? set->pixels : plan->sphere.input_dim);
}

/* Of the dense layers. */
static double parameters_of(const run_plan *plan)
{
    const double first = (double)plan->how.hidden[0], second = (double)plan->how.hidden[1];
    return inputs_of(plan) * first + first * second + second * (double)plan->dim;
}

/* Of a run's arrays alone that grow with what may be asked for: parameters with their gradients,
 * velocities and layer's scratch, the head's, inputs, and what each layer gives for a batch. */
static double bytes_of(const run_plan *plan)
{
    const double hidden = (double)plan->how.hidden[0] + (double)plan->how.hidden[1];
    const double head = (double)run_plan_classes(plan) * (double)plan->dim;
    const double inputs = (train_samples(plan) + test_samples(plan)) * inputs_of(plan);
    const double batch = (double)plan->how.batch * (inputs_of(plan) + 3.0 * hidden);
    return sizeof(float) * (4.0 * parameters_of(plan) + 4.0 * head + inputs + batch);
}

/* A multiplication and an addition for each parameter and sample, once forward and twice back; of
 * the head for the classes that a step looks at. */
static double operations_of(const run_plan *plan)
{
    const double share = plan->aim.sample_rate > 0.0 ? plan->aim.sample_rate : 1.0;
    const double head = share * (double)run_plan_classes(plan) * (double)plan->dim;
    return 6.0 * (double)plan->how.epochs * train_samples(plan) * (parameters_of(plan) + head);
}

void plans_check_cost(const plan_list *list, int speaks)
{
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double operations = 0.0;
    for (size_t i = 0; i < list->count; i++) {
        const double bytes = bytes_of(&list->plans[i]);
        operations += operations_of(&list->plans[i]);
        if (memory > 0.0 && bytes > memory)
            die(SEPARATION_PROGRAM,
                "a training takes %.0f GiB at least, and this machine has %.0f: smaller "
                "--identities, --samples, --hidden or --batch",
                bytes / 0x1p30, memory / 0x1p30);
    }
    if (speaks && operations > long_seconds * a_second)
        fprintf(stderr, "%s: %.1g operations of training: %.0f hours at %g in a second\n",
                SEPARATION_PROGRAM, operations, operations / a_second / 3600.0, a_second);
}
