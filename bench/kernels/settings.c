/* settings.c: see settings.h. */
#define _GNU_SOURCE
#include "settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"

static const char help[] =
    "Usage: " PROGRAM " [OPTION]...\n"
    "Time every kernel of libmargin on every usable instruction set. Each is compared with the\n"
    "scalar kernel first, by the call that is timed; one that differs is not timed.\n"
    "\n"
    "  --out FILE     write the results (JSON; docs/method.md says what is in it)\n"
    "  --quick        fewer and shorter samples (seconds)\n"
    "  --filter TEXT  only cases whose name has TEXT in it\n"
    "  --isa I        only this instruction set (default: MARGIN_ISA, else all that are usable)\n"
    "  --list         print the names of the cases, and exit\n"
    "  --tune         time whole calls instead, under several schedules (src/tuning.h), and print\n"
    "                 the one that suits this machine (some minutes); --filter and --list are\n"
    "                 then of its fields\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 when every kernel agrees, 1 when one does not or the run failed, 2 on wrong\n"
    "usage.\n";

enum option_code { OUT = 1, QUICK, FILTER, ISA, LIST, TUNE, HELP, VERSION };

static const struct option long_options[] = {
    {"out", required_argument, NULL, OUT},
    {"quick", no_argument, NULL, QUICK},
    {"filter", required_argument, NULL, FILTER},
    {"isa", required_argument, NULL, ISA},
    {"list", no_argument, NULL, LIST},
    {"tune", no_argument, NULL, TUNE},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
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
    if (!margin_isa_find(text, &isa))
        die_usage(PROGRAM, "--isa: unknown instruction set '%s'", text);
    if (isa != MARGIN_ISA_AUTO && !margin_isa_usable(isa))
        die(PROGRAM, "--isa: %s is not usable here", text);
    return isa;
}

static void apply(settings *s, int code, char *const argv[])
{
    switch (code) {
    case OUT:
        s->out = optarg;
        break;
    case QUICK:
        s->quick = 1;
        break;
    case FILTER:
        s->filter = optarg;
        break;
    case ISA:
        s->isa = parse_isa(optarg);
        break;
    case LIST:
        s->list = 1;
        break;
    case TUNE:
        s->tune = 1;
        break;
    case HELP:
    case VERSION:
        print_and_leave(code);
        break;
    default:
        die_getopt(PROGRAM, code, argv);
    }
}

settings settings_parse(int argc, char **argv)
{
    settings s = {.filter = "", .isa = MARGIN_ISA_AUTO};
    const char *forced = getenv("MARGIN_ISA");
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
        apply(&s, code, argv);
    if (optind < argc) die_usage(PROGRAM, "unexpected argument '%s'", argv[optind]);
    if (s.isa == MARGIN_ISA_AUTO && forced != NULL && *forced != '\0') s.isa = parse_isa(forced);
    return s;
}
