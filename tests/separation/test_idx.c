/* test_idx.c: IDX files, whole and faulty, plain and gzipped, and folders of them. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "data.h"
#include "mocka.h"

enum { MOST = 4096 };

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_plain(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_gzip(const char *name, const void *bytes, size_t size)
{
    gzFile file = gzopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

/* Header and the bytes 0, 1, 2, ... modulo `wrap`; returns the size. */
static size_t make_idx(uint8_t *out, size_t ndim, const uint32_t *shape, unsigned wrap)
{
    size_t size = 1, used = 4;
    const uint8_t magic[4] = {0, 0, 8, (uint8_t)ndim};
    memcpy(out, magic, 4);
    for (size_t i = 0; i < ndim; i++) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            out[used++] = (uint8_t)(shape[i] >> shift);
        }
        size *= shape[i];
    }
    for (size_t i = 0; i < size; i++) {
        out[used++] = (uint8_t)(i % wrap);
    }
    return used;
}

static void assert_reads(const char *name)
{
    char error[256] = "";
    idx_array array;
    if (idx_read(path_of(name), 3, &array, error, sizeof error) != 0) {
        fail_msg("%s", error);
    }
    assert_int_equal(array.shape[0], 5);
    assert_int_equal(array.shape[1], 4);
    assert_int_equal(array.shape[2], 3);
    assert_int_equal(array.size, 60);
    for (size_t i = 0; i < array.size; i++) {
        assert_int_equal(array.data[i], i);
    }
    idx_free(&array);
}

/* The error is one line that names the file and holds `text`. */
static void assert_refused(const char *name, size_t ndim, const char *text)
{
    char error[256] = "";
    idx_array array;
    assert_int_equal(idx_read(path_of(name), ndim, &array, error, sizeof error), -1);
    assert_null(array.data);
    assert_null(strchr(error, '\n'));
    if (strstr(error, path_of(name)) != error || strstr(error, text) == NULL) {
        fail_msg("'%s' should name %s and say '%s'", error, name, text);
    }
}

static const uint32_t shape[3] = {5, 4, 3};

static void reads_plain_and_gzip(void **state)
{
    (void)state;
    uint8_t bytes[MOST];
    const size_t size = make_idx(bytes, 3, shape, 256);
    write_plain("good", bytes, size);
    write_gzip("good.gz", bytes, size);
    assert_reads("good");
    assert_reads("good.gz");
}

static void refuses_other_files(void **state)
{
    (void)state;
    uint8_t bytes[MOST];
    const size_t size = make_idx(bytes, 3, shape, 256);
    assert_refused("absent", 3, "No such file");
    assert_refused("", 3, "directory");
    write_plain("text", "hello, this is no IDX file", 26);
    assert_refused("text", 3, "not an IDX file");
    bytes[2] = 0x0d;
    write_plain("floats", bytes, size);
    assert_refused("floats", 3, "type 0d");
    bytes[2] = 8;
    write_plain("images", bytes, size);
    assert_refused("images", 1, "3 dimensions");
    const uint32_t none[3] = {5, 0, 3};
    write_plain("zero", bytes, make_idx(bytes, 3, none, 256));
    assert_refused("zero", 3, "dimension 1 is 0");
    const uint8_t huge[16] = {0,   0,   8,   3,   255, 255, 255, 255,
                              255, 255, 255, 255, 255, 255, 255, 255};
    write_plain("huge", huge, sizeof huge);
    assert_refused("huge", 3, "asks for more than");
    const uint8_t large[16] = {0, 0, 8, 3, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4, 0};
    write_plain("large", large, sizeof large);
    assert_refused("large", 3, "truncated");
}

/* Every length short of the whole file is an error, plain or gzipped. */
static void refuses_every_truncation(void **state)
{
    (void)state;
    uint8_t bytes[MOST], packed[MOST];
    const size_t size = make_idx(bytes, 3, shape, 256);
    for (size_t length = 0; length < size; length++) {
        write_plain("short", bytes, length);
        assert_refused("short", 3, "truncated");
    }
    write_gzip("whole.gz", bytes, size);
    FILE *file = fopen(path_of("whole.gz"), "rb");
    assert_non_null(file);
    const size_t packed_size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    for (size_t length = 0; length < packed_size; length++) {
        write_plain("short.gz", packed, length);
        assert_refused("short.gz", 3, "");
    }
    packed[packed_size / 2] ^= 0x40;
    write_plain("damaged.gz", packed, packed_size);
    assert_refused("damaged.gz", 3, "");
}

static void refuses_trailing_bytes(void **state)
{
    (void)state;
    uint8_t bytes[MOST];
    const size_t size = make_idx(bytes, 3, shape, 256);
    bytes[size] = 1;
    write_plain("long", bytes, size + 1);
    assert_refused("long", 3, "more data");
}

/* ---- folders -----------------------------------------------------------------------------------
 */

