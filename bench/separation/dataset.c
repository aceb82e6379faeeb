/* dataset.c: memory of labelled samples (see dataset.h). */
#include "dataset.h"

#include <stdlib.h>

#include "memory.h"

void dataset_create(dataset *out, size_t count, size_t dim, size_t classes)
{
    *out = (dataset){.count = count, .dim = dim, .classes = classes};
    out->inputs = zeroed(count, dim * sizeof *out->inputs);
    out->labels = zeroed(count, sizeof *out->labels);
}

void dataset_free(dataset *data)
{
    free(data->inputs);
    free(data->labels);
    *data = (dataset){0};
}

void data_split_free(data_split *split)
{
    dataset_free(&split->train);
    dataset_free(&split->test);
    dataset_free(&split->unseen);
}
