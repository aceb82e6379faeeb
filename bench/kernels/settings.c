/* settings.c: see settings.h. */
#include "settings.h"

#include "option_table.h"

#define OPTION_TARGET settings
static const option_row rows[] = {
    OPTION_GROUP("options:"),
    {"out", "FILE", "write the results (JSON; docs/method.md says what is in it)", TO_TEXT(out)},
    {"quick", NULL, "fewer and shorter samples (seconds)", TO_FLAG(quick)},
    {"filter", "TEXT", "only cases whose name has TEXT in it", TO_TEXT(filter)},
    {"isa", "NAME", "only this instruction set: {names} (default: MARGIN_ISA, else all usable)",
     TO_ISA(isa)},
    {"list", NULL, "print the names of the cases, and exit", TO_FLAG(list)},
    {"tune", NULL,
     "time whole calls instead, under several schedules (src/tuning.h), and print the one that "
     "suits this machine (some minutes); --filter and --list are then of its fields",
     TO_FLAG(tune)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "time of each kernel of libmargin",
    .about = "Time every kernel of libmargin on every usable instruction set. Each is compared "
             "with the\n"
             "scalar kernel first, by the call that is timed; one that differs is not timed.",
    .rows = rows,
    .closing = "exit status: 0 when every kernel agrees, 1 when one does not or the run failed,\n"
               "2 on wrong usage."};

settings settings_parse(int argc, char **argv)
{
    settings s = {.filter = "", .isa = MARGIN_ISA_AUTO};
    options_read(&table, argc, argv, &s);
    return s;
}
