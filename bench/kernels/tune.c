/* tune.c: see tune.h. What a call costs one core is measured first, since with it the library
 * reckons how many threads a call pays for; then the fields that can be chosen, each over some
 * values.
 *
 * Must not know how a schedule is used, but in the shapes where a field matters. */
#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "json_out.h"
#include "progress.h"
#include "provenance.h"
#include "option_table.h"
#include "statistics.h"

enum { VALUES = 6, SHAPES = 5, ROUNDS = 21, ROUNDS_QUICK = 3 };

#define SAMPLE_NS 1e6  /* of a sample, at least */
#define NAP       3e-3 /* after so many seconds a thread without work sleeps */
#define GAIN      0.02 /* by which another value must be faster, at least, to be taken */

typedef struct field {
    const char *name;
    size_t offset; /* in margin_schedule */
    int whole;     /* a size_t; else a double */
} field;

#define FIELD(name, whole) .field = {#name, offsetof(margin_schedule, name), whole}
#define WHOLE(name)        FIELD(name, 1)
#define REAL(name)         FIELD(name, 0)

/* A cost is what the difference of two calls says that only it explains, once those above it are
 * known. */
static const struct cost {
    field field;
    probe_shape more, less;
} costs[] = {
    {REAL(multiply_ns), {128, 512, 2016}, {128, 256, 2016}},
    {REAL(class_dim_ns), {1, 512, 1008}, {1, 256, 1008}},
    {REAL(row_dim_ns), {512, 512, 8}, {512, 256, 8}},
    {REAL(term_ns), {512, 16, 2016}, {512, 16, 1008}},
    {REAL(row_ns), {512, 16, 8}, {256, 16, 8}},
    {REAL(level_logit_ns), {128, 0, 8192}, {128, 0, 4096}},
    {REAL(level_row_ns), {512, 0, 8}, {256, 0, 8}},
};

static const struct knob {
    field field;
    double values[VALUES];
    int alone;  /* on one thread: another would only add noise */
    double nap; /* before each call */
    probe_shape shapes[SHAPES];
} knobs[] = {
    {REAL(wake_ns),
     {25e3, 50e3, 100e3, 200e3, 400e3},
     0,
     NAP,
     {{128, 512, 8}, {32, 64, 1000}, {128, 2, 1000}, {1, 512, 1000}, {128, 0, 2000}}},
    {WHOLE(packed_bytes),
     {1 << 20, 2 << 20, 4 << 20, 8 << 20, 32 << 20},
     1,
     0.0,
     {{256, 128, 3000}, {256, 64, 10000}, {256, 128, 10000}, {128, 512, 10000}}},
    {WHOLE(piece_classes), {42, 84, 126, 252}, 0, 0.0, {{128, 512, 1000}, {128, 128, 10000}}},
    {WHOLE(planes_strips), {1, 2, 4, 8, 16}, 0, 0.0, {{512, 2, 10000}, {2048, 8, 1000}}},
    {WHOLE(streamed_bytes),
     {2 << 20, 8 << 20, 32 << 20, 128 << 20},
     1,
     0.0,
     {{128, 0, 10000}, {256, 0, 10000}, {1024, 0, 10000}}},
    {WHOLE(group_logits),
     {1 << 13, 1 << 14, 1 << 15, 1 << 16, 1 << 17},
     1,
     0.0,
     {{512, 0, 1000}, {512, 0, 4000}, {128, 0, 20000}}},
};

enum { COSTS = sizeof costs / sizeof *costs, KNOBS = sizeof knobs / sizeof *knobs };

/* Of one instruction set. */
typedef struct tuning {
    margin_isa isa;
    size_t rounds;
    margin_schedule schedule; /* as found so far */
    json_t *ratios;           /* {field: [{value, ratio}]} */
} tuning;

/* ---- fields ---- */

static double get(const margin_schedule *s, const field *f)
{
    const void *at = (const char *)s + f->offset;
    return f->whole ? (double)*(const size_t *)at : *(const double *)at;
}

static void set(margin_schedule *s, const field *f, double value)
{
    void *at = (char *)s + f->offset;
    if (f->whole) {
        *(size_t *)at = (size_t)value;
    } else {
        *(double *)at = value;
    }
}

static const field *field_at(size_t i)
{
    return i < COSTS ? &costs[i].field : &knobs[i - COSTS].field;
}

