/* bits_golden.h: the golden file of test_bits.c. A line is a group of cases: its name, the hash of
 * all its bits, and for each case, in their order, one byte of the hash of each output (loss, dX or
 * dlogits, dW), which say what has changed where. */
#ifndef MARGIN_TESTS_BITS_GOLDEN_H
#define MARGIN_TESTS_BITS_GOLDEN_H

#include <inttypes.h>

#include "check.h"
#include "problem.h"

enum { GOLDEN_NAME = 96, GOLDEN_GROUPS = 64, GOLDEN_CASES = 64, GOLDEN_MARKS = 6 };

typedef struct golden_group {
    char name[GOLDEN_NAME];
    char cases[GOLDEN_CASES][GOLDEN_NAME];
    problem_hash hash[GOLDEN_CASES];
    size_t count;
} golden_group;

typedef struct golden_line {
    char name[GOLDEN_NAME];
    uint64_t hash;
    char marks[GOLDEN_MARKS * GOLDEN_CASES + 1];
    int met;
} golden_line;

typedef struct golden_file {
    golden_line line[GOLDEN_GROUPS];
    size_t count;
    FILE *writing; /* not NULL: it is written anew */
} golden_file;

/* Returns 0 where there is none. */
static inline int golden_read(golden_file *golden, const char *path)
{
    FILE *f = fopen(path, "r");
    char text[1024];
    if (f == NULL) return 0;
    while (fgets(text, sizeof text, f) != NULL && golden->count < GOLDEN_GROUPS) {
        golden_line *l = &golden->line[golden->count];
        golden->count +=
            sscanf(text, "%95s %" SCNx64 " %384[0-9a-f]", l->name, &l->hash, l->marks) == 3;
    }
    fclose(f);
    return golden->count > 0;
}

/* Does any line speak of this loss? A loss just added has none. */
static inline int golden_knows(const golden_file *golden, const char *loss)
{
    const size_t length = strlen(loss);
    for (size_t i = 0; i < golden->count; i++) {
        const char *const name = strchr(golden->line[i].name, '/');
        if (name != NULL && strncmp(name + 1, loss, length) == 0 && name[1 + length] == '/')
            return 1;
    }
    return 0;
}

static inline uint64_t golden_mix(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 64; i += 8)
        hash = (hash ^ (value >> i & 0xff)) * 0x100000001b3u;
    return hash;
}

static inline uint64_t golden_hash(const golden_group *g)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < g->count; i++) {
        hash = golden_mix(hash, g->hash[i].loss);
        hash = golden_mix(hash, g->hash[i].grad_embeddings);
        hash = golden_mix(hash, g->hash[i].grad_weights);
    }
    return hash;
}

static inline void golden_marks(const golden_group *g, char marks[GOLDEN_MARKS * GOLDEN_CASES + 1])
{
    for (size_t i = 0; i < g->count; i++) {
        const problem_hash h = g->hash[i];
        snprintf(marks + i * GOLDEN_MARKS, GOLDEN_MARKS + 1, "%02x%02x%02x",
                 (unsigned)(h.loss & 0xff), (unsigned)(h.grad_embeddings & 0xff),
                 (unsigned)(h.grad_weights & 0xff));
    }
}

/* Names the cases of g whose marks are others, and what of them; all cases where none is. explain
 * says more of one. */
static inline void golden_report(const golden_group *g, const golden_line *line,
                                 void (*explain)(const golden_group *g, size_t index))
{
    char now[GOLDEN_MARKS * GOLDEN_CASES + 1] = "";
    const char *const then = line->marks;
    golden_marks(g, now);
    const int all = strcmp(now, then) == 0;
    CHECK(strlen(then) == strlen(now), "%s: the golden file has %zu cases, not %zu", g->name,
          strlen(then) / GOLDEN_MARKS, g->count);
    for (size_t i = 0; i < g->count && i < strlen(then) / GOLDEN_MARKS; i++) {
        const char *const a = now + i * GOLDEN_MARKS, *const b = then + i * GOLDEN_MARKS;
        if (!all && strncmp(a, b, GOLDEN_MARKS) == 0) continue;
        check_fail(__FILE__, __LINE__, "%s: other bits than golden in%s%s%s%s", g->cases[i],
                   strncmp(a, b, 2) == 0 ? "" : " loss",
                   strncmp(a + 2, b + 2, 2) == 0 ? "" : " dX (rows: dlogits)",
                   strncmp(a + 4, b + 4, 2) == 0 ? "" : " dW",
                   all ? " this or another case of its group" : "");
        explain(g, i);
    }
}

/* Writes the group, or holds it against the file. */
static inline void golden_judge(golden_file *golden, const golden_group *g, const char *loss,
                                void (*explain)(const golden_group *g, size_t index))
{
    if (golden->writing != NULL) {
        char marks[GOLDEN_MARKS * GOLDEN_CASES + 1] = "";
        golden_marks(g, marks);
        fprintf(golden->writing, "%s %016" PRIx64 " %s\n", g->name, golden_hash(g), marks);
    }
    if (golden->writing != NULL || golden->count == 0 || !golden_knows(golden, loss)) return;
    golden_line *line = NULL;
    for (size_t i = 0; i < golden->count; i++) {
        if (strcmp(golden->line[i].name, g->name) == 0) line = &golden->line[i];
    }
    CHECK(line != NULL, "%s: no golden line", g->name);
    if (line == NULL) return;
    line->met = 1;
    CHECK(golden_hash(g) == line->hash, "%s: other bits than golden", g->name);
    if (golden_hash(g) != line->hash) golden_report(g, line, explain);
}

#endif
