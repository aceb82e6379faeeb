/* separation_options.c: the command line of bench_separation. Must not know how a run works. */
#define _GNU_SOURCE
#include "separation_options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "options.h"

enum option_code {
    OUT = 256,
    FIGURE,
    FOLDER,
    CHECKPOINTS,
    DUMP,
    DIM,
    IDENTITIES,
    UNSEEN,
    CONCENTRATION,
    IMBALANCE,
    FLIPPED,
    OUTLIERS,
    QUICK,
    FULL,
    LIST,
    DATA,
    LOSS,
    SEED,
    SEEDS,
    EPOCHS,
    SAMPLES,
    FEATURES,
    SCALE,
    MARGIN,
    M1,
    M2,
    M3,
    ISA,
    THREADS,
    HELP,
    VERSION
};

static const struct option long_options[] = {
    {"out", required_argument, NULL, OUT},
    {"figure", required_argument, NULL, FIGURE},
    {"folder", required_argument, NULL, FOLDER},
    {"checkpoints", required_argument, NULL, CHECKPOINTS},
    {"dump", required_argument, NULL, DUMP},
    {"dim", required_argument, NULL, DIM},
    {"identities", required_argument, NULL, IDENTITIES},
    {"unseen", required_argument, NULL, UNSEEN},
    {"concentration", required_argument, NULL, CONCENTRATION},
    {"imbalance", required_argument, NULL, IMBALANCE},
    {"flipped", required_argument, NULL, FLIPPED},
    {"outliers", required_argument, NULL, OUTLIERS},
    {"quick", no_argument, NULL, QUICK},
    {"full", no_argument, NULL, FULL},
    {"list", no_argument, NULL, LIST},
    {"data", required_argument, NULL, DATA},
    {"loss", required_argument, NULL, LOSS},
    {"seed", required_argument, NULL, SEED},
    {"seeds", required_argument, NULL, SEEDS},
    {"epochs", required_argument, NULL, EPOCHS},
    {"samples", required_argument, NULL, SAMPLES},
    {"features", required_argument, NULL, FEATURES},
    {"scale", required_argument, NULL, SCALE},
    {"margin", required_argument, NULL, MARGIN},
    {"m1", required_argument, NULL, M1},
    {"m2", required_argument, NULL, M2},
    {"m3", required_argument, NULL, M3},
    {"isa", required_argument, NULL, ISA},
    {"threads", required_argument, NULL, THREADS},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "usage: " SEPARATION_PROGRAM " [OPTION...]\n\n"
    "Train a small network under each loss, and measure on samples held out from training how\n"
    "well the classes are separated: angles between samples, embedding centres and class\n"
    "weights, and the gaps that classes leave on the circle. Without options every figure that\n"
    "--list names is measured.\n\n"
    "one figure, from data to picture:\n"
    "  --figure NAME[,...]  these figures alone, drawn as well\n"
    "  --folder DIR       for them (default results/NAME): separation.json, tables, figures\n\n"
    "output:\n"
    "  --out FILE         every run, its statistics and features for the figures, as JSON\n"
    "  --features N       samples of each class kept for the figure, first seed (default 100)\n"
    "  --dump DIR         every run's embeddings, labels and class weights as .npy, for the\n"
    "                     commands margin angles and margin verify or for NumPy\n"
    "  --checkpoints DIR  keep each training's state there; begun again, it goes on from it\n"
    "  --list             print data, losses with settings, and figures; run nothing\n\n"
    "runs of your own in place of the figures (any of these options):\n"
    "  --data NAME[,...]  sphere: identities on a hypersphere; fashion: Fashion-MNIST; or a\n"
    "                     folder of IDX files named as MNIST's (default: sphere, and fashion if\n"
    "                     it is in " SEPARATION_FASHION ")\n"
    "  --loss NAME[,...]  these losses, or all (default: all but combined)\n"
    "  --dim D            of the embedding (default 2)\n"
    "  --identities K, --unseen K, --concentration X   of the hypersphere (8, none, 37)\n"
    "  --imbalance R      the last identity has R times fewer samples than the first (1)\n"
    "  --flipped P, --outliers P   shares of the training samples that are labelled as another\n"
    "                     identity, that are nobody's (0)\n\n"
    "how:\n"
    "  --quick, --full    1 seed, 10 seeds (default: 5)\n"
    "  --seeds N          repetitions of each run\n"
    "  --seed S           of the first repetition (default 1)\n"
    "  --epochs N         passes over the training samples (default 20; images 15)\n"
    "  --samples N        of each class, to train and to test (default 1500; images 2000)\n"
    "  --scale S          of the losses that normalise (default 64)\n"
    "  --margin M         of each loss that has one margin; --m1, --m2, --m3 set single ones\n"
    "                     (defaults: --list; they shrink when there are more than 8 classes)\n"
    "  --isa NAME         instruction set of the loss (default: MARGIN_ISA, else the best)\n"
    "  --threads T        runs at a time (default: as OpenMP decides); never changes a number\n"
    "  --help  --version\n";

static void bad(const char *option, const char *text, const char *wanted)
{
    die_usage(SEPARATION_PROGRAM, "%s: '%s' is not %s", option, text, wanted);
}

static size_t take_count(const char *option, const char *text, uint64_t least, uint64_t most)
{
    uint64_t value = 0;
    if (!parse_u64(text, &value) || value < least || value > most) {
        die_usage(SEPARATION_PROGRAM, "%s: '%s' is not a whole number from %llu to %llu", option,
                  text, (unsigned long long)least, (unsigned long long)most);
    }
    return (size_t)value;
}

static double take_number(const char *option, const char *text)
{
    double value = 0.0;
    if (!parse_double(text, &value)) {
        bad(option, text, "a finite number");
    }
    return value;
}

static void take_figure(separation_options *out, char *name)
{
    size_t index;
    if (!figure_find(name, &index)) {
        bad("--figure", name, "a figure (see --list)");
    }
    out->figures |= UINT32_C(1) << index;
}

static void take_loss(separation_options *out, char *name)
{
    margin_loss loss = MARGIN_LOSS_COUNT;
    const int all = strcmp(name, "all") == 0;
    out->own_runs = 1;
    if (!all && !margin_loss_find(name, &loss)) {
        bad("--loss", name, "a loss (see --list)");
    }
    for (int i = 0; i < MARGIN_LOSS_COUNT; i++) {
        out->losses[i] = out->losses[i] || all || i == (int)loss;
    }
}

static void take_data(separation_options *out, char *name)
{
    if (*name == '\0') {
        bad("--data", name, "sphere, fashion or a folder");
    }
    out->own_runs = 1;
    for (size_t i = 0; i < out->data_count; i++) {
        if (strcmp(out->data[i], name) == 0) {
            return;
        }
    }
    if (out->data_count == SEPARATION_MOST_DATA) {
        die_usage(SEPARATION_PROGRAM, "--data: more than %d sets", SEPARATION_MOST_DATA);
    }
    out->data[out->data_count++] = name;
}

/* Cuts `list` at its commas, in place: arguments belong to the program. */
static void take_list(separation_options *out, char *list,
                      void (*take)(separation_options *, char *))
{
    char *rest = list, *item;
    while ((item = strsep(&rest, ",")) != NULL) {
        take(out, item);
    }
}

static void take_isa(separation_options *out, const char *name)
{
    if (!margin_isa_find(name, &out->isa)) {
        bad("--isa", name, "an instruction set (auto, scalar, avx2, avx512, neon)");
    }
    if (out->isa != MARGIN_ISA_AUTO && !margin_isa_usable(out->isa)) {
        die(SEPARATION_PROGRAM, "--isa: %s %s", name,
            margin_isa_built(out->isa) ? "cannot run on this CPU" : "is not built in");
    }
}

static void print_and_leave(const char *text)
{
    fputs(text, stdout);
    exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED);
}

