/* provenance.c: where numbers come from. Must not know what was measured. */
#include "provenance.h"

#include "build_info.h"
#include "git_state.h"
#include "json_out.h"
#include "machine.h"
#include "memory.h"

#include <margin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *date(void)
{
    const time_t now = time(NULL);
    struct tm utc;
    char text[32];
    if (gmtime_r(&now, &utc) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return json_null();
    return json_string(text);
}

static void describe_build(json_t *object)
{
#ifdef __clang__
    const char *const compiler = "clang " __clang_version__;
#else
    const char *const compiler = "gcc " __VERSION__;
#endif
    json_put(object, "commit dirty version compiler build_type flags", "sossss", GIT_STATE_COMMIT,
             GIT_STATE_DIRTY < 0 ? json_null() : json_boolean(GIT_STATE_DIRTY > 0),
             margin_version(), compiler, BUILD_INFO_TYPE, BUILD_INFO_FLAGS);
}

static json_t *isas(int (*wanted)(margin_isa))
{
    json_t *list = json_array();
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++)
        if (wanted((margin_isa)isa))
            json_array_append_new(list, json_string(margin_isa_name((margin_isa)isa)));
    return list;
}

json_t *provenance_isas_built(void)
{
    return isas(margin_isa_built);
}

json_t *provenance_isas_usable(void)
{
    return isas(margin_isa_usable);
}

const char *provenance_commit(void)
{
    return GIT_STATE_COMMIT;
}

/* What the library does when it is asked for nothing in particular. */
static void describe_defaults(json_t *object)
{
    json_t *isa = NULL, *threads = NULL;
    margin_config config;
    margin_context *context = NULL;
    margin_status status = margin_config_init(&config, (margin_loss)0);
    if (status == MARGIN_OK) status = margin_create(&config, &context);
    if (status == MARGIN_ERROR_MEMORY) out_of_memory();
    if (status == MARGIN_OK) {
        const margin_config *resolved = margin_context_config(context);
        isa = json_string(margin_isa_name(resolved->isa));
        threads = json_integer(resolved->threads);
    }
    margin_destroy(context);
    json_put(object, "isa isas_built isas_usable threads", "oooo", isa != NULL ? isa : json_null(),
             provenance_isas_built(), provenance_isas_usable(),
             threads != NULL ? threads : json_null());
}

/* Absolute paths tell about somebody's machine, not about the run: "/home/a/b.npy" and
 * "--out=/home/a/b.npy" become ".../b.npy" and "--out=.../b.npy"; so does what follows "NAME=". */
static json_t *argument_text(const char *argument)
{
    const char *equals = strstr(argument, "=/");
    const char *path = equals != NULL ? equals + 1 : argument;
    if (path[0] != '/') return json_text(argument);
    json_t *text = json_sprintf("%.*s...%s", (int)(path - argument), argument, strrchr(path, '/'));
    return text != NULL ? text : json_null();
}

static json_t *command(int argc, char **argv)
{
    json_t *list = json_array();
    for (int i = 0; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        json_array_append_new(list, i == 0 && slash != NULL ? json_text(slash + 1)
                                                            : argument_text(argv[i]));
    }
    return list;
}

/* Variables that steer threads, instruction sets or memory, here or in what is loaded. */
static int steers(const char *variable)
{
    static const char *const prefixes[] = {
        "MARGIN_ISA=", "OMP_",  "GOMP_",   "KMP_",  "OPENBLAS_", "GOTO_",           "BLIS_",
        "MKL_",        "DNNL_", "ONEDNN_", "NVPL_", "MALLOC_",   "GLIBC_TUNABLES=",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0) return 1;
    }
    return 0;
}

static json_t *environment(void)
{
    extern char **environ;
    json_t *object = json_object();
    for (char **variable = environ; *variable != NULL; variable++) {
        const char *equals = strchr(*variable, '=');
        char name[64];
        if (equals != NULL && steers(*variable) && (size_t)(equals - *variable) < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)(equals - *variable), *variable);
            json_object_set_new(object, name, json_text(equals + 1));
        }
    }
    return object;
}

json_t *provenance_json(int argc, char **argv, uint64_t seed)
{
    json_t *object = json_row("date", "o", date());
    describe_build(object);
    machine_describe(object);
    describe_defaults(object);
    json_put(object, "seed command environment", "zoo", (size_t)seed, command(argc, argv),
             environment());
    return object;
}
