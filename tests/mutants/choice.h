/* choice.h: read before every file of the copy that run.py builds: the number of the fault that is
 * chosen, from the environment. Every file's constructor reads the same. */
#ifndef MARGIN_CHOICE_H
#define MARGIN_CHOICE_H

extern char *getenv(const char *name);
extern int atoi(const char *text);

__attribute__((weak)) int margin_mutant;

__attribute__((constructor)) static void margin_choose(void)
{
    const char *const number = getenv("MARGIN_MUTANT");
    margin_mutant = number == 0 ? 0 : atoi(number);
}

/* What a rule cannot make out of the tokens at hand. */
#define LOG1P_NAIVE(x) dm_log(1.0 + (x))

#endif