/* `count` images of 4 x 3, labels 0 .. wrap - 1 in turn. */
static void write_part(const char *prefix, uint32_t count, uint32_t labels, unsigned wrap,
                       int packed)
{
    char name[64];
    uint8_t bytes[MOST];
    const uint32_t images[3] = {count, 4, 3};
    size_t size = make_idx(bytes, 3, images, 256);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte%s", prefix, packed ? ".gz" : "");
    (packed ? write_gzip : write_plain)(name, bytes, size);
    size = make_idx(bytes, 1, &labels, wrap);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    write_plain(name, bytes, size);
}

static void assert_folder_refused(const char *text)
{
    char error[512] = "";
    image_set set;
    assert_int_equal(image_set_load(folder, &set, error, sizeof error), -1);
    if (strstr(error, folder) != error || strstr(error, text) == NULL) {
        fail_msg("'%s' should name a file of %s and say '%s'", error, folder, text);
    }
}

static void loads_and_picks(void **state)
{
    (void)state;
    char error[512] = "";
    image_set set;
    data_split split;
    write_part("train", 20, 20, 4, 1);
    write_part("t10k", 8, 8, 4, 0);
    if (image_set_load(folder, &set, error, sizeof error) != 0) {
        fail_msg("%s", error);
    }
    assert_int_equal(set.classes, 4);
    assert_int_equal(set.pixels, 12);
    image_set_pick(&set, &(image_choice){.train = 3, .test = 100, .seed = 1}, &split);
    assert_int_equal(split.train.count, 12);
    assert_int_equal(split.test.count, 8); /* all there are */
    double sum = 0.0, square = 0.0;
    const size_t values = split.train.count * split.train.dim;
    for (size_t i = 0; i < values; i++) {
        sum += (double)split.train.inputs[i];
        square += (double)split.train.inputs[i] * (double)split.train.inputs[i];
    }
    assert_near("mean", sum / (double)values, 0.0, 1e-6);
    assert_near("mean square", square / (double)values, 1.0, 1e-6);
    for (size_t i = 0; i < split.train.count; i++) {
        assert_int_equal(split.train.labels[i], i / 3);
    }
    /* Pixels rise by one step within an image: a picked image is one of the file, not a mixture. */
    const double step = (double)split.train.inputs[1] - (double)split.train.inputs[0];
    assert_near("next", (double)split.train.inputs[2] - (double)split.train.inputs[1], step, 1e-5);
    data_split_free(&split);
    image_set_free(&set);
}

static void refuses_folders_that_do_not_fit(void **state)
{
    (void)state;
    write_part("t10k", 8, 8, 4, 0);
    write_part("train", 20, 19, 4, 1);
    assert_folder_refused("19 labels for the 20 images");
    write_part("train", 20, 20, 3, 1);
    assert_folder_refused("test label 3 at index 3");
    write_part("train", 20, 20, 1, 1);
    assert_folder_refused("single class");
    write_part("train", 20, 20, 4, 1);
    uint8_t bytes[MOST];
    const uint32_t other[3] = {8, 3, 3};
    write_plain("t10k-images-idx3-ubyte", bytes, make_idx(bytes, 3, other, 256));
    assert_folder_refused("4 x 3, test images 3 x 3");
    unlink(path_of("t10k-images-idx3-ubyte"));
    assert_folder_refused("t10k-images-idx3-ubyte: No such file");
}

/* As make_idx, of `count` rows of two whole numbers: 300 i and 7. */
static size_t make_wide(uint8_t *out, uint32_t count)
{
    const uint32_t rows[2] = {count, 2};
    const uint32_t header = 4 + 4 * 2;
    make_idx(out, 2, rows, 1);
    out[2] = 0x0c;
    for (uint32_t i = 0; i < 2 * count; i++) {
        const uint32_t value = i % 2 == 0 ? 300 * (i / 2) : 7;
        for (uint32_t k = 0; k < 4; k++)
            out[header + 4 * i + k] = (uint8_t)(value >> (24 - 8 * k));
    }
    return header + 8 * (size_t)count;
}

static void reads_ints(void **state)
{
    (void)state;
    uint8_t bytes[MOST];
    char error[512] = "";
    idx_array array;
    const size_t size = make_wide(bytes, 9);
    write_plain("wide", bytes, size);
    assert_int_equal(idx_read_ints(path_of("wide"), 2, &array, error, sizeof error), 0);
    assert_int_equal(idx_int(&array, 2 * 8), 2400);
    assert_int_equal(idx_int(&array, 2 * 8 + 1), 7);
    idx_free(&array);
    assert_refused("wide", 2, "type 0c with 2 dimensions, not 08 (unsigned bytes)");
    write_plain("wide", bytes, size - 1);
    assert_int_equal(idx_read_ints(path_of("wide"), 2, &array, error, sizeof error), -1);
    assert_non_null(strstr(error, "truncated: 71 of the 72 bytes"));
}

