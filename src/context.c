/* context.c: names of the options, the configuration, and the context's life. */
#include "context.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "dispatch.h"
#include "environment.h"

#define DEFAULT_WORKSPACE ((size_t)256 << 20)
#define HUGE_PAGE         ((size_t)2 << 20)

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

const char *margin_status_text(margin_status status)
{
    static const char *const texts[MARGIN_STATUS_COUNT] = {
        "success",
        "a required pointer is NULL",
        "a configuration field is out of its range",
        "the instruction set is unknown, not built, or not on this CPU",
        "a size is 0, a stride too short, or an array beyond memory",
        "a label is neither -1 nor a class",
        "an input holds a NaN or an infinity",
        "the workspace is too small for this shape",
        "out of memory",
    };
    return (unsigned)status < MARGIN_STATUS_COUNT ? texts[status] : "unknown status";
}

const char *margin_argument_name(margin_argument argument)
{
    static const char *const names[MARGIN_ARGUMENT_COUNT] = {
        "none",   "embeddings", "weights",    "bias",         "labels",
        "logits", "row_scale",  "row_weight", "class_weight",
    };
    return (unsigned)argument < MARGIN_ARGUMENT_COUNT ? names[argument] : "unknown";
}

margin_status margin_config_init(margin_config *config, margin_loss loss)
{
    const margin_loss_info *info = margin_loss_get(loss);
    if (config == NULL) return MARGIN_ERROR_NULL;
    if (info == NULL) return MARGIN_ERROR_CONFIG;
    *config = (margin_config){.loss = loss,
                              .scale = info->scale,
                              .m1 = info->m1,
                              .m2 = info->m2,
                              .m3 = info->m3,
                              .past_pi = info->past_pi};
    return MARGIN_OK;
}

/* ---- a context's life ---- */

/* Reserves the workspace. Pages cost nothing until touched; huge ones make the first touch cheap.
 */
static void *reserve(size_t bytes)
{
    void *p = aligned_alloc(HUGE_PAGE, bytes);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (p != NULL) (void)madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

static margin_status create(const margin_config *config, margin_context **out)
{
    if (out == NULL) return MARGIN_ERROR_NULL;
    *out = NULL;
    if (config == NULL) return MARGIN_ERROR_NULL;
    if (margin_config_fault(config) != NULL) return MARGIN_ERROR_CONFIG;
    const margin_isa isa = config->isa == MARGIN_ISA_AUTO ? margin_dispatch_auto() : config->isa;
    const margin_kernels *kernels = margin_dispatch(isa);
    if (kernels == NULL) return MARGIN_ERROR_ISA;

    size_t bytes = config->workspace_bytes == 0 ? DEFAULT_WORKSPACE : config->workspace_bytes;
    if (bytes > SIZE_MAX / 2) return MARGIN_ERROR_MEMORY;
    margin_context *context = malloc(sizeof *context);
    if (context == NULL) return MARGIN_ERROR_MEMORY;
    *context = (margin_context){.config = *config, .kernels = *kernels};
    context->config.workspace_bytes = bytes;
    context->config.isa = isa;
    if (config->threads == 0) context->config.threads = margin_default_threads();
    context->schedule = margin_schedule_of(isa);
    context->setting = margin_setting_of(&context->config);
    context->info = margin_loss_get(config->loss);
    context->fault.detail = "no fault";
    context->workspace = reserve((bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
    if (context->workspace == NULL || !margin_team_make(&context->team, context->config.threads,
                                                        config->parallel, config->parallel_user)) {
        margin_destroy(context);
        return MARGIN_ERROR_MEMORY;
    }
    *out = context;
    return MARGIN_OK;
}

margin_status margin_create(const margin_config *config, margin_context **out)
{
    fenv_t caller;
    margin_environment_enter(&caller);
    const margin_status status = create(config, out);
    margin_environment_leave(&caller);
    return status;
}

void margin_destroy(margin_context *context)
{
    if (context == NULL) return;
    margin_team_end(&context->team);
    free(context->workspace);
    free(context);
}

const margin_config *margin_context_config(const margin_context *context)
{
    return &context->config;
}

const margin_fault *margin_context_fault(const margin_context *context)
{
    return &context->fault;
}

size_t margin_context_workspace_used(const margin_context *context)
{
    return context->used;
}

size_t margin_threads_for(const margin_context *context, double ns)
{
    const double paid = ns / context->schedule.wake_ns, most = (double)context->config.threads;
    if (paid < 2.0 || !margin_team_here(&context->team)) return 1;
    return (size_t)fmin(paid, most);
}
