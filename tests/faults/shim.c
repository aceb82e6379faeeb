/* shim.c: preloaded into a program, lets one call of it fail: the environment's MARGIN_FAULT is
 * "WHAT K [SIGNAL]": the K-th call (from 1) of WHAT fails, or the process gets the signal before
 * it. WHAT is alloc (malloc and its kin), rename, link, fsync or unlink. Calls are counted once all
 * libraries are loaded, and written to the file MARGIN_FAULT_COUNT at exit. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static char what[16];
static long at;
static int number; /* a signal instead of a failure */
static atomic_int active;
static atomic_long calls;

static __attribute__((constructor)) void start(void)
{
    const char *fault = getenv("MARGIN_FAULT");
    if (fault == NULL || sscanf(fault, "%15s %ld %d", what, &at, &number) < 2) return;
    atomic_store(&active, 1);
}

static __attribute__((destructor)) void end(void)
{
    const char *path = getenv("MARGIN_FAULT_COUNT");
    atomic_store(&active, 0);
    FILE *stream = path == NULL ? NULL : fopen(path, "w");
    if (stream == NULL) return;
    fprintf(stream, "%ld\n", atomic_load(&calls));
    fclose(stream);
}

/* Returns 1 if this call of `name` is to fail. */
static int fails(const char *name)
{
    if (!atomic_load(&active) || strcmp(name, what) != 0) return 0;
    if (atomic_fetch_add(&calls, 1) + 1 != at) return 0;
    if (number == 0) return 1;
    kill(getpid(), number);
    return 0;
}

void *malloc(size_t size)
{
    if (!fails("alloc")) return __libc_malloc(size);
    errno = ENOMEM;
    return NULL;
}

void *calloc(size_t count, size_t size)
{
    if (!fails("alloc")) return __libc_calloc(count, size);
    errno = ENOMEM;
    return NULL;
}

void *realloc(void *old, size_t size)
{
    if (!fails("alloc")) return __libc_realloc(old, size);
    errno = ENOMEM;
    return NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (!fails("alloc")) return __libc_memalign(alignment, size);
    errno = ENOMEM;
    return NULL;
}

static int failed(int error)
{
    errno = error;
    return -1;
}

int rename(const char *from, const char *to)
{
    return fails("rename") ? failed(ENOSPC) : (int)syscall(SYS_renameat, -100, from, -100, to);
}

int link(const char *from, const char *to)
{
    return fails("link") ? failed(ENOSPC) : (int)syscall(SYS_linkat, -100, from, -100, to, 0);
}

int unlink(const char *path)
{
    return fails("unlink") ? failed(EPERM) : (int)syscall(SYS_unlinkat, -100, path, 0);
}

int fsync(int descriptor)
{
    return fails("fsync") ? failed(EIO) : (int)syscall(SYS_fsync, descriptor);
}
