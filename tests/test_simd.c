/* test_simd.c: one vocabulary of src/simd against its specification, simd_emulated.h, bit for bit.
 * Built once for each instruction set (MARGIN_SIMD_NAME) and run where the CPU has it. */
#include <float.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "judged.h"
#include "noise.h"
#include "simd_values.h"

static const simd_probe *const wanted = &simd_probe_emulated;
static const simd_probe *const judged = &JUDGED_PROBE;

/* ---- lane by lane -----------------------------------------------------------------------------*/

static void judge_two(const char *what, void (*got)(const float *, const float *, float *),
                      void (*want)(const float *, const float *, float *), const float *a,
                      const float *b)
{
    float x[16], y[16];
    got(a, b, x);
    want(a, b, y);
    same_vectors(what, x, y, a, b, b);
}

static void judge_three(const char *what,
                        void (*got)(const float *, const float *, const float *, float *),
                        void (*want)(const float *, const float *, const float *, float *),
                        const float *a, const float *b, const float *c)
{
    float x[16], y[16];
    got(a, b, c, x);
    want(a, b, c, y);
    same_vectors(what, x, y, a, b, c);
}

static void judge_operands(const float *a, const float *b, const float *c)
{
    judge_two("add", judged->add, wanted->add, a, b);
    judge_two("sub", judged->sub, wanted->sub, a, b);
    judge_two("mul", judged->mul, wanted->mul, a, b);
    judge_two("max", judged->max, wanted->max, a, b);
    judge_two("min", judged->min, wanted->min, a, b);
    judge_three("fma", judged->fma, wanted->fma, a, b, c);
    judge_three("fnma", judged->fnma, wanted->fnma, a, b, c);
    judge_three("zero_below", judged->zero_below, wanted->zero_below, a, b, c);
}

static void special_triples(void)
{
    float a[16], b[16], c[16];
    size_t lane = 0;
    for (size_t i = 0; i < SPECIALS * SPECIALS * SPECIALS; i++) {
        a[lane] = special[i % SPECIALS];
        b[lane] = special[i / SPECIALS % SPECIALS];
        c[lane] = special[i / SPECIALS / SPECIALS];
        lane = (lane + 1) % 16;
        if (lane == 0) judge_operands(a, b, c);
    }
}

/* a b + c where nearly everything cancels shows whether the product was rounded first. */
static void make_cancelling(noise *n, const float *a, const float *b, float *c)
{
    for (int i = 0; i < 16; i++) {
        const float near = a[i] * b[i];
        c[i] = noise_bits(n) & 1 ? -near : near;
    }
}

static void random_triples(void)
{
    noise n = {1};
    float a[16], b[16], c[16];
    for (int k = 0; k < RANDOM_VECTORS; k++) {
        fill_any(&n, a);
        fill_any(&n, b);
        fill_any(&n, c);
        if (k % 2 == 0) make_cancelling(&n, a, b, c);
        judge_operands(a, b, c);
    }
}

/* Entries of 8 (2^(k / 8) rounded, less k 2^20): 2^(k / 8) for every k whose power is normal. */
static void powers_of_two(void)
{
    uint32_t entry[8];
    float z[16], got[16], want[16];
    for (uint32_t k = 0; k < 8; k++)
        entry[k] = float_bits((float)exp2((double)k / 8.0)) - (k << 20);
    for (int first = -126 * 8; first < 127 * 8; first += 16) {
        for (int i = 0; i < 16; i++) {
            const int k = first + i;
            z[i] = 0x1.8p20f + (float)k / 8.0f;
            want[i] = ldexpf((float)exp2((double)(k & 7) / 8.0), (k - (k & 7)) / 8);
        }
        judged->exp2_eighths(entry, z, got);
        same_vectors("exp2_eighths", got, want, z, z, z);
        wanted->exp2_eighths(entry, z, got);
        same_vectors("exp2_eighths, emulated", got, want, z, z, z);
    }
}

/* ---- across lanes -----------------------------------------------------------------------------*/

static void across_lanes(void)
{
    noise n = {3};
    float a[16];
    for (int k = 0; k < RANDOM_VECTORS; k++) {
        fill_any(&n, a);
        if (k % 2 == 0) noise_fill(&n, a, 16, 1.0);
        const float sum = judged->sum(a), max = judged->max_across(a);
        CHECK(same_float(sum, wanted->sum(a)), "sum: %a instead of %a", (double)sum,
              (double)wanted->sum(a));
        CHECK(same_float(max, wanted->max_across(a)), "max_across: %a instead of %a", (double)max,
              (double)wanted->max_across(a));
    }
    for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 16; j++)
            a[j] = i == j ? 1.0f : -1.0f;
        CHECK(judged->max_across(a) == 1.0f, "max_across misses lane %d", i);
        for (int j = 0; j < 16; j++)
            a[j] = i == j ? 1.0f : 0.0f;
        CHECK(judged->sum(a) == 1.0f, "sum misses lane %d", i);
    }
}

