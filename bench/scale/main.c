/* main.c: bench_scale: what a step takes with very many classes. */
#include <stdlib.h>

#include "json_out.h"
#include "memory.h"
#include "option_table.h"
#include "output.h"
#include "output_paths.h"
#include "progress.h"

/* Takes the first step, and ends the program if it is wrong. */
static void take_judged(findings *f, step *t, const problem *p)
{
    judge *j = judge_make(f->s, p, t->w);
    step_take(t);
    f->objective[0] = t->head.loss;
    f->judged = judge_compare(j, p, t->w);
    judge_free(j);
    if (!f->judged.fine)
        die(PROGRAM,
            "the step is wrong: loss off by %.2g, dX by %.2g, class weights by %.2g of what "
            "rounding may do",
            f->judged.loss, f->judged.dx, f->judged.weights);
}

static void take_timed(findings *f, step *t)
{
    const usage before = usage_now();
    progress line;
    progress_start(&line, "steps", f->s->steps);
    for (size_t i = 0; i < f->s->steps; i++) {
        progress_step(&line, i, NULL);
        f->seconds[i] = step_take(t);
        f->objective[1 + i] = t->head.loss;
    }
    progress_end(&line);
    const usage after = usage_now();
    f->used = usage_between(&before, &after);
}

static void run(findings *f)
{
    weights w = weights_make(f->s);
    problem p = problem_make(f->s, &w);
    step t = step_make(f->s, &p, &w);
    f->weights_bytes = w.bytes;
    f->threads = margin_context_config(t.context)->threads;
    take_judged(f, &t, &p);
    take_timed(f, &t);
    f->workspace_bytes = margin_context_workspace_used(t.context);
    f->peak_bytes = usage_memory("VmHWM");
    f->anonymous_bytes = usage_memory("RssAnon");
    step_free(&t);
    problem_free(&p);
    weights_free(&w);
}

int main(int argc, char **argv)
{
    json_begin();
    const settings s = settings_parse(argc, argv);
    output_paths_try(PROGRAM, (const char *[]){s.out}, 1);
    findings f = {.s = &s,
                  .seconds = zeroed(s.steps, sizeof(step_seconds)),
                  .objective = zeroed(1 + s.steps, sizeof(double))};
    run(&f);
    output_print(&f);
    if (s.out != NULL) output_write(&f, argc, argv);
    free(f.seconds);
    free(f.objective);
    finish_stdout(PROGRAM);
    return EXIT_SUCCESS;
}
