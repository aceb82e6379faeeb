/* mpi_cases.c: see mpi_cases.h. */
#include "mpi_cases.h"

#include "mpi_check.h"

/* ---- how ranks divide a head ---- */

static size_t even(size_t count, int ranks, int rank)
{
    return count * (size_t)rank / (size_t)ranks;
}

/* Returns the first row of a rank; `rank` may be `ranks`. */
static size_t first_row(mpi_shape s, division how, int ranks, int rank)
{
    if (rank == ranks) return s.rows;
    if (how == DIVISION_EVEN) return even(s.rows, ranks, rank);
    if (how == DIVISION_EDGES) return 0;                             /* all on the last rank */
    return rank <= 1 ? 0 : even(s.rows, ranks * ranks, rank * rank); /* none on the first */
}

static size_t first_class(mpi_shape s, size_t dim, division how, int ranks, int rank)
{
    size_t first, count;
    if (rank == ranks) return s.classes;
    if (rank == 0) return 0;
    if (how == DIVISION_UNEVEN) /* the last has none, where there are more than two */
        return rank == ranks - 1 && ranks > 2 ? s.classes : even(s.classes, 3 * ranks, rank) + 7;
    margin_mpi_even_classes(s.rows, dim, s.classes, ranks, rank, &first, &count);
    if (how == DIVISION_EVEN) return first;
    return first + (size_t)rank < s.classes ? first + (size_t)rank : s.classes;
}

/* ---- making one ---- */

/* Returns what an output that is added to holds before. */
static float held_at(size_t index)
{
    return (float)(index * 37 % 101) / 64.0f - 0.75f;
}

static void hold(const guard *g, size_t items, size_t columns, size_t stride)
{
    for (size_t i = 0; i < items; i++)
        for (size_t d = 0; d < columns; d++)
            g->at[i * stride + d] = held_at(i * columns + d);
}

static guard fill_given(size_t count, float low, float step)
{
    guard g = guard_make(count, 1);
    for (size_t i = 0; i < count; i++)
        g.at[i] = low + step * (float)(i % 10);
    return g;
}

static void use_extras(mpi_case *c, problem *p, guard *others)
{
    const unsigned extras = c->extras;
    *others = guard_make(p->call.rows, 1);
    p->call.row_others = others->at;
    if (extras & EXTRA_BIAS) problem_use_bias(p);
    if (extras & EXTRA_ROW_WEIGHT) problem_use_row_weight(p);
    if (extras & EXTRA_CLASS_WEIGHT) problem_use_class_weight(p);
    if (extras & EXTRA_ROW_SCALE) p->call.row_scale = c->row_given.at;
    if (extras & EXTRA_ROW_MARGIN) p->call.row_margin = c->row_given.at;
    if (extras & EXTRA_CLASS_MARGIN) p->call.class_margin = c->class_given.at;
    if (extras & EXTRA_LONG_WEIGHT)
        for (size_t d = 0; d < p->call.dim; d++)
            p->weights.at[(p->call.classes - 1) * p->call.weights_stride + d] *= 1e37f;
    if (!(extras & EXTRA_ACCUMULATE)) return;
    p->call.accumulate = 1;
    hold(&p->grad_embeddings, p->call.rows, p->call.dim, p->call.grad_embeddings_stride);
    hold(&p->grad_weights, p->call.classes, p->call.dim, p->call.grad_weights_stride);
    hold(&p->grad_bias, p->call.classes, 1, 1);
}

/* Lets the call have `rows` rows and `classes` classes from the case's first ones on. */
static void take_part(mpi_case *c, size_t rows, size_t classes)
{
    margin_head *h = &c->call;
    const size_t r = c->first_row, k = c->first_class;
    *h = c->all.call;
    h->rows = rows;
    h->classes = classes;
    h->embeddings += r * h->embeddings_stride;
    h->grad_embeddings += r * h->grad_embeddings_stride;
    h->labels += r;
    h->row_loss += r;
    h->row_angle += r;
    h->row_correct += r;
    h->row_others += r;
    if (h->row_weight != NULL) h->row_weight += r;
    if (h->row_scale != NULL) h->row_scale += r;
    if (h->row_margin != NULL) h->row_margin += r;
    h->weights += k * h->weights_stride;
    h->grad_weights += k * h->grad_weights_stride;
    if (h->bias != NULL) h->bias += k;
    if (h->grad_bias != NULL) h->grad_bias += k;
}

/* Arrays of nothing may be NULL. */
static void leave_out(margin_head *h)
{
    if (h->rows == 0) {
        h->embeddings = NULL;
        h->labels = NULL;
        h->grad_embeddings = h->row_loss = NULL;
        h->row_weight = h->row_scale = h->row_margin = NULL;
    }
    if (h->classes == 0) {
        h->weights = h->bias = NULL;
        h->grad_weights = h->grad_bias = NULL;
    }
}

static void ignore_otherwise(mpi_case *c)
{
    int64_t *labels = c->all.labels.data;
    for (size_t i = 0; i < c->call.rows; i++)
        if (labels[c->first_row + i] < 0) labels[c->first_row + i] = 123456789;
    c->call.ignore_label = 123456789;
}

