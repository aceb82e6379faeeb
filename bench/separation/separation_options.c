/* separation_options.c: the command line of bench_separation. Must not know how a run works. */
#include "separation_options.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figures.h"
#include "memory.h"

/* Behind the figures' names those that some had before. */
static const char *figure_name(int value)
{
    const size_t index = (size_t)value, count = figure_count();
    return index < count ? figure_get(index)->name : figure_old_name(index - count);
}

static const choice figure_choice = {figure_name, NULL};

static const char *recipe_title(int value)
{
    return value < RECIPE_COUNT ? all_recipes[value].name : NULL;
}

static const choice recipe_choice = {recipe_title, NULL}, start_choice = {start_title, NULL};

_Static_assert(SEPARATION_MOST_DATA == 8, "a message says so");

static const char *take_data(void *target, const char *name)
{
    separation_options *const out = target;
    for (size_t i = 0; i < out->data_count; i++) {
        if (strcmp(out->data[i], name) == 0) return NULL;
    }
    if (*name == '\0') return "sphere, fashion, characters or a folder";
    if (out->data_count == SEPARATION_MOST_DATA) return "taken: no more than 8 sets in a run";
    char *const copy = strdup(name);
    if (copy == NULL) out_of_memory();
    out->data[out->data_count++] = copy;
    return NULL;
}

/* One layer after the other. */
static const char *take_hidden(void *target, const char *item)
{
    size_t *units = ((separation_options *)target)->set.hidden;
    const size_t *const end = units + HIDDEN_LAYERS;
    while (units < end && *units != 0)
        units++;
    if (units == end) return "wanted: there are two hidden layers";
    return parse_size(item, units) && *units >= 1 && *units <= 65536
               ? NULL
               : "a whole number from 1 to 65536";
}

static const char *take_number(number_list *list, const char *item)
{
    if (list->count == SEPARATION_MOST_VALUES) return "taken: no more than 32 values in a list";
    return parse_double(item, &list->values[list->count++]) ? NULL : "a number";
}

static const char *take_scale(void *target, const char *item)
{
    return take_number(&((separation_options *)target)->scales, item);
}

static const char *take_margin(void *target, const char *item)
{
    return take_number(&((separation_options *)target)->margins, item);
}

