/* usage.c: see usage.h. */
#include "usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Returns the number behind "NAME:" in a file of lines; negative where there is none. */
static double field_of(const char *path, const char *name)
{
    FILE *file = fopen(path, "r");
    char line[256];
    double value = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), ": %lf", &value) == 1)
            break;
    if (file != NULL) fclose(file);
    return value;
}

double usage_memory(const char *field)
{
    const double kibibytes = field_of("/proc/self/status", field);
    return kibibytes < 0 ? -1 : 1024 * kibibytes;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

usage usage_now(void)
{
    struct rusage r = {0};
    getrusage(RUSAGE_SELF, &r);
    return (usage){.read_bytes = field_of("/proc/self/io", "read_bytes"),
                   .written_bytes = field_of("/proc/self/io", "write_bytes"),
                   .minor_faults = (double)r.ru_minflt,
                   .major_faults = (double)r.ru_majflt,
                   .cpu_seconds = seconds_of(r.ru_utime) + seconds_of(r.ru_stime)};
}

static double difference(double from, double to)
{
    return from < 0 || to < 0 ? -1 : to - from;
}

usage usage_between(const usage *from, const usage *to)
{
    return (usage){.read_bytes = difference(from->read_bytes, to->read_bytes),
                   .written_bytes = difference(from->written_bytes, to->written_bytes),
                   .minor_faults = to->minor_faults - from->minor_faults,
                   .major_faults = to->major_faults - from->major_faults,
                   .cpu_seconds = to->cpu_seconds - from->cpu_seconds};
}
