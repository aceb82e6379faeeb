/* verdicts.c: from a claim's numbers to its verdict, and what would change it (see claims.h). Must
 * not know what the numbers are of. */
#include "claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const double level = 0.05;
enum { MOST_SEEDS = 1000 };

verdict verdict_of(interval measured, double least, double most)
{
    if (measured.count < 2) return VERDICT_NONE;
    if (isnan(measured.mean)) return VERDICT_UNDECIDED;
    if (measured.low > least && measured.high < most) return VERDICT_HOLDS;
    return measured.high <= least || measured.low >= most ? VERDICT_DOES_NOT : VERDICT_UNDECIDED;
}

const char *verdict_name(verdict value)
{
    static const char *const names[] = {"holds", "does not", "undecided", NULL};
    return names[value];
}

/* The end of the range that the mean has to keep away from for a verdict: of two the nearer one.
 * Both are infinite nowhere. */
static double deciding_bound(interval found, double least, double most)
{
    return fabs(found.mean - least) < fabs(found.mean - most) ? least : most;
}

/* ---- many claims at once ------------------------------------------------------------------- */

static double p_of(const claim_result *r, const judgement *j, size_t seeds)
{
    return student_test(j->found, deciding_bound(j->found, r->least, r->most), seeds);
}

static void judge_alone(const claim_result *r, judgement *j)
{
    j->p = p_of(r, j, j->found.count);
    j->by_interval = verdict_of(j->found, r->least, r->most);
}

static void judge_among(judgement *j, double p_holm)
{
    j->p_holm = p_holm;
    j->verdict =
        j->by_interval == VERDICT_NONE || p_holm < level ? j->by_interval : VERDICT_UNDECIDED;
}

/* A claim without another part of the samples takes part with what it has. */
static judgement *judged_by(claim_result *r, int other)
{
    return other && r->other.values != NULL ? &r->other : &r->here;
}

static void correct(claim_list *list, int other)
{
    double *const p = zeroed(2 * list->count, sizeof *p), *const adjusted = p + list->count;
    for (size_t i = 0; i < list->count; i++)
        p[i] = judged_by(&list->results[i], other)->p;
    holm_adjust(p, list->count, adjusted);
    for (size_t i = 0; i < list->count; i++) {
        judgement *const j = other ? &list->results[i].other : &list->results[i].here;
        if (j->values != NULL) judge_among(j, adjusted[i]);
    }
    free(p);
}

/* ---- what would change a verdict ----------------------------------------------------------- */

static const char *said(verdict value)
{
    static const char *const words[] = {"holds", "does not hold", "is undecided", ""};
    return words[value];
}

/* What Holm multiplies the claim's p by: how many have none smaller. */
static double holm_factor(const claim_list *list, double p)
{
    double factor = 0.0;
    for (size_t i = 0; i < list->count; i++)
        factor += list->results[i].here.p >= p;
    return factor;
}

/* The seeds with which the mean and the spread of these would decide, while the other claims stay:
 * as likely as not, since more seeds have a mean of their own. 0: more than MOST_SEEDS. */
static size_t seeds_needed(const claim_list *list, const claim_result *r)
{
    const double factor = holm_factor(list, r->here.p);
    for (size_t seeds = r->here.found.count; seeds <= MOST_SEEDS; seeds++)
        if (factor * p_of(r, &r->here, seeds) < level) return seeds;
    return 0;
}

/* How far the interval keeps from the bound; negative: it holds the bound. */
static double clear_of(interval found, double bound)
{
    return found.mean > bound ? found.low - bound : bound - found.high;
}

static void tell_distance(FILE *to, const claim_result *r)
{
    const double bound = deciding_bound(r->here.found, r->least, r->most);
    const double clear = clear_of(r->here.found, bound);
    const char *const unit = strcmp(r->unit, "1") == 0 ? "" : " ", *const name =
                                                                       *unit == '\0' ? "" : r->unit;
    fprintf(to, "Its interval %s %.3g%s%s %s the bound of %.3g", clear > 0.0 ? "ends" : "reaches",
            fabs(clear), unit, name, clear > 0.0 ? "from" : "beyond", bound);
}

static void tell_correction(FILE *to, const claim_list *list, const claim_result *r)
{
    if (r->here.verdict != VERDICT_UNDECIDED) return;
    if (r->here.by_interval != VERDICT_UNDECIDED)
        fprintf(to, "; without the correction for %zu claims it %s", list->count,
                said(r->here.by_interval));
    const size_t seeds = seeds_needed(list, r);
    if (seeds > 0) {
        fprintf(to, "; %zu seeds like these %zu would decide as likely as not", seeds,
                r->here.found.count);
    } else {
        fprintf(to, "; not even %d seeds like these would decide", MOST_SEEDS);
    }
}

/* The first setting is the toy with fewer samples, from which each other one differs in one place.
 * All by their intervals alone: what the samples change, and then what the place does. */
static void tell_settings(FILE *to, const claim_result *r)
{
    const claim_setting *const base = r->settings;
    int told = 0;
    for (size_t k = 0; k < r->setting_count; k++) {
        const claim_setting *const s = &base[k];
        const verdict before = k == 0 ? r->here.by_interval : base->verdict;
        if (s->verdict == before || (k > 0 && s->verdict == VERDICT_UNDECIDED)) continue;
        if (!told++)
            fprintf(to, "; by its interval alone with %s it %s", base->name, said(base->verdict));
        if (k > 0) fprintf(to, ", and with %s it %s", s->name, said(s->verdict));
    }
}

static void tell_changes(const claim_list *list, claim_result *r)
{
    if (r->here.verdict == VERDICT_NONE || isnan(r->here.p)) return;
    FILE *const to = fmemopen(r->changes, sizeof r->changes - 1, "w");
    if (to == NULL) out_of_memory();
    tell_distance(to, r);
    tell_correction(to, list, r);
    if (r->other.values != NULL && r->other.verdict != r->here.verdict)
        fprintf(to, "; on %s samples it %s", strcmp(r->other.split, "train") ? "test" : "training",
                said(r->other.verdict));
    tell_settings(to, r);
    fprintf(to, ".");
    fclose(to);
}

void claims_decide(claim_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        claim_result *const r = &list->results[i];
        judge_alone(r, &r->here);
        if (r->other.values != NULL) judge_alone(r, &r->other);
    }
    correct(list, 0);
    correct(list, 1);
    for (size_t i = 0; i < list->count; i++)
        tell_changes(list, &list->results[i]);
}

void claims_free(claim_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->results[i].here.values);
        free(list->results[i].other.values);
        free(list->results[i].settings);
    }
    free(list->results);
    *list = (claim_list){0};
}
