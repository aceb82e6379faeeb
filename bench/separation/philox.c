/* philox.c: Philox4x32-10 (see philox.h). Must not know what the numbers are used for. */
#include "philox.h"

#include <math.h>

enum { ROUNDS = 10 };

static const uint32_t multiplier_0 = 0xD2511F53u;
static const uint32_t multiplier_1 = 0xCD9E8D57u;
/* The key's additive steps: the golden ratio and sqrt(3) - 1 as 32-bit fractions. */
static const uint32_t weyl_0 = 0x9E3779B9u;
static const uint32_t weyl_1 = 0xBB67AE85u;

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t product_0 = (uint64_t)multiplier_0 * c0;
        const uint64_t product_1 = (uint64_t)multiplier_1 * c2;
        c0 = (uint32_t)(product_1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product_1;
        c2 = (uint32_t)(product_0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product_0;
        k0 += weyl_0;
        k1 += weyl_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void philox_start(philox_stream *stream, uint64_t seed, uint32_t purpose, uint64_t index)
{
    *stream = (philox_stream){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)index, (uint32_t)(index >> 32), purpose},
        .taken = 4,
    };
}

uint32_t philox_word(philox_stream *stream)
{
    if (stream->taken == 4) {
        philox4x32_10(stream->counter, stream->key, stream->block);
        stream->counter[0]++;
        stream->taken = 0;
    }
    return stream->block[stream->taken++];
}

static uint64_t two_words(philox_stream *stream)
{
    const uint64_t high = philox_word(stream);
    return high << 32 | philox_word(stream);
}

double philox_uniform(philox_stream *stream)
{
    /* 52 bits and a half: with 53 the largest value would round to 1. */
    return ((double)(two_words(stream) >> 12) + 0.5) * 0x1p-52;
}

size_t philox_below(philox_stream *stream, size_t bound)
{
    const uint64_t count = bound;
    const uint64_t excess = (UINT64_MAX % count + 1) % count; /* 2^64 mod count */
    uint64_t bits = two_words(stream);
    while (bits > UINT64_MAX - excess)
        bits = two_words(stream);
    return (size_t)(bits % count);
}

double philox_normal(philox_stream *stream)
{
    if (stream->has_spare) {
        stream->has_spare = 0;
        return stream->spare;
    }
    const double radius = sqrt(-2.0 * log(philox_uniform(stream)));
    const double angle = 2.0 * M_PI * philox_uniform(stream);
    stream->spare = radius * sin(angle);
    stream->has_spare = 1;
    return radius * cos(angle);
}
