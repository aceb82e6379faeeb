/* weights.c: see weights.h. */
#include "weights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "options.h"
#include "progress.h"
#include "random.h"

enum { CLASSES_A_STEP = 4096 }; /* between two looks at the terminal */

uint16_t to_bfloat16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float from_bfloat16(uint16_t bits)
{
    const uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

void weights_row(const weights *w, size_t class, float *row)
{
    const size_t at = class * w->dim;
    if (w->type == MARGIN_TYPE_FLOAT32) {
        memcpy(row, (const float *)w->at + at, w->dim * sizeof *row);
        return;
    }
    for (size_t d = 0; d < w->dim; d++)
        row[d] = from_bfloat16(((const uint16_t *)w->at)[at + d]);
}

/* Makes class weight `class`: uniform numbers in (-1/2, 1/2). */
static void make_row(const weights *w, uint64_t seed, size_t class)
{
    uint64_t state = random_bits(&seed) ^ ((class + 1) * 0x9e3779b97f4a7c15u);
    state = random_bits(&state);
    for (size_t d = 0; d < w->dim; d++) {
        const float value = (float)(random_uniform(&state) - 0.5);
        if (w->type == MARGIN_TYPE_FLOAT32) {
            ((float *)w->at)[class * w->dim + d] = value;
        } else {
            ((uint16_t *)w->at)[class * w->dim + d] = to_bfloat16(value);
        }
    }
}

static void no_room(const weights *w, const char *where, int error)
{
    die(PROGRAM, "%s: no room for class weights of %.1f GiB: %s", where, (double)w->bytes / 0x1p30,
        strerror(error));
}

/* Maps a file of its own in `folder`: it has no name any more, so nothing is left of it. Its space
 * is taken at once, so that a full disk ends the program here and not in the midst of a step. */
static void map_file(weights *w, const char *folder)
{
    char name[4096];
    if (snprintf(name, sizeof name, "%s/bench_scale-XXXXXX", folder) >= (int)sizeof name)
        die(PROGRAM, "--map: a name of over 4000 bytes");
    const int file = mkstemp(name);
    if (file < 0) die(PROGRAM, "%s: cannot make a file: %s", folder, strerror(errno));
    unlink(name);
    const int error = posix_fallocate(file, 0, (off_t)w->bytes);
    if (error != 0) no_room(w, folder, error);
    w->at = mmap(NULL, w->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (w->at == MAP_FAILED) no_room(w, folder, errno);
    close(file);
}

weights weights_make(const settings *s)
{
    weights w = {.classes = s->classes, .dim = s->dim, .type = s->type, .mapped = s->map != NULL};
    progress line;
    w.bytes = s->classes * s->dim * (s->type == MARGIN_TYPE_FLOAT32 ? sizeof(float) : 2);
    if (w.mapped) {
        map_file(&w, s->map);
    } else if ((w.at = malloc(w.bytes)) == NULL) {
        no_room(&w, "memory", ENOMEM);
    }
    progress_start(&line, "class weights", w.classes);
    for (size_t class = 0; class < w.classes; class ++) {
        make_row(&w, s->seed, class);
        if (class % CLASSES_A_STEP == 0) progress_step(&line, class, NULL);
    }
    progress_end(&line);
    return w;
}

void weights_free(weights *w)
{
    if (w->mapped) {
        munmap(w->at, w->bytes);
    } else {
        free(w->at);
    }
    w->at = NULL;
}
