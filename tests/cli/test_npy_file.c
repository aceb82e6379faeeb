/* test_npy_file.c: .npy files that are read in parts, which npy_read would have whole. */
#include <npy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const path = "test_npy_file.npy";

#define GOOD "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

/* Writes a file with this dictionary and `data` bytes of zeros behind it. */
static void write_file(const char *dictionary, size_t data)
{
    static const char zeros[64];
    const char length[2] = {(char)strlen(dictionary), 0};
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    fwrite("\x93NUMPY\1\0", 1, 8, stream);
    fwrite(length, 1, 2, stream);
    fputs(dictionary, stream);
    fwrite(zeros, 1, data, stream);
    assert_int_equal(fclose(stream), 0);
}

static void assert_not_read(const char *fault)
{
    npy_array array;
    char error[512] = "";
    assert_int_not_equal(npy_read(path, &array, error, sizeof error), 0);
    assert_non_null(strstr(error, fault));
}

/* Opens the file, which has `size` bytes of data; takes `bytes` of them at a time. */
static void takes(size_t size, size_t bytes)
{
    npy_file file;
    char error[512] = "", data[64];
    if (npy_open(path, &file, error, sizeof error) != 0) fail_msg("refused: %s", error);
    assert_int_equal(file.left, size);
    while (file.left > 0)
        assert_int_equal(
            npy_take(&file, data, bytes < file.left ? bytes : file.left, error, sizeof error), 0);
    npy_close(&file);
    npy_close(&file);
}

static void assert_not_opened(const char *fault)
{
    npy_file file;
    char error[512] = "";
    assert_int_not_equal(npy_open(path, &file, error, sizeof error), 0);
    assert_null(file.stream);
    if (strstr(error, fault) == NULL) fail_msg("'%s' does not say '%s'", error, fault);
}

static void opens_what_may_be_empty(void **state)
{
    (void)state;
    static const char none[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }";
    write_file(GOOD, 24);
    takes(24, 24);
    takes(24, 7);
    write_file(none, 0);
    takes(0, 1);
    assert_not_read("empty: its shape is [0, 3]");
    write_file(none, 1);
    assert_not_opened("surplus data");
    write_file(GOOD, 23);
    assert_not_opened("truncated");
    write_file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24);
    assert_not_opened("Fortran order");
    write_file("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 0), }", 0);
    assert_not_opened("empty");
    write_file("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 2305843009213693952), }", 0);
    assert_not_opened("too large");
}

/* The file shrinks or grows after it has been opened. */
static void notices_other_lengths_at_the_end(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more += 2) {
        npy_file file;
        char error[512] = "", data[24];
        write_file(GOOD, 24);
        assert_int_equal(npy_open(path, &file, error, sizeof error), 0);
        assert_int_equal(truncate(path, 10 + (long)strlen(GOOD) + 24 + more), 0);
        setvbuf(file.stream, NULL, _IONBF, 0);
        fseek(file.stream, 0, SEEK_CUR);
        assert_int_not_equal(npy_take(&file, data, 24, error, sizeof error), 0);
        assert_non_null(strstr(error, more < 0 ? "truncated" : "surplus"));
        npy_close(&file);
    }
}

static int clean_up(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_may_be_empty),
        cmocka_unit_test(notices_other_lengths_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
