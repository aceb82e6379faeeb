/* chosen.c: prints the instruction set that the library chooses here; fails where asking for
 * another one, argument 1, is not an error. For old_cpu.sh. */
#include <stdio.h>

#include "margin.h"

static margin_status try(margin_isa isa, margin_isa *chosen)
{
    margin_config config;
    margin_context *context;
    margin_status status = margin_config_init(&config, MARGIN_ARCFACE);
    config.isa = isa;
    if (status == MARGIN_OK) status = margin_create(&config, &context);
    if (status == MARGIN_OK) *chosen = margin_context_config(context)->isa;
    if (status == MARGIN_OK) margin_destroy(context);
    return status;
}

int main(int argc, char **argv)
{
    margin_isa chosen = MARGIN_ISA_AUTO, other = MARGIN_ISA_AUTO;
    if (argc != 2 || !margin_isa_find(argv[1], &other)) return 2;
    if (try(MARGIN_ISA_AUTO, &chosen) != MARGIN_OK) return 1;
    puts(margin_isa_name(chosen));
    return try(other, &chosen) == MARGIN_ERROR_ISA ? 0 : 1;
}
