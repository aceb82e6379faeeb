/* option_table.c: arguments into a program's struct by its table (see option_table.h). Must not
 * know any program's options. */
#include "option_table.h"

#include <margin.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What getopt_long returns, clear of letters: for a row ROW + its index. */
enum { HELP = 256, VERSION, ROW };

typedef struct reader {
    const char *program;
    char see[64]; /* "(see 'margin eval --help')" */
    const option_row *rows;
    char *target;
    unsigned char given[OPTION_ROWS_MOST];
    struct option known[OPTION_ROWS_MOST + 3]; /* two of every program's, and an end */
} reader;

static void reader_start(reader *r, const option_table *table, void *target)
{
    *r = (reader){.program = table->program, .rows = table->rows, .target = target};
    snprintf(r->see, sizeof r->see, "(see '%s%s%s --help')", table->program,
             table->command != NULL ? " " : "", table->command != NULL ? table->command : "");
    struct option *known = r->known;
    for (int i = 0; r->rows[i].help != NULL && i < OPTION_ROWS_MOST; i++)
        if (r->rows[i].type != OPTION_NONE)
            *known++ = (struct option){r->rows[i].name, r->rows[i].argument != NULL, NULL, ROW + i};
    *known++ = (struct option){"help", optional_argument, NULL, HELP};
    *known = (struct option){"version", no_argument, NULL, VERSION};
}

/* ---- options that are none ------------------------------------------------------------------- */

/* Returns how many letters put in, left out or changed make the short word `b` of `a`. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    const size_t length = strlen(b);
    if (length >= sizeof row / sizeof *row) return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0]++;
        for (size_t j = 1; j <= length; j++) {
            size_t best = corner + (a[i] != b[j - 1]);
            corner = row[j];
            best = best <= row[j] ? best : row[j] + 1;
            row[j] = best <= row[j - 1] ? best : row[j - 1] + 1;
        }
    }
    return row[length];
}

int is_nearer(const char *text, const char *name, const char *than)
{
    const size_t most = strlen(text) / 3, letters = distance(text, name); /* beyond: another word */
    return letters <= most && (than == NULL || letters < distance(text, than));
}

/* Ends the program for the long option `name`, which is none, or the beginning of several. */
static void refuse_long(const reader *r, const char *name)
{
    char several[512] = "";
    size_t used = 0, count = 0;
    const char *nearest = NULL;
    for (const struct option *o = r->known; o->name != NULL; o++) {
        if (is_nearer(name, o->name, nearest)) nearest = o->name;
        if (strncmp(o->name, name, strlen(name)) != 0 || used >= sizeof several) continue;
        used += (size_t)snprintf(several + used, sizeof several - used, "%s--%s",
                                 count++ > 0 ? ", " : "", o->name);
    }
    if (count > 1) die_usage(r->program, "option --%s is ambiguous: %s", name, several);
    if (nearest != NULL)
        die_usage(r->program, "unknown option --%s: did you mean --%s?", name, nearest);
    die_usage(r->program, "unknown option --%s %s", name, r->see);
}

/* Ends the program for an option of one dash, which may be a long one that lacks the second. */
static void refuse_short(const reader *r, char *const argv[])
{
    for (int i = 1; argv[i] != NULL; i++) {
        const size_t length = strcspn(argv[i], "=");
        for (const struct option *o = r->known; length > 2 && o->name != NULL; o++)
            if (argv[i][0] == '-' && strlen(o->name) == length - 1 &&
                strncmp(argv[i] + 1, o->name, length - 1) == 0)
                die_usage(r->program, "unknown option -%c: did you mean --%s?", optopt, o->name);
    }
    die_usage(r->program, "unknown option -%c %s", optopt, r->see);
}

