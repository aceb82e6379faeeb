/* rooms.c: judges the three toys that rooms.sh builds into a copy of the tree by plain loops in
 * double, at a shape for each path of the head and at the rows level, on each instruction set. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "margin.h"

enum { N = 20, D = 40, C = 300 }; /* at most */

static float x[N * D], w[C * D], dx[N * D], dw[C * D];
static signed char small[C * D];
static int64_t y[N];
static int faults;

static double noise(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

/* Fills X, and W with numbers that 8 bits hold. */
static void fill(size_t n, size_t d, size_t c)
{
    for (size_t i = 0; i < c * d; i++) {
        small[i] = (signed char)lrint(250.0 * noise());
        w[i] = (float)small[i] / 128.0f;
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = i % 5 == 4 ? -1 : (int64_t)((i * 7) % c);
        for (size_t k = 0; k < d; k++)
            x[i * d + k] = (float)noise() + (y[i] >= 0 ? 0.4f * w[(size_t)y[i] * d + k] : 0.0f);
    }
}

static double dot(const float *a, const float *b, size_t d)
{
    double sum = 0.0;
    for (size_t k = 0; k < d; k++)
        sum += (double)a[k] * (double)b[k];
    return sum;
}

/* Writes d loss / d cosine of a row to g and returns its loss: see the losses of rooms.sh. */
static double plain_row(margin_loss loss, const double *cosine, size_t c, size_t label, double *g)
{
    const double s = 16.0, theta = acos(cosine[label]);
    const double m = label % 2 != 0 ? 0.5 : 0.25;
    const double psi = loss == MARGIN_CLASSFACE ? cos(theta + m) : cosine[label] - 0.25;
    const double slope = loss == MARGIN_CLASSFACE ? sin(theta + m) / sin(theta) : 1.0;
    double sum = 0.0;
    for (size_t j = 0; j < c; j++) {
        const int above = loss == MARGIN_HARDFACE && j != label && cosine[j] > psi;
        const double t = j == label ? psi : above ? 1.5 * cosine[j] - 0.5 * psi : cosine[j];
        g[j] = exp(s * (t - 1.5));
        sum += g[j];
        if (above) g[j] *= 1.5;
    }
    const double target = exp(s * (psi - 1.5));
    for (size_t j = 0; j < c; j++)
        g[j] *= s / sum;
    g[label] = s * (target / sum - 1.0) * slope;
    return log(sum) - s * (psi - 1.5);
}

static void judge(const char *what, double got, double want, double tolerance)
{
    if (fabs(got - want) <= tolerance) return;
    if (faults++ < 20) printf("%s: %.9g, not %.9g\n", what, got, want);
}

/* Compares dx and dw with those of plain loops, and the loss with its mean. */
static void judge_head(margin_loss loss, size_t n, size_t d, size_t c, double got)
{
    static double want_x[N * D], want_w[C * D], cosine[C], g[C];
    double total = 0.0, counted = 0.0;
    memset(want_x, 0, sizeof want_x);
    memset(want_w, 0, sizeof want_w);
    for (size_t i = 0; i < n; i++)
        counted += y[i] >= 0;
    for (size_t i = 0; i < n; i++) {
        const float *a = x + i * d;
        if (y[i] < 0) continue;
        for (size_t j = 0; j < c; j++)
            cosine[j] = dot(a, w + j * d, d) / sqrt(dot(a, a, d) * dot(w + j * d, w + j * d, d));
        total += plain_row(loss, cosine, c, (size_t)y[i], g);
        for (size_t j = 0; j < c; j++) {
            const float *b = w + j * d;
            const double p = sqrt(dot(a, a, d)), q = sqrt(dot(b, b, d)), by = g[j] / counted;
            for (size_t k = 0; k < d; k++) {
                const double u = (double)a[k] / p, v = (double)b[k] / q;
                want_x[i * d + k] += by * (v - cosine[j] * u) / p;
                want_w[j * d + k] += by * (u - cosine[j] * v) / q;
            }
        }
    }
    judge("loss", got, total / counted, 1e-5);
    for (size_t i = 0; i < n * d; i++)
        judge("dX", (double)dx[i], want_x[i], 2e-5);
    for (size_t i = 0; i < c * d; i++)
        judge("dW", (double)dw[i], want_w[i], 2e-5);
}

static margin_context *create(margin_loss loss, margin_isa isa)
{
    margin_config config;
    margin_context *context = NULL;
    if (margin_config_init(&config, loss) != MARGIN_OK) exit(1);
    config.isa = isa;
    if (margin_create(&config, &context) != MARGIN_OK) exit(1);
    return context;
}

/* Runs the head, with class weights as float32 and in 8 bits, which must give the same bits. */
static void try_head(margin_loss loss, margin_isa isa, size_t n, size_t d, size_t c)
{
    margin_context *context = create(loss, isa);
    margin_head head = {.size = sizeof(margin_head),
                        .embeddings = x,
                        .weights = w,
                        .labels = y,
                        .rows = n,
                        .dim = d,
                        .classes = c,
                        .grad_embeddings = dx,
                        .grad_weights = dw};
    static float dx_again[N * D], dw_again[C * D];
    fill(n, d, c);
    if (margin_head_run(context, &head) != MARGIN_OK) exit(1);
    judge_head(loss, n, d, c, head.loss);
    margin_head again = head;
    again.weights = (const float *)(const void *)small;
    again.weights_type = MARGIN_TYPE_INT8;
    again.grad_embeddings = dx_again;
    again.grad_weights = dw_again;
    if (margin_head_run(context, &again) != MARGIN_OK) exit(1);
    judge("int8: loss", again.loss, head.loss, 0.0);
    judge("int8: dX", memcmp(dx, dx_again, n * d * sizeof *dx), 0.0, 0.0);
    judge("int8: dW", memcmp(dw, dw_again, c * d * sizeof *dw), 0.0, 0.0);
    margin_destroy(context);
}

/* Runs the rows level on cosines. */
static void try_rows(margin_loss loss, margin_isa isa, size_t n, size_t c)
{
    static float cosines[N * C], gradient[N * C];
    static double cosine[C], g[C];
    margin_context *context = create(loss, isa);
    double total = 0.0, counted = 0.0;
    fill(n, 3, c);
    for (size_t i = 0; i < n * c; i++)
        cosines[i] = (float)noise();
    margin_rows rows = {.size = sizeof(margin_rows),
                        .logits = cosines,
                        .labels = y,
                        .rows = n,
                        .classes = c,
                        .grad_logits = gradient};
    if (margin_rows_run(context, &rows) != MARGIN_OK) exit(1);
    for (size_t i = 0; i < n; i++)
        counted += y[i] >= 0;
    for (size_t i = 0; i < n; i++) {
        if (y[i] < 0) continue;
        for (size_t j = 0; j < c; j++)
            cosine[j] = (double)cosines[i * c + j];
        total += plain_row(loss, cosine, c, (size_t)y[i], g);
        for (size_t j = 0; j < c; j++)
            judge("rows: gradient", (double)gradient[i * c + j], g[j] / counted, 1e-5);
    }
    judge("rows: loss", rows.loss, total / counted, 1e-5);
    margin_destroy(context);
}

int main(void)
{
    const margin_loss losses[] = {MARGIN_CLASSFACE, MARGIN_HARDFACE};
    int tried = 0;
    for (margin_isa isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        if (!margin_isa_usable(isa)) continue;
        for (size_t k = 0; k < 2; k++, tried++) {
            try_head(losses[k], isa, N, D, C);  /* tiles */
            try_head(losses[k], isa, 3, D, C);  /* dots */
            try_head(losses[k], isa, N, 3, C);  /* planes */
            try_head(losses[k], isa, N, 20, 9); /* one block, whose tiles are scaled */
            try_rows(losses[k], isa, N, C);
        }
    }
    printf("%d instruction sets times losses, %d faults\n", tried, faults);
    return faults != 0 || tried == 0;
}
