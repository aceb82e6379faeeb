/* problem.c: see problem.h. */
#include "problem.h"

#include <stdlib.h>

#include "memory.h"
#include "random.h"

problem problem_make(const settings *s, const weights *w)
{
    const size_t n = s->rows, d = s->dim;
    uint64_t state = s->seed + 77;
    problem p = {.rows = n,
                 .dim = d,
                 .embeddings = zeroed(n * d, sizeof(float)),
                 .labels = zeroed(n, sizeof(int64_t)),
                 .row_loss = zeroed(n, sizeof(float)),
                 .row_others = zeroed(n, sizeof(float)),
                 .grad_embeddings = zeroed(n * d, sizeof(float))};
    for (size_t i = 0; i < n; i++) {
        p.labels[i] = (int64_t)random_below(&state, s->classes);
        weights_row(w, (size_t)p.labels[i], p.embeddings + i * d);
        for (size_t k = 0; k < d; k++)
            p.embeddings[i * d + k] += 1.5f * (float)(random_uniform(&state) - 0.5);
    }
    return p;
}

void problem_free(problem *p)
{
    free(p->embeddings);
    free(p->labels);
    free(p->row_loss);
    free(p->row_others);
    free(p->grad_embeddings);
}