static double take_between(const char *option, const char *text, double least, double most)
{
    const double value = take_number(option, text);
    if (value < least || value > most) {
        die_usage(SEPARATION_PROGRAM, "%s: '%s' is not from %g to %g", option, text, least, most);
    }
    return value;
}

/* What only the runs that --data and --loss name can be told. */
static void take_sphere(separation_options *out, int code, char *text)
{
    sphere_config *const sphere = &out->sphere;
    out->own_runs = 1;
    switch (code) {
    case DIM:
        out->dim = take_count("--dim", text, 2, 4096);
        break;
    case IDENTITIES:
        sphere->identities = take_count("--identities", text, 2, 100000);
        break;
    case UNSEEN:
        sphere->unseen = take_count("--unseen", text, 2, 100000);
        break;
    case CONCENTRATION:
        sphere->concentration = take_between("--concentration", text, 0.0, 1e6);
        break;
    case IMBALANCE:
        sphere->imbalance = take_between("--imbalance", text, 1.0, 1e6);
        break;
    case FLIPPED:
        sphere->flipped = take_between("--flipped", text, 0.0, 1.0);
        break;
    case OUTLIERS:
        sphere->outliers = take_between("--outliers", text, 0.0, 1.0);
        break;
    default:
        break;
    }
}

static void take_amount(separation_options *out, int code, char *text)
{
    switch (code) {
    case SEED:
        out->seed = take_count("--seed", text, 0, UINT64_MAX);
        break;
    case SEEDS:
        out->seeds = take_count("--seeds", text, 1, 10000);
        break;
    case EPOCHS:
        out->epochs = take_count("--epochs", text, 1, 100000);
        break;
    case SAMPLES:
        out->samples = take_count("--samples", text, 1, 100000);
        break;
    case FEATURES:
        out->features = take_count("--features", text, 0, 100000);
        break;
    case THREADS:
        out->threads = (int)take_count("--threads", text, 1, 1024);
        break;
    case SCALE:
        out->override.scale = take_number("--scale", text);
        break;
    case MARGIN:
        out->override.margin = take_number("--margin", text);
        break;
    case M1:
        out->override.m1 = take_number("--m1", text);
        break;
    case M2:
        out->override.m2 = take_number("--m2", text);
        break;
    case M3:
        out->override.m3 = take_number("--m3", text);
        break;
    default:
        take_sphere(out, code, text);
        break;
    }
}

