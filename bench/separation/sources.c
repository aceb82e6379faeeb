/* sources.c: data sets by name (see sources.h). Must not know networks or losses. */
#include "sources.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

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

static void open_images(data_source *entry, const char *given)
{
    const int fashion = strcmp(given, "fashion") == 0;
    char error[512];
    if (fashion) {
        snprintf(entry->name, sizeof entry->name, "fashion");
    } else {
        name_folder(given, entry->name, sizeof entry->name);
    }
    if (image_set_load(fashion ? SEPARATION_FASHION : given, &entry->images, error, sizeof error) !=
        0) {
        die(SEPARATION_PROGRAM, "%s%s", error,
            fashion ? " (Debian's package dataset-fashion-mnist has these files)" : "");
    }
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