/* Labels of more than a byte, which are taken where both are there. */
static void wide_labels(void **state)
{
    (void)state;
    uint8_t bytes[MOST];
    write_part("train", 20, 20, 4, 0);
    write_part("t10k", 8, 8, 4, 0);
    write_plain("train-labels-idx2-int", bytes, make_wide(bytes, 20));
    assert_folder_refused("training label 5700, but only 20 images");
    const size_t size = make_wide(bytes, 20);
    bytes[12] = 0xff; /* the first label */
    write_plain("train-labels-idx2-int", bytes, size);
    assert_folder_refused("train-labels-idx2-int: label -16777216 is negative");
    unlink(path_of("train-labels-idx2-int"));
}

/* Marks the classes in the file of a picked part: image i is of class i % wrap, its first pixel is
 * 12 i, and the training images' pixels are 0 to 239. */
static unsigned classes_of(const dataset *data, size_t wrap)
{
    const double mean = 119.5, deviation = sqrt((240.0 * 240.0 - 1.0) / 12.0);
    unsigned found = 0;
    for (size_t i = 0; i < data->count; i++) {
        const double pixel = (double)data->inputs[i * data->dim] * deviation + mean;
        found |= 1u << (size_t)lround(pixel / 12.0) % wrap;
    }
    return found;
}

/* The unseen classes that settings are chosen by are no others', and the same for every seed; of
 * the others so many are trained as are wanted. */
static void sets_classes_apart(void **state)
{
    (void)state;
    char error[512] = "";
    image_set set;
    write_part("train", 20, 20, 4, 1);
    write_part("t10k", 20, 20, 4, 0);
    write_part("unseen", 21, 21, 7, 1);
    assert_int_equal(image_set_load(folder, &set, error, sizeof error), 0);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        data_split split;
        image_choice choice = {.train = 5, .test = 3, .validation = 3, .seed = seed};
        image_set_pick(&set, &choice, &split);
        assert_int_equal(split.validation.classes, 3);
        assert_int_equal(split.validation.count, 9);
        assert_int_equal(split.unseen.count, 12);
        assert_int_equal(classes_of(&split.validation, 7), 1u << 2 | 1u << 4 | 1u << 6);
        assert_int_equal(classes_of(&split.unseen, 7), 1u << 0 | 1u << 1 | 1u << 3 | 1u << 5);
        assert_int_equal(split.validation.labels[8], 2);
        assert_int_equal(split.unseen.labels[11], 3);
        data_split_free(&split);
        choice.classes = 2;
        image_set_pick(&set, &choice, &split);
        assert_int_equal(split.train.count, 10);
        assert_int_equal(split.train.classes, 2);
        assert_int_equal(split.train.labels[0] + split.train.labels[9], 1);
        assert_int_equal(split.test.count, 6);
        data_split_free(&split);
    }
    image_set_free(&set);
    unlink(path_of("unseen-images-idx3-ubyte.gz"));
}

static void picks_unseen_classes(void **state)
{
    (void)state;
    char error[512] = "";
    image_set set;
    data_split split;
    write_part("train", 20, 20, 4, 1);
    write_part("t10k", 8, 8, 4, 0);
    write_part("unseen", 30, 30, 6, 1);
    assert_int_equal(image_set_load(folder, &set, error, sizeof error), 0);
    assert_int_equal(set.classes, 4);
    assert_int_equal(set.unseen_classes, 6);
    image_set_pick(&set, &(image_choice){.train = 5, .test = 2, .seed = 1}, &split);
    assert_int_equal(split.unseen.count, 12);
    for (size_t i = 0; i < split.unseen.count; i++)
        assert_int_equal(split.unseen.labels[i], i / 2);
    /* The same scale as the training's: images have pixels that rise by one. */
    assert_near("step", (double)split.unseen.inputs[1] - (double)split.unseen.inputs[0],
                (double)split.train.inputs[1] - (double)split.train.inputs[0], 1e-6);
    data_split_free(&split);
    image_set_free(&set);
    uint8_t bytes[MOST];
    const uint32_t other[3] = {30, 3, 3};
    write_plain("unseen-images-idx3-ubyte", bytes, make_idx(bytes, 3, other, 256));
    assert_folder_refused("4 x 3, unseen images 3 x 3");
    unlink(path_of("unseen-images-idx3-ubyte"));
    unlink(path_of("unseen-images-idx3-ubyte.gz"));
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "idx-test-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r -- '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_and_gzip),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_trailing_bytes),
        cmocka_unit_test(loads_and_picks),
        cmocka_unit_test(reads_ints),
        cmocka_unit_test(wide_labels),
        cmocka_unit_test(sets_classes_apart),
        cmocka_unit_test(picks_unseen_classes),
        cmocka_unit_test(refuses_folders_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
