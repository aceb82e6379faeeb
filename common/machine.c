/* machine.c: what this machine is, from /proc, /sys and the C library; any of them may be missing.
 * Must not know the library or the build. */
#include "machine.h"

#include "json_out.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { LINE = 512, TEXT = 16384 };

static void trim(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n\"", text[length - 1]) != NULL)
        text[--length] = '\0';
    const size_t lead = strspn(text, " \t\"");
    memmove(text, text + lead, length - (lead < length ? lead : length) + 1);
}

/* The beginning of a file; 0 if there is none. Without stdio, which would need memory. */
static int read_text(const char *path, char text[TEXT])
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    const ssize_t length = read(descriptor, text, TEXT - 1);
    close(descriptor);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* The first line of a file, trimmed; 0 if there is none. */
static int first_line(const char *path, char line[LINE])
{
    char text[TEXT];
    if (!read_text(path, text)) return 0;
    snprintf(line, LINE, "%.*s", (int)strcspn(text, "\n"), text);
    trim(line);
    return line[0] != '\0';
}

/* The value of the first "key<separator>value" line of a file, trimmed; 0 if there is none. */
static int value_of(const char *path, const char *key, char separator, char value[LINE])
{
    char text[TEXT], *rest = text, *line;
    if (!read_text(path, text)) return 0;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *const split = strchr(line, separator);
        if (split == NULL) continue;
        *split = '\0';
        trim(line);
        if (strcmp(line, key) != 0) continue;
        trim(split + 1);
        snprintf(value, LINE, "%s", split + 1);
        return value[0] != '\0';
    }
    return 0;
}

/* Strings of the system are printed as they are, null where there is none. */
static void set_text(json_t *object, const char *key, int found, const char *text)
{
    json_object_set_new(object, key, json_text(found ? text : NULL));
}

static void set_count(json_t *object, const char *key, long long count)
{
    json_object_set_new(object, key, count > 0 ? json_integer(count) : json_null());
}

static void describe_model(json_t *object)
{
    char model[2 * LINE + 32], part[LINE];
    int found = value_of("/proc/cpuinfo", "model name", ':', model) ||
                first_line("/proc/device-tree/model", model);
    if (!found && value_of("/proc/cpuinfo", "CPU implementer", ':', part)) {
        /* AArch64 kernels give numbers only. */
        char number[LINE] = "?";
        value_of("/proc/cpuinfo", "CPU part", ':', number);
        snprintf(model, sizeof model, "implementer %s, part %s", part, number);
        found = 1;
    }
    set_text(object, "cpu", found, model);
}

/* The share of CPUs that a container may use, where it is limited. */
static json_t *quota(void)
{
    char line[LINE];
    double limit = 0, period = 0;
    if (first_line("/sys/fs/cgroup/cpu.max", line) &&
        sscanf(line, "%lf %lf", &limit, &period) == 2 && period > 0)
        return json_real(limit / period);
    return json_null();
}

static void describe_cpus(json_t *object)
{
    cpu_set_t set;
    const int known = sched_getaffinity(0, sizeof set, &set) == 0;
    set_count(object, "cpus", known ? CPU_COUNT(&set) : 0);
    set_count(object, "cpus_online", sysconf(_SC_NPROCESSORS_ONLN));
    json_object_set_new(object, "cpu_quota", quota());
    char line[LINE];
    const int smt = first_line("/sys/devices/system/cpu/smt/active", line);
    json_object_set_new(object, "smt", smt ? json_boolean(line[0] == '1') : json_null());
}

/* "32K", "1M" -> bytes. */
static long long cache_bytes(const char *text)
{
    char *end = NULL;
    const long long number = strtoll(text, &end, 10);
    if (number < 0 || number > 1LL << 32) return 0;
    return *end == 'K' ? number << 10 : *end == 'M' ? number << 20 : number;
}

static int cache_file(int index, const char *name, char line[LINE])
{
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    return first_line(path, line);
}

static json_t *caches(void)
{
    json_t *list = json_array();
    char level[LINE], type[LINE], size[LINE], sharing[LINE];
    for (int index = 0; cache_file(index, "level", level); index++) {
        json_t *cache = json_object();
        set_count(cache, "level", atoi(level));
        set_text(cache, "type", cache_file(index, "type", type), type);
        set_count(cache, "bytes", cache_file(index, "size", size) ? cache_bytes(size) : 0);
        set_text(cache, "shared_by", cache_file(index, "shared_cpu_list", sharing), sharing);
        json_array_append_new(list, cache);
    }
    return list;
}

static void describe_memory(json_t *object)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    set_count(object, "memory_bytes", pages > 0 && page > 0 ? (long long)pages * page : 0);
}

static void describe_load(json_t *object)
{
    double load[3];
    json_t *list = json_null();
    if (getloadavg(load, 3) == 3) list = json_pack("[f,f,f]", load[0], load[1], load[2]);
    json_object_set_new(object, "load", list);
}

static void describe_system(json_t *object)
{
    char line[LINE];
    set_text(object, "governor",
             first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line), line);
    set_text(object, "os", value_of("/etc/os-release", "PRETTY_NAME", '=', line), line);
    struct utsname name;
    const int named = uname(&name) == 0;
    char kernel[2 * sizeof name.release + 2] = "";
    if (named) snprintf(kernel, sizeof kernel, "%s %s", name.sysname, name.release);
    set_text(object, "kernel", named, kernel);
    set_text(object, "architecture", named, named ? name.machine : "");
}

void machine_describe(json_t *object)
{
    describe_model(object);
    describe_cpus(object);
    json_object_set_new(object, "caches", caches());
    describe_memory(object);
    describe_load(object);
    describe_system(object);
}
