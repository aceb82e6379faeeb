/* loops_isa.c: the loops of loops.h for one instruction set.
 *
 * CMakeLists.txt compiles this file once per instruction set, with its flags, with contraction to
 * fused multiply-adds allowed, and with SPEED_LOOPS_TABLE (the name of the table), SPEED_LOOPS_ISA
 * and SPEED_LOOPS_BYTES (of a vector) defined. No intrinsics: GCC's vector types say enough.
 * Must not know losses, and must not ask what the CPU can do. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "loops.h"

/* Where this architecture keeps a vector, as inline assembly names it. */
#if defined(__x86_64__)
#define IN_REGISTER "+x"
#elif defined(__aarch64__)
#define IN_REGISTER "+w"
#else
#define IN_REGISTER "+m"
#endif

enum { lanes = SPEED_LOOPS_BYTES / 4, chains = 12 };

typedef float vector __attribute__((vector_size(SPEED_LOOPS_BYTES)));
typedef uint32_t word_vector __attribute__((vector_size(SPEED_LOOPS_BYTES)));

static inline void load(vector *out, const float *from)
{
    memcpy(out, from, sizeof *out);
}

static inline void store(float *to, const vector *from)
{
    memcpy(to, from, sizeof *from);
}

static inline float sum_lanes(const vector *v)
{
    float sum = 0;
    for (int k = 0; k < lanes; k++)
        sum += (*v)[k];
    return sum;
}

/* Twelve chains hide the latency of every multiply-add unit up to now (4 cycles, two a cycle). They
 * have names, because an array that inline assembly refers to would live in memory. */
static float multiply_add(size_t rounds)
{
    vector factor = {0}, term = {0};
    factor += 0.999f;
    term += 1e-3f;
    vector c0 = term, c1 = term * 2, c2 = term * 3, c3 = term * 4, c4 = term * 5, c5 = term * 6;
    vector c6 = -c0, c7 = -c1, c8 = -c2, c9 = -c3, c10 = -c4, c11 = -c5;
    for (size_t round = 0; round < rounds; round++) {
        c0 = c0 * factor + term;
        c1 = c1 * factor + term;
        c2 = c2 * factor + term;
        c3 = c3 * factor + term;
        c4 = c4 * factor + term;
        c5 = c5 * factor + term;
        c6 = c6 * factor + term;
        c7 = c7 * factor + term;
        c8 = c8 * factor + term;
        c9 = c9 * factor + term;
        c10 = c10 * factor + term;
        c11 = c11 * factor + term;
        /* Keeps a compiler from folding rounds together; costs no instruction. */
        __asm__ volatile(""
                         : IN_REGISTER(c0), IN_REGISTER(c1), IN_REGISTER(c2), IN_REGISTER(c3),
                           IN_REGISTER(c4), IN_REGISTER(c5), IN_REGISTER(c6), IN_REGISTER(c7),
                           IN_REGISTER(c8), IN_REGISTER(c9), IN_REGISTER(c10), IN_REGISTER(c11));
    }
    c0 += c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
    return sum_lanes(&c0);
}

static float dot(const float *a, const float *b, size_t count)
{
    vector part[4] = {{0}}, x, y;
    size_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes) {
        for (size_t k = 0; k < 4; k++) {
            load(&x, a + i + k * lanes);
            load(&y, b + i + k * lanes);
            part[k] += x * y;
        }
    }
    const vector all = (part[0] + part[1]) + (part[2] + part[3]);
    float sum = sum_lanes(&all);
    for (; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static void scaled(const float *v, size_t count, float factor, float *out)
{
    vector x;
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        load(&x, v + i);
        x = x * factor;
        store(out + i, &x);
    }
    for (; i < count; i++)
        out[i] = v[i] * factor;
}

static float unit(const float *v, size_t count, float *out)
{
    const float length = sqrtf(dot(v, v, count));
    scaled(v, count, length > 0 ? 1 / length : 0, out);
    return length;
}

static void multiply(float *v, size_t count, float factor)
{
    scaled(v, count, factor, v);
}

static void project(float *grad, const float *direction, size_t count, float length)
{
    const float along = dot(grad, direction, count), factor = length > 0 ? 1 / length : 0;
    vector g, u;
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        load(&g, grad + i);
        load(&u, direction + i);
        g = (g - u * along) * factor;
        store(grad + i, &g);
    }
    for (; i < count; i++)
        grad[i] = (grad[i] - along * direction[i]) * factor;
}

