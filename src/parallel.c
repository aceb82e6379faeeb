/* parallel.c: loops shared by threads, on OpenMP where the build has it, else on the calling
 * thread. It knows nothing of what the loops do. */
#include "parallel.h"

#include <stdatomic.h>

#if defined(_OPENMP)
#include <omp.h>
#endif

struct margin_items {
    size_t count;
    int shared; /* several workers take from here */
    size_t next;
    atomic_size_t shared_next;
};

int margin_take_item(margin_items *items, size_t *item)
{
    *item = items->shared ? atomic_fetch_add_explicit(&items->shared_next, 1, memory_order_relaxed)
                          : items->next++;
    return *item < items->count;
}

#if defined(_OPENMP)
static void share_work(int threads, margin_worker work, void *state, margin_items *items)
{
#pragma omp parallel num_threads(threads)
    work(state, (size_t)omp_get_thread_num(), items);
}
#endif

void margin_parallel(size_t threads, size_t count, margin_worker work, void *state)
{
    margin_items items = {.count = count};
#if defined(_OPENMP)
    if (threads > 1) {
        items.shared = 1;
        share_work((int)threads, work, state, &items);
        return;
    }
#endif
    (void)threads;
    work(state, 0, &items);
}

#if defined(_OPENMP)
static void share_items(int threads, margin_item_task task, void *state, margin_items *items)
{
#pragma omp parallel num_threads(threads)
    for (size_t item; margin_take_item(items, &item);)
        task(state, item, (size_t)omp_get_thread_num());
}
#endif

void margin_parallel_for(size_t threads, size_t count, margin_item_task task, void *state)
{
#if defined(_OPENMP)
    if (threads > 1 && count > 1) {
        margin_items items = {.count = count, .shared = 1};
        share_items((int)(threads < count ? threads : count), task, state, &items);
        return;
    }
#endif
    (void)threads;
    for (size_t item = 0; item < count; item++)
        task(state, item, 0);
}

int margin_default_threads(void)
{
#if defined(_OPENMP)
    return omp_get_max_threads();
#else
    return 1;
#endif
}
