/* speed_options.c: the command line of bench_speed.
 *
 * Must not know how cases are run. */
#define _GNU_SOURCE
#include "speed_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum {
    OUT = 256,
    MACHINE,
    QUICK,
    FULL,
    SMOKE,
    FILTER,
    LIST,
    THREADS,
    ISA,
    LOSS,
    SEED,
    REPETITIONS,
    MIN_TIME,
    HELP,
    VERSION
};

static const struct option long_options[] = {
    {"out", required_argument, NULL, OUT},
    {"machine-json", required_argument, NULL, MACHINE},
    {"quick", no_argument, NULL, QUICK},
    {"full", no_argument, NULL, FULL},
    {"smoke", no_argument, NULL, SMOKE},
    {"filter", required_argument, NULL, FILTER},
    {"list", no_argument, NULL, LIST},
    {"threads", required_argument, NULL, THREADS},
    {"isa", required_argument, NULL, ISA},
    {"loss", required_argument, NULL, LOSS},
    {"seed", required_argument, NULL, SEED},
    {"repetitions", required_argument, NULL, REPETITIONS},
    {"min-time", required_argument, NULL, MIN_TIME},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "usage: " SPEED_PROGRAM " [OPTION...]\n\n"
    "Time of the heads and rows calls of libmargin, and of others, on Google Benchmark. Every\n"
    "case is compared with a double-precision reference first; one that fails is not timed.\n\n"
    "output:\n"
    "  --out FILE           every repetition, the statistics and the machine, as JSON\n"
    "  --machine-json FILE  the machine and its measured peaks; without --out nothing else is run\n"
    "  --list               print the cases' names\n\n"
    "which cases:\n"
    "  --quick              about 50 s on two cores (default: about 4 minutes)\n"
    "  --full               the whole grid of shapes; hours\n"
    "  --smoke              one run of each case on tiny shapes: does everything work?\n"
    "  --filter REGEX       cases whose name matches (POSIX extended)\n"
    "  --loss NAME[,...]    these losses\n"
    "  --isa NAME[,...]     these instruction sets (default: MARGIN_ISA, else all usable)\n"
    "  --threads T[,...]    these numbers of threads (default: 1 and all; some cases at powers of\n"
    "                       two between)\n\n"
    "how:\n"
    "  --repetitions R      of each case, interleaved at random (default 9; quick 6)\n"
    "  --min-time SECONDS   of each repetition (default: what the time for the run allows)\n"
    "  --seed S             of the inputs (default 1)\n"
    "  --benchmark_...      flags of Google Benchmark\n"
    "  --help  --version\n";

/* ---- lists ----------------------------------------------------------------------------------- */

static int take_loss(speed_request *request, const char *name)
{
    margin_loss loss;
    if (!margin_loss_find(name, &loss)) {
        return 0;
    }
    request->loss[loss] = 1;
    return 1;
}

static int take_isa(speed_request *request, const char *name)
{
    margin_isa isa;
    if (!margin_isa_find(name, &isa)) {
        return 0;
    }
    if (isa != MARGIN_ISA_AUTO && !margin_isa_usable(isa)) {
        die(SPEED_PROGRAM, "instruction set '%s' is not usable here", name);
    }
    for (int k = MARGIN_ISA_AUTO + 1; k < MARGIN_ISA_COUNT; k++) {
        if (isa == (margin_isa)k || (isa == MARGIN_ISA_AUTO && margin_isa_usable((margin_isa)k))) {
            request->isa[k] = 1;
        }
    }
    return 1;
}

/* Keeps the list rising; 0 if there is no room. */
static int add_threads(speed_request *request, int threads)
{
    size_t at = 0;
    while (at < request->thread_counts && request->threads[at] < threads) {
        at++;
    }
    if (at < request->thread_counts && request->threads[at] == threads) {
        return 1;
    }
    if (request->thread_counts == SPEED_MAX_THREAD_COUNTS) {
        return 0;
    }
    memmove(request->threads + at + 1, request->threads + at,
            (request->thread_counts - at) * sizeof *request->threads);
    request->threads[at] = threads;
    request->thread_counts++;
    return 1;
}

static int take_threads(speed_request *request, const char *text)
{
    int threads = 0;
    request->threads_given = 1;
    return parse_int(text, &threads) && threads >= 1 && threads <= 4096 &&
           add_threads(request, threads);
}

/* Powers of two up to all CPUs, and all. */
static void default_threads(speed_request *request)
{
    const int all = speed_cpu_count();
    for (int threads = 1; threads < all; threads *= 2) {
        add_threads(request, threads);
    }
    add_threads(request, all);
}

static void take_list(speed_request *request, const char *option, const char *list,
                      int (*take)(speed_request *, const char *))
{
    char *copy = strdup(list), *rest = copy, *item;
    if (!copy) {
        die(SPEED_PROGRAM, "out of memory");
    }
    while ((item = strsep(&rest, ",")) != NULL) {
        if (!take(request, item)) {
            die_usage(SPEED_PROGRAM, "%s: '%s' is not valid", option, item);
        }
    }
    free(copy);
}

/* ---- single options -------------------------------------------------------------------------- */

static int is_google_flag(const char *argument)
{
    return strncmp(argument, "--benchmark_", 12) == 0 || strncmp(argument, "--v=", 4) == 0;
}

/* Flags that would undo what this program does itself. */
static void take_google_flag(speed_options *o, char *flag)
{
    static const char *const own[][2] = {
        {"--benchmark_filter", "--filter"},
        {"--benchmark_list_tests", "--list"},
        {"--benchmark_out", "--out"},
        {"--benchmark_format", "--out"},
        {"--benchmark_repetitions", "--repetitions"},
        {"--benchmark_min_time", "--min-time"},
        {"--benchmark_enable_random_interleaving", "--seed"},
    };
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
        if (strncmp(flag, own[k][0], strlen(own[k][0])) == 0) {
            die_usage(SPEED_PROGRAM, "%s: use %s", flag, own[k][1]);
        }
    }
    if (o->google_flags == SPEED_MAX_GOOGLE_FLAGS) {
        die_usage(SPEED_PROGRAM, "%s: too many flags of Google Benchmark", flag);
    }
    o->google_flag[o->google_flags++] = flag;
}