/* Ends the program for getopt_long's '?' or ':'. */
static void refuse(const reader *r, int code, char *const argv[])
{
    char name[128];
    if (optopt != 0 && optopt < HELP) refuse_short(r, argv);
    /* optind has moved past the argument. */
    const char *const argument = argv[optind - 1] + 2;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    if (optopt == 0) refuse_long(r, name);
    if (code == ':')
        die_usage(r->program, "option --%s needs a value: --%s %s", name,
                  r->rows[optopt - ROW].name, r->rows[optopt - ROW].argument);
    die_usage(r->program, "option --%s takes no value", name);
}

/* ---- values ---------------------------------------------------------------------------------- */

const char *option_wanted(const option_row *row, char *text, size_t text_size)
{
    const char *format = "a whole number from %.0f to %.0f";
    if (row->type == OPTION_BYTES)
        format = "a size such as 67108864 or 64MiB";
    else if (row->type == OPTION_U64)
        format = "a whole number from 0 to 18446744073709551615";
    else if (row->type == OPTION_DOUBLE)
        format = row->least == row->most ? "a finite number" : "a number from %g to %g";
    snprintf(text, text_size, format, row->least, row->most);
    return text;
}

/* Puts the number `text` into `field`; returns 0 if it is none, or not what `row` wants. */
static int take_number(const option_row *row, const char *text, void *field)
{
    int whole = 0;
    uint64_t large = 0;
    size_t bytes = 0;
    double real = 0.0; /* one of the four is read */
    const int is_number = row->type == OPTION_INT      ? parse_int(text, &whole)
                          : row->type == OPTION_BYTES  ? parse_size(text, &bytes)
                          : row->type == OPTION_DOUBLE ? parse_double(text, &real)
                                                       : parse_u64(text, &large);
    const double value = whole + (double)large + (double)bytes + real;
    if (!is_number || (row->least < row->most && (value < row->least || value > row->most)))
        return 0;
    if (row->type == OPTION_INT)
        *(int *)field = whole;
    else if (row->type == OPTION_U64)
        *(uint64_t *)field = large;
    else if (row->type == OPTION_DOUBLE)
        *(double *)field = real;
    else
        *(size_t *)field = row->type == OPTION_BYTES ? bytes : (size_t)large;
    return 1;
}

/* Returns the one name that the text may be short or mistyped for, or NULL. */
static const char *nearest_name(const choice *set, const char *text)
{
    const char *name, *nearest = NULL, *longer = NULL;
    int count = 0;
    for (int i = 0; (name = set->name(i)) != NULL; i++) {
        if (is_nearer(text, name, nearest)) nearest = name;
        if (*text != '\0' && strncasecmp(text, name, strlen(text)) == 0) {
            longer = name;
            count++;
        }
    }
    return count == 1 ? longer : nearest;
}

/* Returns the value called `text` of the row's choices; `source` is where the text stands. */
static int take_name(const reader *r, const option_row *row, const char *source, const char *text)
{
    const int value = choice_find(row->choices, text);
    char names[512];
    const char *const meant = nearest_name(row->choices, text);
    if (value < 0)
        die_usage(r->program, "%s: '%s' is none of %s%s%s%s%s", source, text,
                  choice_list(row->choices, names, sizeof names),
                  row->type == OPTION_NAMES ? ", all" : "", meant != NULL ? ": did you mean " : "",
                  meant != NULL ? meant : "", meant != NULL ? "?" : "");
    const char *const fault = choice_fault(row->choices, value);
    if (fault != NULL) die(r->program, "%s: %s %s", source, text, fault);
    return value;
}

static void take_item(reader *r, const option_row *row, const char *source, const char *item)
{
    unsigned char *const flags = (unsigned char *)r->target + row->offset;
    if (row->type == OPTION_ITEMS) {
        const char *const wanted = row->take(r->target, item);
        if (wanted != NULL) die_usage(r->program, "%s: '%s' is not %s", source, item, wanted);
    } else if (strcmp(item, "all") != 0) {
        flags[take_name(r, row, source, item)] = 1;
    } else {
        for (int i = 0; row->choices->name(i) != NULL; i++)
            flags[i] = choice_fault(row->choices, i) == NULL;
    }
}

