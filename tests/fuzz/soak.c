/* soak.c: a fuzz target with random bytes, for so many seconds of CPU time (argument 1; else 2, or
 * 600 where MARGIN_TEST_LONG is set), and at the end: the memory has not grown and no file is left
 * open. Argument 2 is the seed. For machines without libFuzzer, and for hours. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "noise.h"

enum { BYTES = 64, WARM_UP = 300 };

/* Returns the pages of memory that the process has. */
static long resident(void)
{
    long total = 0, pages = -1;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL) return -1;
    if (fscanf(f, "%ld %ld", &total, &pages) != 2) pages = -1;
    fclose(f);
    return pages;
}

static int open_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    for (; folder != NULL && readdir(folder) != NULL;)
        count++;
    if (folder != NULL) closedir(folder);
    return count;
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    const double usual = getenv("MARGIN_TEST_LONG") != NULL ? 600.0 : 2.0;
    const double seconds = argc > 1 ? atof(argv[1]) : usual;
    noise n = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    uint8_t data[BYTES];
    long before = 0;
    int files = 0;
    size_t done = 0;
    for (; before == 0 || cpu_seconds() < seconds; done++) {
        for (size_t i = 0; i < BYTES; i++)
            data[i] = (uint8_t)noise_bits(&n);
        LLVMFuzzerTestOneInput(data, BYTES);
        /* The first half finds the allocator's high-water mark. */
        if (before == 0 && done >= WARM_UP && cpu_seconds() >= seconds / 2.0) {
            before = resident();
            files = open_files();
        }
    }
    const long grown = (resident() - before) * sysconf(_SC_PAGESIZE) / 1024;
    printf("soak: %zu calls in %.0f s of CPU time, memory grew by %ld KiB in their second half, "
           "open files %+d\n",
           done, cpu_seconds(), grown, open_files() - files);
    /* Allocators keep a few MiB; a leak of 100 bytes a call would be more after a minute. */
    return grown > 16 * 1024 || open_files() != files;
}
