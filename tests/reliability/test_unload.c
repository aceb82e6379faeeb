/* test_unload.c MODULE: a module with the library in it is loaded, called on threads and unloaded,
 * again and again. No thread of it is left, whose code would be gone. */
#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include "check.h"

/* Returns how many threads this process has, 1 where that cannot be known. */
static int threads_now(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return 1;
    for (const struct dirent *e; (e = readdir(tasks)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(tasks);
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    const int before = threads_now();
    for (int round = 0; round < 20; round++) {
        void *module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        CHECK(module != NULL, "%s", dlerror());
        if (module == NULL) break;
        int (*run)(int threads);
        *(void **)&run = dlsym(module, "module_run");
        CHECK(run != NULL && run(4), "the module's call fails");
        CHECK(dlclose(module) == 0, "%s", dlerror());
        CHECK(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL, "the module is still there");
        /* A joined thread may be listed for a moment longer. */
        for (int wait = 0; wait < 1000 && threads_now() > before; wait++)
            usleep(1000);
        CHECK(threads_now() == before, "%d threads are left", threads_now() - before);
    }
    return check_report("unload");
}
