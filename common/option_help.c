/* option_help.c: --help for people, written from a program's table (see option_table.h). Must not
 * know any program's options. */
#include "option_table.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 96, LEFT_MOST = 24 };

const option_row option_own_rows[] = {
    {"help, -h", NULL, "print this and exit", .type = OPTION_FLAG},
    {"version", NULL, "print the version and exit", .type = OPTION_FLAG},
    OPTION_END};

/* Writes the number that the row's field has in `defaults`. */
static void default_text(const option_row *row, const void *defaults, char *text, size_t size)
{
    const void *const field = (const char *)defaults + row->offset;
    if (row->type == OPTION_INT)
        snprintf(text, size, "%d", *(const int *)field);
    else if (row->type == OPTION_DOUBLE)
        snprintf(text, size, "%g", *(const double *)field);
    else if (row->type == OPTION_U64)
        snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)field);
    else
        snprintf(text, size, "%zu", *(const size_t *)field);
}

void option_sentence(const option_row *row, const void *defaults, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (const char *from = row->help; *from != '\0' && used + 1 < size;) {
        char value[512] = "";
        if (strncmp(from, "{names}", 7) == 0)
            choice_list(row->choices, value, sizeof value);
        else if (strncmp(from, "{range}", 7) == 0)
            option_wanted(row, value, sizeof value);
        else if (strncmp(from, "{default}", 9) == 0)
            default_text(row, defaults, value, sizeof value);
        else
            snprintf(value, sizeof value, "%c", *from);
        used += (size_t)snprintf(text + used, size - used, "%s", value);
        from += *from == '{' && value[0] != '{' ? strcspn(from, "}") + 1 : 1;
    }
}

/* Prints words, the first at the column `at`, in lines that begin at the column `indent`. */
static void print_words(const char *text, size_t at, size_t indent)
{
    const char *gap = "";
    while (*text != '\0') {
        const size_t length = strcspn(text, " \n");
        if (at + strlen(gap) + length > WIDTH) {
            printf("\n%*s", (int)indent, "");
            at = indent;
            gap = "";
        }
        at += (size_t)printf("%s%.*s", gap, (int)length, text);
        text += length;
        text += *text != '\0';
        gap = " ";
    }
    putchar('\n');
}

static size_t left_text(const option_row *row, char *text, size_t size)
{
    return (size_t)snprintf(text, size, "  %s%s%s%s", row->type != OPTION_NONE ? "--" : "",
                            row->name, row->argument != NULL ? " " : "",
                            row->argument != NULL ? row->argument : "");
}

/* Prints the rows, their sentences from the column `indent` on. */
static void print_rows(const option_row *rows, const void *defaults, size_t indent)
{
    char left[128], text[1024];
    for (const option_row *row = rows; row->help != NULL; row++) {
        if (row->name == NULL) {
            printf("\n%s\n", row->help);
            continue;
        }
        const size_t used = left_text(row, left, sizeof left);
        option_sentence(row, defaults, text, sizeof text);
        if (used + 2 > indent)
            printf("%s\n%*s", left, (int)indent, "");
        else
            printf("%-*s", (int)indent, left);
        print_words(text, indent, indent);
    }
}

static void print_usage(const option_table *t)
{
    char text[512];
    size_t used =
        (size_t)snprintf(text, sizeof text, "usage: %s%s%s", t->program,
                         t->command != NULL ? " " : "", t->command != NULL ? t->command : "");
    if (t->operand != NULL)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s", t->operand);
    for (const option_row *row = t->rows; row->help != NULL; row++)
        if (row->required)
            used += (size_t)snprintf(text + used, sizeof text - used, " --%s %s", row->name,
                                     row->argument);
    snprintf(text + used, sizeof text - used, " [OPTION...]");
    print_words(text, 0, 8);
}

static void help_for_people(const option_table *table, const void *defaults)
{
    char left[128];
    size_t indent = left_text(option_own_rows, left, sizeof left) + 2;
    for (const option_row *row = table->rows; row->help != NULL; row++) {
        const size_t used = row->name != NULL ? left_text(row, left, sizeof left) + 2 : 0;
        if (used > indent && used <= LEFT_MOST) indent = used;
    }
    print_usage(table);
    printf("\n%s\n", table->about);
    print_rows(table->rows, defaults, indent);
    print_rows(option_own_rows, NULL, indent);
    if (table->closing != NULL) printf("\n%s\n", table->closing);
}

int options_help(const option_table *table, const void *defaults, const char *form)
{
    if (form == NULL)
        help_for_people(table, defaults);
    else if (strcmp(form, "man") == 0)
        options_help_man(table, defaults);
    else if (strcmp(form, "words") == 0)
        options_help_words(table, defaults);
    else
        return 0;
    return 1;
}
