/* usage.h: what Linux says that this process has used. Must not know what it did. */
#ifndef MARGIN_COMMON_USAGE_H
#define MARGIN_COMMON_USAGE_H

/* Numbers that only grow: bytes that came from disks and went there (mapped files included), page
 * faults without and with a disk; seconds of processors. Negative where the system does not say. */
typedef struct usage {
    double read_bytes, written_bytes, minor_faults, major_faults, cpu_seconds;
} usage;

usage usage_now(void);
/* Returns what was used between two moments. */
usage usage_between(const usage *from, const usage *to);

/* Returns a field of /proc/self/status in bytes: VmRSS, what is resident; VmHWM, the most that was;
 * RssAnon, what is and no file's; negative where there is none. */
double usage_memory(const char *field);

#endif
