/* command.c: what subcommands share (see command.h). Must not know what they compute. */
#include "command.h"

#include <json_out.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

margin_context *create_context(const margin_config *config)
{
    margin_context *context = NULL;
    const margin_status status = margin_create(config, &context);
    if (status == MARGIN_ERROR_MEMORY)
        die(PROGRAM, "out of memory (see --workspace and --threads)");
    if (status != MARGIN_OK) die(PROGRAM, "%s", margin_status_text(status));
    return context;
}

void print_json(json_t *object)
{
    json_object_set_new(object, "version", json_string(margin_version()));
    errno = 0;
    if (json_dumpf(object, stdout, JSON_OUT_FLAGS) != 0)
        die(PROGRAM, "standard output: cannot write: %s", strerror(errno != 0 ? errno : EIO));
    putchar('\n');
    json_decref(object);
}

const char *margin_text(const margin_config *c, char *text, size_t size)
{
    const int index = margin_loss_get(c->loss)->margin_index;
    const double margins[] = {c->m1, c->m2, c->m3};
    snprintf(text, size, "-");
    if (index == 4)
        snprintf(text, size, "%g, %g, %g", c->m1, c->m2, c->m3);
    else if (index > 0)
        snprintf(text, size, "%g", margins[index - 1]);
    return text;
}
