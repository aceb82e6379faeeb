/* context.c: names of the options, the configuration, and the context's life. */
#include "context.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "boundary.h"
#include "dispatch.h"
#include "simd/environment.h"
#include "sized.h"

#define DEFAULT_WORKSPACE ((size_t)256 << 20)
#define HUGE_PAGE         ((size_t)2 << 20)
#define LINE              ((size_t)64)

#define TEXT_OF(number)                   #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *margin_version(void)
{
    return VERSION_TEXT(MARGIN_VERSION_MAJOR, MARGIN_VERSION_MINOR, MARGIN_VERSION_PATCH);
}

static int find(const char *const *names, unsigned count, const char *name)
{
    for (unsigned i = 0; name != NULL && i < count; i++) {
        if (strcmp(names[i], name) == 0) return (int)i;
    }
    return -1;
}

/* Defines the two functions of one option: from a value to its name, and back. */
#define DEFINE_NAMES(type, count, ...)                                                             \
    static const char *const type##_names[] = {__VA_ARGS__};                                       \
    const char *type##_name(type value)                                                            \
    {                                                                                              \
        return (unsigned)value < count ? type##_names[value] : "unknown";                          \
    }                                                                                              \
    int type##_find(const char *name, type *out)                                                   \
    {                                                                                              \
        const int at = find(type##_names, count, name);                                            \
        if (at >= 0) *out = (type)at;                                                              \
        return at >= 0;                                                                            \
    }

DEFINE_NAMES(margin_past_pi, MARGIN_PAST_PI_COUNT, "paper", "monotone", "taylor", "clamp", "easy")
DEFINE_NAMES(margin_gradient, MARGIN_GRADIENT_COUNT, "exact", "detached")
DEFINE_NAMES(margin_feature_norm, MARGIN_FEATURE_NORM_COUNT, "fixed", "keep")
DEFINE_NAMES(margin_type, MARGIN_TYPE_COUNT, "float32", "bfloat16", "float16")

const char *margin_status_text(margin_status status)
{
    static const char *const texts[MARGIN_STATUS_COUNT] = {
        "success",
        "a required pointer is NULL",
        "a configuration field is out of its range",
        "the instruction set is unknown, not built, or not on this CPU",
        "a size is 0, a stride too short, or an array beyond memory",
        "a label is neither ignored nor a class",
        "an input holds a NaN or an infinity",
        "the workspace is too small for this shape",
        "out of memory",
        "a struct's size is not set: begin with MARGIN_HEAD_INIT or the like",
        "a stage of a shard is called out of turn",
        "another process is silent, or cannot be reached",
    };
    return (unsigned)status < MARGIN_STATUS_COUNT ? texts[status] : "unknown status";
}

const char *margin_argument_name(margin_argument argument)
{
    static const char *const names[MARGIN_ARGUMENT_COUNT] = {
        "none",      "embeddings", "weights",      "bias",       "labels",       "logits",
        "row_scale", "row_weight", "class_weight", "row_margin", "class_margin", "class_index",
    };
    return (unsigned)argument < MARGIN_ARGUMENT_COUNT ? names[argument] : "unknown";
}

int margin_version_number(void)
{
    return MARGIN_VERSION_NUMBER;
}

margin_status margin_config_init_sized(margin_config *config, size_t size, margin_loss loss)
{
    const margin_loss_info *info = margin_loss_get(loss);
    if (config == NULL) return MARGIN_ERROR_NULL;
    if (size < MARGIN_CONFIG_LEAST) return MARGIN_ERROR_SIZE;
    if (info == NULL) return MARGIN_ERROR_CONFIG;
    const margin_config defaults = {.size = size,
                                    .loss = loss,
                                    .scale = info->scale,
                                    .m1 = info->m1,
                                    .m2 = info->m2,
                                    .m3 = info->m3,
                                    .past_pi = info->past_pi};
    memset(config, 0, size);
    memcpy(config, &defaults, margin_least(size, sizeof defaults));
    return MARGIN_OK;
}

/* ---- a context's life ---- */

/* Returns `bytes` of memory. Pages cost nothing until touched; huge ones make the first touch
 * cheap, but for less than one of them dear. */
static void *allocate(size_t bytes)
{
    const size_t alignment = bytes < HUGE_PAGE ? LINE : HUGE_PAGE;
    void *p = aligned_alloc(alignment, margin_divide_up(bytes, alignment) * alignment);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (p != NULL && bytes >= HUGE_PAGE) (void)madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

margin_status margin_reserve(margin_context *context, size_t bytes)
{
    context->step_open = 0;
    if (bytes <= context->reserved) return MARGIN_OK;
    /* Growing by half again, so that calls of rising size do not each ask for memory. */
    const size_t ahead =
        margin_least(context->reserved + context->reserved / 2, context->config.workspace_bytes);
    free(context->workspace);
    context->reserved = ahead > bytes ? ahead : bytes;
    context->workspace = allocate(context->reserved);
    if (context->workspace != NULL) return MARGIN_OK;
    context->reserved = 0;
    return margin_fail(context, MARGIN_ERROR_MEMORY, MARGIN_ARGUMENT_NONE, 0,
                       "the workspace could not be reserved");
}

/* Returns the kernels that a configuration asks for, and sets its isa, or NULL. */
static const margin_kernels *kernels_of(margin_config *config)
{
    if (config->isa == MARGIN_ISA_AUTO) config->isa = margin_dispatch_auto();
    return margin_dispatch(config->isa);
}

static const char no_products[] = "products: this build or CPU has none of bfloat16 for this isa";

/* Takes a configuration, all of whose fields are resolved, with its products. */
static void take_config(margin_context *context, const margin_config *config,
                        const margin_products *products)
{
    context->kernels.products = products;
    context->step_open = 0;
    context->config = *config;
    context->setting = margin_setting_of(&context->config);
    context->info = margin_loss_get(config->loss);
    context->team.host = config->parallel;
    context->team.host_user = config->parallel_user;
}

static margin_status create(const margin_config *given, margin_context **out, const char **why)
{
    margin_config config;
    *out = NULL;
    *why = NULL;
    if (given == NULL) return MARGIN_ERROR_NULL;
    *why = "margin_config.size is not set: begin with margin_config_init";
    if (margin_read_config(given, &config) != MARGIN_OK) return MARGIN_ERROR_SIZE;
    *why = margin_config_fault(&config);
    if (*why != NULL) return MARGIN_ERROR_CONFIG;
    const margin_kernels *kernels = kernels_of(&config);
    if (kernels == NULL) return MARGIN_ERROR_ISA;
    const margin_products *products = margin_dispatch_products(config.isa, config.products);
    if (products == NULL) *why = no_products;
    if (products == NULL) return MARGIN_ERROR_ISA;
    if (config.workspace_bytes == 0) config.workspace_bytes = DEFAULT_WORKSPACE;
    if (config.workspace_bytes > SIZE_MAX / 2) return MARGIN_ERROR_MEMORY;
    if (config.threads == 0) config.threads = margin_default_threads();

    margin_context *context = malloc(sizeof *context);
    if (context == NULL) return MARGIN_ERROR_MEMORY;
    *context = (margin_context){.kernels = *kernels,
                                .schedule = margin_schedule_of(config.isa),
                                .most_threads = config.threads,
                                .fault.detail = "no fault"};
    if (!margin_team_make(&context->team, config.threads, config.parallel, config.parallel_user)) {
        margin_destroy(context);
        return MARGIN_ERROR_MEMORY;
    }
    take_config(context, &config, products);
    *out = context;
    return MARGIN_OK;
}

margin_status margin_create_explained(const margin_config *config, margin_context **out,
                                      const char **why)
{
    margin_environment caller;
    const char *detail;
    if (out == NULL) return MARGIN_ERROR_NULL;
    margin_environment_enter(&caller);
    const margin_status status = create(config, out, &detail);
    margin_environment_leave(&caller);
    if (why != NULL) *why = detail != NULL ? detail : margin_status_text(status);
    return status;
}

margin_status margin_create(const margin_config *config, margin_context **out)
{
    return margin_create_explained(config, out, NULL);
}

/* Fills in what a new configuration leaves as it was. Returns NULL, or what it must not change. */
static const char *keep_resources(const margin_context *context, margin_config *config)
{
    const margin_config *now = &context->config;
    if (config->isa == MARGIN_ISA_AUTO) config->isa = now->isa;
    if (config->workspace_bytes == 0) config->workspace_bytes = now->workspace_bytes;
    if (config->threads == 0) config->threads = context->most_threads;
    if (config->isa != now->isa) return "isa is that of the context's creation";
    if (config->workspace_bytes != now->workspace_bytes)
        return "workspace_bytes is that of the context's creation";
    if (config->threads > context->most_threads)
        return "threads is at most that of the context's creation";
    if (config->parallel == NULL && now->parallel != NULL)
        return "a context created on the host's parallel has no threads of its own";
    return NULL;
}

static margin_status configure(margin_context *context, const margin_config *given)
{
    margin_config config;
    if (margin_read_config(given, &config) != MARGIN_OK)
        return margin_fail(context, MARGIN_ERROR_SIZE, MARGIN_ARGUMENT_NONE, 0,
                           "margin_config.size is not set: begin with margin_config_init");
    const char *fault = margin_config_fault(&config);
    if (fault == NULL) fault = keep_resources(context, &config);
    if (fault != NULL)
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0, fault);
    const margin_products *products = margin_dispatch_products(config.isa, config.products);
    if (products == NULL)
        return margin_fail(context, MARGIN_ERROR_ISA, MARGIN_ARGUMENT_NONE, 0, no_products);
    take_config(context, &config, products);
    return MARGIN_OK;
}

margin_status margin_context_configure(margin_context *context, const margin_config *config)
{
    margin_environment caller;
    if (context == NULL) return MARGIN_ERROR_NULL;
    if (config == NULL) return margin_fail_call(context);
    margin_environment_enter(&caller);
    const margin_status status = configure(context, config);
    margin_environment_leave(&caller);
    return status;
}

void margin_destroy(margin_context *context)
{
    if (context == NULL) return;
    margin_team_end(&context->team);
    free(context->step);
    free(context->workspace);
    free(context);
}

const margin_config *margin_context_config(const margin_context *context)
{
    return context != NULL ? &context->config : NULL;
}

const margin_fault *margin_context_fault(const margin_context *context)
{
    static const margin_fault none = {.status = MARGIN_ERROR_NULL, .detail = "there is no context"};
    return context != NULL ? &context->fault : &none;
}

size_t margin_context_workspace_used(const margin_context *context)
{
    return context != NULL ? context->used : 0;
}

size_t margin_threads_for(const margin_context *context, double ns)
{
    const double paid = ns / context->schedule.wake_ns, most = (double)context->config.threads;
    if (paid < 2.0 || !margin_team_here(&context->team)) return 1;
    return (size_t)fmin(paid, most);
}
