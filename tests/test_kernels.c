/* test_kernels.c: every kernel of one instruction set (MARGIN_SIMD_NAME) against the scalar one to
 * rounding and against the emulated vocabulary bit for bit: odd sizes, every misalignment, padded
 * strides, canaries round every array. Argument: one subject, else all. */
#include "check.h"
#include "dispatch.h"
#include "judged.h"
#include "kernels/trial.h"

extern const margin_kernels margin_kernels_emulated;

static const kernel_subject *subject; /* whose kernels are tried */

static const margin_kernels *judged_kernels(void)
{
    margin_isa isa;
    return margin_isa_find(JUDGED_TEXT, &isa) ? margin_dispatch(isa) : NULL;
}

static trial run(const kernel_case *c, const trial *start, margin_isa isa, const margin_kernels *k)
{
    trial t = *start;
    t.isa = isa;
    trial_run(&t, c, k);
    return t;
}

/* Tries one kernel at these sizes (d only where the case has four). */
static void judge4(const char *name, size_t a, size_t b, size_t c, size_t d)
{
    static size_t calls;
    calls++;
    const kernel_case *tried = kernel_find(subject, name);
    CHECK(tried != NULL, "%s has no %s", subject->name, name);
    if (tried == NULL) return;
    const trial start = {.size = {a, b, c, d}, .offset = calls % 16, .noise = {calls}};
    margin_isa isa;
    margin_isa_find(JUDGED_TEXT, &isa);
    trial got = run(tried, &start, isa, judged_kernels());
    trial scalar = run(tried, &start, MARGIN_ISA_SCALAR, margin_dispatch(MARGIN_ISA_SCALAR));
    trial emulated = run(tried, &start, isa, &margin_kernels_emulated);
    trial_compare(&got, &scalar, 0, "scalar");
    trial_compare(&got, &emulated, 1, "emulated");
    const trial *const all[] = {&got, &scalar, &emulated};
    for (size_t i = 0; i < 3; i++)
        CHECK(all[i]->fault[0] == '\0', "%s(%zu, %zu, %zu, %zu)%s", name, a, b, c, d,
              all[i]->fault);
    trial_free(&got);
    trial_free(&scalar);
    trial_free(&emulated);
}

static void judge(const char *name, size_t a, size_t b, size_t c)
{
    judge4(name, a, b, c, 0);
}

/* ---- what is tried ---- */

static const size_t lengths[] = {1,   2,   3,   5,   7,    8,    9,    13,   15,   16,
                                 17,  18,  23,  24,  31,   32,   33,   47,   48,   49,
                                 63,  64,  65,  66,  79,   80,   96,   97,   127,  128,
                                 129, 255, 300, 513, 1000, 1023, 1024, 1025, 2049, 10007};

enum { LENGTHS = sizeof lengths / sizeof *lengths, UNITS = 5 };

static void judge_packing(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i];
        judge("sum_squares", n, 0, 0);
        judge("pack_row", n, 1 + i % 4, 0);
        judge("pack_units", n, UNITS, i % (UNITS + 1));
        judge4("finish_units", n, UNITS, i % (UNITS + 1), i % 2);
        judge("weighted_sum", n, 1 + i % 6, i % 2);
        for (size_t mode = 0; mode < 5; mode++)
            judge("finish_row", n, mode, 0);
        judge("add_row", n, i % 2, 0);
        judge("widen_bfloat16", n, i % 2, 0);
        judge("widen_float16", n, i % 2, 0);
    }
    for (size_t count = 1; count <= 37; count++) {
        judge("pack_lanes", count, 0, 0);
        for (size_t panels = 1; panels <= 8; panels++)
            judge("scale_panels", count, panels, 0);
    }
}

/* Every remainder of the register tiles (up to 16 rows) and of the summation chains. */
static void judge_products(void)
{
    static const size_t dims[] = {1, 2, 15, 16, 17, 31, 63, 64, 65, 100, 128, 130, 257};
    for (size_t classes = 1; classes <= 37; classes++) {
        for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
            judge("tile_products", classes, dims[i], 1 + (classes + i) % 3);
        for (size_t panels = 1; panels <= 8; panels++) {
            const size_t rows = 1 + (classes + panels) % 16;
            judge4("embedding_products", classes, panels, 16, classes % 2);
            judge4("embedding_products", classes, panels, rows, classes % 2);
            judge("dot_products", classes, panels, rows);
            judge4("weight_products", classes, panels, 1 + 7 * classes % 50, panels % 2);
        }
    }
    for (size_t rows = 1; rows <= 272; rows += 5)
        judge4("weight_products", 17, 2, rows, rows % 2);
    for (size_t rows = 1; rows <= 16; rows++)
        judge("dot_products", 5, 62 + rows, rows);
    judge("dot_products", 2, 130, 3);
    judge4("embedding_products", 1009, 2, 16, 1);
    judge("tile_products", 211, 513, 2);
}

static void judge_terms(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i];
        judge("tile_max", n, 0, 0);
        judge("tile_exp", n, 0, 0);
        judge("tile_scale", n, 0, 0);
        for (size_t mode = 0; mode < 5; mode++) {
            judge("row_max", n, mode, 0);
            judge("row_finite", n, mode, 0);
            judge("row_exp", n, mode, 0);
            if (mode < 2) judge("row_store", n, mode, 0);
        }
    }
    judge("prefetch", 37, 0, 0);
    judge("drain", 1, 0, 0);
}

static void judge_pairs(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i];
        judge("pair_sums", n, 0, 0);
        judge("delta_sums", n, 0, 0);
        for (size_t beyond = 0; beyond < 2; beyond++) {
            judge("add_tangent", n, beyond, i % 2);
            judge("add_combination", n, beyond, 0);
        }
    }
}

static void judge_planes(void)
{
    for (size_t pairs = 1; pairs <= 5; pairs++) {
        for (size_t dim = 1; dim <= 9; dim++) {
            judge("plane_products", pairs, dim, 0);
            judge("plane_exp", pairs, dim, 0);
            judge("plane_weights", pairs, dim, pairs * dim % 17 + 1);
            judge("plane_total", pairs, dim, (pairs + dim) % 2);
            judge("plane_finish", pairs, dim, dim % 3);
        }
    }
}

/* In the order of kernel_subjects. */
static void (*const judges[])(void) = {judge_packing, judge_products, judge_terms, judge_pairs,
                                       judge_planes};

int main(int argc, char **argv)
{
    if (judged_kernels() == NULL) {
        return check_skip("test_kernels " JUDGED_TEXT, "this CPU lacks it");
    }
    for (size_t i = 0; kernel_subjects[i] != NULL; i++) {
        subject = kernel_subjects[i];
        if (argc < 2 || strcmp(argv[1], subject->name) == 0) judges[i]();
    }
    return check_report("test_kernels " JUDGED_TEXT);
}