#define OPTION_TARGET separation_options
#define OF_OWN_RUNS   OPTION_MARK(own_runs)
static const option_row rows[] = {
    OPTION_GROUP("one figure, from data to picture:"),
    {"figure", "NAME[,...]", "these figures alone, drawn as well (see --list)",
     TO_NAMES(figure, &figure_choice)},
    {"folder", "DIR", "for them (default results/NAME): separation.json, tables, figures",
     TO_TEXT(folder)},

    OPTION_GROUP("output:"),
    {"out", "FILE",
     "every run, its statistics and features, as JSON; tables/ beside it for the figures",
     TO_TEXT(out)},
    {"features", "N",
     "samples of each class kept for the figure, of the median seed (default {default})",
     TO_SIZE(features, 0, 100000)},
    {"dump", "DIR",
     "every run's embeddings, labels and class weights as .npy, for the commands margin angles and "
     "margin verify or for NumPy",
     TO_TEXT(dump)},
    {"geometry", NULL,
     "measure neural collapse, alignment and uniformity along the epochs, too (as the figure of "
     "that "
     "name does)",
     TO_FLAG(geometry)},
    {"checkpoints", "DIR", "keep each training's state there; begun again, it goes on from it",
     TO_TEXT(checkpoints)},
    {"list", NULL, "print data, losses with settings, and figures; run nothing", TO_FLAG(list)},

    OPTION_GROUP("runs of your own in place of the figures (any of these options):"),
    {"data", "NAME[,...]",
     "sphere: identities on a hypersphere; fashion: Fashion-MNIST; characters: what "
     "scripts/characters.sh draws; or a folder of IDX files named as MNIST's (default: sphere, and "
     "fashion if it is in " SEPARATION_FASHION ")",
     TO_ITEMS(take_data), OF_OWN_RUNS},
    {"loss", "NAME[,...]", "{names}, or all (default: all but combined)",
     TO_NAMES(losses, &loss_choice), OF_OWN_RUNS},
    {"dim", "D", "of the embedding (default 2; with unseen images 64)", TO_SIZE(dim, 2, 4096),
     OF_OWN_RUNS},
    {"identities", "K",
     "that training sees: of the hypersphere (default 8), or so many of the images' classes, drawn "
     "by the seed (default: all)",
     TO_SIZE(identities, 2, 100000), OF_OWN_RUNS},
    {"unseen", "K", "identities of the hypersphere that training does not see (default none)",
     TO_SIZE(sphere.unseen, 2, 100000), OF_OWN_RUNS},
    {"validation", "K",
     "further such identities, to choose settings by; of images so many of the unseen classes, "
     "which are the same for every seed (default none)",
     TO_SIZE(validation, 2, 100000), OF_OWN_RUNS},
    {"brief", NULL, "measure strangers alone, nothing of the classes that are trained",
     TO_FLAG(brief), OF_OWN_RUNS},
    {"concentration", "X", "of samples round their identity's centre (default {default})",
     TO_RANGE(sphere.concentration, 0, 1e6), OF_OWN_RUNS},
    {"bend", "B", "how far samples are bent on their way to the network (default {default})",
     TO_RANGE(sphere.bend, 0, 1e6), OF_OWN_RUNS},
    {"map", "S", "bent by this seed's map in every repetition; 0: each draws its own (default 0)",
     TO_U64(sphere.map), OF_OWN_RUNS},
    {"latent-dim", "D", "dimensions of the hypersphere (default {default})",
     TO_SIZE(sphere.latent_dim, 2, 4096), OF_OWN_RUNS},
    {"input-dim", "D", "of what the network sees of it (default {default})",
     TO_SIZE(sphere.input_dim, 1, 65536), OF_OWN_RUNS},
    {"imbalance", "R",
     "the last identity has R times fewer samples than the first (default {default})",
     TO_RANGE(sphere.imbalance, 1, 1e6), OF_OWN_RUNS},
    {"flipped", "P",
     "share of the training samples labelled as another identity (default {default})",
     TO_RANGE(sphere.flipped, 0, 1), OF_OWN_RUNS},
    {"outliers", "P", "share of them that are nobody's (default {default})",
     TO_RANGE(sphere.outliers, 0, 1), OF_OWN_RUNS},
    {"sample-rate", "R",
     "a training step looks at the classes of its batch and at this share of the others (default: "
     "all classes)",
     TO_RANGE(sample_rate, 1e-6, 1), OF_OWN_RUNS},

    {"recipe", "NAME",
     "network and training: {names} (default: plane for two dimensions, space for more)",
     TO_NAME(recipe, &recipe_choice), OF_OWN_RUNS},

    OPTION_GROUP("network and training (defaults: the recipe's, which --list prints):"),
    {"hidden", "H,H", "units of the two hidden layers", TO_ITEMS(take_hidden)},
    {"weight-length", "L", "of the first class weights, where a loss normalises them",
     TO_RANGE(set.weight_length, 1e-6, 1e6)},
    {"start", "NAME",
     "where they point in two dimensions: {names} (evenly in the order of a tour through the "
     "classes, or anywhere, as in more dimensions)",
     TO_NAME(set.start, &start_choice)},
    {"epochs", "N", "passes over the training samples (images 15)", TO_SIZE(set.epochs, 1, 100000)},
    {"batch", "N", "samples of a step", TO_SIZE(set.batch, 2, 65536)},
    {"rate", "X", "the first learning rate; it falls to 0 along half a cosine",
     TO_RANGE(set.rate, 0, 1e6)},
    {"momentum", "X", "of the descent", TO_RANGE(set.momentum, 0, 1)},
    {"decay", "X", "weight decay", TO_RANGE(set.decay, 0, 1e6)},
    {"clip", "X", "longest gradient of a step; 0: no limit", TO_RANGE(set.clip, 0, 1e30)},
    {"warmup", "P", "share of the steps in which the margin grows", TO_RANGE(set.warmup, 0, 1)},
    {"scale-first", "S", "the scale grows from here likewise; 0, as it is by default: it does not",
     TO_RANGE(set.scale_first, 0, 1e6)},
    {"lambda-share", "P", "share of the steps in which SphereFace's lambda falls",
     TO_RANGE(set.anneal, 0, 1)},
    {"lambda-first", "X", "from here", TO_RANGE(set.lambda_base, 0, 1e30)},
    {"lambda-last", "X", "to here", TO_RANGE(set.lambda_least, 0, 1e30)},
    {"lambda-power", "X", "by this power of the steps", TO_RANGE(set.lambda_power, 1e-3, 1e3)},

    OPTION_GROUP("how:"),
    {"quick", NULL, "1 seed (default: 5; figures that are many trainings 3, see --list)",
     TO_CONSTANT(level, LEVEL_QUICK)},
    {"full", NULL, "10 seeds", TO_CONSTANT(level, LEVEL_FULL)},
    {"seeds", "N", "repetitions of each run", TO_SIZE(seeds, 1, 10000)},
    {"seed", "S", "of the first repetition (default {default})", TO_U64(seed)},
    {"samples", "N", "of each class, to train and to test (default 1500; images 2000)",
     TO_SIZE(samples, 1, 100000)},
    {"test-samples", "N", "of each class, to test alone", TO_SIZE(test_samples, 1, 100000)},
    {"scale", "S[,...]",
     "of the losses that normalise (default 64); of own runs each, with each margin",
     TO_ITEMS(take_scale)},
    {"margin", "M[,...]",
     "of each loss that has one margin (defaults: --list; they shrink when there are more than 8 "
     "classes)",
     TO_ITEMS(take_margin)},
    {"m1", "M", "this margin alone: factor of the angle", TO_DOUBLE(override.m1)},
    {"m2", "M", "likewise: added to the angle, in radians", TO_DOUBLE(override.m2)},
    {"m3", "M", "likewise: subtracted from the cosine", TO_DOUBLE(override.m3)},
    {"isa", "NAME", "instruction set of the loss: {names} (default: MARGIN_ISA, else the best)",
     TO_ISA(isa)},
    {"threads", "T", "of all runs together (default: as OpenMP decides); never changes a number",
     TO_INT(threads, 1, 1024)},
    OPTION_END};

