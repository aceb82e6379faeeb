/* engine.c: this process alone runs the heads. */
#include "engine.h"

void engine_begin(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
}

void engine_end(void)
{
}

int engine_threads(int wanted)
{
    return wanted;
}

int engine_rank(void)
{
    return 0;
}

int engine_ranks(void)
{
    return 1;
}

margin_status engine_head_run(margin_context *context, margin_head *head)
{
    return margin_head_run(context, head);
}
