/* test_threads.c: the loops of parallel.h on whatever the program was built with: every item once,
 * whoever comes, also where helpers are refused, never run, or were left behind by a fork.
 *
 * The linker hands pthread_create and aligned_alloc of the loops to this file. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "parallel.h"

enum { MOST_ITEMS = 1000, MOST_WORKERS = 8, EVERY_CREATION = 1000000 };

#if defined(MARGIN_THREADS_POOL)
enum { HAVE_POOL = 1 };
#else
enum { HAVE_POOL = 0 };
#endif

/* ---- what fails on demand ---- */

static atomic_int asked, created;
static int creations_refused_from = EVERY_CREATION, memory_refused;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int gated;

typedef struct start {
    void *(*run)(void *);
    void *argument;
} start;

static void *wait_and_run(void *argument)
{
    const start s = *(start *)argument;
    free(argument);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return s.run(s.argument);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    asked++;
    if (created >= creations_refused_from) return EAGAIN;
    created++;
    if (!gated) return __real_pthread_create(thread, attributes, run, argument);
    start *s = malloc(sizeof *s);
    *s = (start){run, argument};
    return __real_pthread_create(thread, attributes, wait_and_run, s);
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return memory_refused ? NULL : __real_aligned_alloc(alignment, size);
}

/* ---- a loop that looks at itself ---- */

typedef struct seen {
    atomic_int times[MOST_ITEMS];
    atomic_int busy[MOST_WORKERS]; /* a worker's number is taken */
    atomic_int doubles;            /* two had the same number at a time */
    size_t plain[MOST_ITEMS];      /* no atomic: the loop's end makes it visible */
    atomic_size_t helped;          /* items that were not worker 0's */
} seen;

static void look(void *state, size_t item, size_t worker)
{
    seen *s = state;
    atomic_fetch_add(&s->doubles, atomic_exchange(&s->busy[worker], 1));
    atomic_fetch_add(&s->times[item], 1);
    s->plain[item] = item + 1;
    if (worker > 0) atomic_fetch_add(&s->helped, 1);
    for (volatile int i = 0; i < 200; i++)
        continue;
    atomic_store(&s->busy[worker], 0);
}

/* Runs a loop; returns the items that were not done once, and writes how many were helpers'. */
static size_t faults_of(const margin_team *team, size_t threads, size_t count, size_t *helped)
{
    static _Thread_local seen s;
    memset(&s, 0, sizeof s);
    margin_share_each(team, threads, count, look, &s);
    size_t faults = (size_t)atomic_load(&s.doubles);
    for (size_t i = 0; i < MOST_ITEMS; i++)
        faults += atomic_load(&s.times[i]) != (i < count) || s.plain[i] != (i < count ? i + 1 : 0);
    *helped = atomic_load(&s.helped);
    return faults;
}

/* Returns how many items were helpers'. */
static size_t judge_loop(const margin_team *team, size_t threads, size_t count, const char *what)
{
    size_t helped;
    const size_t faults = faults_of(team, threads, count, &helped);
    CHECK(faults == 0, "%s: %zu faults in %zu items of %zu threads", what, faults, count, threads);
    return helped;
}

static margin_team team_of(int threads)
{
    margin_team team;
    CHECK(margin_team_make(&team, threads, NULL, NULL), "no team of %d", threads);
    return team;
}

/* ---- the tests ---- */

static void every_item_once(void)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 100, MOST_ITEMS};
    for (int most = 1; most <= MOST_WORKERS; most++) {
        margin_team team = team_of(most);
        for (int round = 0; round < 20; round++) {
            for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
                judge_loop(&team, (size_t)(most - round % most), counts[k], "loops in turn");
        }
        margin_team_end(&team);
    }
}

/* Helpers do come: for some loop of many, so that a busy machine does not matter. */
static void helpers_help(void)
{
    if (!HAVE_POOL) return;
    margin_team team = team_of(2);
    size_t helped = 0;
    for (int k = 0; k < 8000 && helped == 0; k++)
        helped = judge_loop(&team, 2, MOST_ITEMS, "helped");
    CHECK(helped > 0, "no helper ever took an item");
    margin_team_end(&team);
}

static void *loops_of_another(void *faults)
{
    margin_team team;
    size_t helped;
    margin_team_make(&team, 3, NULL, NULL);
    for (int k = 0; k < 300; k++)
        *(size_t *)faults += faults_of(&team, 3, 50, &helped);
    margin_team_end(&team);
    return NULL;
}

