/* test_files.c: atomic files, JSON files and the provenance object. */
#include <atomic_file.h>
#include <atomic_folder.h>
#include <json_out.h>
#include <provenance.h>
#include <sha256.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "test_files.XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    DIR *listing = opendir(".");
    for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;)
        if (entry->d_name[0] != '.') unlink(entry->d_name);
    if (listing != NULL) closedir(listing);
    return chdir("..") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static int entries(void)
{
    DIR *listing = opendir(".");
    assert_non_null(listing);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

static void write_text(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static void assert_text(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    assert_string_equal(text, expected);
}

static void appears_on_commit_only(void **state)
{
    (void)state;
    atomic_file file;
    write_text("kept", "old");
    const int before = entries();
    assert_int_equal(atomic_open(&file, "kept"), 0);
    fputs("new", file.stream);
    assert_int_equal(atomic_sync(&file), 0);
    assert_text("kept", "old");
    assert_int_equal(atomic_commit(&file), 0);
    assert_text("kept", "new");
    assert_int_equal(entries(), before);
    unlink("kept");
}

static void abort_leaves_nothing(void **state)
{
    (void)state;
    atomic_file file;
    const int before = entries();
    assert_int_equal(atomic_open(&file, "never"), 0);
    fputs("half", file.stream);
    assert_int_equal(entries(), before + 1);
    atomic_abort(&file);
    assert_int_equal(entries(), before);
    atomic_abort(&file); /* harmless */
}

static void keeps_the_mode(void **state)
{
    (void)state;
    atomic_file file;
    struct stat info;
    write_text("moded", "old");
    assert_int_equal(chmod("moded", 0640), 0);
    assert_int_equal(atomic_open(&file, "moded"), 0);
    assert_int_equal(atomic_commit(&file), 0);
    assert_int_equal(stat("moded", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    unlink("moded");
    const mode_t mask = umask(027);
    assert_int_equal(atomic_open(&file, "moded"), 0);
    assert_int_equal(atomic_commit(&file), 0);
    umask(mask);
    assert_int_equal(stat("moded", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    unlink("moded");
}

static void follows_links(void **state)
{
    (void)state;
    atomic_file file;
    struct stat info;
    write_text("target", "old");
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(atomic_open(&file, "link"), 0);
    fputs("new", file.stream);
    assert_int_equal(atomic_commit(&file), 0);
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_text("target", "new");
    unlink("link");
    unlink("target");
}

static void spares_devices(void **state)
{
    (void)state;
    atomic_file file;
    struct stat info;
    assert_int_equal(atomic_open(&file, "/dev/null"), 0);
    fputs("gone", file.stream);
    assert_int_equal(atomic_commit(&file), 0);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(atomic_open(&file, "/dev/full"), 0);
    fputs("no room", file.stream);
    assert_int_equal(atomic_commit(&file), ENOSPC);
    atomic_abort(&file);
}

static void refuses_impossible_targets(void **state)
{
    (void)state;
    atomic_file file;
    assert_int_equal(atomic_open(&file, ""), ENOENT);
    assert_int_equal(atomic_open(&file, "."), EISDIR);
    assert_int_equal(atomic_open(&file, "none/such"), ENOENT);
    write_text("plain", "text");
    assert_int_equal(atomic_open(&file, "plain/below"), ENOTDIR);
    unlink("plain");
}

/* In a child: open a file, then end without committing, by exit or by a signal. */
static void end_early(int signal_number)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        atomic_file file;
        if (atomic_open(&file, "early") != 0) _exit(99);
        fputs("half", file.stream);
        if (signal_number == 0) exit(3);
        raise(signal_number);
        _exit(98);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (signal_number == 0)
        assert_int_equal(WEXITSTATUS(status), 3);
    else
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal_number);
}

static void removed_when_the_program_ends(void **state)
{
    (void)state;
    static const int numbers[] = {0, SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    const int before = entries();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        end_early(numbers[i]);
        assert_int_equal(entries(), before);
    }
}

static json_t *object_of(const char *one, int first, const char *other, int second)
{
    return json_pack("{s:i, s:i}", one, first, other, second);
}

/* Names once, in the order in which they occur; null where an object lacks one. */
static void folders_appear_on_commit_only(void **state)
{
    (void)state;
    atomic_folder made;
    FILE *stream;
    const int before = entries();
    for (int commit = 0; commit <= 1; commit++) {
        assert_int_equal(atomic_folder_open(&made, "made//"), 0);
        assert_int_equal(atomic_folder_begin(&made, "one", &stream), 0);
        fputs("text", stream);
        assert_int_equal(atomic_folder_end(stream), 0);
        assert_int_equal(atomic_folder_begin(&made, "one", &stream), EEXIST);
        assert_int_equal(access("made", F_OK), -1);
        assert_int_equal(entries(), before + 1);
        if (commit) assert_int_equal(atomic_folder_commit(&made), 0);
        atomic_folder_abort(&made);
        atomic_folder_abort(&made); /* harmless */
        assert_int_equal(entries(), before + commit);
    }
    assert_text("made/one", "text");
    assert_int_equal(atomic_folder_open(&made, "made"), ENOTEMPTY);
    assert_int_equal(atomic_folder_open(&made, "made/one"), ENOTDIR);
    assert_int_equal(atomic_folder_open(&made, ""), ENOENT);
    assert_int_equal(entries(), before + 1);
    unlink("made/one");
    rmdir("made");
}

/* More files than one look at a folder shows. */
static void a_large_folder_goes_whole(void **state)
{
    (void)state;
    atomic_folder made;
    char name[64];
    const int before = entries();
    assert_int_equal(atomic_folder_open(&made, "large"), 0);
    for (int i = 0; i < 1000; i++) {
        FILE *stream;
        snprintf(name, sizeof name, "a-file-with-quite-a-long-name-%d", i);
        assert_int_equal(atomic_folder_begin(&made, name, &stream), 0);
        fclose(stream);
    }
    atomic_folder_abort(&made);
    assert_int_equal(entries(), before);
}

static void json_tables_have_each_name_once(void **state)
{
    (void)state;
    json_t *list = json_array();
    json_array_append_new(list, object_of("b", 1, "a", 2));
    json_array_append_new(list, object_of("a", 3, "c", 4));
    json_t *table =
        json_pack("{s:o, s:o}", "t", json_columns(list), "e", json_columns(json_array()));
    char error[512], text[512] = "";
    assert_int_equal(json_write_file(table, "t.json", error, sizeof error), 0);
    json_decref(table);
    FILE *stream = fopen("t.json", "r");
    assert_non_null(stream);
    assert_true(fread(text, 1, sizeof text - 1, stream) > 0);
    fclose(stream);
    assert_string_equal(text, "{\n \"t\": {\n  \"columns\": [\"b\",\"a\",\"c\"],\n  \"rows\": [\n"
                              "   [1,2,null],\n   [null,3,4]\n  ]\n },\n"
                              " \"e\": {\n  \"columns\": [],\n  \"rows\": []\n }\n}\n");
    unlink("t.json");
}

static void json_brings_doubles_back(void **state)
{
    (void)state;
    const double values[] = {0.1, 1.0 / 3.0, 6.02214076e23, -5e-324};
    json_t *object = json_object();
    json_object_set_new(object, "z_first", json_number(values[0]));
    json_object_set_new(object, "a_second", json_number(values[1]));
    json_object_set_new(object, "big", json_number(values[2]));
    json_object_set_new(object, "tiny", json_number(values[3]));
    json_object_set_new(object, "nan", json_number(NAN));
    char error[512] = "";
    assert_int_equal(json_write_file(object, "a.json", error, sizeof error), 0);
    assert_int_not_equal(json_write_file(object, "none/a.json", error, sizeof error), 0);
    assert_int_equal(strncmp(error, "none/a.json: ", 13), 0);
    json_decref(object);
    json_t *back = json_load_file("a.json", 0, NULL);
    assert_non_null(back);
    static const char *const keys[] = {"z_first", "a_second", "big", "tiny", "nan"};
    int at = 0;
    const char *key;
    json_t *value;
    json_object_foreach(back, key, value)
    {
        assert_string_equal(key, keys[at]);
        if (at < 4)
            assert_true(json_real_value(value) == values[at]);
        else
            assert_true(json_is_null(value));
        at++;
    }
    assert_int_equal(at, 5);
    json_decref(back);
    unlink("a.json");
}

static void provenance_is_whole(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "date",      "commit",     "dirty",        "version",     "compiler", "build_type",
        "flags",     "cpu",        "architecture", "cpus",        "caches",   "cpus_online",
        "cpu_quota", "smt",        "memory_bytes", "load",        "governor", "kernel",
        "os",        "isa",        "isas_built",   "isas_usable", "threads",  "seed",
        "command",   "environment"};
    char program[] = "/some/where/bench", plain[] = "--seed", path[] = "/home/me/x.npy",
         joined[] = "--out=/home/me/y.json", named[] = "new=/home/me/z.so:p_";
    char *argv[] = {program, plain, path, joined, named, NULL};
    json_t *object = provenance_json(5, argv, 42);
    assert_non_null(object);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (json_object_get(object, keys[i]) == NULL) fail_msg("no key %s", keys[i]);
    assert_int_equal(json_integer_value(json_object_get(object, "seed")), 42);
    const json_t *command = json_object_get(object, "command");
    static const char *const words[] = {"bench", "--seed", ".../x.npy", "--out=.../y.json",
                                        "new=.../z.so:p_"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(json_string_value(json_array_get(command, i)), words[i]);
    const char *date = json_string_value(json_object_get(object, "date"));
    assert_int_equal(strlen(date), strlen("2000-01-01T00:00:00Z"));
    char *text = json_dumps(object, JSON_OUT_FLAGS);
    assert_non_null(text);
    assert_null(strstr(text, "/home/me"));
    free(text);
    json_decref(object);
}

/* The examples of FIPS 180-4, of one block and of two; and no file. */
static void files_have_a_hash(void **state)
{
    (void)state;
    char hash[SHA256_TEXT];
    write_text("abc", "abc");
    assert_int_equal(sha256_file("abc", hash), 0);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    write_text("abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    assert_int_equal(sha256_file("abc", hash), 0);
    assert_string_equal(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_int_equal(sha256_file("none", hash), -1);
    unlink("abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appears_on_commit_only),
        cmocka_unit_test(abort_leaves_nothing),
        cmocka_unit_test(keeps_the_mode),
        cmocka_unit_test(follows_links),
        cmocka_unit_test(spares_devices),
        cmocka_unit_test(refuses_impossible_targets),
        cmocka_unit_test(removed_when_the_program_ends),
        cmocka_unit_test(folders_appear_on_commit_only),
        cmocka_unit_test(a_large_folder_goes_whole),
        cmocka_unit_test(json_tables_have_each_name_once),
        cmocka_unit_test(json_brings_doubles_back),
        cmocka_unit_test(provenance_is_whole),
        cmocka_unit_test(files_have_a_hash),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
