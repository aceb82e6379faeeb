/* test_npy.c: reader and writer of .npy files, with every kind of damaged file. */
#include <npy.h>
#include <npy_header.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const path = "test_npy.npy";

static void write_bytes(const void *bytes, size_t size)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

/* A file of the given version with this dictionary and `data` bytes of zeros behind it. */
static void write_file(int version, const char *dictionary, size_t data)
{
    static unsigned char bytes[1 << 17];
    const size_t length = strlen(dictionary), start = version == 1 ? 10 : 12;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)version;
    bytes[8] = (unsigned char)(length & 0xff);
    bytes[9] = (unsigned char)(length >> 8 & 0xff);
    if (version > 1) bytes[10] = (unsigned char)(length >> 16);
    assert_true(start + length + data <= sizeof bytes);
    memcpy(bytes + start, dictionary, length);
    write_bytes(bytes, start + length + data);
}

static void assert_reads(npy_type type, int ndim, size_t first, size_t second)
{
    npy_array array;
    char error[512] = "";
    if (npy_read(path, &array, error, sizeof error) != 0) fail_msg("refused: %s", error);
    assert_int_equal(array.type, type);
    assert_int_equal(array.ndim, ndim);
    assert_int_equal(array.shape[0], first);
    if (ndim > 1) assert_int_equal(array.shape[1], second);
    npy_free(&array);
    assert_null(array.data);
}

/* The error begins with the path and says `fault`; nothing is left in the array. */
static void assert_refused(const char *fault)
{
    npy_array array;
    char error[512] = "";
    assert_int_not_equal(npy_read(path, &array, error, sizeof error), 0);
    assert_null(array.data);
    assert_int_equal(strncmp(error, "test_npy.npy: ", 14), 0);
    if (strstr(error, fault) == NULL) fail_msg("'%s' does not say '%s'", error, fault);
    assert_null(strchr(error, '\n'));
}

static void refuses_dictionary(const char *dictionary, const char *fault)
{
    write_file(1, dictionary, 24);
    assert_refused(fault);
}

#define GOOD "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

static void reads_every_version(void **state)
{
    (void)state;
    for (int version = 1; version <= 3; version++) {
        write_file(version, GOOD "   \n", 24);
        assert_reads(NPY_F32, 2, 2, 3);
    }
}

static void reads_every_dtype(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        npy_type type;
        size_t size;
    } rows[] = {{"<f4", NPY_F32, 4},  {"<f8", NPY_F64, 8}, {"<i4", NPY_I32, 4}, {"<i8", NPY_I64, 8},
                {"=f4", NPY_F32, 4},  {"|i8", NPY_I64, 8}, {"f4", NPY_F32, 4},  {"<f2", NPY_F16, 2},
                {"|V2", NPY_BF16, 2}, {"|i1", NPY_I8, 1},  {"<i2", NPY_I16, 2}, {"|u1", NPY_U8, 1},
                {"<u2", NPY_U16, 2},  {"<u4", NPY_U32, 4}, {"<u8", NPY_U64, 8}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char dictionary[128];
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (5,), }\n", rows[i].code);
        write_file(1, dictionary, 5 * rows[i].size);
        assert_reads(rows[i].type, 1, 5, 0);
    }
}

/* Writers differ in order, quotes and space; all these are the same array. */
static void reads_other_spellings(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{ 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' , } \t\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        write_file(1, spellings[i], 24);
        assert_reads(NPY_F32, 2, 2, 3);
    }
}

