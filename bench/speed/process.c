/* process.c: peak memory by way of /proc, and all CPUs' busy time less this process's own.
 *
 * Must not know what is measured. */
#include "process.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/times.h>
#include <unistd.h>

#include "clock.h"
#include "usage.h"

double speed_memory_mark(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    const int failed = !file || fputs("5", file) < 0; /* 5: the peak becomes what is resident */
    return (file && fclose(file)) || failed ? -1 : usage_memory("VmRSS");
}

double speed_memory_growth(double mark)
{
    const double peak = usage_memory("VmHWM");
    return mark < 0 || peak < 0 ? -1 : peak > mark ? peak - mark : 0;
}

enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, STATES };

/* Ticks of all processors in each state; returns whether they could be read. */
static int read_states(double t[STATES])
{
    FILE *stat = fopen("/proc/stat", "r");
    const int read =
        stat && fscanf(stat, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[USER], &t[NICE], &t[SYSTEM],
                       &t[IDLE], &t[IOWAIT], &t[IRQ], &t[SOFTIRQ], &t[STEAL]) == STATES;
    if (stat) fclose(stat);
    return read;
}

speed_foreign speed_foreign_now(void)
{
    speed_foreign now = {seconds_now(), -1};
    double t[STATES];
    struct tms own;
    if (times(&own) != (clock_t)-1 && read_states(t)) {
        const double busy = t[USER] + t[NICE] + t[SYSTEM] + t[IRQ] + t[SOFTIRQ] + t[STEAL];
        now.others =
            (busy - (double)(own.tms_utime + own.tms_stime)) / (double)sysconf(_SC_CLK_TCK);
    }
    return now;
}

double speed_foreign_cpus(speed_foreign since)
{
    const speed_foreign now = speed_foreign_now();
    if (since.others < 0 || now.others < 0 || now.wall <= since.wall) return -1;
    const double cpus = (now.others - since.others) / (now.wall - since.wall);
    return cpus > 0 ? cpus : 0;
}

/* Seconds that one thread stood in the run queue. */
static double queued_of(const char *task)
{
    char path[64];
    double ran = 0, waited = 0;
    snprintf(path, sizeof path, "/proc/self/task/%.32s/schedstat", task);
    FILE *stat = fopen(path, "r");
    const int read = stat && fscanf(stat, "%lf %lf", &ran, &waited) == 2;
    if (stat) fclose(stat);
    return read ? 1e-9 * waited : 0;
}

speed_waits speed_waits_now(void)
{
    speed_waits now = {seconds_now(), 0, 0};
    double t[STATES];
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *task; tasks && (task = readdir(tasks)) != NULL;)
        if (task->d_name[0] != '.') now.queued += queued_of(task->d_name);
    if (tasks) closedir(tasks);
    if (read_states(t)) now.stolen = t[STEAL] / (double)sysconf(_SC_CLK_TCK);
    return now;
}

double speed_waits_share(speed_waits since, int threads)
{
    const speed_waits now = speed_waits_now();
    const double wall = now.wall - since.wall;
    const double processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
    if (wall <= 0) return 0;
    return fmax(0, fmax((now.queued - since.queued) / (wall * threads),
                        (now.stolen - since.stolen) / (wall * processors)));
}
