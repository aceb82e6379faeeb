/* tile.inc.h: what the register tiles of products.inc.h and dots.inc.h share: R rows times V
 * vectors of accumulators, each with a name of its own, so that they live in registers. The
 * vocabulary lists the R and V that there are (simd_emulated.h says how). It knows nothing of what
 * is multiplied. */
#ifndef MARGIN_KERNELS_TILE_INC_H
#define MARGIN_KERNELS_TILE_INC_H

/* ROWS_n writes M(r, V) for each row r < n, VECTORS_n writes M(r, v) for each vector v < n. */
#define ROWS_1(M, V)    M(0, V)
#define ROWS_2(M, V)    ROWS_1(M, V) M(1, V)
#define ROWS_3(M, V)    ROWS_2(M, V) M(2, V)
#define ROWS_4(M, V)    ROWS_3(M, V) M(3, V)
#define ROWS_5(M, V)    ROWS_4(M, V) M(4, V)
#define ROWS_6(M, V)    ROWS_5(M, V) M(5, V)
#define ROWS_7(M, V)    ROWS_6(M, V) M(6, V)
#define ROWS_8(M, V)    ROWS_7(M, V) M(7, V)
#define ROWS_9(M, V)    ROWS_8(M, V) M(8, V)
#define ROWS_10(M, V)   ROWS_9(M, V) M(9, V)
#define ROWS_11(M, V)   ROWS_10(M, V) M(10, V)
#define ROWS_12(M, V)   ROWS_11(M, V) M(11, V)
#define ROWS_13(M, V)   ROWS_12(M, V) M(12, V)
#define ROWS_14(M, V)   ROWS_13(M, V) M(13, V)
#define VECTORS_1(M, r) M(r, 0)
#define VECTORS_2(M, r) VECTORS_1(M, r) M(r, 1)
#define VECTORS_3(M, r) VECTORS_2(M, r) M(r, 2)
#define VECTORS_4(M, r) VECTORS_3(M, r) M(r, 3)

/* A loop over tiles becomes part of each kernel that calls it: a copy that kernels shared would not
 * know their strides. */
#define TILE_LOOP static inline __attribute__((always_inline))

/* Repeats the statement behind it while n or more are `left`; each time `pass` moves `operands`
 * past the n that it took. */
#define EACH(n, left, pass, operands) for (; (left) >= (n); (left) -= (n), pass(&(operands), n))

/* Fetches at most `lines` lines of region i, and returns how many of them are left. */
static inline size_t fetch_region(margin_ahead *ahead, size_t i, size_t lines)
{
    const char *p = ahead->region[i].next, *const end = ahead->region[i].end;
    for (; lines > 0 && p < end; lines--, p += 64)
        v_prefetch_read(p);
    ahead->region[i].next = p;
    return lines;
}

/* Fetches the lines of `ahead` that `work` multiply-adds of 16 lanes pay for. */
static inline void fetch_ahead(margin_ahead *ahead, size_t work)
{
    size_t lines = fetch_region(ahead, 0, work / ahead->pace + 1);
    while (lines > 0 && ahead->row != ahead->end_row) {
        ahead->region[0].next = ahead->rows + (size_t)*ahead->row++ * ahead->stride;
        ahead->region[0].end = ahead->region[0].next + ahead->bytes;
        lines = fetch_region(ahead, 0, lines);
    }
    fetch_region(ahead, 1, lines);
}

#endif
