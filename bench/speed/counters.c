/* counters.c: see counters.h: the kernel's perf events, and RAPL's energy by way of powercap. Must
 * not know what is measured. */
#include "counters.h"

#include <errno.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "json_out.h"

#define PACKAGES "/sys/class/powercap/intel-rapl:[0-9]*/energy_uj"

static const struct {
    const char *name;
    uint64_t event; /* of perf; JOULES has none */
} counters[SPEED_COUNTERS] = {
    [SPEED_CYCLES] = {"cycles", PERF_COUNT_HW_CPU_CYCLES},
    [SPEED_INSTRUCTIONS] = {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
    [SPEED_CACHE_MISSES] = {"cache_misses", PERF_COUNT_HW_CACHE_MISSES},
    [SPEED_JOULES] = {"joules", 0},
};

static int descriptors[SPEED_COUNTERS] = {-1, -1, -1, -1};
static char faults[SPEED_COUNTERS][96];

const char *speed_counter_name(speed_counter counter)
{
    return counters[counter].name;
}

/* Of this process and of the threads that it makes from now on. */
static int open_event(uint64_t event)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE,
                                   .size = sizeof attr,
                                   .config = event,
                                   .inherit = 1,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* The joules of all packages; NaN and an errno value where one cannot be read. A counter that has
 * begun again makes a difference negative, which is left out (repetitions.cpp). */
static double joules_now(void)
{
    glob_t found;
    double sum = 0;
    errno = ENOENT;
    if (glob(PACKAGES, 0, NULL, &found) != 0) return NAN;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        double microjoules = NAN;
        FILE *const stream = fopen(found.gl_pathv[i], "r");
        if (stream == NULL || fscanf(stream, "%lf", &microjoules) != 1) microjoules = NAN;
        if (stream != NULL) fclose(stream);
        sum += 1e-6 * microjoules;
    }
    globfree(&found);
    return sum;
}

void speed_counters_open(void)
{
    for (int i = 0; i < SPEED_COUNTERS; i++) {
        const int there = i == SPEED_JOULES ? !isnan(joules_now())
                                            : (descriptors[i] = open_event(counters[i].event)) >= 0;
        if (!there)
            snprintf(faults[i], sizeof faults[i], "%s: %s",
                     i == SPEED_JOULES ? "powercap" : "perf_event_open", strerror(errno));
    }
}

speed_counts speed_counters_now(void)
{
    speed_counts now;
    for (int i = 0; i < SPEED_COUNTERS; i++) {
        uint64_t count;
        const int read_whole =
            descriptors[i] >= 0 && read(descriptors[i], &count, sizeof count) == sizeof count;
        now.of[i] = read_whole ? (double)count : NAN;
    }
    if (*faults[SPEED_JOULES] == '\0') now.of[SPEED_JOULES] = joules_now();
    return now;
}

json_t *speed_counters_describe(void)
{
    json_t *const all = json_object();
    for (int i = 0; i < SPEED_COUNTERS; i++)
        json_put(all, counters[i].name, "s", *faults[i] != '\0' ? faults[i] : NULL);
    return all;
}