static void take_list(reader *r, const option_row *row, const char *source, const char *text)
{
    char *const copy = strdup(text), *rest = copy, *item;
    if (copy == NULL) die(r->program, "out of memory");
    while ((item = strsep(&rest, ",")) != NULL)
        take_item(r, row, source, item);
    free(copy);
}

static void take_constant(const reader *r, const option_row *row, int *field)
{
    for (int i = 0; r->rows[i].help != NULL; i++) {
        const option_row *const other = &r->rows[i];
        if (r->given[i] && other != row && other->type == row->type && other->offset == row->offset)
            die_usage(r->program, "--%s and --%s exclude one another", other->name, row->name);
    }
    *field = (int)row->least;
}

static void take(reader *r, const option_row *row, const char *source, const char *text)
{
    void *const field = r->target + row->offset;
    char wanted[128];
    r->given[row - r->rows] = 1;
    if (row->mark != 0) *(int *)(r->target + row->mark) = 1;
    if (row->type == OPTION_FLAG)
        *(int *)field = 1;
    else if (row->type == OPTION_CONSTANT)
        take_constant(r, row, field);
    else if (row->type == OPTION_TEXT && *text == '\0')
        die_usage(r->program, "%s: '' is empty: --%s %s", source, row->name, row->argument);
    else if (row->type == OPTION_TEXT)
        *(const char **)field = text;
    else if (row->type == OPTION_NAME)
        *(int *)field = take_name(r, row, source, text);
    else if (row->type == OPTION_NAMES || row->type == OPTION_ITEMS)
        take_list(r, row, source, text);
    else if (!take_number(row, text, field))
        die_usage(r->program, "%s: '%s' is not %s", source, text,
                  option_wanted(row, wanted, sizeof wanted));
}

/* ---- all of it ------------------------------------------------------------------------------- */

void finish_stdout(const char *program)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        die(program, "standard output: cannot write: %s", strerror(errno != 0 ? errno : EIO));
}

static void leave(const reader *r)
{
    finish_stdout(r->program);
    exit(EXIT_SUCCESS);
}

/* Looks for what ends the program before any value counts: --help, --version, what is no option. */
static void look_through(const option_table *table, const reader *r, int argc, char **argv)
{
    int code;
    optind = 0; /* GNU's way of beginning anew */
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":h", r->known, NULL)) != -1) {
        if (code == HELP || code == 'h') {
            if (!options_help(table, r->target, code == HELP ? optarg : NULL))
                die_usage(r->program, "option --help takes no value");
            leave(r);
        } else if (code == VERSION) {
            printf("%s %s\n", r->program, margin_version());
            leave(r);
        } else if (code < ROW) {
            refuse(r, code, argv);
        }
    }
    if (optind < argc && table->take_operand == NULL)
        die_usage(r->program, "unexpected argument '%s' %s", argv[optind], r->see);
}

/* What was not given: a variable of the environment speaks for it, or it is missing. */
static void complete(reader *r)
{
    for (int i = 0; r->rows[i].help != NULL; i++) {
        const option_row *const row = &r->rows[i];
        const char *const variable = row->environment;
        const char *const text = variable != NULL && !r->given[i] ? getenv(variable) : NULL;
        if (text != NULL && text[0] != '\0') take(r, row, variable, text);
        if (row->required && !r->given[i])
            die_usage(r->program, "--%s is missing %s", row->name, r->see);
    }
}

void options_read(const option_table *table, int argc, char **argv, void *target)
{
    reader r;
    reader_start(&r, table, target);
    look_through(table, &r, argc, argv);
    optind = 0;
    int code;
    while ((code = getopt_long(argc, argv, ":h", r.known, NULL)) != -1) {
        const option_row *const row = &r.rows[code - ROW];
        char source[64];
        snprintf(source, sizeof source, "--%s", row->name);
        take(&r, row, source, optarg);
    }
    while (optind < argc)
        table->take_operand(target, argv[optind++]);
    complete(&r);
    if (table->given != 0) memcpy(r.target + table->given, r.given, sizeof r.given);
}