/* ---- times ---- */

static double checked(double ns)
{
    if (ns < 0.0) die(PROGRAM, "a call of the library failed");
    return ns;
}

/* Returns how many calls a sample of this probe has. */
static size_t calls_of(probe *p, const margin_schedule *schedule)
{
    checked(probe_time(p, schedule, 1, 0.0));
    const double ns = checked(probe_time(p, schedule, 1, 0.0));
    return ns < SAMPLE_NS ? (size_t)(SAMPLE_NS / ns) + 1 : 1;
}

/* Solves for one cost, from the fastest of the samples: what others do on the machine only adds. */
static void measure_cost(tuning *t, const struct cost *c)
{
    const probe_shape *const shapes[] = {&c->more, &c->less};
    double least[2] = {INFINITY, INFINITY}, without[2], with[2];
    margin_schedule none = t->schedule, one = t->schedule;
    probe p[2];
    set(&none, &c->field, 0.0);
    set(&one, &c->field, 1.0);
    for (size_t i = 0; i < 2; i++) {
        probe_open(&p[i], shapes[i], t->isa, 1);
        without[i] = probe_reckon(&none, shapes[i]);
        with[i] = probe_reckon(&one, shapes[i]);
    }
    const size_t calls = calls_of(&p[0], &t->schedule);
    for (size_t round = 0; round < t->rounds; round++) {
        for (size_t i = 0; i < 2; i++)
            least[i] = fmin(least[i], checked(probe_time(&p[i], &t->schedule, calls, 0.0)));
    }
    const double unexplained = (least[0] - least[1]) - (without[0] - without[1]);
    const double amount = (with[0] - without[0]) - (with[1] - without[1]);
    /* Not above 0: lost in the noise, and left as it is. */
    if (unexplained > 0.0) set(&t->schedule, &c->field, unexplained / amount);
    probe_close(&p[0]);
    probe_close(&p[1]);
}

/* Adds the logarithm of each value's time over the first's to `sums`: the median of the rounds'
 * ratios and its interval. The results must be the same bit for bit. */
static void add_ratios(const tuning *t, const struct knob *c, const probe_shape *shape,
                       const double *values, size_t count, speed_interval *sums)
{
    double times[VALUES + 1][ROUNDS];
    uint64_t bits = 0;
    margin_schedule s = t->schedule;
    probe p;
    probe_open(&p, shape, t->isa, c->alone ? 1 : 0);
    const size_t calls = c->nap > 0.0 ? 1 : calls_of(&p, &s);
    for (size_t round = 0; round < t->rounds; round++) {
        for (size_t v = 0; v < count; v++) {
            set(&s, &c->field, values[v]);
            times[v][round] = checked(probe_time(&p, &s, calls, c->nap));
            if (round > 0) continue;
            if (v == 0) bits = probe_bits(&p);
            if (probe_bits(&p) != bits)
                die(PROGRAM, "%s changes the results: it is no schedule", c->field.name);
        }
    }
    for (size_t v = count; v-- > 0;) {
        for (size_t round = 0; round < t->rounds; round++)
            times[v][round] /= times[0][round];
        const speed_interval ratio = speed_median_interval(times[v], t->rounds);
        sums[v].middle += log(ratio.middle);
        sums[v].low += log(ratio.low);
        sums[v].high += log(ratio.high);
    }
    probe_close(&p);
}

/* Tries the present value and all others, over all shapes; takes another one only where that is
 * faster beyond noise. */
static void choose(tuning *t, const struct knob *c)
{
    double values[VALUES + 1] = {get(&t->schedule, &c->field)};
    speed_interval sums[VALUES + 1] = {{0.0, 0.0, 0.0}};
    size_t count = 1, best = 0;
    double shapes = 0.0;
    for (size_t i = 0; i < VALUES && c->values[i] > 0.0; i++) {
        if (c->values[i] != values[0]) values[count++] = c->values[i];
    }
    for (size_t i = 0; i < SHAPES && c->shapes[i].rows > 0; i++, shapes += 1.0)
        add_ratios(t, c, &c->shapes[i], values, count, sums);
    json_t *list = json_array();
    for (size_t v = 0; v < count; v++) {
        const speed_interval ratio = {exp(sums[v].middle / shapes), exp(sums[v].low / shapes),
                                      exp(sums[v].high / shapes)};
        const int faster = ratio.middle < 1.0 - GAIN && ratio.high < 1.0;
        json_array_append_new(list, json_row("value ratio low high", "gggg", values[v],
                                             ratio.middle, ratio.low, ratio.high));
        if (faster && sums[v].middle < sums[best].middle) best = v;
    }
    json_object_set_new(t->ratios, c->field.name, list);
    set(&t->schedule, &c->field, values[best]);
}

