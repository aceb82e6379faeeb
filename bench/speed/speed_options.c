/* speed_options.c: the command line of bench_speed.
 *
 * Must not know how cases are run. */
#include "speed_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "option_table.h"

static const char *take_threads(void *target, const char *text)
{
    speed_options *const o = target;
    int threads = 0;
    if (!parse_int(text, &threads) || threads < 1 || threads > SPEED_MAX_THREADS)
        return "a whole number from 1 to 4096";
    o->threads_wanted[threads] = 1;
    o->request.threads_given = 1;
    return NULL;
}

static const char *take_library(char **libraries, int *count, const char *text)
{
    if (*count == SPEED_MAX_LIBRARIES) return "among the first 16 libraries";
    libraries[*count] = strdup(text);
    if (!libraries[(*count)++]) out_of_memory();
    return NULL;
}

static const char *take_blas(void *target, const char *text)
{
    speed_options *const o = target;
    return take_library(o->blas, &o->blas_count, text);
}

static const char *take_preload(void *target, const char *text)
{
    speed_options *const o = target;
    return take_library(o->preload, &o->preload_count, text);
}

_Static_assert(SPEED_MAX_LIBRARIES == 16, "a message says so");
_Static_assert(SPEED_MAX_THREADS == 4096, "a message says so");

/* ---- the table ------------------------------------------------------------------------------- */

#define OPTION_TARGET speed_options
static const option_row rows[] = {
    OPTION_GROUP("output:"),
    {"out", "FILE",
     "every repetition, the statistics and the machine, as JSON; tables/ beside it for the figures",
     TO_TEXT(out)},
    {"machine-json", "FILE",
     "the machine and its measured peaks; without --out nothing else is run",
     TO_TEXT(machine_json)},
    {"list", NULL, "print the cases' names", TO_FLAG(list)},

    OPTION_GROUP("which cases:"),
    {"quick", NULL, "about 50 s on two cores (default: about 4 minutes)",
     TO_CONSTANT(request.level, SPEED_QUICK)},
    {"full", NULL, "the whole grid of shapes; hours", TO_CONSTANT(request.level, SPEED_FULL)},
    {"smoke", NULL, "one run of each case on tiny shapes: does everything work?",
     TO_CONSTANT(request.level, SPEED_SMOKE)},
    {"filter", "REGEX", "cases whose name matches (POSIX extended)", TO_TEXT(request.filter)},
    {"loss", "NAME[,...]", "these losses: {names} (default: all)",
     TO_NAMES(request.loss, &loss_choice)},
    {"isa", "NAME[,...]", "these instruction sets: {names} (default: MARGIN_ISA, else all usable)",
     TO_NAMES(request.isa, &isa_choice), .environment = "MARGIN_ISA"},
    {"threads", "T[,...]",
     "these numbers of threads (default: 1 and all; some cases at powers of two between)",
     TO_ITEMS(take_threads)},

    OPTION_GROUP("libraries, beside those that are installed (scripts/peers.sh has the newest):"),
    {"blas", "NAME=PATH[:PREFIX[:SUFFIX]]",
     "products of the library PATH, which calls them PREFIX + cblas_sgemm + SUFFIX (64-bit sizes "
     "where SUFFIX has 64 in it), or dnnl_sgemm; may be given again",
     TO_ITEMS(take_blas)},
    {"preload", "PATH", "load this library first, which others need; may be given again",
     TO_ITEMS(take_preload)},

    OPTION_GROUP("how:"),
    {"repetitions", "R", "of each case, interleaved at random (default 9; quick 6)",
     TO_INT(repetitions, 1, 10000)},
    {"processes", "K",
     "fresh processes that share the repetitions: code and memory lie elsewhere in each (default "
     "1)",
     TO_INT(processes, 0, 1000)},
    {"neighbour", NULL, "beside a process that sweeps the last cache over and over",
     TO_FLAG(neighbour)},
    {"min-time", "SECONDS", "of each repetition (default: what the time for the run allows)",
     TO_RANGE(min_seconds, 1e-9, 3600)},
    {"seed", "S", "of the inputs (default {default})", TO_U64(request.seed)},
    {"--benchmark_...", NULL, "flags of Google Benchmark", .type = OPTION_NONE},
    OPTION_END};