static void take_level(speed_options *o, speed_level level, unsigned *levels)
{
    if (++*levels > 1) {
        die_usage(SPEED_PROGRAM, "--quick, --full and --smoke exclude one another");
    }
    o->request.level = level;
}

static void take_number(speed_options *o, int code, const char *text)
{
    if (code == SEED && !parse_u64(text, &o->request.seed)) {
        die_usage(SPEED_PROGRAM, "--seed: '%s' is not valid", text);
    }
    if (code == REPETITIONS &&
        (!parse_int(text, &o->repetitions) || o->repetitions < 1 || o->repetitions > 10000)) {
        die_usage(SPEED_PROGRAM, "--repetitions: '%s' is not valid", text);
    }
    if (code == MIN_TIME &&
        (!parse_double(text, &o->min_seconds) || o->min_seconds <= 0 || o->min_seconds > 3600)) {
        die_usage(SPEED_PROGRAM, "--min-time: '%s' is not valid", text);
    }
}

static void take_option(speed_options *o, int code, char *text, unsigned *levels)
{
    switch (code) {
    case OUT:
        o->out = text;
        break;
    case MACHINE:
        o->machine_json = text;
        break;
    case QUICK:
        take_level(o, SPEED_QUICK, levels);
        break;
    case FULL:
        take_level(o, SPEED_FULL, levels);
        break;
    case SMOKE:
        take_level(o, SPEED_SMOKE, levels);
        break;
    case FILTER:
        o->request.filter = text;
        break;
    case LIST:
        o->list = 1;
        break;
    case THREADS:
        take_list(&o->request, "--threads", text, take_threads);
        break;
    case ISA:
        take_list(&o->request, "--isa", text, take_isa);
        break;
    case LOSS:
        take_list(&o->request, "--loss", text, take_loss);
        break;
    case HELP:
        fputs(help_text, stdout);
        exit(EXIT_SUCCESS);
    case VERSION:
        printf("%s %s\n", SPEED_PROGRAM, margin_version());
        exit(EXIT_SUCCESS);
    default:
        take_number(o, code, text);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Google Benchmark's flags out of argv, so that getopt_long sees only ours. */
static int split_google_flags(speed_options *o, int argc, char **argv, char **ours)
{
    int count = 0, plain = 0;
    for (int i = 0; i < argc; i++) {
        plain |= strcmp(argv[i], "--") == 0;
        if (i > 0 && !plain && is_google_flag(argv[i])) {
            take_google_flag(o, argv[i]);
        } else {
            ours[count++] = argv[i];
        }
    }
    ours[count] = NULL;
    return count;
}

/* 1 if any of the flags is set. */
static int any(const unsigned char *flags, size_t count)
{
    return memchr(flags, 1, count) != NULL;
}

static void fill_defaults(speed_options *o)
{
    static const int repetitions[] = {1, 6, 9, 9};
    static const double budgets[] = {0, 50, 230, 0};
    speed_request *request = &o->request;
    if (!any(request->isa, sizeof request->isa)) {
        const char *forced = getenv("MARGIN_ISA");
        take_list(request, "MARGIN_ISA", forced && *forced ? forced : "auto", take_isa);
    }
    if (!any(request->loss, sizeof request->loss)) {
        memset(request->loss, 1, sizeof request->loss);
    }
    if (!request->thread_counts) {
        default_threads(request);
    }
    o->repetitions = o->repetitions ? o->repetitions : repetitions[request->level];
    o->budget_seconds = budgets[request->level];
}

void speed_options_parse(speed_options *o, int argc, char **argv)
{
    unsigned levels = 0;
    int code;
    memset(o, 0, sizeof *o);
    o->request.level = SPEED_DEFAULT;
    o->request.seed = 1;
    char **ours = calloc((size_t)argc + 1, sizeof *ours);
    if (!ours) {
        die(SPEED_PROGRAM, "out of memory");
    }
    const int count = split_google_flags(o, argc, argv, ours);
    opterr = 0;
    while ((code = getopt_long(count, ours, "+:", long_options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            die_getopt(SPEED_PROGRAM, code, ours);
        }
        take_option(o, code, optarg, &levels);
    }
    if (optind < count) {
        die_usage(SPEED_PROGRAM, "unexpected argument '%s'", ours[optind]);
    }
    free(ours);
    fill_defaults(o);
}
