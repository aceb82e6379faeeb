/* test_option_table.c: reading arguments by a table: values into a struct, refusals with their exit
 * status and line, help; and the tables of the programs are in order. */
#include <command.h>
#include <option_table.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct target {
    int flag, level, whole, marked, name;
    const char *text;
    size_t size, bytes, items;
    uint64_t large;
    double real, share;
    unsigned char names[3], given[OPTION_ROWS_MOST];
} target;

static const char *fruit_name(int value)
{
    static const char *const names[] = {"apple", "pear", "quince"};
    return value < 3 ? names[value] : NULL;
}

static const char *fruit_fault(int value)
{
    return value == 2 ? "is not ripe" : NULL;
}

static const choice fruit = {fruit_name, fruit_fault};

static const char *take_item(void *to, const char *item)
{
    target *const t = to;
    if (strlen(item) != 1) return "one letter";
    t->items = t->items * 10 + (size_t)(item[0] - 'a' + 1);
    return NULL;
}

#define OPTION_TARGET target
static const option_row rows[] = {
    OPTION_GROUP("group:"),
    {"flag", NULL, "a flag", TO_FLAG(flag)},
    {"low", NULL, "one level", TO_CONSTANT(level, 0)},
    {"high", NULL, "another", TO_CONSTANT(level, 7)},
    {"text", "T", "some text", TO_TEXT(text), OPTION_MARK(marked)},
    {"whole", "N", "{range} (default {default})", TO_INT(whole, -5, 5)},
    {"size", "N", "{default}", TO_SIZE(size, 1, 100)},
    {"large", "N", "{default}", TO_U64(large)},
    {"bytes", "B", "memory", TO_BYTES(bytes)},
    {"real", "X", "{default}", TO_DOUBLE(real)},
    {"share", "X", "{range}", TO_RANGE(share, 0, 1)},
    {"fruit", "NAME", "{names}", TO_NAME(name, &fruit), .environment = "TEST_FRUIT"},
    {"fruits", "NAME[,...]", "{names}, or all", TO_NAMES(names, &fruit)},
    {"items", "I[,...]", "letters", TO_ITEMS(take_item)},
    OPTION_END};

static const option_table table = {
    .program = "try", .about = "About.", .rows = rows, .given = offsetof(target, given)};

/* The same with words beside the options, the last letters of which are kept in `items`. */
static void take_word(void *to, const char *word)
{
    take_item(to, word + strlen(word) - 1);
}

static const option_table with_words = {.program = "try",
                                        .command = "this",
                                        .summary = "tries",
                                        .about = "About.",
                                        .rows = rows,
                                        .operand = "IN... OUT",
                                        .take_operand = take_word};

static const option_table *in_use = &table;

static const target defaults = {.level = 3, .whole = 2, .size = 4, .large = 1, .real = 0.5};

/* Splits `line` at its blanks and reads it; a word '' is empty. */
static void read_line(const char *line, target *out)
{
    static char copy[512];
    char *words[32] = {"try"}, *rest = NULL;
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words[count++] = strcmp(word, "''") == 0 ? "" : word;
    *out = defaults;
    options_read(in_use, count, words, out);
}