mpi_case mpi_case_make(mpi_shape s, division how, unsigned extras, int ranks, int rank)
{
    const size_t dim = s.dim + (extras & EXTRA_BIAS ? 1 : 0);
    mpi_case c = {.extras = extras};
    c.first_row = first_row(s, how, ranks, rank);
    c.first_class = first_class(s, dim, how, ranks, rank);
    c.row_given = fill_given(s.rows, extras & EXTRA_ROW_MARGIN ? 0.1f : 20.0f,
                             extras & EXTRA_ROW_MARGIN ? 0.03f : 2.0f);
    c.class_given = fill_given(s.classes, 0.1f, 0.03f);
    c.whole = problem_make(s.rows, s.dim, s.classes, 77, 0, 1);
    c.all = problem_make(s.rows, s.dim, s.classes, 77, 3, 1);
    use_extras(&c, &c.whole, &c.others[0]);
    use_extras(&c, &c.all, &c.others[1]);
    take_part(&c, first_row(s, how, ranks, rank + 1) - c.first_row,
              first_class(s, dim, how, ranks, rank + 1) - c.first_class);
    leave_out(&c.call);
    if (extras & EXTRA_OTHER_IGNORED && rank % 2 == 1) ignore_otherwise(&c);
    snprintf(c.name, sizeof c.name, "N %zu, D %zu, C %zu, division %d, extras %u, rank %d of %d",
             s.rows, s.dim, s.classes, (int)how, extras, rank, ranks);
    return c;
}

void mpi_case_free(mpi_case *c)
{
    CHECK(problem_free(&c->whole) && problem_free(&c->all), "%s: canaries", c->name);
    CHECK(guard_free(&c->others[0]) && guard_free(&c->others[1]), "%s: row_others", c->name);
    guard_free(&c->row_given);
    guard_free(&c->class_given);
}

/* ---- judging one ---- */

/* An output of the whole and of the part: items of `bytes`, `stride` of them from one to the next;
 * of them `count` from `first` on are the part's. */
typedef struct output {
    const char *name;
    const guard *whole, *all;
    size_t bytes, whole_stride, all_stride, items, first, count;
    int held;
} output;

/* Returns whether an item has not been written since it was made. */
static int is_as_made(const output *o, size_t item)
{
    const unsigned char *at = (const unsigned char *)o->all->data + item * o->all_stride;
    if (!o->held) return guard_same(at, at + o->bytes);
    const size_t columns = o->bytes / sizeof(float);
    for (size_t d = 0; d < columns; d++)
        if (o->all->at[item * o->all_stride / sizeof(float) + d] != held_at(item * columns + d))
            return 0;
    return 1;
}

static void check_output(const mpi_case *c, const output *o, int written)
{
    size_t differ = 0, touched = 0;
    for (size_t i = 0; i < o->items; i++) {
        const int own = written && i >= o->first && i < o->first + o->count;
        const char *a = (const char *)o->whole->data + i * o->whole_stride;
        const char *b = (const char *)o->all->data + i * o->all_stride;
        if (own && memcmp(a, b, o->bytes) != 0) differ++;
        if (!own && !is_as_made(o, i)) touched++;
    }
    CHECK(differ == 0, "%s: %s: %zu of %zu differ from one process", c->name, o->name, differ,
          o->count);
    CHECK(touched == 0, "%s: %s: %zu of others are written", c->name, o->name, touched);
}

static void check_outputs(const mpi_case *c, int written)
{
    const margin_head *w = &c->whole.call, *a = &c->all.call;
    const size_t rows = a->rows, classes = a->classes, row = c->first_row, class = c->first_class,
                 n = c->call.rows, k = c->call.classes, f = sizeof(float), line = a->dim * f;
    const int held = (c->extras & EXTRA_ACCUMULATE) != 0;
    const output outputs[] = {
        {"row_loss", &c->whole.row_loss, &c->all.row_loss, f, f, f, rows, row, n, 0},
        {"row_angle", &c->whole.row_angle, &c->all.row_angle, f, f, f, rows, row, n, 0},
        {"row_correct", &c->whole.row_correct, &c->all.row_correct, 1, 1, 1, rows, row, n, 0},
        {"row_others", &c->others[0], &c->others[1], f, f, f, rows, row, n, 0},
        {"dX", &c->whole.grad_embeddings, &c->all.grad_embeddings, line,
         w->grad_embeddings_stride * f, a->grad_embeddings_stride * f, rows, row, n, held},
        {"dW", &c->whole.grad_weights, &c->all.grad_weights, line, w->grad_weights_stride * f,
         a->grad_weights_stride * f, classes, class, k, held},
        {"db", &c->whole.grad_bias, &c->all.grad_bias, f, f, f, classes, class,
         a->grad_bias != NULL ? k : 0, held},
    };
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        check_output(c, &outputs[i], written);
}

void mpi_case_check(mpi_case *c, const margin_config *config)
{
    const margin_head *w = &c->whole.call, *h = &c->call;
    const margin_status status = problem_run(&c->whole, config);
    CHECK(status == MARGIN_OK, "%s: one process: %s", c->name, margin_status_text(status));
    if (status != MARGIN_OK) return;
    CHECK(h->loss == w->loss && h->mean_loss == w->mean_loss, "%s: loss %.17g, not %.17g", c->name,
          h->loss, w->loss);
    CHECK(h->counted == w->counted && h->tied == w->tied, "%s: %zu counted, %zu tied", c->name,
          h->counted, h->tied);
    check_outputs(c, 1);
}

void mpi_case_check_untouched(const mpi_case *c)
{
    CHECK(c->call.loss == 0.0 && c->call.counted == 0, "%s: results are written", c->name);
    check_outputs(c, 0);
}
