/* memory.c: peak memory by way of /proc.
 *
 * Must not know cases or libraries. */
#include "memory.h"

#include <stdio.h>
#include <string.h>

/* A field of /proc/self/status in bytes; negative if there is none. */
static double status_field(const char *name)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kibibytes = -1;
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), ": %lf", &kibibytes) == 1) {
            break;
        }
    }
    if (status) fclose(status);
    return 1024 * kibibytes;
}

double speed_memory_mark(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    const int failed = !file || fputs("5", file) < 0; /* 5: the peak becomes what is resident */
    return (file && fclose(file)) || failed ? -1 : status_field("VmRSS");
}

double speed_memory_growth(double mark)
{
    const double peak = status_field("VmHWM");
    return mark < 0 || peak < 0 ? -1 : peak > mark ? peak - mark : 0;
}