/* [2, 3] column by column is 0 2 4 1 3 5 of 0 1 2 3 4 5. */
static void turns_fortran_order(void **state)
{
    (void)state;
    static const char dictionary[] = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }";
    static const unsigned char numbers[6] = {0, 3, 1, 4, 2, 5};
    unsigned char bytes[10 + sizeof dictionary - 1 + sizeof numbers] = "\x93NUMPY\1";
    npy_array array;
    char error[512] = "";
    bytes[8] = sizeof dictionary - 1;
    memcpy(bytes + 10, dictionary, sizeof dictionary - 1);
    memcpy(bytes + sizeof bytes - sizeof numbers, numbers, sizeof numbers);
    write_bytes(bytes, sizeof bytes);
    if (npy_read(path, &array, error, sizeof error) != 0) fail_msg("refused: %s", error);
    assert_int_equal(array.shape[0], 2);
    assert_int_equal(array.shape[1], 3);
    for (unsigned char i = 0; i < 6; i++)
        assert_int_equal(((const unsigned char *)array.data)[i], i);
    npy_free(&array);
}

static void refuses_other_dtypes(void **state)
{
    (void)state;
    refuses_dictionary("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "big-endian");
    refuses_dictionary("{'descr': '<f3', 'fortran_order': False, 'shape': (2, 3), }", "'<f3'");
    refuses_dictionary("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }", ".real");
    refuses_dictionary("{'descr': '|b1', 'fortran_order': False, 'shape': (2, 3), }",
                       "astype('<i8')");
    refuses_dictionary("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", "'|O'");
    refuses_dictionary("{'descr': '<f', 'fortran_order': False, 'shape': (2, 3), }", "'<f'");
    refuses_dictionary("{'descr': '<f44', 'fortran_order': False, 'shape': (2, 3), }", "'<f44'");
    refuses_dictionary("{'descr': '<', 'fortran_order': False, 'shape': (2, 3), }", "'<'");
    refuses_dictionary("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3), }",
                       "structured");
}

static void refuses_other_layouts(void **state)
{
    (void)state;
    refuses_dictionary("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 3), }",
                       "Fortran order");
    refuses_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "single number");
    refuses_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", "[0, 3]");
    refuses_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", "empty");
    refuses_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 2, 3), }",
                       "more than 4");
}

static void refuses_malformed_headers(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "{",
        "}",
        "{}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), ",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': (2, 3)}",
        "{'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr: <f4, fortran_order: False, shape: (2, 3)}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        refuses_dictionary(headers[i], "malformed header");
}

static void refuses_impossible_shapes(void **state)
{
    (void)state;
    refuses_dictionary(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "too large");
    refuses_dictionary(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "too large");
    refuses_dictionary(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", "too large");
    /* Possible, but not in this file: found without asking for the memory. */
    refuses_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 4), }",
                       "truncated");
}

static void refuses_wrong_lengths(void **state)
{
    (void)state;
    write_file(1, GOOD, 23);
    assert_refused("truncated");
    write_file(1, GOOD, 0);
    assert_refused("truncated");
    write_file(1, GOOD, 25);
    assert_refused("surplus");
}

/* Every proper prefix of a good file is refused. */
static void refuses_every_prefix(void **state)
{
    (void)state;
    float values[6] = {1, 2, 3, 4, 5, 6};
    const npy_array array = {.ndim = 2, .shape = {2, 3}, .type = NPY_F32, .data = values};
    char error[512], bytes[512];
    assert_int_equal(npy_write(path, &array, error, sizeof error), 0);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    const size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    assert_int_equal(size, 128 + 24);
    for (size_t length = 0; length < size; length++) {
        write_bytes(bytes, length);
        assert_refused(length == 0 ? "empty" : "truncated");
    }
    write_bytes(bytes, size);
    assert_reads(NPY_F32, 2, 2, 3);
}

