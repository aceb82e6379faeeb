/* test_checkpoint.c: a training that was interrupted goes on where it stopped and ends with the
 * same numbers; states of other runs and broken ones are refused. */
#include "run.h"
#include "mocka.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const run_data sphere = {"sphere", NULL};
static char folder[] = "checkpoints.XXXXXX";

static run_plan plan_of(margin_loss loss, size_t epochs)
{
    run_plan plan;
    loss_override none;
    loss_override_none(&none);
    run_plan_toy(&plan, &sphere, loss, &none);
    plan.how.epochs = epochs;
    plan.train = plan.test = 60;
    plan.features = 60;
    return plan;
}

static size_t files_in_folder(void)
{
    DIR *const dir = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

static void empty_folder(void)
{
    DIR *const dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(dir);
}

static void assert_same_result(const run_result *a, const run_result *b)
{
    assert_memory_equal(&a->train, &b->train, sizeof a->train);
    assert_memory_equal(&a->test, &b->test, sizeof a->test);
    assert_memory_equal(a->snapshots, b->snapshots, sizeof a->snapshots);
    assert_memory_equal(a->features, b->features, a->feature_count * 2 * sizeof *a->features);
    assert_true(a->final_loss == b->final_loss);
}

typedef struct interruption {
    size_t left; /* epochs until the program dies */
} interruption;

static void die_in_time(const run_plan *plan)
{
    interruption *const when = plan->user;
    if (--when->left == 0) {
        _exit(0);
    }
}

/* In a child process that dies after some epochs, a state after each. */
static void interrupt(run_plan plan, size_t after)
{
    interruption when = {after};
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        run_result result;
        plan.epoch_done = die_in_time;
        plan.user = &when;
        run_carry_out(&plan, &result);
        _exit(1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void interrupted_runs_go_on(void **state)
{
    (void)state;
    static const margin_loss losses[] = {MARGIN_SOFTMAX, MARGIN_SPHEREFACE, MARGIN_ARCFACE};
    for (size_t i = 0; i < LENGTH_OF(losses); i++) {
        run_plan plan = plan_of(losses[i], 7);
        run_result whole, resumed;
        assert_int_equal(run_carry_out(&plan, &whole), 0);
        plan.checkpoints = folder;
        plan.checkpoint_seconds = 0.0;
        interrupt(plan, 4);
        assert_int_equal(files_in_folder(), 1);
        assert_int_equal(run_carry_out(&plan, &resumed), 0);
        assert_same_result(&whole, &resumed);
        assert_true(resumed.seconds > 0.0);
        run_free(&resumed);
        /* And once more: nothing is left to train, the numbers are the same. */
        assert_int_equal(run_carry_out(&plan, &resumed), 0);
        assert_same_result(&whole, &resumed);
        run_free(&resumed);
        run_free(&whole);
        empty_folder();
    }
}

static void other_runs_have_other_files(void **state)
{
    (void)state;
    run_plan plan = plan_of(MARGIN_ARCFACE, 1);
    run_result result;
    plan.checkpoints = folder;
    assert_int_equal(run_carry_out(&plan, &result), 0);
    run_free(&result);
    plan.seed++;
    assert_int_equal(run_carry_out(&plan, &result), 0);
    run_free(&result);
    plan.program = "another commit";
    assert_int_equal(run_carry_out(&plan, &result), 0);
    run_free(&result);
    assert_int_equal(files_in_folder(), 3);
    empty_folder();
}

static void save(const char *path, const char *key, double value)
{
    char error[256];
    const checkpoint_piece piece = {&value, sizeof value};
    assert_int_equal(checkpoint_save(path, key, &piece, 1, error, sizeof error), 0);
}

static void assert_refused(const char *path, const char *key, const char *why)
{
    char error[256] = "";
    double value;
    const checkpoint_piece piece = {&value, sizeof value};
    assert_int_equal(checkpoint_load(path, key, &piece, 1, error, sizeof error), -1);
    assert_non_null(strstr(error, path));
    assert_non_null(strstr(error, why));
}

/* Every byte of the file that is changed or cut off is noticed. */
static void broken_states_are_refused(void **state)
{
    (void)state;
    char *const path = checkpoint_path(folder, "key");
    save(path, "key", 1.25);
    assert_refused(path, "other", "another run");
    unsigned char bytes[256];
    FILE *file = fopen(path, "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size > 20 && size < sizeof bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        file = fopen(path, "wb");
        fwrite(bytes, 1, size, file);
        fclose(file);
        bytes[i] ^= 0x10;
        assert_refused(path, "key", "remove it");
        file = fopen(path, "wb");
        fwrite(bytes, 1, i, file);
        fclose(file);
        assert_refused(path, "key", "remove it");
    }
    free(path);
    empty_folder();
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted_runs_go_on),
        cmocka_unit_test(other_runs_have_other_files),
        cmocka_unit_test(broken_states_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