static const option_table separation_table = {
    .program = SEPARATION_PROGRAM,
    .summary = "how well each loss separates classes",
    .about =
        "Train a small network under each loss, and measure on samples held out from training\n"
        "how well the classes are separated: angles between samples, embedding centres and\n"
        "class weights, and the gaps that classes leave on the circle. Without options every\n"
        "figure that --list names is measured.",
    .rows = rows,
    .given = offsetof(separation_options, given)};

int separation_option_given(const separation_options *options, const char *name)
{
    size_t i = 0;
    while (rows[i].name == NULL || strcmp(rows[i].name, name) != 0)
        i++;
    return options->given[i];
}

/* The first option that was typed of those of own runs. */
static const char *own_option(const separation_options *o)
{
    size_t i = 0;
    while (rows[i].mark == 0 || !o->given[i])
        i++;
    return rows[i].name;
}

static double first_lambda(const separation_options *o)
{
    return isnan(o->set.lambda_base) ? recipe_for(o->dim)->lambda_base : o->set.lambda_base;
}

/* Options that would be passed over in silence are refused. */
static void check_together(const separation_options *o)
{
    if (o->figures != 0 && o->own_runs)
        die_usage(SEPARATION_PROGRAM,
                  "--%s: not with --figure, which chooses its own data and losses", own_option(o));
    if (o->sphere.flipped + o->sphere.outliers > 1.0)
        die_usage(SEPARATION_PROGRAM, "--flipped, --outliers: together more than all samples");
    if (o->figures != 0 && o->out != NULL)
        die_usage(SEPARATION_PROGRAM, "--figure writes to a folder: --folder in place of --out");
    if (o->figures == 0 && o->folder != NULL)
        die_usage(SEPARATION_PROGRAM, "--folder: only with --figure");
    if (!o->own_runs && (o->scales.count > 1 || o->margins.count > 1))
        die_usage(SEPARATION_PROGRAM,
                  "--scale, --margin: several values are for own runs: with --data or --loss");
    if (o->out == NULL && o->own_runs && o->geometry)
        die_usage(SEPARATION_PROGRAM, "--geometry: told in a file alone: with --out");
    if (o->out == NULL && o->own_runs && separation_option_given(o, "features"))
        die_usage(SEPARATION_PROGRAM, "--features: kept in a file alone: with --out");
    if (o->brief && o->geometry)
        die_usage(SEPARATION_PROGRAM,
                  "--geometry: not with --brief, which measures strangers alone");
    if (o->set.hidden[0] != 0 && o->set.hidden[1] == 0)
        die_usage(SEPARATION_PROGRAM, "--hidden: units of two layers, as 64,32");
    if (o->set.lambda_least > first_lambda(o))
        die_usage(SEPARATION_PROGRAM, "--lambda-last: lambda falls: at most --lambda-first, %g",
                  first_lambda(o));
    if (o->seed > UINT64_MAX - o->seeds)
        die_usage(SEPARATION_PROGRAM, "--seed: too large for %zu seeds", o->seeds);
}

