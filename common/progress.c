/* progress.c: the progress line. Must not know what is being done. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"

static int set_in_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

static void draw(const progress *p, size_t done, const char *detail, double elapsed)
{
    char times[64] = "";
    if (done > 0 && p->total >= done) {
        const double share = p->share > 0.0 ? p->share : (double)done / (double)p->total;
        const double left = elapsed * (1.0 - share) / share;
        snprintf(times, sizeof times, ", %.0f s left", left);
    }
    char line[256];
    snprintf(line, sizeof line, "  %zu/%zu%s%s%s", done, p->total, times,
             detail != NULL ? "  " : "", detail != NULL ? detail : "");
    const size_t width = terminal_width(), used = strlen(p->what) + 1;
    const int room = width > used ? (int)(width - used) : 0;
    fprintf(stderr, "\r%s%s%s%.*s\033[K", p->colour ? "\033[1m" : "", p->what,
            p->colour ? "\033[0m" : "", room, line);
    fflush(stderr);
}

void progress_start(progress *p, const char *what, size_t total)
{
    const char *terminal = getenv("TERM");
    const int dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    *p = (progress){.what = what, .total = total, .started = seconds_now()};
    p->live = !dumb && isatty(STDERR_FILENO);
    p->colour = p->live && !set_in_environment("NO_COLOR");
    progress_step(p, 0, NULL);
}

void progress_step(progress *p, size_t done, const char *detail)
{
    if (!p->live) return;
    const double now = seconds_now();
    if (p->shown > 0 && now - p->shown < 0.1 && done < p->total) return;
    p->shown = now;
    draw(p, done, detail, now - p->started);
}

void progress_share(progress *p, double share)
{
    p->share = share;
}

void progress_end(progress *p)
{
    if (!p->live) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->live = 0;
}
