/* crowd.c: nearest neighbours among random directions (see crowd.h). Must not know the theory or a
 * figure.
 *
 * The head gives a row's loss ln(1 + sum over the other classes of exp(s c_j - z)). With a scale s
 * beyond every difference between cosines that is s max c_j - z, so a forward pass with the
 * directions as class weights finds each row's largest cosine. The target, which never enters the
 * sum, is the row itself, or a zero vector where the row is not in the crowd; the margin of CosFace
 * makes z = -s of either, below all others. */
#include "crowd.h"

#include <math.h>
#include <stdlib.h>

#include "calls.h"
#include "clock.h"
#include "memory.h"
#include "options.h"
#include "philox.h"
#include "threads.h"

#define SCALE 0x1p20

enum { WIDEST = 512, DIMS = 3, VIEWS = 256, CHUNK = 16384, MOST_WHOLE = 10000 };

static const size_t dims[DIMS] = {128, 256, WIDEST};

typedef struct crowd {
    const crowd_plan *plan;
    margin_context *member, *outsider; /* a row is its own class; a row has the zero class */
    float *directions;                 /* [1 + CHUNK, WIDEST]; the first is zero */
    float *views;                      /* [VIEWS, WIDEST] */
    float *loss;                       /* [MOST_WHOLE] */
    int64_t *labels, *zeros;           /* [MOST_WHOLE]: 0, 1, ...; [VIEWS]: 0, 0, ... */
    crowd_speed speed;
    double done, work; /* for the progress, in multiplications */
} crowd;

/* ---- directions and cosines ------------------------------------------------------------------ */

/* Not normalised: the head does that, and in fewer dimensions to those. */
static void draw(const crowd *c, uint32_t purpose, uint64_t first, size_t count, float *out)
{
#pragma omp parallel for schedule(static) num_threads(thread_count(c->plan->threads))
    for (size_t i = 0; i < count; i++) {
        philox_stream stream;
        philox_start(&stream, c->plan->seed, purpose, first + i);
        for (size_t k = 0; k < WIDEST; k++)
            out[i * WIDEST + k] = (float)philox_normal(&stream);
    }
}

static void require(margin_status status)
{
    if (status != MARGIN_OK) die("bench_separation", "sphere-size: %s", margin_status_text(status));
}

/* c->loss[row]: s (1 + the row's largest cosine). */
static void look(crowd *c, margin_context *context, margin_head *head)
{
    head->embeddings_stride = head->weights_stride = WIDEST;
    head->row_loss = c->loss;
    const double cosines = (double)head->rows * (double)(head->classes - 1),
                 dim = (double)head->dim;
    const double start = seconds_now();
    require(margin_head_run(context, head));
    c->speed.seconds += seconds_now() - start;
    c->speed.cosines += cosines;
    c->speed.operations += 2.0 * cosines * dim;
    c->done += cosines * dim;
    if (c->plan->step != NULL) c->plan->step(c->plan->user, fmin(c->done / c->work, 1.0));
}

static double cosine_of(float loss)
{
    return (double)loss / SCALE - 1.0;
}

/* ---- means and their errors ------------------------------------------------------------------ */

typedef struct sample {
    double count, sum, squares;
} sample;

static void add(sample *s, double value)
{
    s->count++;
    s->sum += value;
    s->squares += value * value;
}

static double mean(const sample *s)
{
    return s->count > 0.0 ? s->sum / s->count : NAN;
}

static double error_of(const sample *s)
{
    if (s->count < 2.0) return NAN;
    const double variance = (s->squares - s->sum * s->sum / s->count) / (s->count - 1.0);
    return sqrt(fmax(variance, 0.0) / s->count);
}

static crowd_row row_of(size_t n, size_t dim, size_t sets, size_t looked, const sample *near,
                        const sample *close)
{
    return (crowd_row){
        n, dim, sets, looked, mean(near), error_of(near), mean(close), error_of(close)};
}

/* ---- crowds looked at whole ------------------------------------------------------------------ */

static size_t sets_of(size_t n)
{
    return n <= 1000 ? 20 : 3;
}

/* near[d], close[d]: this set's mean over its members, and its closest pair. */
static void look_at_set(crowd *c, size_t n, size_t set, sample *near, sample *close)
{
    float *const members = c->directions + WIDEST;
    draw(c, STREAM_CROWD, (uint64_t)n << 32 | set * n, n, members); /* no two share directions */
    for (int d = 0; d < DIMS; d++) {
        margin_head head = head_of_arrays(n, dims[d], n, members, members, c->labels);
        double closest = M_PI, sum = 0.0;
        look(c, c->member, &head);
        for (size_t i = 0; i < n; i++) {
            const double angle = acos(cosine_of(c->loss[i]));
            sum += angle;
            closest = fmin(closest, angle);
        }
        add(&near[d], sum / (double)n);
        add(&close[d], closest);
    }
}