static void refuses_other_files(void **state)
{
    (void)state;
    write_bytes("PK\003\004 a zip archive, as .npz files are", 36);
    assert_refused("not a .npy file");
    write_bytes("\x93NUMPZ\x01\x00 and so on", 18);
    assert_refused("not a .npy file");
    write_bytes("\x93NUMPY\x04\x00 and so on", 18);
    assert_refused("version 4.0");
    write_bytes("\x93NUMPY\x02\x00\xff\xff\xff\xff and so on", 22);
    assert_refused("malformed header");
    unlink(path);
    assert_refused("No such file");
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    double values[24];
    for (int i = 0; i < 24; i++)
        values[i] = 1.0 / (i + 1);
    for (int ndim = 1; ndim <= 4; ndim++) {
        npy_array array = {.ndim = ndim, .shape = {24}, .type = NPY_F64, .data = values}, back;
        if (ndim == 4) memcpy(array.shape, (const size_t[4]){2, 3, 4, 1}, sizeof array.shape);
        for (int i = 1; i < ndim && ndim < 4; i++)
            array.shape[i] = 1;
        char error[512] = "";
        assert_int_equal(npy_write(path, &array, error, sizeof error), 0);
        assert_int_equal(npy_read(path, &back, error, sizeof error), 0);
        assert_int_equal(back.ndim, ndim);
        assert_memory_equal(back.shape, array.shape, sizeof array.shape);
        assert_int_equal(npy_count(&back), 24);
        assert_memory_equal(back.data, values, sizeof values);
        npy_free(&back);
    }
}

static void says_where_it_cannot_write(void **state)
{
    (void)state;
    float value = 1;
    const npy_array array = {.ndim = 1, .shape = {1}, .type = NPY_F32, .data = &value};
    char error[512] = "";
    assert_int_not_equal(npy_write("no/such/folder/a.npy", &array, error, sizeof error), 0);
    assert_int_equal(strncmp(error, "no/such/folder/a.npy: ", 22), 0);
}

/* The data may come through a pipe, whose length is not known beforehand. */
static void reads_a_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    write_file(1, GOOD, 24);
    char bytes[256], name[64], error[512];
    FILE *stream = fopen(path, "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    for (int missing = 0; missing < 2; missing++) {
        if (missing) assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], bytes, size - (size_t)missing), size - (size_t)missing);
        close(ends[1]);
        snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
        npy_array array;
        const int status = npy_read(name, &array, error, sizeof error);
        assert_int_equal(status != 0, missing);
        npy_free(&array);
        close(ends[0]);
    }
}

static uint64_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

/* Damaged headers must neither crash nor be read beyond their end (the buffer is exactly as long as
 * the text, so a sanitizer sees that), and what is accepted is a possible array. */
static void survives_mutations(void **state)
{
    (void)state;
    static const char pieces[] = "{}()'\"[],: \n0123456789L<>=|f4i8TrueFalsedescrshape\\\x80";
    uint64_t random = 1;
    int accepted = 0;
    for (int round = 0; round < 200000; round++) {
        const size_t good = sizeof GOOD - 1;
        const size_t length = next_random(&random) % 4 == 0 ? next_random(&random) % good : good;
        char *text = malloc(length > 0 ? length : 1), fault[128] = "";
        int order = 0;
        assert_non_null(text);
        memcpy(text, GOOD, length);
        for (uint64_t edits = next_random(&random) % 5; edits > 0 && length > 0; edits--)
            text[next_random(&random) % length] =
                pieces[next_random(&random) % (sizeof pieces - 1)];
        npy_array array;
        if (npy_parse_header(text, length, &array, &order, fault, sizeof fault) == 0) {
            accepted++;
            assert_in_range(array.ndim, 1, NPY_MAX_DIMENSIONS);
            assert_true(npy_count(&array) > 0 || array.shape[0] == 0);
        } else {
            assert_true(fault[0] != '\0');
        }
        free(text);
    }
    assert_true(accepted > 0);
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
        cmocka_unit_test(reads_every_version),        cmocka_unit_test(reads_every_dtype),
        cmocka_unit_test(reads_other_spellings),      cmocka_unit_test(turns_fortran_order),
        cmocka_unit_test(refuses_other_dtypes),       cmocka_unit_test(refuses_other_layouts),
        cmocka_unit_test(refuses_malformed_headers),  cmocka_unit_test(refuses_impossible_shapes),
        cmocka_unit_test(refuses_wrong_lengths),      cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(refuses_other_files),        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(says_where_it_cannot_write), cmocka_unit_test(reads_a_pipe),
        cmocka_unit_test(survives_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