static void teams_side_by_side(void)
{
    pthread_t other;
    size_t faults = 0;
    CHECK(__real_pthread_create(&other, NULL, loops_of_another, &faults) == 0, "no thread");
    margin_team team = team_of(3);
    for (int k = 0; k < 300; k++)
        judge_loop(&team, 3, 50, "one team");
    margin_team_end(&team);
    pthread_join(other, NULL);
    CHECK(faults == 0, "another thread's team: %zu faults", faults);
}

/* Loops between which helpers fall asleep. */
static void helpers_sleep_and_wake(void)
{
    margin_team team = team_of(3);
    for (int k = 0; k < 100; k++) {
        judge_loop(&team, 3, 50, "after a sleep");
        usleep(k % 2 ? 300 : 50);
    }
    margin_team_end(&team);
}

static void refused_helpers(void)
{
    if (!HAVE_POOL) return;
    for (int allowed = 0; allowed < 3; allowed++) {
        asked = created = 0;
        creations_refused_from = allowed;
        margin_team team = team_of(4);
        for (int k = 0; k < 10; k++)
            judge_loop(&team, 4, 100, "helpers refused");
        CHECK(created == allowed, "%d helpers started, not %d", atomic_load(&created), allowed);
        CHECK(asked == allowed + 1, "%d helpers asked for, not %d", atomic_load(&asked),
              allowed + 1);
        margin_team_end(&team);
    }
    creations_refused_from = EVERY_CREATION;
    memory_refused = 1;
    margin_team team;
    CHECK(!margin_team_make(&team, 4, NULL, NULL), "a team without memory");
    margin_team_end(&team);
    memory_refused = 0;
}

/* Helpers that the machine does not run: nobody waits for them. */
static void helpers_that_do_not_begin(void)
{
    if (!HAVE_POOL) return;
    margin_team team = team_of(4);
    pthread_mutex_lock(&gate);
    gated = 1;
    for (int k = 0; k < 10; k++)
        CHECK(judge_loop(&team, 4, 100, "nobody comes") == 0, "a helper came through the gate");
    gated = 0;
    pthread_mutex_unlock(&gate);
    for (int k = 0; k < 10; k++)
        judge_loop(&team, 4, 100, "they come late");
    margin_team_end(&team);
}

static void lazily_and_not_for_one(void)
{
    created = 0;
    margin_team team = team_of(4);
    judge_loop(&team, 1, 100, "one thread");
    judge_loop(&team, 4, 1, "one item");
    CHECK(created == 0, "%d threads started for one", created);
    margin_team_end(&team);
    if (!HAVE_POOL) return;
    team = team_of(4);
    judge_loop(&team, 2, 100, "two threads");
    CHECK(created == 1, "%d helpers started for two threads", created);
    margin_team_end(&team);
}

/* Ends a child: its checks are its parent's. */
static void judge_child(pid_t child, const char *what)
{
    int status = -1;
    CHECK(child > 0, "%s: no child", what);
    CHECK(waitpid(child, &status, 0) == child && status == 0, "%s: the child ended with %#x", what,
          (unsigned)status);
}

static pid_t begin_child(void)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) alarm(300); /* a hang ends */
    return child;
}

static void children_of_fork(void)
{
    margin_team team = team_of(3);
    for (int k = 0; k < 5; k++)
        judge_loop(&team, 3, 100, "before the fork");
    for (int made = 0; made < (HAVE_POOL ? 3 : 1); made++) {
        const pid_t child = begin_child();
        if (child == 0) {
            CHECK(!margin_team_here(&team), "a child takes itself for its parent");
            if (made != 1) judge_loop(&team, 1, 100, "old team");
            if (made > 0) {
                margin_team own = team_of(3);
                judge_loop(&own, 3, 100, "new team");
                margin_team_end(&own);
            }
            margin_team_end(&team);
            _exit(check_failed > 0);
        }
        judge_child(child, "fork");
        judge_loop(&team, 3, 100, "after the fork");
    }
    margin_team_end(&team);
}

/* ---- what helpers inherit ---- */

typedef struct surroundings {
    sigset_t blocked[MOST_WORKERS];
    int came[MOST_WORKERS];
} surroundings;

static void look_around(void *state, size_t item, size_t worker)
{
    surroundings *s = state;
    (void)item;
    pthread_sigmask(SIG_SETMASK, NULL, &s->blocked[worker]);
    s->came[worker] = 1;
    usleep(10);
}

