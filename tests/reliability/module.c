/* module.c: a plug-in with the library in it, as a host loads and unloads it. */
#include "margin.h"

int module_run(int threads);

/* Calls the head on `threads` threads and releases all. Returns 1 if that went well. */
__attribute__((visibility("default"))) int module_run(int threads)
{
    static const int64_t labels[64];
    static float x[64 * 64], w[2000 * 64];
    margin_config config;
    margin_context *context = NULL;
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 64,
                        .dim = 64,
                        .classes = 2000,
                        .embeddings = x,
                        .weights = w,
                        .labels = labels};
    x[0] = w[0] = 1.0f;
    margin_config_init(&config, MARGIN_ARCFACE);
    config.threads = threads;
    if (margin_create(&config, &context) != MARGIN_OK) return 0;
    const margin_status status = margin_head_run(context, &head);
    margin_destroy(context);
    return status == MARGIN_OK;
}
