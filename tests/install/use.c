/* use.c: a program of somebody else, in C and in C++: one call of the head on two threads, whose
 * loss is known by hand. Exits with 0 if it is that. */
#include <margin.h>
#include <math.h>
#include <stdio.h>

/* Writes what a refused call says; returns 1. */
static int refused(const char *call, margin_status status)
{
    fprintf(stderr, "use: %s: %s\n", call, margin_status_text(status));
    return 1;
}

int main(void)
{
    /* Two embeddings, each at its own class weight and across the other: with s = 2 and no margin
     * the loss of both rows is log(1 + exp(-2)). */
    const float x[] = {3, 0, 0, 5}, w[] = {1, 0, 0, 2};
    const int64_t y[] = {0, 1};
    float dx[4];
    margin_config config;
    margin_context *context;
    margin_head head = MARGIN_HEAD_INIT;
    margin_status status = margin_config_init(&config, MARGIN_NORMSOFTMAX);
    config.scale = 2;
    config.threads = 2;
    if (status == MARGIN_OK) status = margin_create(&config, &context);
    if (status != MARGIN_OK) return refused("margin_create", status);
    head.rows = head.dim = head.classes = 2;
    head.embeddings = x;
    head.weights = w;
    head.labels = y;
    head.grad_embeddings = dx;
    status = margin_head_run(context, &head);
    margin_destroy(context);
    if (status != MARGIN_OK) return refused("margin_head_run", status);
    printf("libmargin %s: loss %.9f\n", margin_version(), head.loss);
    return !(fabs(head.loss - log(1 + exp(-2.0))) < 1e-7);
}
