/* philox.c: Philox4x32-10 (see philox.h). Must not know what the numbers are used for. */
#include "philox.h"

#include <math.h>
#include <string.h>

#include "draws.h"

/* Returns two words as one number. */
static uint64_t joined(const uint32_t words[2])
{
    return (uint64_t)words[1] << 32 | words[0];
}

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    const margin_random block = margin_random_at(joined(key), joined(counter), joined(counter + 2));
    memcpy(out, block.word, sizeof block.word);
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
