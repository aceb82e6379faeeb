/* output.c: see output.h. */
#include "output.h"

#include <stdio.h>
#include <stdlib.h>

#include "json_out.h"
#include "memory.h"
#include "options.h"
#include "provenance.h"
#include "quantile.h"

/* Median, least and greatest of a step's seconds. */
typedef struct range {
    double median, low, high;
} range;

static range range_of(const findings *f, int only_update)
{
    const size_t n = f->s->steps;
    double *seconds = zeroed(n, sizeof *seconds);
    for (size_t i = 0; i < n; i++)
        seconds[i] = f->seconds[i].update + (only_update ? 0.0 : f->seconds[i].head);
    sort_doubles(seconds, n);
    const range r = {quantile(seconds, n, 0.5), seconds[0], seconds[n - 1]};
    free(seconds);
    return r;
}

/* Returns the bytes of dW, as float32. */
static double gradient_bytes(const findings *f)
{
    return (double)f->s->classes * (double)f->s->dim * sizeof(float);
}

/* Returns what one step used, where the system says it. */
static double a_step(const findings *f, double all)
{
    return all < 0 ? -1 : all / (double)f->s->steps;
}

static double gib(double bytes)
{
    return bytes / 0x1p30;
}

static void print_usage(const findings *f)
{
    printf("peak memory  %.2f GiB, of it %.2f GiB that are no file's; workspace %.2f GiB\n",
           gib(f->peak_bytes), gib(f->anonymous_bytes), gib((double)f->workspace_bytes));
    printf("dW           %.2f GiB, %s\n", gib(gradient_bytes(f)),
           f->s->stored ? "stored" : "never stored");
    printf("page faults  %.0f a step, %.0f of them with a disk; read %.2f GiB, written %.2f GiB\n",
           a_step(f, f->used.minor_faults + f->used.major_faults), a_step(f, f->used.major_faults),
           gib(a_step(f, f->used.read_bytes)), gib(a_step(f, f->used.written_bytes)));
}

void output_print(const findings *f)
{
    const settings *s = f->s;
    const range whole = range_of(f, 0);
    printf("W            %zu x %zu %s in %s: %.2f GiB\n", s->classes, s->dim,
           margin_type_name(s->type), s->map != NULL ? "a mapped file" : "memory",
           gib((double)f->weights_bytes));
    printf("judged       loss within %.1e, dX within %.1e, class weights within %.2f of what "
           "rounding may do\n",
           f->judged.loss, f->judged.dx, f->judged.weights);
    printf("step         %.3f minutes: %.2f s (%.2f to %.2f in %zu steps), N = %zu, threads: %d\n",
           whole.median / 60, whole.median, whole.low, whole.high, s->steps, s->rows, f->threads);
    print_usage(f);
    printf("loss         %.6f, in the last step %.6f\n", f->objective[0], f->objective[s->steps]);
}

static void set_range(json_t *object, const char *key, range r)
{
    json_object_set_new(
        object, key,
        json_pack("{s:f, s:f, s:f}", "median", r.median, "low", r.low, "high", r.high));
}

static json_t *shape_json(const findings *f)
{
    const settings *s = f->s;
    return json_pack("{s:I, s:I, s:I, s:s, s:i, s:s, s:s, s:b, s:I, s:f}", "rows",
                     (json_int_t)s->rows, "dim", (json_int_t)s->dim, "classes",
                     (json_int_t)s->classes, "loss", margin_loss_get(s->loss)->name, "threads",
                     f->threads, "type", margin_type_name(s->type), "weights",
                     s->map != NULL ? "file" : "memory", "stored", s->stored, "steps",
                     (json_int_t)s->steps, "learning_rate", s->learning_rate);
}

static json_t *judged_json(const judgement *j)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:f}", "rows", (json_int_t)j->rows, "classes",
                     (json_int_t)j->classes, "loss", j->loss, "dx", j->dx, "weights", j->weights);
}

/* A number of a step, null where the system does not say. */
static void set_used(json_t *object, const char *key, const findings *f, double all)
{
    json_object_set_new(object, key, all < 0 ? json_null() : json_number(a_step(f, all)));
}

static void set_memory(json_t *object, const findings *f)
{
    json_object_set_new(object, "weights_bytes", json_number((double)f->weights_bytes));
    json_object_set_new(object, "gradient_bytes_avoided",
                        json_number(f->s->stored ? 0.0 : gradient_bytes(f)));
    json_object_set_new(object, "workspace_bytes", json_number((double)f->workspace_bytes));
    json_object_set_new(object, "peak_bytes", json_number(f->peak_bytes));
    json_object_set_new(object, "anonymous_bytes", json_number(f->anonymous_bytes));
    set_used(object, "read_bytes", f, f->used.read_bytes);
    set_used(object, "written_bytes", f, f->used.written_bytes);
    set_used(object, "minor_faults", f, f->used.minor_faults);
    set_used(object, "major_faults", f, f->used.major_faults);
    set_used(object, "cpu_seconds", f, f->used.cpu_seconds);
}

void output_write(const findings *f, int argc, char **argv)
{
    char error[512];
    json_t *file = json_object(), *of_step = shape_json(f), *objective = json_array();
    set_range(of_step, "seconds", range_of(f, 0));
    set_range(of_step, "update_seconds", range_of(f, 1));
    json_object_set_new(of_step, "minutes", json_number(range_of(f, 0).median / 60));
    set_memory(of_step, f);
    json_object_set_new(of_step, "judged", judged_json(&f->judged));
    for (size_t i = 0; i <= f->s->steps; i++)
        json_array_append_new(objective, json_number(f->objective[i]));
    json_object_set_new(of_step, "objective", objective);
    json_object_set_new(file, "schema", json_integer(1));
    json_object_set_new(file, "context", provenance_json(argc, argv, f->s->seed));
    json_object_set_new(file, "step", of_step);
    if (json_write_file(file, f->s->out, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    json_decref(file);
}