/* ---- output ---- */

static double number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

static void print_ratios(const tuning *t)
{
    const char *name;
    json_t *list, *row;
    size_t i;
    json_object_foreach(t->ratios, name, list)
    {
        printf("  %s, now %.9g:\n   ", name, number(json_array_get(list, 0), "value"));
        json_array_foreach(list, i, row)
        {
            if (i > 0)
                printf(" %.9g: %.3f [%.3f, %.3f]", number(row, "value"), number(row, "ratio"),
                       number(row, "low"), number(row, "high"));
        }
        putchar('\n');
    }
}

static void print_row(const tuning *t)
{
    char upper[32] = "";
    for (size_t i = 0; margin_isa_name(t->isa)[i] != '\0' && i + 1 < sizeof upper; i++) {
        const char c = margin_isa_name(t->isa)[i];
        upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    printf("    [MARGIN_ISA_%s] = {", upper);
    for (size_t i = 0; i < COSTS + KNOBS; i++) {
        const field *f = field_at(i);
        printf("%s.%s = %.*g,", i % 3 == 0 ? "\n        " : " ", f->name, f->whole ? 17 : 3,
               get(&t->schedule, f));
    }
    printf("\n    },\n");
}

/* ---- all of it ---- */

static void tune_isa(tuning *t, const char *filter, progress *line)
{
    for (size_t i = 0; i < COSTS + KNOBS; i++) {
        progress_step(line, i, field_at(i)->name);
        if (strstr(field_at(i)->name, filter) == NULL) continue;
        if (i < COSTS) {
            measure_cost(t, &costs[i]);
        } else {
            choose(t, &knobs[i - COSTS]);
        }
    }
}

/* Returns how many fields the filter takes; prints their names where they are asked for. */
static size_t count_fields(const settings *s)
{
    size_t count = 0;
    for (size_t i = 0; i < COSTS + KNOBS; i++) {
        const int taken = strstr(field_at(i)->name, s->filter) != NULL;
        count += (size_t)taken;
        if (taken && s->list) puts(field_at(i)->name);
    }
    return count;
}

/* Returns the row of the file. */
static json_t *tune_and_print(const settings *s, margin_isa isa)
{
    tuning t = {isa, s->quick ? ROUNDS_QUICK : ROUNDS, margin_schedule_of(isa), json_object()};
    progress line;
    progress_start(&line, margin_isa_name(isa), COSTS + KNOBS);
    tune_isa(&t, s->filter, &line);
    progress_end(&line);
    printf("%s: time over the present value's\n", margin_isa_name(isa));
    print_ratios(&t);
    print_row(&t);
    json_t *schedule = json_object();
    for (size_t i = 0; i < COSTS + KNOBS; i++)
        json_put(schedule, field_at(i)->name, "g", get(&t.schedule, field_at(i)));
    return json_row("isa schedule ratios", "soo", margin_isa_name(isa), schedule, t.ratios);
}

int tune_run(const settings *s, int argc, char **argv)
{
    if (count_fields(s) == 0)
        die_usage(PROGRAM, "no field matches; --tune --list shows those there are");
    char error[512];
    json_t *rows = json_array();
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT && !s->list; isa++) {
        const int wanted =
            s->isa == MARGIN_ISA_AUTO ? isa != MARGIN_ISA_SCALAR : (int)s->isa == isa;
        if (wanted && margin_isa_usable((margin_isa)isa))
            json_array_append_new(rows, tune_and_print(s, (margin_isa)isa));
    }
    finish_stdout(PROGRAM);
    json_t *file =
        json_row("schema context tuning", "doo", 1, provenance_json(argc, argv, 1), rows);
    if (s->out != NULL && !s->list && json_write_file(file, s->out, error, sizeof error) != 0)
        die(PROGRAM, "%s", error);
    json_decref(file);
    return EXIT_SUCCESS;
}