static void signals_are_the_hosts(void)
{
    surroundings s = {.came = {0}};
    sigset_t mine;
    margin_team team = team_of(2);
    for (int k = 0; k < (HAVE_POOL ? 10000 : 10) && !s.came[1]; k++)
        margin_share_each(&team, 2, 20, look_around, &s);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    margin_team_end(&team);
    CHECK(!sigismember(&mine, SIGUSR1) && sigismember(&mine, SIGUSR2), "the caller's signals");
    if (!HAVE_POOL) return;
    CHECK(s.came[1], "no helper came");
    CHECK(sigismember(&s.blocked[1], SIGUSR1) && sigismember(&s.blocked[1], SIGINT),
          "a helper takes signals");
}

/* Memory that the host's handler of faults brings when it is touched, as a paged or mapped array
 * may be: a page a worker. */
static char *paged;

static void bring_page(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    mprotect(info->si_addr, 1, PROT_READ | PROT_WRITE); /* the first byte of a page */
}

static void touch_page(void *came, size_t item, size_t worker)
{
    (void)item;
    paged[worker * (size_t)sysconf(_SC_PAGESIZE)] = 1;
    ((int *)came)[worker] = 1;
    usleep(10);
}

static void faults_are_the_hosts(void)
{
    const size_t size = MOST_WORKERS * (size_t)sysconf(_SC_PAGESIZE);
    const struct sigaction action = {.sa_sigaction = bring_page, .sa_flags = SA_SIGINFO};
    struct sigaction before;
    margin_team team = team_of(2);
    int came[MOST_WORKERS] = {0};
    paged = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, &before);
    for (int k = 0; k < (HAVE_POOL ? 10000 : 10) && !came[1]; k++)
        margin_share_each(&team, 2, 20, touch_page, came);
    sigaction(SIGSEGV, &before, NULL);
    margin_team_end(&team);
    CHECK(came[0] && (came[1] || !HAVE_POOL), "who touched a page: %d %d", came[0], came[1]);
}

/* ---- how many threads ---- */

static void default_threads(void)
{
#if !defined(MARGIN_THREADS_OPENMP)
    static const struct {
        const char *text;
        int threads; /* 0: as many as CPUs */
    } wishes[] = {{"3", 3}, {"12,2", 12}, {" 7", 7}, {"9999999", 1024},
                  {"", 0},  {"many", 0},  {"0", 0},  {"-2", 0}};
    cpu_set_t before, one;
    sched_getaffinity(0, sizeof before, &before);
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        const int wanted = wishes[i].threads ? wishes[i].threads : CPU_COUNT(&before);
        setenv("OMP_NUM_THREADS", wishes[i].text, 1);
        CHECK(margin_default_threads() == wanted, "OMP_NUM_THREADS='%s': %d threads, not %d",
              wishes[i].text, margin_default_threads(), wanted);
    }
    unsetenv("OMP_NUM_THREADS");
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    CHECK(margin_default_threads() == 1, "%d threads on one CPU", margin_default_threads());
    sched_setaffinity(0, sizeof before, &before);
#endif
}

/* ---- a host's loops ---- */

typedef struct host {
    const char *name;
    int calls;
    size_t most;
} host;

static void backwards(void *user, size_t count, void (*item)(void *state, size_t index),
                      void *state)
{
    host *h = user;
    h->calls++;
    h->most = count > h->most ? count : h->most;
    for (size_t i = count; i-- > 0;)
        item(state, i);
}

static void a_host_that_turns_round(void)
{
    host h = {.name = "backwards"};
    margin_team team;
    created = 0;
    CHECK(margin_team_make(&team, 4, backwards, &h), "no team");
    for (size_t count = 2; count < 100; count++)
        judge_loop(&team, 4, count, h.name);
    margin_team_end(&team);
    CHECK(h.calls == 98 && h.most == 4 && created == 0, "%d calls of %zu, %d threads", h.calls,
          h.most, atomic_load(&created));
}

int main(void)
{
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
    every_item_once();
    helpers_help();
    teams_side_by_side();
    helpers_sleep_and_wake();
    refused_helpers();
    helpers_that_do_not_begin();
    lazily_and_not_for_one();
    signals_are_the_hosts();
    faults_are_the_hosts();
    default_threads();
    a_host_that_turns_round();
    children_of_fork();
    return check_report("threads");
}