/* ---- crowds looked at from some directions --------------------------------------------------- */

/* Returns how many rows there are. */
static size_t look_at_large(crowd *c, crowd_row *rows)
{
    static double greatest[DIMS][VIEWS]; /* cosines so far */
    size_t seen = 0, count = 0;
    for (int d = 0; d < DIMS; d++) {
        for (size_t i = 0; i < VIEWS; i++)
            greatest[d][i] = -1.0;
    }
    draw(c, STREAM_CROWD_VIEW, 0, VIEWS, c->views);
    for (size_t n = 10 * c->plan->whole; n <= c->plan->most; n *= 10) {
        while (seen < n - 1) { /* a view sees n - 1 others, as a member does */
            const size_t left = n - 1 - seen, some = left < CHUNK ? left : CHUNK;
            draw(c, STREAM_CROWD, seen, some, c->directions + WIDEST);
            for (int d = 0; d < DIMS; d++) {
                margin_head head =
                    head_of_arrays(VIEWS, dims[d], 1 + some, c->views, c->directions, c->zeros);
                look(c, c->outsider, &head);
                for (size_t i = 0; i < VIEWS; i++)
                    greatest[d][i] = fmax(greatest[d][i], cosine_of(c->loss[i]));
            }
            seen += some;
        }
        for (int d = 0; d < DIMS; d++) {
            sample near = {0}, close = {0};
            for (size_t i = 0; i < VIEWS; i++)
                add(&near, acos(greatest[d][i]));
            rows[count++] = row_of(n, dims[d], 1, VIEWS, &near, &close);
        }
    }
    return count;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static margin_context *open_context(const crowd_plan *plan, double margin)
{
    margin_context *context = NULL;
    margin_config config;
    margin_config_init(&config, MARGIN_COSFACE);
    config.scale = SCALE;
    config.m3 = margin;
    config.isa = plan->isa;
    config.threads = plan->threads;
    config.skip_finite_check = 1;
    require(margin_create(&config, &context));
    return context;
}

static void open_crowd(crowd *c)
{
    c->directions = zeroed((1 + CHUNK) * WIDEST, sizeof *c->directions);
    c->views = zeroed(VIEWS * WIDEST, sizeof *c->views);
    c->loss = zeroed(MOST_WHOLE, sizeof *c->loss);
    c->labels = zeroed(MOST_WHOLE, sizeof *c->labels);
    c->zeros = zeroed(VIEWS, sizeof *c->zeros);
    for (size_t i = 0; i < MOST_WHOLE; i++)
        c->labels[i] = (int64_t)i;
    /* z = s (1 - m) of a row with itself, s (0 - m) with zero: -s. */
    c->member = open_context(c->plan, 2.0);
    c->outsider = open_context(c->plan, 1.0);
}

static double all_work(const crowd_plan *plan)
{
    double cosines = plan->most > plan->whole ? (double)VIEWS * (double)plan->most : 0.0;
    for (size_t n = 100; n <= plan->whole && n <= plan->most; n *= 10)
        cosines += (double)sets_of(n) * (double)n * (double)n;
    return cosines * (double)(dims[0] + dims[1] + dims[2]);
}

size_t crowd_measure(const crowd_plan *plan, crowd_row *rows, crowd_speed *speed)
{
    crowd c = {.plan = plan, .work = all_work(plan)};
    size_t count = 0;
    open_crowd(&c);
    for (size_t n = 100; n <= plan->whole && n <= plan->most; n *= 10) {
        const size_t sets = sets_of(n);
        sample near[DIMS] = {{0}}, close[DIMS] = {{0}};
        for (size_t set = 0; set < sets; set++)
            look_at_set(&c, n, set, near, close);
        for (int d = 0; d < DIMS; d++)
            rows[count++] = row_of(n, dims[d], sets, sets * n, &near[d], &close[d]);
    }
    count += look_at_large(&c, rows + count);
    *speed = c.speed;
    margin_destroy(c.member);
    margin_destroy(c.outsider);
    free(c.directions);
    free(c.views);
    free(c.loss);
    free(c.labels);
    free(c.zeros);
    return count;
}