void separation_options_read(separation_options *out, int argc, char **argv)
{
    static const size_t level_seeds[] = {1, 5, 10}, level_many[] = {1, 3, 10};
    *out = (separation_options){
        .level = LEVEL_DEFAULT, .seed = 1, .features = 100, .isa = MARGIN_ISA_AUTO, .recipe = -1};
    loss_override_none(&out->override);
    recipe_none(&out->set);
    sphere_config_init(&out->sphere);
    options_read(&separation_table, argc, argv, out);
    for (size_t i = 0, which; figure_name((int)i) != NULL; i++)
        if (out->figure[i] && figure_find(figure_name((int)i), &which))
            out->figures |= UINT32_C(1) << which;
    out->many_seeds = out->seeds > 0 ? out->seeds : level_many[out->level];
    if (out->seeds == 0) out->seeds = level_seeds[out->level];
    check_together(out);
    if (out->identities > 0) out->sphere.identities = out->identities;
    if (out->scales.count == 1) out->override.scale = out->scales.values[0];
    if (out->margins.count == 1) out->override.margin = out->margins.values[0];
    const int chosen = memchr(out->losses, 1, sizeof out->losses) != NULL;
    for (int i = 0; i < MARGIN_LOSS_COUNT && !chosen; i++) {
        const loss_row *const row = recipe_row((margin_loss)i);
        out->losses[i] = row != NULL && row->by_default;
    }
}

/* ---- data sets by name ----------------------------------------------------------------------- */

/* A folder's last part, as it may stand in file names. */
static void name_folder(const char *folder, char *name, size_t size)
{
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && folder[start - 1] != '/')
        start--;
    size_t used = 0;
    for (size_t i = start; i < end && used + 1 < size; i++) {
        const char letter = folder[i];
        name[used++] = isalnum((unsigned char)letter) || strchr("-_.", letter) ? letter : '_';
    }
    name[used] = '\0';
    if (used == 0 || strcmp(name, "sphere") == 0 || name[0] == '.') snprintf(name, size, "images");
}

/* Where scripts/characters.sh writes; it and this must agree. */
static void characters_folder(char *path, size_t size)
{
    const char *const caches = getenv("XDG_CACHE_HOME"), *const home = getenv("HOME");
    if (caches != NULL && *caches != '\0') {
        snprintf(path, size, "%s/margin/characters/data", caches);
    } else {
        snprintf(path, size, "%s/.cache/margin/characters/data",
                 home != NULL && *home != '\0' ? home : "/tmp");
    }
}

/* Refuses a word that is neither a path nor a folder here, and so may be a mistyped name. */
static void check_name(const char *given)
{
    static const char *const names[] = {"sphere", "fashion", "characters"};
    const char *nearest = NULL;
    if (strchr(given, '/') != NULL || access(given, F_OK) == 0) return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_nearer(given, names[i], nearest)) nearest = names[i];
    die_usage(SEPARATION_PROGRAM,
              "--data: '%s' is none of sphere, fashion, characters, and no folder%s%s%s", given,
              nearest != NULL ? ": did you mean " : "", nearest != NULL ? nearest : "",
              nearest != NULL ? "?" : "");
}

static void open_images(data_source *entry, const char *given)
{
    const int fashion = strcmp(given, "fashion") == 0;
    const int characters = strcmp(given, "characters") == 0;
    const char *const remedy = fashion ? " (Debian's package dataset-fashion-mnist has these files)"
                               : characters ? " (scripts/characters.sh makes these files)"
                                            : "";
    char error[512], folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", fashion ? SEPARATION_FASHION : given);
    if (characters) characters_folder(folder, sizeof folder);
    if (fashion || characters) {
        snprintf(entry->name, sizeof entry->name, "%s", given);
    } else {
        check_name(given);
        name_folder(given, entry->name, sizeof entry->name);
    }
    if (image_set_load(folder, &entry->images, error, sizeof error) != 0)
        die(SEPARATION_PROGRAM, "%s%s", error, remedy);
    entry->data = (run_data){entry->name, &entry->images};
}

const run_data *sources_open(data_sources *sources, const char *given)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (strcmp(sources->entries[i].given, given) == 0) return &sources->entries[i].data;
    }
    data_source *const entry = &sources->entries[sources->count];
    if (strcmp(given, "sphere") == 0) {
        entry->data = (run_data){"sphere", NULL};
    } else {
        open_images(entry, given);
    }
    entry->given = given;
    sources->count++;
    return &entry->data;
}

int sources_have_fashion(void)
{
    return access(SEPARATION_FASHION, F_OK) == 0;
}

void sources_free(data_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        image_set_free(&sources->entries[i].images);
    sources->count = 0;
}
