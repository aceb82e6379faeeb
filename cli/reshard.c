/* reshard.c: `margin reshard`: a checkpoint of class weights in shards, for another number of
 * ranks. Must not know how its files are read and written. */
#include "command.h"
#include "shards.h"

#include <json_out.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct reshard_options {
    int ranks; /* 0: not given */
    size_t *sizes;
    size_t size_count;
    const char **words; /* the inputs, and the output */
    size_t word_count;
    int json;
} reshard_options;

/* Returns the list with room for one more element of `size` bytes behind `count` of them; it
 * doubles where the count is a power of two. */
static void *grown(void *list, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) return list;
    void *const more = realloc(list, (count > 0 ? 2 * count : 1) * size);
    if (more == NULL) die(PROGRAM, "out of memory");
    return more;
}

static const char *take_size(void *target, const char *item)
{
    reshard_options *const o = target;
    uint64_t size = 0;
    if (!parse_u64(item, &size) || size > SIZE_MAX) return "a number of classes";
    if (o->size_count == SHARDS_MOST) return "one of the 99999 that there may be";
    o->sizes = grown(o->sizes, o->size_count, sizeof *o->sizes);
    o->sizes[o->size_count++] = (size_t)size;
    return NULL;
}

static void take_word(void *target, const char *word)
{
    reshard_options *const o = target;
    o->words = grown(o->words, o->word_count, sizeof *o->words);
    o->words[o->word_count++] = word;
}

#define OPTION_TARGET reshard_options
static const option_row rows[] = {
    OPTION_GROUP("shards:"),
    {"ranks", "K",
     "even ranges for K ranks, of which there are not more than classes; the first C mod K get a "
     "class more than the others",
     TO_INT(ranks, 1, SHARDS_MOST)},
    {"sizes", "N[,...]", "ranges of these numbers of classes instead, whose sum is C; 0: none",
     TO_ITEMS(take_size)},

    OPTION_GROUP("run:"),
    {"json", NULL, "one JSON object on standard output", TO_FLAG(json)},
    OPTION_END};

const option_table reshard_table = {
    PROGRAM,
    "reshard",
    "checkpoints of class weights in shards, for another number of ranks",
    "Moves a checkpoint of class weights [C, D] to another number of ranks: IN is a\n"
    "folder that holds shards.json and the .npy files of each shard, of any ranges of\n"
    "classes, or one matrix in a .npy file, or several, in the order of their classes.\n"
    "Arrays beside the weights, such as momentum, are cut alike. OUT is such a folder:\n"
    "a new one, or an empty one.\n\n"
    "Types and bytes of the numbers stay as they are. Data in Fortran order are refused.\n"
    "A few MiB are in memory at a time. OUT appears when it is whole.",
    .rows = rows,
    .closing = "examples:\n"
               "  margin reshard W.npy --ranks 4 step1000-of-4\n"
               "  margin reshard step1000-of-4 --sizes 500,0,250,250 uneven\n"
               "  margin reshard part0.npy part1.npy --ranks 1 whole",
    .operand = "IN... OUT",
    .take_operand = take_word};

/* Checks what was given against one another. */
static void check_usage(const reshard_options *o)
{
    static const char see[] = "(see 'margin reshard --help')";
    if (o->word_count < 2)
        die_usage(PROGRAM, "%s missing %s", o->word_count == 0 ? "IN and OUT are" : "OUT is", see);
    if (o->ranks > 0 && o->size_count > 0)
        die_usage(PROGRAM, "--ranks and --sizes exclude one another");
    if (o->ranks == 0 && o->size_count == 0)
        die_usage(PROGRAM, "--ranks or --sizes is missing %s", see);
}

/* Puts even ranges into the sizes. */
static void cut_evenly(reshard_options *o, size_t classes)
{
    const size_t ranks = (size_t)o->ranks;
    if (ranks > classes)
        die(PROGRAM, "--ranks: %zu, but there are %zu classes; --sizes can have empty shards",
            ranks, classes);
    for (size_t k = 0; k < ranks; k++) {
        o->sizes = grown(o->sizes, o->size_count, sizeof *o->sizes);
        o->sizes[o->size_count++] = classes / ranks + (k < classes % ranks);
    }
}

static void check_sizes(const reshard_options *o, size_t classes)
{
    size_t left = classes;
    for (size_t k = 0; k < o->size_count; left -= o->sizes[k++])
        if (o->sizes[k] > left)
            die(PROGRAM, "--sizes: more than the %zu classes that there are", classes);
    if (left > 0) die(PROGRAM, "--sizes: %zu classes, but there are %zu", classes - left, classes);
}

static void report_json(const reshard_options *o, const checkpoint *c)
{
    json_t *const object = json_object(), *const sizes = json_array(), *const names = json_array();
    for (size_t k = 0; k < o->size_count; k++)
        json_array_append_new(sizes, json_integer((json_int_t)o->sizes[k]));
    for (size_t a = 0; a < c->arrays; a++)
        json_array_append_new(names, json_string(c->array[a].name));
    json_object_set_new(object, "out", json_text(o->words[o->word_count - 1]));
    json_object_set_new(object, "classes", json_integer((json_int_t)c->classes));
    json_object_set_new(object, "dim", json_integer((json_int_t)c->dim));
    json_object_set_new(object, "arrays", names);
    json_object_set_new(object, "bytes", json_integer((json_int_t)checkpoint_bytes(c)));
    json_object_set_new(object, "shards_before", json_integer((json_int_t)c->shards));
    json_object_set_new(object, "shards", json_integer((json_int_t)o->size_count));
    json_object_set_new(object, "sizes", sizes);
    print_json(object);
}

static void report_text(const reshard_options *o, const checkpoint *c)
{
    char shape[96];
    for (size_t a = 0; a < c->arrays; a++)
        printf("%-10s %s of %s\n", c->array[a].name,
               npy_shape_text(&c->array[a].whole, shape, sizeof shape),
               npy_type_name(c->array[a].whole.type));
    printf("%-10s %zu before, now %zu in %s\n", "shards", c->shards, o->size_count,
           o->words[o->word_count - 1]);
}

int command_reshard(int argc, char **argv)
{
    reshard_options options = {0};
    checkpoint from;
    atomic_folder folder;
    options_read(&reshard_table, argc, argv, &options);
    check_usage(&options);
    checkpoint_read(options.words, options.word_count - 1, &from);
    if (options.ranks > 0)
        cut_evenly(&options, from.classes);
    else
        check_sizes(&options, from.classes);
    checkpoint_write(&from, options.sizes, options.size_count,
                     options.words[options.word_count - 1], &folder);
    if (options.json)
        report_json(&options, &from);
    else
        report_text(&options, &from);
    finish_stdout(PROGRAM);
    checkpoint_commit(&folder);
    checkpoint_free(&from);
    free(options.sizes);
    free(options.words);
    return EXIT_SUCCESS;
}
