/* process.c: peak memory by way of /proc, and all CPUs' busy time less this process's own.
 *
 * Must not know what is measured. */
#include "process.h"

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

speed_foreign speed_foreign_now(void)
{
    speed_foreign now = {seconds_now(), -1};
    /* user, nice, system, idle, iowait, irq, softirq, steal */
    double t[8];
    struct tms own;
    FILE *stat = fopen("/proc/stat", "r");
    if (stat && times(&own) != (clock_t)-1 &&
        fscanf(stat, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3], &t[4],
               &t[5], &t[6], &t[7]) == 8) {
        const double busy = t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
        now.others =
            (busy - (double)(own.tms_utime + own.tms_stime)) / (double)sysconf(_SC_CLK_TCK);
    }
    if (stat) fclose(stat);
    return now;
}

double speed_foreign_cpus(speed_foreign since)
{
    const speed_foreign now = speed_foreign_now();
    if (since.others < 0 || now.others < 0 || now.wall <= since.wall) return -1;
    const double cpus = (now.others - since.others) / (now.wall - since.wall);
    return cpus > 0 ? cpus : 0;
}
