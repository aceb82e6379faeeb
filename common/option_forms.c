/* option_forms.c: the forms of --help for other programs: a page of the manual for troff, and the
 * words that a shell completes (see option_table.h). Must not know any program's options. */
#include "option_table.h"

#include <margin.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- a page of the manual ---------------------------------------------------------------------*/

/* Writes text in which troff finds no request, no hyphen and no typographer's quote. */
static void put(const char *text, size_t length)
{
    static const char special[] = "-\\'`^~";
    static const char *const written[] = {"\\-", "\\e", "\\(aq", "\\(ga", "\\(ha", "\\(ti"};
    for (size_t i = 0; i < length; i++) {
        const char *const at = strchr(special, text[i]);
        if (at != NULL)
            fputs(written[at - special], stdout);
        else if (text[i] == '.' && (i == 0 || text[i - 1] == '\n'))
            fputs("\\&.", stdout);
        else
            putchar(text[i]);
    }
}

/* Writes the words before the colon of `text` as a heading; returns what comes after it. */
static const char *put_heading(const char *text)
{
    printf(".SH ");
    for (; *text != ':'; text++)
        putchar(toupper((unsigned char)*text));
    putchar('\n');
    return text + 2; /* the colon, and a blank or the line's end */
}

/* Writes lines: indented ones as they stand, others filled; an empty one parts paragraphs, of which
 * one that begins with small letters and a colon has these as its heading. */
static void put_lines(const char *text)
{
    const char *const first = text;
    int begins = 1, indented = 0;
    for (; *text != '\0'; text += *text == '\n') {
        const int was = indented, heads = begins && islower((unsigned char)*text) &&
                                          text[strcspn(text, ":\n")] == ':';
        const int parts = begins && *text != '\n' && text != first;
        indented = *text == ' ';
        if (was && !indented) puts(".fi");
        if (heads)
            text = put_heading(text);
        else if (parts)
            puts(".PP");
        indented = *text == ' ';
        if (indented && !was) puts(".nf");
        const size_t length = strcspn(text, "\n");
        begins = length == 0;
        if (!begins) {
            put(text, length);
            putchar('\n');
        }
        text += length;
    }
    if (indented) puts(".fi");
}

/* Writes the name of a row in bold, and its argument in italics. */
static void put_name(const option_row *row)
{
    printf("\\fB");
    put("--", row->type != OPTION_NONE ? 2 : 0);
    put(row->name, strlen(row->name));
    printf("\\fR");
    if (row->argument == NULL) return;
    printf(" \\fI");
    put(row->argument, strlen(row->argument));
    printf("\\fR");
}

static void put_rows(const option_row *rows, const void *defaults)
{
    char text[1024];
    for (const option_row *row = rows; row->help != NULL; row++) {
        if (row->name == NULL) {
            const size_t length = strlen(row->help);
            printf(".SS ");
            put(row->help, length - (row->help[length - 1] == ':'));
        } else {
            puts(".TP");
            put_name(row);
            putchar('\n');
            option_sentence(row, defaults, text, sizeof text);
            put(text, strlen(text));
        }
        putchar('\n');
    }
}

/* Writes the first lines: name, summary, and how the program is called. */
static void put_head(const option_table *t)
{
    char page[64];
    snprintf(page, sizeof page, "%s%s%s", t->program, t->command != NULL ? "-" : "",
             t->command != NULL ? t->command : "");
    printf(".TH \"");
    for (const char *c = page; *c != '\0'; c++)
        putchar(toupper((unsigned char)*c));
    printf("\" 1 \"\" \"margin %s\" \"User Commands\"\n.SH NAME\n", margin_version());
    put(page, strlen(page));
    printf(" \\- ");
    put(t->summary, strlen(t->summary));
    printf("\n.SH SYNOPSIS\n");
    printf("\\fB%s%s%s\\fR", t->program, t->command != NULL ? " " : "",
           t->command != NULL ? t->command : "");
    if (t->operand != NULL) printf(" \\fI%s\\fR", t->operand);
    for (const option_row *row = t->rows; row->help != NULL; row++) {
        if (!row->required) continue;
        putchar(' ');
        put_name(row);
    }
    printf(" [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n");
}

/* Names the pages beside this one: the commands of a program that has them, else `margin`. */
static void put_see_also(const option_table *t)
{
    const int has_commands = t->command == NULL && t->operand != NULL;
    puts(".SH SEE ALSO");
    if (!has_commands) puts(".BR margin (1)");
    for (const option_row *row = t->rows; has_commands && row->help != NULL; row++) {
        if (row->name == NULL || row->type != OPTION_NONE || strcmp(row->name, "help") == 0)
            continue;
        printf(".BR %s\\-%s (1)\n", t->program, row->name);
    }
}

void options_help_man(const option_table *table, const void *defaults)
{
    put_head(table);
    put_lines(table->about);
    printf(".SH OPTIONS\n");
    put_rows(table->rows, defaults);
    put_rows(option_own_rows, NULL);
    if (table->closing != NULL) {
        if (!islower((unsigned char)table->closing[0])) puts(".SH NOTES");
        put_lines(table->closing);
    }
    put_see_also(table);
}

/* ---- words for completion ---------------------------------------------------------------------
 */

/* Writes the values of a choice that can be had here, parted by blanks. */
static void put_values(const option_row *row)
{
    const char *gap = "", *name;
    for (int i = 0; row->choices != NULL && (name = row->choices->name(i)) != NULL; i++) {
        if (choice_fault(row->choices, i) != NULL) continue;
        printf("%s%s", gap, name);
        gap = " ";
    }
    if (row->type == OPTION_NAMES) printf(" all");
}

static void put_words(const option_row *rows, const void *defaults)
{
    char text[1024];
    for (const option_row *row = rows; row->help != NULL; row++) {
        if (row->name == NULL || strstr(row->name, "...") != NULL) continue;
        printf("%s%.*s|%s|", row->type != OPTION_NONE ? "--" : "", (int)strcspn(row->name, ","),
               row->name, row->argument != NULL ? row->argument : "");
        put_values(row);
        option_sentence(row, defaults, text, sizeof text);
        printf("|%s\n", text);
    }
}

void options_help_words(const option_table *table, const void *defaults)
{
    if (table->take_operand != NULL) printf("|%s||\n", table->operand);
    put_words(table->rows, defaults);
    put_words(option_own_rows, NULL);
}
