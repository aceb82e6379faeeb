/* option_table.h: a program's command line as one table, a row for each option: from it arguments
 * are read into the program's struct, wrong usage is refused, and --help is written, also as a page
 * of the manual (--help=man) and for the shells' completion (--help=words). Must not know any
 * program's options.
 *
 *     #define OPTION_TARGET my_options
 *     static const option_row rows[] = {
 *         OPTION_GROUP("output:"),
 *         {"out", "FILE", "the results, as JSON", TO_TEXT(out)},
 *         {"seed", "S", "of the inputs (default {default})", TO_U64(seed)},
 *         OPTION_END};
 *
 * -h, --help and --version are every program's. A help sentence may hold {default} (the number that
 * the struct holds before), {names} (of a choice) and {range}. */
#ifndef MARGIN_COMMON_OPTION_TABLE_H
#define MARGIN_COMMON_OPTION_TABLE_H

#include <stdint.h>

#include "choice.h"
#include "options.h"

typedef enum option_type {
    OPTION_NONE,     /* a line of the help alone, its name as it stands */
    OPTION_FLAG,     /* int: 1 */
    OPTION_CONSTANT, /* int: `least`; two constants of one field exclude one another */
    OPTION_TEXT,     /* const char *, not empty */
    OPTION_INT,
    OPTION_SIZE,
    OPTION_U64,
    OPTION_DOUBLE,
    OPTION_BYTES, /* size_t, "64MiB" */
    OPTION_NAME,  /* int or enum: one of `choices` */
    OPTION_NAMES, /* unsigned char[]: a list by commas, 1 at each of `choices`; "all" */
    OPTION_ITEMS  /* a list by commas, each item given to `take` */
} option_type;

typedef struct option_row {
    const char *name;     /* after the dashes; NULL: a heading */
    const char *argument; /* what the help calls its value; NULL: it takes none */
    const char *help;
    option_type type;
    size_t offset;      /* of the field in the program's struct */
    double least, most; /* of a number; equal: any */
    const choice *choices;
    /* Puts `item` into the program's struct; returns NULL, or what the item is not. */
    const char *(*take)(void *target, const char *item);
    const char *environment; /* a variable that speaks where the option does not */
    int required;
    size_t mark; /* of an int that becomes 1 where the option is given; 0: none */
} option_row;

typedef struct option_table {
    const char *program, *command; /* "margin", "eval"; NULL: the program has no commands */
    const char *summary;           /* a line for lists of commands and of pages */
    const char *about;             /* --help begins with these lines ... */
    const option_row *rows;        /* up to OPTION_END */
    const char *closing;           /* ... and ends with these, in paragraphs; or NULL */
    const char *operand;           /* what is typed beside the options, "IN... OUT"; or NULL */
    /* Puts a word that is no option into the program's struct; NULL: there is none. */
    void (*take_operand)(void *target, const char *word);
    /* Of an unsigned char[OPTION_ROWS_MOST] that has 1 at each row that was given; 0: none. */
    size_t given;
} option_table;

/* What a row says of its value: the field of OPTION_TARGET that takes it, and what fits. A field of
 * another type does not compile. */
#define OPTION_FIELD(type, field)                                                                  \
    (offsetof(OPTION_TARGET, field) +                                                              \
     0 * sizeof(1 ? (type *)NULL : &((OPTION_TARGET *)NULL)->field))
#define OPTION_ENUM(field)                                                                         \
    (offsetof(OPTION_TARGET, field) / (sizeof(((OPTION_TARGET *)NULL)->field) == sizeof(int)))
#define OPTION_TO(kind, c_type, field) .type = OPTION_##kind, .offset = OPTION_FIELD(c_type, field)
#define OPTION_RANGE(a, b)             .least = (a), .most = (b)
/* clang-format off */
#define TO_FLAG(field)         OPTION_TO(FLAG, int, field)
#define TO_CONSTANT(field, c)  .type = OPTION_CONSTANT, .offset = OPTION_ENUM(field), .least = (c)
#define TO_TEXT(field)         OPTION_TO(TEXT, const char *, field)
#define TO_INT(field, a, b)    OPTION_TO(INT, int, field), OPTION_RANGE(a, b)
#define TO_SIZE(field, a, b)   OPTION_TO(SIZE, size_t, field), OPTION_RANGE(a, b)
#define TO_U64(field)          OPTION_TO(U64, uint64_t, field)
#define TO_BYTES(field)        OPTION_TO(BYTES, size_t, field), OPTION_RANGE(1, 0x1p64)
#define TO_DOUBLE(field)       OPTION_TO(DOUBLE, double, field)
#define TO_RANGE(field, a, b)  TO_DOUBLE(field), OPTION_RANGE(a, b)
#define TO_NAME(field, set)    .type = OPTION_NAME, .offset = OPTION_ENUM(field), .choices = (set)
#define TO_NAMES(field, set)   OPTION_TO(NAMES, unsigned char, field[0]), .choices = (set)
#define TO_ISA(field)          TO_NAME(field, &isa_choice), .environment = "MARGIN_ISA"
#define TO_ITEMS(take_)        .type = OPTION_ITEMS, .take = (take_)
#define OPTION_MARK(field)     .mark = OPTION_FIELD(int, field)
#define OPTION_GROUP(text)     {.help = (text)}
#define OPTION_END             {.help = NULL}
/* clang-format on */

enum { OPTION_ROWS_MOST = 64 };

/* Reads the arguments into `target`, which holds the defaults. Prints and exits for --help and
 * --version, exits with one line on stderr for wrong usage (2) and for what cannot be had (1). */
void options_read(const option_table *table, int argc, char **argv, void *target);

/* Writes the help in a form: NULL: for people, "man": a page of the manual, for troff, "words": a
 * line WORD|ARGUMENT|VALUES|SENTENCE for each word that may be typed, for the completion of shells;
 * without a WORD where files may be typed.
 * `defaults` is the program's struct as it is before reading. Returns 0 if there is no such form.
 */
int options_help(const option_table *table, const void *defaults, const char *form);

/* What the forms of the help share: the rows of every program, and a row's sentence with its
 * {names}, {range} and {default}. */
extern const option_row option_own_rows[];
void option_sentence(const option_row *row, const void *defaults, char *text, size_t size);
void options_help_man(const option_table *table, const void *defaults);
void options_help_words(const option_table *table, const void *defaults);

/* Writes what a row's value must be, as "a whole number from 1 to 100"; returns `text`. */
const char *option_wanted(const option_row *row, char *text, size_t text_size);

/* Returns 1 if `name` may be what the mistyped `text` means, and more so than `than` (or NULL). */
int is_nearer(const char *text, const char *name, const char *than);

/* Flushes stdout; a failure ends the program with status 1. */
void finish_stdout(const char *program);

#endif