static const option_table speed_table = {
    .program = SPEED_PROGRAM,
    .summary = "time of margin-softmax heads and of others",
    .about =
        "Time of the heads and rows calls of libmargin, and of others, on Google Benchmark. Every\n"
        "case is compared with a double-precision reference first; one that fails is not timed.",
    .rows = rows};

/* ---- flags of Google Benchmark --------------------------------------------------------------- */

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
        if (strncmp(flag, own[k][0], strlen(own[k][0])) == 0)
            die_usage(SPEED_PROGRAM, "%s: use %s", flag, own[k][1]);
    }
    if (o->google_flags == SPEED_MAX_GOOGLE_FLAGS)
        die_usage(SPEED_PROGRAM, "%s: too many flags of Google Benchmark", flag);
    o->google_flag[o->google_flags++] = flag;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Google Benchmark's flags out of argv, so that getopt_long sees only ours. */
static int split_google_flags(speed_options *o, int argc, char **argv, char **ours)
{
    int count = 0, plain = 0;
    for (int i = 0; i < argc; i++) {
        plain |= strcmp(argv[i], "--") == 0;
        if (i > 0 && !plain &&
            (strncmp(argv[i], "--benchmark_", 12) == 0 || strncmp(argv[i], "--v=", 4) == 0)) {
            take_google_flag(o, argv[i]);
        } else {
            ours[count++] = argv[i];
        }
    }
    ours[count] = NULL;
    return count;
}

static void fill_defaults(speed_options *o)
{
    static const int repetitions[] = {1, 6, 9, 9};
    static const double budgets[] = {0, 50, 230, 0};
    speed_request *request = &o->request;
    if (request->isa[MARGIN_ISA_AUTO] || !memchr(request->isa, 1, sizeof request->isa)) {
        for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++)
            request->isa[isa] = isa != MARGIN_ISA_AUTO && margin_isa_usable((margin_isa)isa);
    }
    if (!memchr(request->loss, 1, sizeof request->loss))
        memset(request->loss, 1, sizeof request->loss);
    /* Threads: those asked for, rising; else powers of two up to all CPUs, and all. */
    const int all = speed_cpu_count();
    for (int threads = 1; threads <= SPEED_MAX_THREADS; threads++) {
        const int by_default = threads == all || (threads < all && !(threads & (threads - 1)));
        if (request->threads_given ? !o->threads_wanted[threads] : !by_default) continue;
        if (request->thread_counts == SPEED_MAX_THREAD_COUNTS)
            die_usage(SPEED_PROGRAM, "--threads: more than %d numbers", SPEED_MAX_THREAD_COUNTS);
        request->threads[request->thread_counts++] = threads;
    }
    const int usual = repetitions[request->level];
    o->repetitions = o->repetitions ? o->repetitions : usual;
    o->budget_seconds = budgets[request->level] * fmin(1.0, (double)o->repetitions / usual);
    if (o->processes > o->repetitions)
        die_usage(SPEED_PROGRAM, "--processes: no more than the %d repetitions that they share",
                  o->repetitions);
    if (o->processes > 1 && o->out == NULL)
        die_usage(SPEED_PROGRAM, "--processes: results go to a file: add --out FILE");
}

void speed_options_parse(speed_options *o, int argc, char **argv)
{
    memset(o, 0, sizeof *o);
    o->processes = 1;
    o->request.level = SPEED_DEFAULT;
    o->request.seed = 1;
    char **ours = zeroed((size_t)argc + 1, sizeof *ours);
    options_read(&speed_table, split_google_flags(o, argc, argv, ours), ours, o);
    free(ours);
    fill_defaults(o);
}
