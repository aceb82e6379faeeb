/* cases.c: see cases.h. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loops.h"

static void name_case(timed_case *c)
{
    int used =
        snprintf(c->name, sizeof c->name, "%s/isa:%s", c->kernel->name, margin_isa_name(c->isa));
    for (size_t i = 0; i < KERNEL_SIZES && c->kernel->letter[i] != NULL; i++)
        used += snprintf(c->name + used, sizeof c->name - (size_t)used, "/%s:%zu",
                         c->kernel->letter[i], c->size[i]);
}

/* Returns room for one more case, NULL where memory is short. */
static timed_case *append(case_list *list)
{
    timed_case *grown = realloc(list->at, (list->count + 1) * sizeof *grown);
    if (grown == NULL) return NULL;
    list->at = grown;
    timed_case *c = &grown[list->count];
    memset(c, 0, sizeof *c);
    c->ns = calloc(list->rounds, sizeof *c->ns);
    if (c->ns == NULL) return NULL;
    list->count++;
    return c;
}

static int is_wanted(const settings *s, margin_isa isa)
{
    return s->isa == MARGIN_ISA_AUTO || s->isa == isa;
}

/* Adds one kernel at one of its sizes on one instruction set if the filter lets it pass. */
static int add_case(case_list *list, const settings *s, const timed_case *like)
{
    timed_case c = *like;
    name_case(&c);
    if (c.subject != &kernels_of_peaks && strstr(c.name, s->filter) == NULL) return 0;
    timed_case *to = append(list);
    if (to == NULL) return -1;
    c.ns = to->ns;
    *to = c;
    return 0;
}

static int add_kernel(case_list *list, const settings *s, kernel_dispatch dispatch,
                      const kernel_subject *subject, const kernel_case *kernel)
{
    for (size_t i = 0; i < KERNEL_TIMED && kernel->timed[i][0] > 0; i++) {
        for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
            const timed_case c = {.subject = subject,
                                  .kernel = kernel,
                                  .size = kernel->timed[i],
                                  .isa = (margin_isa)isa,
                                  .table = dispatch((margin_isa)isa)};
            if (c.table == NULL || !is_wanted(s, c.isa)) continue;
            if (subject == &kernels_of_peaks && speed_loops_get(c.isa) == NULL) continue;
            if (add_case(list, s, &c) != 0) return -1;
        }
    }
    return 0;
}

static int add_subject(case_list *list, const settings *s, kernel_dispatch dispatch,
                       const kernel_subject *subject)
{
    int failed = 0;
    for (size_t i = 0; i < subject->count && !failed; i++)
        failed = add_kernel(list, s, dispatch, subject, &subject->cases[i]);
    return failed;
}

int cases_make(case_list *list, const settings *s, kernel_dispatch dispatch)
{
    memset(list, 0, sizeof *list);
    list->rounds = s->quick ? 9 : 31;
    list->sample_seconds = s->quick ? 20e-6 : 100e-6;
    int failed = add_subject(list, s, dispatch, &kernels_of_peaks);
    list->peaks = list->count;
    for (size_t i = 0; kernel_subjects[i] != NULL && !failed; i++)
        failed = add_subject(list, s, dispatch, kernel_subjects[i]);
    return failed;
}

void cases_free(case_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i].ns);
    free(list->at);
    memset(list, 0, sizeof *list);
}

const timed_case *cases_peak(const case_list *list, const timed_case *c)
{
    const timed_case *found = NULL;
    for (size_t i = 0; i < list->peaks; i++) {
        const timed_case *peak = &list->at[i];
        if (peak->kernel->bound != c->kernel->bound || peak->isa != c->isa) continue;
        found = peak;
        if (c->held <= PEAK_ROOM * peak->held) break; /* a copy in the same cache; sizes rise */
    }
    return found;
}

double cases_rate(const timed_case *c)
{
    if (c->rounds == 0) return 0.0;
    const double amount[] = {
        [BOUND_FLOPS] = c->flops, [BOUND_BYTES] = c->bytes, [BOUND_NONE] = 0.0};
    return amount[c->kernel->bound] / (c->subject == &kernels_of_peaks ? c->ns[0] : c->median);
}