/* ---- memory -----------------------------------------------------------------------------------*/

/* The last `count` floats before a page that must not be touched. */
static float *page_end(size_t count, void **pages, size_t *bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *bytes = 2 * page;
    *pages = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (*pages == MAP_FAILED || mprotect((char *)*pages + page, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(EXIT_FAILURE);
    }
    return (float *)(void *)((char *)*pages + page) - count;
}

static void judge_parts(const float *memory, float *out, size_t n)
{
    float got[16], want[16], all[16];
    judged->load_part(memory, n, -7.5f, got);
    wanted->load_part(memory, n, -7.5f, want);
    for (int i = 0; i < 16; i++) {
        CHECK(same_float(got[i], want[i]), "load_part of %zu, lane %d: %a instead of %a", n, i,
              (double)got[i], (double)want[i]);
        all[i] = 100.0f + (float)i;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = -1.0f;
    judged->store_part(all, n, out);
    for (size_t i = 0; i < n; i++) {
        CHECK(out[i] == all[i], "store_part of %zu, element %zu: %a", n, i, (double)out[i]);
    }
}

/* Beyond n: a fault on a forbidden page, or a changed neighbour on an allowed one. */
static void parts(void)
{
    for (size_t n = 0; n < 16; n++) {
        void *pages;
        size_t bytes;
        float *const end = page_end(n, &pages, &bytes);
        for (size_t i = 0; i < n; i++)
            end[i] = (float)i + 0.25f;
        judge_parts(end, end, n);
        munmap(pages, bytes);

        float room[48];
        for (int i = 0; i < 48; i++)
            room[i] = 3.5f;
        judge_parts(room + 16, room + 16, n);
        for (size_t i = 0; i < 48; i++) {
            CHECK((i >= 16 && i < 16 + n) || room[i] == 3.5f,
                  "store_part of %zu changed element %zd", n, (ssize_t)i - 16);
        }
    }
}

/* Every number of 16 bits. */
static void halves(void)
{
    for (unsigned first = 0; first < 65536; first += 16) {
        uint16_t in[16];
        float got[16], want[16];
        for (unsigned i = 0; i < 16; i++)
            in[i] = (uint16_t)(first + i);
        judged->load_bfloat16(in, got);
        wanted->load_bfloat16(in, want);
        same_vectors("load_bfloat16", got, want, want, want, want);
        judged->load_float16(in, got);
        wanted->load_float16(in, want);
        same_vectors("load_float16", got, want, want, want, want);
    }
}

static void whole_vectors(void)
{
    noise n = {4};
    float in[48], out[48];
    for (size_t offset = 0; offset < 16; offset++) {
        for (int i = 0; i < 48; i++) {
            in[i] = any_float(&n);
            out[i] = 3.5f;
        }
        judged->copy(in + offset, out + 15 - offset);
        for (size_t i = 0; i < 48; i++) {
            const int inside = i + offset >= 15 && i + offset < 31;
            const float want = inside ? in[i + 2 * offset - 15] : 3.5f;
            CHECK(same_float(out[i], want), "load and store at %zu, element %zu", offset, i);
        }
    }
    _Alignas(64) float line[48];
    for (int i = 0; i < 48; i++)
        line[i] = 3.5f;
    judged->stream(in, line + 16);
    for (int i = 0; i < 48; i++) {
        const float want = i >= 16 && i < 32 ? in[i - 16] : 3.5f;
        CHECK(same_float(line[i], want), "stream, element %d", i);
    }
    for (size_t k = 0; k < SPECIALS; k++) {
        judged->set1(special[k], out);
        for (int i = 0; i < 16; i++) {
            CHECK(same_float(out[i], special[k]), "set1(%a), lane %d", (double)special[k], i);
        }
    }
}

/* Transposes 4 x 4 from the end of a page into a frame whose other elements must stay. */
static void judge_transpose(const simd_probe *probe, const float *from, size_t offset)
{
    float got[96], want[96];
    for (int i = 0; i < 96; i++)
        got[i] = want[i] = 3.5f;
    for (size_t i = 0; i < 16; i++)
        want[16 + offset + i % 4 * 16 + i / 4] = from[i / 4 * 16 + i % 4];
    probe->transpose_4(from, got + 16 + offset);
    for (int i = 0; i < 96; i++) {
        CHECK(same_float(got[i], want[i]),
              "transpose_4 to offset %zu, element %d: %a instead of %a", offset, i - 16,
              (double)got[i], (double)want[i]);
    }
}

static void transposition(void)
{
    enum { EXTENT = 3 * 16 + 4 };
    noise n = {7};
    void *pages;
    size_t bytes;
    float *const from = page_end(EXTENT, &pages, &bytes);
    for (size_t offset = 0; offset < 16; offset++) {
        for (int i = 0; i < EXTENT; i++)
            from[i] = any_float(&n);
        judge_transpose(judged, from, offset);
        judge_transpose(wanted, from, offset);
    }
    munmap(pages, bytes);
}

/* ---- double -----------------------------------------------------------------------------------*/

/* Ends of float32's range and halves of its last place, at which narrowing differs if it does. */
static const double special_double[] = {
    0.0,      -0.0,    0x1p-1074,         -0x1p-1022, 0x1p-150, 0x1.000002p-150, -0x1.8p-149,
    0x1p-126, 1.0,     0x1.000001p+0,     -1.0,       0.1,      0x1.000003p+0,   0x1.fffffffp-1,
    DBL_MAX,  DBL_MIN, 0x1.fffffefffp127, 0x1p53,     0x1p128,  0x1.fffffep127,  -0x1.ffffffp127,
    0x1p512,  -3.0,    INFINITY,          -INFINITY,  NAN};

enum { SPECIAL_DOUBLES = sizeof special_double / sizeof *special_double };

static double any_double(noise *n)
{
    const uint64_t bits = noise_bits(n);
    double x;
    switch (bits >> 62) {
    case 0:
        memcpy(&x, &bits, sizeof x);
        return ldexp(x, (int)(bits % 3) * 1024); /* the smallest and the largest ones too */
    case 1:
        return special_double[bits % SPECIAL_DOUBLES];
    case 2:
        return (double)any_float(n);
    default:
        return noise_normal(n);
    }
}

static int same_double(double a, double b)
{
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

static void same_doubles(const char *what, const double *got, const double *want, const double *a,
                         const double *b, const double *c)
{
    for (int i = 0; i < 8; i++) {
        CHECK(same_double(got[i], want[i]), "%s lane %d of (%a, %a, %a): %a instead of %a", what, i,
              a[i], b[i], c[i], got[i], want[i]);
    }
}

static void judge_doubles(const double *a, const double *b, const double *c)
{
    double got[8], want[8];
    float narrow[16], should[16];
    judged->d_add(a, b, got);
    wanted->d_add(a, b, want);
    same_doubles("vd_add", got, want, a, b, b);
    judged->d_mul(a, b, got);
    wanted->d_mul(a, b, want);
    same_doubles("vd_mul", got, want, a, b, b);
    judged->d_fma(a, b, c, got);
    wanted->d_fma(a, b, c, want);
    same_doubles("vd_fma", got, want, a, b, c);
    CHECK(same_double(judged->d_sum(a), wanted->d_sum(a)), "vd_sum: %a instead of %a",
          judged->d_sum(a), wanted->d_sum(a));
    judged->d_narrow(a, b, narrow);
    wanted->d_narrow(a, b, should);
    for (int i = 0; i < 16; i++) {
        CHECK(same_float(narrow[i], should[i]), "v_narrow lane %d of %a: %a instead of %a", i,
              i < 8 ? a[i] : b[i - 8], (double)narrow[i], (double)should[i]);
    }
}

static void doubles(void)
{
    noise n = {5};
    double a[8], b[8], c[8], sum = 0.0;
    for (int k = 0; k < RANDOM_VECTORS; k++) {
        for (int i = 0; i < 8; i++) {
            a[i] = k % 4 == 0 ? noise_normal(&n) : any_double(&n);
            b[i] = any_double(&n);
            c[i] = k % 2 == 0 ? -(a[i] * b[i]) : any_double(&n);
        }
        judge_doubles(a, b, c);
    }
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++)
            a[j] = i == j ? 1.0 : 0.0;
        sum += judged->d_sum(a);
    }
    CHECK(sum == 8.0, "vd_sum misses a lane");
    for (size_t k = 0; k < SPECIAL_DOUBLES; k++) {
        judged->d_set1(special_double[k], a);
        wanted->d_set1(special_double[k], b);
        same_doubles("vd_set1", a, b, b, b, b);
    }
}

/* 8 floats and not one more. */
static void widening(void)
{
    noise n = {6};
    void *pages;
    size_t bytes;
    float *const end = page_end(8, &pages, &bytes);
    for (int k = 0; k < RANDOM_VECTORS; k++) {
        double got[8];
        for (int i = 0; i < 8; i++)
            end[i] = any_float(&n);
        judged->d_widen(end, got);
        for (int i = 0; i < 8; i++) {
            CHECK(same_double(got[i], (double)end[i]), "vd_widen lane %d of %a: %a", i,
                  (double)end[i], got[i]);
        }
    }
    munmap(pages, bytes);
}

int main(void)
{
    if (!judged_usable()) return check_skip("test_simd " JUDGED_TEXT, "this CPU lacks it");
    special_triples();
    random_triples();
    powers_of_two();
    across_lanes();
    parts();
    halves();
    whole_vectors();
    transposition();
    doubles();
    widening();
    return check_report("test_simd " JUDGED_TEXT);
}
