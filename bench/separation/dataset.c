/* dataset.c: memory of labelled samples (see dataset.h). */
#include "dataset.h"

#include <errno.h>
#include <stdlib.h>

int dataset_create(dataset *out, size_t count, size_t dim, size_t classes)
{
    *out = (dataset){.count = count, .dim = dim, .classes = classes};
    if (dim != 0 && count > SIZE_MAX / sizeof(float) / dim) {
        *out = (dataset){0};
        return ENOMEM;
    }
    out->inputs = calloc(count * dim, sizeof *out->inputs);
    out->labels = calloc(count, sizeof *out->labels);
    if (out->inputs == NULL || out->labels == NULL) {
        dataset_free(out);
        return ENOMEM;
    }
    return 0;
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
