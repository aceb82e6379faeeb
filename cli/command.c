/* command.c: what subcommands share (see command.h). Must not know what they compute. */
#include "command.h"

margin_context *create_context(const margin_config *config)
{
    margin_context *context = NULL;
    const margin_status status = margin_create(config, &context);
    if (status == MARGIN_ERROR_MEMORY)
        die(PROGRAM, "out of memory (see --workspace and --threads)");
    if (status != MARGIN_OK) die(PROGRAM, "%s", margin_status_text(status));
    return context;
}
