/* settings.c: see settings.h. */
#define _GNU_SOURCE
#include "settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"

static const char help[] =
    "Usage: " PROGRAM " [OPTION]...\n"
    "Measure the error of each loss and its gradients against a 113-bit reference, with every\n"
    "option on every usable instruction set, beside the formulas as they are usually written:\n"
    "over angles, scales, lengths, numbers of rows, dimensions and classes, on converged rows,\n"
    "where probabilities underflow, in special places, and on random and adversarial rows. Then\n"
    "exp and log on float32 inputs. What docs/numerics.md promises is judged.\n"
    "\n"
    "  --out FILE     write the results (JSON; results/README.md has the schema)\n"
    "  --quick        fewer points (seconds; default: a minute or two)\n"
    "  --full         more of them, a million rows of each loss (some ten minutes)\n"
    "  --seed S       seed of the random vectors (default 1)\n"
    "  --isa I        only this instruction set (default: all that are usable)\n"
    "  --threads T    threads of the library (default 1)\n"
    "  --list         print the sweeps and their shapes, and exit\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 when every promise is kept, 1 when one is not or the run failed,\n"
    "2 on wrong usage.\n";

enum option_code { OUT = 1, QUICK, FULL, SEED, ISA, THREADS, LIST, HELP, VERSION };

static const struct option long_options[] = {
    {"out", required_argument, NULL, OUT},   {"quick", no_argument, NULL, QUICK},
    {"full", no_argument, NULL, FULL},       {"seed", required_argument, NULL, SEED},
    {"isa", required_argument, NULL, ISA},   {"threads", required_argument, NULL, THREADS},
    {"list", no_argument, NULL, LIST},       {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION}, {NULL, 0, NULL, 0},
};

static void print_and_leave(int code)
{
    if (code == HELP) {
        fputs(help, stdout);
    } else {
        printf(PROGRAM " %s\n", margin_version());
    }
    exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED);
}

static margin_isa parse_isa(const char *text)
{
    margin_isa isa = MARGIN_ISA_AUTO;

    if (!margin_isa_find(text, &isa)) {
        die_usage(PROGRAM, "--isa: unknown instruction set '%s'", text);
    }
    if (isa != MARGIN_ISA_AUTO && !margin_isa_usable(isa)) {
        die(PROGRAM, "--isa: %s is not usable here", text);
    }
    return isa;
}

static void apply(settings *s, int code, char *const argv[])
{
    switch (code) {
    case OUT:
        s->out = optarg;
        break;
    case QUICK:
        s->how_many = EFFORT_QUICK;
        break;
    case FULL:
        s->how_many = EFFORT_FULL;
        break;
    case LIST:
        s->list = 1;
        break;
    case ISA:
        s->isa = parse_isa(optarg);
        break;
    case SEED:
        if (!parse_u64(optarg, &s->seed)) {
            die_usage(PROGRAM, "--seed: '%s' is not a whole number", optarg);
        }
        break;
    case THREADS:
        if (!parse_int(optarg, &s->threads) || s->threads < 0) {
            die_usage(PROGRAM, "--threads: '%s' is not a number of threads", optarg);
        }
        break;
    case HELP:
    case VERSION:
        print_and_leave(code);
        break;
    default:
        die_getopt(PROGRAM, code, argv);
    }
}

settings parse_settings(int argc, char **argv)
{
    settings s = {.how_many = EFFORT_DEFAULT, .seed = 1, .isa = MARGIN_ISA_AUTO, .threads = 1};
    const char *forced = getenv("MARGIN_ISA");
    int code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        apply(&s, code, argv);
    }
    if (optind < argc) {
        die_usage(PROGRAM, "unexpected argument '%s'", argv[optind]);
    }
    if (s.isa == MARGIN_ISA_AUTO && forced && *forced) {
        s.isa = parse_isa(forced);
    }
    return s;
}
