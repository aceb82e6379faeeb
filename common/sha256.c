/* sha256.c: see sha256.h. Names follow FIPS 180-4. */
#include "sha256.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56, ROUNDS = 64 };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k_table[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void schedule(const unsigned char *block, uint32_t w[ROUNDS])
{
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < ROUNDS; t++)
        w[t] = w[t - 16] + w[t - 7] + (rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3) +
               (rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10);
}

/* The eight words stay in place, and which is a, b, ... moves on with each round t. */
static void add_block(uint32_t hash[8], const unsigned char *block)
{
    uint32_t w[ROUNDS], v[8];
    schedule(block, w);
    memcpy(v, hash, sizeof v);
#define AT(word) v[((word) + ROUNDS - t) % 8]
    for (int t = 0; t < ROUNDS; t++) {
        const uint32_t a = AT(0), e = AT(4);
        const uint32_t t1 = AT(7) + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
                            ((e & AT(5)) ^ (~e & AT(6))) + k_table[t] + w[t];
        const uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
                            ((a & AT(1)) ^ (a & AT(2)) ^ (AT(1) & AT(2)));
        AT(3) += t1;
        AT(7) = t1 + t2;
    }
#undef AT
    for (int i = 0; i < 8; i++)
        hash[i] += v[i];
}

/* Adds the last bytes of a message of `length` bytes, 63 at most, in `block`, and its end. */
static void add_end(uint32_t hash[8], unsigned char *block, uint64_t length)
{
    const size_t last = length % BLOCK;
    memset(block + last, 0, BLOCK - last);
    block[last] = 0x80;
    if (last >= LENGTH_AT) {
        add_block(hash, block);
        memset(block, 0, BLOCK);
    }
    for (int i = 0; i < 8; i++)
        block[LENGTH_AT + i] = (unsigned char)(8 * length >> (56 - 8 * i));
    add_block(hash, block);
}

int sha256_file(const char *path, char text[SHA256_TEXT])
{
    /* Of the square roots of the first 8 primes. */
    uint32_t hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char block[BLOCK];
    uint64_t length = 0;
    size_t count;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return -1;
    while ((count = fread(block, 1, BLOCK, file)) > 0) {
        length += count;
        if (count == BLOCK) add_block(hash, block);
    }
    const int failed = ferror(file);
    fclose(file);
    if (failed) return -1;
    add_end(hash, block, length);
    for (int i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08x", hash[i]);
    return 0;
}