static void take_option(separation_options *out, int code, char **argv)
{
    switch (code) {
    case OUT:
        out->out = optarg;
        break;
    case FIGURE:
        take_list(out, optarg, take_figure);
        break;
    case FOLDER:
        out->folder = optarg;
        break;
    case CHECKPOINTS:
        out->checkpoints = optarg;
        break;
    case DUMP:
        out->dump = optarg;
        break;
    case QUICK:
        out->level = LEVEL_QUICK;
        break;
    case FULL:
        out->level = LEVEL_FULL;
        break;
    case LIST:
        out->list = 1;
        break;
    case DATA:
        take_list(out, optarg, take_data);
        break;
    case LOSS:
        take_list(out, optarg, take_loss);
        break;
    case ISA:
        take_isa(out, optarg);
        break;
    case HELP:
        print_and_leave(help_text);
        break;
    case VERSION:
        printf("%s %s\n", SEPARATION_PROGRAM, margin_version());
        print_and_leave("");
        break;
    case '?':
    case ':':
        die_getopt(SEPARATION_PROGRAM, code, argv);
    default:
        take_amount(out, code, optarg);
        break;
    }
}

static void choose_losses(separation_options *out)
{
    for (int i = 0; i < MARGIN_LOSS_COUNT; i++) {
        if (out->losses[i]) {
            return;
        }
    }
    for (int i = 0; i < MARGIN_LOSS_COUNT; i++) {
        out->losses[i] = recipe_is_default((margin_loss)i);
    }
}

/* Options that would be passed over in silence are refused. */
static void check_together(const separation_options *o)
{
    if (o->figures != 0 && o->own_runs) {
        die_usage(SEPARATION_PROGRAM,
                  "--figure chooses its own data and losses: no --data, --loss, --dim, ...");
    }
    if (o->sphere.flipped + o->sphere.outliers > 1.0) {
        die_usage(SEPARATION_PROGRAM, "--flipped, --outliers: together more than all samples");
    }
    if (o->figures != 0 && o->out != NULL) {
        die_usage(SEPARATION_PROGRAM, "--figure writes to a folder: --folder in place of --out");
    }
    if (o->figures == 0 && o->folder != NULL) {
        die_usage(SEPARATION_PROGRAM, "--folder: only with --figure");
    }
    if (o->seed > UINT64_MAX - o->seeds) {
        die_usage(SEPARATION_PROGRAM, "--seed: too large for %zu seeds", o->seeds);
    }
}

void separation_options_read(separation_options *out, int argc, char **argv)
{
    static const size_t level_seeds[] = {1, 5, 10};
    *out = (separation_options){
        .level = LEVEL_DEFAULT, .seed = 1, .features = 100, .isa = MARGIN_ISA_AUTO};
    loss_override_none(&out->override);
    sphere_config_init(&out->sphere);
    out->dim = 2;
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        take_option(out, code, argv);
    }
    if (optind < argc) {
        die_usage(SEPARATION_PROGRAM, "unexpected argument '%s'", argv[optind]);
    }
    if (out->seeds == 0) {
        out->seeds = level_seeds[out->level];
    }
    check_together(out);
    choose_losses(out);
}