static float largest(const float *v, size_t count)
{
    float part[16];
    for (size_t k = 0; k < 16; k++)
        part[k] = v[k < count ? k : 0];
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        for (size_t k = 0; k < 16; k++)
            part[k] = v[i + k] > part[k] ? v[i + k] : part[k];
    }
    for (; i < count; i++)
        part[0] = v[i] > part[0] ? v[i] : part[0];
    for (size_t k = 1; k < 16; k++)
        part[0] = part[k] > part[0] ? part[k] : part[0];
    return part[0];
}

/* Cody and Waite's reduction by powers of two and the polynomial of exp to degree six: about
 * 1e-7 relative, which is what such a pipeline settles for. Arguments are at most 0. */
static inline void exponential(vector *x)
{
    const float shift = 0x1.8p23f;
    for (int k = 0; k < lanes; k++)
        (*x)[k] = (*x)[k] < -87 ? -87 : (*x)[k];
    const vector shifted = *x * 1.44269504f + shift;
    const vector whole = shifted - shift;
    const vector r = (*x - whole * 0x1.62e4p-1f) - whole * 1.42860677e-6f;
    vector p = r * (1.0f / 720) + (1.0f / 120);
    p = p * r + (1.0f / 24);
    p = p * r + (1.0f / 6);
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const word_vector power = ((word_vector)shifted << 23) + 0x3f800000u;
    *x = p * (vector)power;
}

static float exponentials(float *v, size_t count, float scale, float top)
{
    vector sum = {0}, x;
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        load(&x, v + i);
        x = (x - top) * scale;
        exponential(&x);
        store(v + i, &x);
        sum += x;
    }
    float total = sum_lanes(&sum);
    for (; i < count; i++) {
        v[i] = expf((v[i] - top) * scale);
        total += v[i];
    }
    return total;
}

/* ---- streams: what memory delivers and takes ------------------------------------------------- */

static float read_stream(const float *v, size_t count)
{
    vector part[8] = {{0}}, x;
    for (size_t i = 0; i + 8 * lanes <= count; i += 8 * lanes) {
        for (size_t k = 0; k < 8; k++) {
            load(&x, v + i + k * lanes);
            part[k] += x;
        }
    }
    const vector all =
        ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    return sum_lanes(&all);
}

static inline void copy_stream(float *to, const float *a, size_t count,
                               void (*put)(float *, const vector *))
{
    vector x;
    for (size_t i = 0; i + lanes <= count; i += lanes) {
        load(&x, a + i);
        put(to + i, &x);
        /* Keeps a compiler from making this a call of memcpy, which stores as it sees fit. */
        __asm__ volatile("" : : : "memory");
    }
}

static inline void triad_stream(float *to, const float *a, const float *b, float factor,
                                size_t count, void (*put)(float *, const vector *))
{
    vector x, y;
    for (size_t i = 0; i + lanes <= count; i += lanes) {
        load(&x, a + i);
        load(&y, b + i);
        x = x + factor * y;
        put(to + i, &x);
    }
}

static void copy(float *to, const float *a, size_t count)
{
    copy_stream(to, a, count, store);
}

static void triad(float *to, const float *a, const float *b, float factor, size_t count)
{
    triad_stream(to, a, b, factor, count, store);
}

#if defined(__x86_64__)
#if defined(__AVX__)
#define STREAM_INSTRUCTION "vmovntps %1, %0"
#else
#define STREAM_INSTRUCTION "movntps %1, %0"
#endif
static inline void stream(float *to, const vector *from)
{
    __asm__ volatile(STREAM_INSTRUCTION : "=m"(*(vector *)(void *)to) : "x"(*from));
}

static void copy_past(float *to, const float *a, size_t count)
{
    copy_stream(to, a, count, stream);
    __asm__ volatile("sfence" : : : "memory");
}

static void triad_past(float *to, const float *a, const float *b, float factor, size_t count)
{
    triad_stream(to, a, b, factor, count, stream);
    __asm__ volatile("sfence" : : : "memory");
}
#else
#define copy_past  NULL
#define triad_past NULL
#endif

extern const speed_loops SPEED_LOOPS_TABLE;
const speed_loops SPEED_LOOPS_TABLE = {
    .isa = SPEED_LOOPS_ISA,
    .flops_per_round = 2.0 * chains * lanes,
    .multiply_add = multiply_add,
    .dot = dot,
    .unit = unit,
    .largest = largest,
    .exponentials = exponentials,
    .multiply = multiply,
    .project = project,
    .read = read_stream,
    .copy = {copy, copy_past},
    .triad = {triad, triad_past},
};