/* Reads `line` in a child; returns its exit status, and all that it printed in `text`. */
static int status_of(const char *line, char *text, size_t text_size)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        target ignored;
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        read_line(line, &ignored);
        _exit(77);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t got;
    while ((got = read(ends[0], text + used, text_size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void values_arrive(void **state)
{
    (void)state;
    target t;
    read_line("", &t);
    assert_memory_equal(&t, &defaults, sizeof t);
    read_line("--flag --high --text=a=b --whole -5 --size=100 --large 18446744073709551615 "
              "--bytes 64KiB --real -1e-3 --share 1 --fruit pear --fruits apple --items a,b --it c",
              &t);
    assert_int_equal(t.flag, 1);
    assert_int_equal(t.level, 7);
    assert_string_equal(t.text, "a=b");
    assert_int_equal(t.marked, 1);
    assert_int_equal(t.whole, -5);
    assert_int_equal(t.size, 100);
    assert_true(t.large == UINT64_MAX);
    assert_int_equal(t.bytes, 65536);
    assert_true(t.real == -1e-3 && t.share == 1.0);
    assert_int_equal(t.name, 1);
    assert_memory_equal(t.names, "\1\0\0", 3);
    assert_int_equal(t.items, 123);
    for (size_t i = 0; i < sizeof t.given; i++) /* all but the heading and --low */
        assert_int_equal(t.given[i], i == 1 || (i >= 3 && i < 14));
    read_line("--text a --text --flag --low --low --fruits all --fruits pear --whole 1 --whole 3",
              &t);
    assert_string_equal(t.text,
                        "--flag"); /* the last one counts; a value may look like an option */
    assert_int_equal(t.flag, 0);
    assert_int_equal(t.level, 0);
    assert_memory_equal(t.names, "\1\1\0", 3); /* all that can be had */
    assert_int_equal(t.whole, 3);
}

static void environment_speaks_where_the_option_does_not(void **state)
{
    (void)state;
    target t;
    char text[512];
    setenv("TEST_FRUIT", "pear", 1);
    read_line("", &t);
    assert_int_equal(t.name, 1);
    read_line("--fruit APPLE", &t); /* in whatever case */
    assert_int_equal(t.name, 0);
    setenv("TEST_FRUIT", "plum", 1);
    assert_int_equal(status_of("", text, sizeof text), 2);
    assert_string_equal(text, "try: TEST_FRUIT: 'plum' is none of apple, pear, quince\n");
    setenv("TEST_FRUIT", "", 1);
    read_line("", &t);
    assert_int_equal(t.name, 0);
    unsetenv("TEST_FRUIT");
}

static void wrong_usage_is_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
        const char *says;
    } cases[] = {
        {"--flat", 2, "unknown option --flat: did you mean --flag?"},
        {"--frobnicate=1", 2, "unknown option --frobnicate (see 'try --help')"},
        {"-x", 2, "unknown option -x (see 'try --help')"},
        {"--fruit", 2, "option --fruit needs a value: --fruit NAME"},
        {"--siz", 2, "option --siz needs a value: --size N"},
        {"--f 1", 2, "option --f is ambiguous: --flag, --fruit, --fruits"},
        {"--flag=1", 2, "option --flag takes no value"},
        {"--help=1", 2, "option --help takes no value"},
        {"more --flag", 2, "unexpected argument 'more' (see 'try --help')"},
        {"--flag --text=", 2, "--text: '' is empty: --text T"},
        {"--low --high", 2, "--low and --high exclude one another"},
        {"--whole 6", 2, "--whole: '6' is not a whole number from -5 to 5"},
        {"--whole ''", 2, "--whole: '' is not a whole number from -5 to 5"},
        {"--size -1", 2, "--size: '-1' is not a whole number from 1 to 100"},
        {"--large 1e3", 2, "--large: '1e3' is not a whole number from 0 to 18446744073709551615"},
        {"--bytes 0", 2, "--bytes: '0' is not a size such as 67108864 or 64MiB"},
        {"--real nan", 2, "--real: 'nan' is not a finite number"},
        {"--share 1.5", 2, "--share: '1.5' is not a number from 0 to 1"},
        {"--fruit plum", 2, "--fruit: 'plum' is none of apple, pear, quince"},
        {"--fruit app", 2, "--fruit: 'app' is none of apple, pear, quince: did you mean apple?"},
        {"--fruit PAER", 2, "--fruit: 'PAER' is none of apple, pear, quince"},
        {"--fruit perr", 2, "--fruit: 'perr' is none of apple, pear, quince: did you mean pear?"},
        {"-fruit apple", 2, "unknown option -f: did you mean --fruit?"},
        {"-whole=3", 2, "unknown option -w: did you mean --whole?"},
        {"--fruit quince", 1, "--fruit: quince is not ripe"},
        {"--fruits apple,", 2, "--fruits: '' is none of apple, pear, quince, all"},
        {"--items a,bc", 2, "--items: 'bc' is not one letter"},
        {"--whole x --unknown", 2, "unknown option --unknown (see 'try --help')"},
    };
    char text[512], wanted[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(status_of(cases[i].line, text, sizeof text), cases[i].status);
        snprintf(wanted, sizeof wanted, "try: %s\n", cases[i].says);
        assert_string_equal(text, wanted);
    }
}

static void help_is_the_table(void **state)
{
    (void)state;
    char text[4096];
    static const char wanted[] = "usage: try [OPTION...]\n\nAbout.\n\ngroup:\n"
                                 "  --flag               a flag\n"
                                 "  --low                one level\n"
                                 "  --high               another\n"
                                 "  --text T             some text\n"
                                 "  --whole N            a whole number from -5 to 5 (default 2)\n"
                                 "  --size N             4\n"
                                 "  --large N            1\n"
                                 "  --bytes B            memory\n"
                                 "  --real X             0.5\n"
                                 "  --share X            a number from 0 to 1\n"
                                 "  --fruit NAME         apple, pear, quince\n"
                                 "  --fruits NAME[,...]  apple, pear, quince, or all\n"
                                 "  --items I[,...]      letters\n"
                                 "  --help, -h           print this and exit\n"
                                 "  --version            print the version and exit\n";
    assert_int_equal(status_of("--whole 99 --help", text, sizeof text), 0);
    assert_string_equal(text, wanted);
    assert_int_equal(status_of("more -h", text, sizeof text), 0);
    assert_string_equal(text, wanted);
    assert_int_equal(status_of("--size 0 --version", text, sizeof text), 0);
    snprintf(text + 256, sizeof text - 256, "try %s\n", margin_version());
    assert_string_equal(text, text + 256);
}

static void words_stand_among_the_options(void **state)
{
    (void)state;
    target t;
    char text[8192];
    in_use = &with_words;
    read_line("file-b --whole 4 file-a -- --c", &t);
    assert_int_equal(t.items, 213);
    assert_int_equal(t.whole, 4);
    assert_int_equal(status_of("file-b --flat", text, sizeof text), 2);
    assert_int_equal(status_of("--help", text, sizeof text), 0);
    assert_non_null(strstr(text, "usage: try this IN... OUT [OPTION...]\n"));
    assert_int_equal(status_of("--help=words", text, sizeof text), 0);
    assert_int_equal(strncmp(text, "|IN... OUT||\n--flag|", 20), 0);
    assert_int_equal(status_of("--help=man", text, sizeof text), 0);
    assert_non_null(strstr(text, ".SH SEE ALSO\n.BR margin (1)\n"));
    in_use = &table;
}

static void tables_are_in_order(void **state)
{
    (void)state;
    const option_table *const tables[] = {&advise_table, &angles_table, &check_results_table,
                                          &eval_table,   &info_table,   &reshard_table,
                                          &verify_table};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        int count = 0;
        assert_non_null(tables[i]->summary);
        for (const option_row *row = tables[i]->rows; row->help != NULL; row++, count++) {
            if (row->name == NULL) continue;
            assert_true(row->type != OPTION_NONE && strlen(row->help) > 0);
            const int takes = row->type != OPTION_FLAG && row->type != OPTION_CONSTANT;
            assert_int_equal(row->argument != NULL, takes);
            for (const option_row *other = tables[i]->rows; other < row; other++)
                assert_true(other->name == NULL || strcmp(other->name, row->name) != 0);
        }
        assert_true(count <= OPTION_ROWS_MOST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(environment_speaks_where_the_option_does_not),
        cmocka_unit_test(wrong_usage_is_one_line),
        cmocka_unit_test(help_is_the_table),
        cmocka_unit_test(words_stand_among_the_options),
        cmocka_unit_test(tables_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
