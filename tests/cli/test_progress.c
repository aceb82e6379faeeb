/* test_progress.c: the progress line is for terminals, and leaves nothing behind there. */
#include <progress.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void show_progress(void)
{
    progress p;
    progress_start(&p, "training", 10);
    progress_step(&p, 5, "loss 0.25"); /* too soon after the first drawing to be shown */
    progress_step(&p, 10, "loss 0.125");
    progress_end(&p);
}

/* A hundred seconds for four fifths of the time: 25 are left, whatever the steps say. */
static void show_share(void)
{
    progress p;
    progress_start(&p, "training", 10);
    p.started -= 100.0;
    progress_share(&p, 0.8);
    progress_step(&p, 10, NULL);
    progress_end(&p);
}

/* What a child whose stderr is `write_end` shows, read from `read_end`. */
static void collect(int read_end, int write_end, void (*show)(void), char *text, size_t size)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(write_end, STDERR_FILENO);
        show();
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(write(write_end, "|", 1), 1); /* so that reading never blocks */
    size_t have = 0;
    do {
        const ssize_t got = read(read_end, text + have, size - 1 - have);
        assert_true(got >= 1);
        have += (size_t)got;
    } while (text[have - 1] != '|');
    text[have] = '\0';
    close(write_end);
    close(read_end);
}

static void on_terminal(void (*show)(void), char *text, size_t size)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    collect(master, slave, show, text, size);
}

static void silent_off_terminals(void **state)
{
    (void)state;
    int ends[2];
    char text[512];
    setenv("TERM", "xterm", 1);
    assert_int_equal(pipe(ends), 0);
    collect(ends[0], ends[1], show_progress, text, sizeof text);
    assert_string_equal(text, "|");
    setenv("TERM", "dumb", 1);
    on_terminal(show_progress, text, sizeof text);
    assert_string_equal(text, "|");
}

static void draws_and_wipes(void **state)
{
    (void)state;
    char text[512];
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    on_terminal(show_progress, text, sizeof text);
    assert_non_null(strstr(text, "training"));
    assert_non_null(strstr(text, "10/10"));
    assert_non_null(strstr(text, "loss 0.125"));
    assert_null(strstr(text, "loss 0.25"));
    assert_non_null(strstr(text, "\033[1m"));
    assert_non_null(strstr(text, "\r\033[K|")); /* the last thing: an empty line */
    assert_null(strchr(text, '\n'));
}

static void honours_no_color(void **state)
{
    (void)state;
    char text[512];
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    on_terminal(show_progress, text, sizeof text);
    unsetenv("NO_COLOR");
    assert_non_null(strstr(text, "training"));
    assert_null(strstr(text, "\033[1m"));
}

static void time_left_by_share(void **state)
{
    (void)state;
    char text[512];
    setenv("TERM", "xterm", 1);
    on_terminal(show_share, text, sizeof text);
    assert_non_null(strstr(text, "10/10, 25 s left"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_off_terminals),
        cmocka_unit_test(draws_and_wipes),
        cmocka_unit_test(honours_no_color),
        cmocka_unit_test(time_left_by_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
