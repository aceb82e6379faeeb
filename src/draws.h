/* draws.h: a counter-based generator: random numbers that are a function of a key and a counter,
 * so that any of them can be drawn alone, in any order, on any machine.
 *
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": Philox4x32-10. */
#ifndef MARGIN_DRAWS_H
#define MARGIN_DRAWS_H

#include <stdint.h>

/* Four numbers of 32 bits, each uniform. */
typedef struct margin_random {
    uint32_t word[4];
} margin_random;

/* Returns one round of `c` under the key of two words. */
static inline margin_random margin_random_round(margin_random c, uint32_t key0, uint32_t key1)
{
    const uint64_t a = UINT64_C(0xD2511F53) * c.word[0], b = UINT64_C(0xCD9E8D57) * c.word[2];
    const margin_random next = {{(uint32_t)(b >> 32) ^ c.word[1] ^ key0, (uint32_t)b,
                                 (uint32_t)(a >> 32) ^ c.word[3] ^ key1, (uint32_t)a}};
    return next;
}

/* Returns the four numbers of `key` at the counter of 128 bits whose halves are `low` and `high`.
 */
static inline margin_random margin_random_at(uint64_t key, uint64_t low, uint64_t high)
{
    margin_random c = {
        {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)}};
    uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        c = margin_random_round(c, key0, key1);
        key0 += UINT32_C(0x9E3779B9);
        key1 += UINT32_C(0xBB67AE85);
    }
    return c;
}

#endif
