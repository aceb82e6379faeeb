/* output.c: see output.h. */
#include "output.h"

#include "json_out.h"
#include "provenance.h"

static double spread_of(const timed_case *c)
{
    return (c->high - c->low) / c->median;
}

/* A case's rate over its peak's; 0 if it has none. */
static double share_of(const case_list *list, const timed_case *c)
{
    const timed_case *peak = cases_peak(list, c);
    const double most = peak != NULL && peak != c ? cases_rate(peak) : 0.0;
    return most > 0.0 ? cases_rate(c) / most : 0.0;
}

/* ---- the table ---- */

static void print_rate(const case_list *list, const timed_case *c, FILE *stream)
{
    const double rate = cases_rate(c), share = share_of(list, c);
    if (rate > 0.0)
        fprintf(stream, "%10.1f %-8s", rate, c->kernel->bound == BOUND_FLOPS ? "GFLOP/s" : "GB/s");
    if (share > 0.0) fprintf(stream, "%5.0f %%", 100.0 * share);
}

static void print_case(const case_list *list, const timed_case *c, FILE *stream)
{
    if (c->fault[0] != '\0') {
        fprintf(stream, "%-66s differs from the scalar kernel\n", c->name);
        return;
    }
    fprintf(stream, "%-66s %7.1f %11.1f %9.4f %6.1f %%", c->name, (double)c->held / 1024.0,
            c->median, c->median / c->elements, 100.0 * spread_of(c));
    print_rate(list, c, stream);
    fputc('\n', stream);
}

void output_print(const case_list *list, FILE *stream)
{
    fprintf(stream, "%-66s %7s %11s %9s %8s %10s %-8s%7s\n", "", "KiB", "ns", "/element", "spread",
            "rate", "", "of peak");
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->at[i].subject != list->at[i - 1].subject)
            fprintf(stream, "%s\n", list->at[i].subject->name);
        print_case(list, &list->at[i], stream);
    }
}

/* ---- the file ---- */

static json_t *spread_json(const timed_case *c)
{
    json_t *ns = json_object();
    json_object_set_new(ns, "median", json_number(c->median));
    json_object_set_new(ns, "low", json_number(c->low));
    json_object_set_new(ns, "high", json_number(c->high));
    return ns;
}

static void set_number(json_t *row, const char *key, double value)
{
    if (value > 0.0) json_object_set_new(row, key, json_number(value));
}

static void set_times(json_t *row, const case_list *list, const timed_case *c)
{
    const double rate = cases_rate(c);
    json_object_set_new(row, "calls", json_integer((json_int_t)c->repeat));
    json_object_set_new(row, "elements", json_number(c->elements));
    json_object_set_new(row, "held_bytes", json_integer((json_int_t)c->held));
    json_object_set_new(row, "ns", spread_json(c));
    json_object_set_new(row, "ns_per_element", json_number(c->median / c->elements));
    json_object_set_new(row, "spread", json_number(spread_of(c)));
    set_number(row, c->kernel->bound == BOUND_FLOPS ? "gflops" : "gbytes", rate);
    set_number(row, "of_peak", share_of(list, c));
}

static json_t *row_json(const case_list *list, const timed_case *c)
{
    json_t *row = json_object();
    json_object_set_new(row, "name", json_string(c->name));
    json_object_set_new(row, "subject", json_string(c->subject->name));
    json_object_set_new(row, "kernel", json_string(c->kernel->name));
    json_object_set_new(row, "isa", json_string(margin_isa_name(c->isa)));
    for (size_t i = 0; i < KERNEL_SIZES && c->kernel->letter[i] != NULL; i++)
        json_object_set_new(row, c->kernel->letter[i], json_integer((json_int_t)c->size[i]));
    if (c->fault[0] != '\0') {
        json_object_set_new(row, "error", json_string(c->fault));
    } else {
        set_times(row, list, c);
    }
    return row;
}

static json_t *rows_json(const case_list *list, size_t from, size_t to)
{
    json_t *rows = json_array();
    for (size_t i = from; i < to; i++)
        json_array_append_new(rows, row_json(list, &list->at[i]));
    return rows;
}

int output_write(const case_list *list, const char *path, int argc, char **argv, char *error,
                 size_t error_size)
{
    json_t *file = json_object(), *context = provenance_json(argc, argv, 1);
    json_object_set_new(context, "threads", json_integer(1));
    json_object_set_new(context, "rounds", json_integer((json_int_t)list->rounds));
    json_object_set_new(context, "sample_seconds", json_number(list->sample_seconds));
    json_object_set_new(file, "schema", json_integer(1));
    json_object_set_new(file, "context", context);
    json_object_set_new(file, "peaks", rows_json(list, 0, list->peaks));
    json_object_set_new(file, "kernels", rows_json(list, list->peaks, list->count));
    const int status = json_write_file(file, path, error, error_size);
    json_decref(file);
    return status;
}
