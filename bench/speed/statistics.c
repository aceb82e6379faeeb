/* statistics.c: see statistics.h: medians by sorting, their intervals by the binomial distribution;
 * quiet numbers, theirs by the bootstrap. Must not know what the numbers are. */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "quantile.h"
#include "random.h"

/* ---- medians ------------------------------------------------------------------------------- */

double speed_median(double *values, size_t count)
{
    sort_doubles(values, count);
    return quantile(values, count, 0.5);
}

/* A value is below the true median with probability 1/2. The median lies outside the k-th from
 * either end when fewer than k + 1 values (k from 0) are on one side of it. */
static double coverage(size_t count, size_t k)
{
    double term = ldexp(1, -(int)count), sum = 0; /* binomial(count, i) / 2^count */
    for (size_t i = 0; i <= k; i++) {
        sum += term;
        term *= (double)(count - i) / (double)(i + 1);
    }
    return 1 - 2 * sum;
}

static size_t order_statistic(size_t count)
{
    size_t k = 0;
    while (2 * (k + 1) < count && coverage(count, k + 1) >= 0.95)
        k++;
    return k;
}

speed_interval speed_median_interval(double *values, size_t count)
{
    const double median = speed_median(values, count);
    const size_t k = order_statistic(count);
    return (speed_interval){median, values[k], values[count - 1 - k]};
}

double speed_interval_coverage(size_t count)
{
    return count < 2 ? 0 : coverage(count, order_statistic(count));
}

/* ---- the quiet number ---------------------------------------------------------------------- */

enum { DRAWS = 400 };

/* Of `values`, which are sorted. */
static double quiet_of_sorted(const double *values, size_t count)
{
    const size_t best = (count + 2) / 3;
    double sum = 0;
    for (size_t i = 0; i < best; i++)
        sum += values[i];
    return sum / (double)best;
}

/* A copy without what is missing, sorted; to be freed. */
static double *present(const double *values, size_t *count)
{
    double *const copy = zeroed(*count, sizeof *copy);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (isfinite(values[i])) copy[kept++] = values[i];
    sort_doubles(copy, kept);
    *count = kept;
    return copy;
}

double speed_quiet(const double *values, size_t count)
{
    double *const sorted = present(values, &count);
    const double quiet = count > 0 ? quiet_of_sorted(sorted, count) : NAN;
    free(sorted);
    return quiet;
}

/* Student's 0.975 quantile by Cornish and Fisher's expansion about the normal one; from three
 * degrees of freedom on it is right to 1 %. */
static double student_quantile(double freedom)
{
    const double z = 1.959963984540054, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

/* The rounds in which all is there, and where each process's begin among them. */
typedef struct rounds {
    const speed_series *of;
    size_t *at; /* [count], process by process */
    size_t count;
    size_t *first; /* [processes + 1] */
    size_t processes;
} rounds;

static int is_whole(const speed_series *s, size_t i)
{
    return isfinite(s->over[i]) && (s->under == NULL || isfinite(s->under[i]));
}

static rounds rounds_of(const speed_series *s)
{
    rounds r = {s, zeroed(s->count, sizeof *r.at), 0, zeroed(s->count + 2, sizeof *r.first), 0};
    for (size_t process = 0, last = 1; process < last; process++) {
        const size_t before = r.count;
        for (size_t i = 0; i < s->count; i++) {
            const size_t in = s->process == NULL || !is_whole(s, i) ? 0 : (size_t)s->process[i];
            last = in + 1 > last ? in + 1 : last;
            if (in == process && is_whole(s, i)) r.at[r.count++] = i;
        }
        r.first[r.processes] = before;
        r.processes += r.count > before;
        r.first[r.processes] = r.count;
    }
    return r;
}

/* The number of these rounds; `room` is for twice as many values. */
static double number_of(const speed_series *s, const size_t *at, size_t count, double *room)
{
    double *const under = room + count;
    for (size_t i = 0; i < count; i++) {
        room[i] = s->over[at[i]];
        if (s->under != NULL) under[i] = s->under[at[i]];
    }
    sort_doubles(room, count);
    if (s->under != NULL) sort_doubles(under, count);
    return quiet_of_sorted(room, count) / (s->under != NULL ? quiet_of_sorted(under, count) : 1);
}

/* As many rounds drawn with replacement: of one process, or of drawn processes. */
static size_t draw(const rounds *r, uint64_t *state, size_t *to)
{
    size_t count = 0;
    for (size_t p = 0; p < r->processes; p++) {
        const size_t process = random_below(state, r->processes);
        const size_t first = r->first[process], in = r->first[process + 1] - first;
        for (size_t i = 0; i < in && count < 2 * r->count; i++)
            to[count++] = r->at[first + random_below(state, in)];
    }
    return count;
}

static speed_interval bootstrap(const rounds *r, double quiet)
{
    size_t *const drawn = zeroed(2 * r->count, sizeof *drawn);
    double *const room = zeroed(4 * r->count, sizeof *room);
    uint64_t state = 1;
    double sum = 0, square = 0;
    for (size_t k = 0; k < DRAWS; k++) {
        const size_t count = draw(r, &state, drawn);
        const double apart = number_of(r->of, drawn, count, room) - quiet;
        sum += apart;
        square += apart * apart;
    }
    const double bias = sum / DRAWS;
    const double error = sqrt(fmax(0, square / DRAWS - bias * bias));
    const double reach = student_quantile((double)r->count / 2) * error;
    free(drawn);
    free(room);
    return (speed_interval){quiet, fmin(quiet, quiet - bias - reach),
                            fmax(quiet, quiet - bias + reach)};
}

speed_interval speed_quiet_interval(const speed_series *series)
{
    rounds r = rounds_of(series);
    double *const room = zeroed(2 * r.count + 1, sizeof *room);
    speed_interval found = {NAN, NAN, NAN};
    if (r.count > 0) {
        found.middle = number_of(series, r.at, r.count, room);
        found.low = found.high = found.middle;
        for (size_t i = 0; i < r.count && r.count < SPEED_QUIET_LEAST; i++) {
            const double one = number_of(series, &r.at[i], 1, room);
            found.low = fmin(found.low, one);
            found.high = fmax(found.high, one);
        }
        if (r.count >= SPEED_QUIET_LEAST) found = bootstrap(&r, found.middle);
    }
    free(r.at);
    free(r.first);
    free(room);
    return found;
}
