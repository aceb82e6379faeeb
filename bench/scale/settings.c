/* settings.c: see settings.h. */
#include "settings.h"

#include "option_table.h"

static const char *type_name(int value)
{
    return value >= 0 && value <= MARGIN_TYPE_BFLOAT16 ? margin_type_name((margin_type)value)
                                                       : NULL;
}

static const choice type_choice = {type_name, NULL};

#define OPTION_TARGET settings
static const option_row rows[] = {
    OPTION_GROUP("the head:"),
    {"rows", "N", "of the batch (default {default})", TO_SIZE(rows, 1, 1 << 24)},
    {"dim", "D", "of an embedding, at least 2 (default {default})", TO_SIZE(dim, 2, 1 << 16)},
    {"classes", "C", "(default {default})", TO_SIZE(classes, 2, (size_t)1 << 34)},
    {"loss", "NAME", "one that normalises, so not softmax: {names}", TO_NAME(loss, &loss_choice)},
    {"seed", "S", "of embeddings and class weights (default {default})", TO_U64(seed)},
    OPTION_GROUP("where class weights and their gradients are:"),
    {"type", "NAME", "of class weights: {names} (default float32)", TO_NAME(type, &type_choice)},
    {"map", "FOLDER",
     "class weights lie in a file in FOLDER, mapped into memory, which is gone when the run ends",
     TO_TEXT(map)},
    {"stored", NULL, "store dW, then update with it; else each block of it updates at once",
     TO_FLAG(stored)},
    {"learning-rate", "R", "of SGD (default {default})", TO_RANGE(learning_rate, 0, 1e6)},
    OPTION_GROUP("how:"),
    {"steps", "K", "that are timed, after one that is judged (default {default})",
     TO_SIZE(steps, 1, 100000)},
    {"judged", "ROWS", "rows that are computed again in double (default {default})",
     TO_SIZE(judged, 1, 1024)},
    {"threads", "T", "at most (0: as many as there are processors)", TO_INT(threads, 0, 1024)},
    {"workspace", "BYTES", "bound of the library's scratch memory (default 256MiB)",
     TO_BYTES(workspace)},
    {"out", "FILE", "write the results (JSON; results/README.md says what is in it)", TO_TEXT(out)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "a step of the head with very many classes",
    .about = "Make class weights, take steps of SGD with all of them, and say what a step takes: "
             "time,\n"
             "memory, page faults. The loss, dX and some new class weights of the first step are\n"
             "computed again in double; a step that is wrong is not timed.",
    .rows = rows,
    .closing = "exit status: 0, 1 when the step is wrong or the run failed, 2 on wrong usage."};

settings settings_parse(int argc, char **argv)
{
    settings s = {.rows = 64,
                  .dim = 512,
                  .classes = 1000000,
                  .steps = 3,
                  .judged = 2,
                  .loss = MARGIN_ARCFACE,
                  .learning_rate = 0.1,
                  .seed = 1};
    options_read(&table, argc, argv, &s);
    if (!margin_loss_get(s.loss)->normalised)
        die_usage(PROGRAM, "--loss %s: only losses that normalise are judged here",
                  margin_loss_get(s.loss)->name);
    if (s.judged > s.rows) s.judged = s.rows;
    return s;
}
