/* sources.h: the data sets that runs are made on, each opened once. Must not know networks or
 * losses. */
#ifndef SEPARATION_SOURCES_H
#define SEPARATION_SOURCES_H

#include "run.h"
#include "separation_options.h"

typedef struct data_source {
    run_data data;
    image_set images;
    char name[64];
    const char *given;
} data_source;

typedef struct data_sources {
    data_source entries[SEPARATION_MOST_DATA + 2];
    size_t count;
} data_sources;

/* "sphere", "fashion" or a folder of images; opened at the first call, and the same pointer from
 * then on. Ends the program if the files cannot be read. */
const run_data *sources_open(data_sources *sources, const char *given);
/* 1 if Fashion-MNIST is on this machine. */
int sources_have_fashion(void);
void sources_free(data_sources *sources);

#endif
