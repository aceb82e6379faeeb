/* settings.c: see settings.h. */
#include "settings.h"

#define OPTION_TARGET settings
static const option_row rows[] = {
    OPTION_GROUP("options:"),
    {"out", "FILE",
     "write the results (JSON; results/README.md has the schema), and tables/ beside it for the "
     "figures",
     TO_TEXT(out)},
    {"quick", NULL, "fewer points (seconds; default: a minute or two)",
     TO_CONSTANT(how_many, EFFORT_QUICK)},
    {"full", NULL, "more of them, a million rows of each loss (some ten minutes)",
     TO_CONSTANT(how_many, EFFORT_FULL)},
    {"seed", "S", "seed of the random vectors (default {default})", TO_U64(seed)},
    {"isa", "NAME", "only this instruction set: {names} (default: MARGIN_ISA, else all usable)",
     TO_ISA(isa)},
    {"threads", "T", "threads of the library (default {default}; 0: as many as CPUs)",
     TO_INT(threads, 0, 1024)},
    {"list", NULL, "print the sweeps and their shapes, and exit", TO_FLAG(list)},
    OPTION_END};

const option_table stability_table = {
    .program = PROGRAM,
    .summary = "errors of each loss and its gradients",
    .about =
        "Measure the error of each loss and its gradients against a 113-bit reference, with\n"
        "every option on every usable instruction set, beside the formulas as they are usually\n"
        "written: over angles, scales, lengths, numbers of rows, dimensions and classes, on\n"
        "converged rows, where probabilities underflow, in special places, and on random and\n"
        "adversarial rows. Then exp and log on float32 inputs. What docs/numerics.md promises is\n"
        "judged.",
    .rows = rows,
    .closing = "exit status: 0 when every promise is kept, 1 when one is not or the run failed,\n"
               "2 on wrong usage."};

settings parse_settings(int argc, char **argv)
{
    settings s = {.how_many = EFFORT_DEFAULT, .seed = 1, .isa = MARGIN_ISA_AUTO, .threads = 1};
    options_read(&stability_table, argc, argv, &s);
    return s;
}
