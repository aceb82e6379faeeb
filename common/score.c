/* score.c: see score.h. */
#include "score.h"

#include "directions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a score and its cosine -------------------------------------------------------------------*/

/* The bits of a number that is not negative sort as the number does. A quarter of all scores each:
 * cosines from -1 on by sin^2, to 0 by cos^2, to 1 likewise; each of the two is at most HALF. */
static const uint64_t HALF = 0x3fe0000000000000u; /* the bits of 0.5 */

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static score even(uint64_t bits)
{
    return bits & ~(uint64_t)1;
}

/* Returns the score of an angle whose cosine is negative or not, and has this square. */
static score middle(int negative, double cosine_2)
{
    const uint64_t b = bits_of(fmin(cosine_2, 0.5));
    return even(negative ? 2 * HALF - b : 2 * HALF + b);
}

static score end(int negative, double sine_2)
{
    const uint64_t b = bits_of(fmin(sine_2, 0.5));
    return even(negative ? b : 4 * HALF - b);
}

double score_cosine(score s)
{
    if (s < HALF) return -sqrt(1.0 - of_bits(s));
    if (s < 2 * HALF) return -sqrt(of_bits(2 * HALF - s));
    if (s <= 3 * HALF) return sqrt(of_bits(s - 2 * HALF));
    return sqrt(1.0 - of_bits(4 * HALF - s));
}

score score_most(void)
{
    return 4 * HALF;
}

score score_of_number(double number)
{
    const uint64_t sign = (uint64_t)1 << 63, b = bits_of(number + 0.0); /* no -0 */
    return even(b & sign ? ~b : b | sign);
}

double score_number(score s)
{
    const uint64_t sign = (uint64_t)1 << 63;
    return of_bits(s & sign ? s & ~sign : ~(s | 1)); /* the bit that was taken was 1 there */
}

/* ---- vectors ----------------------------------------------------------------------------------*/

score_vectors score_open(size_t count, size_t dim)
{
    score_vectors v = {.raw = malloc((2 * dim + 1) * count * sizeof *v.raw)};
    if (v.raw == NULL) return v;
    v.unit = v.raw + count * dim;
    v.square = v.unit + count * dim;
    return v;
}

void score_close(score_vectors *v)
{
    free(v->raw);
}

void score_set(score_vectors *v, const float *from, const size_t *which, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++) {
        const float *row = from + (which == NULL ? i : which[i]) * dim;
        double *raw = v->raw + i * dim, *unit = v->unit + i * dim;
        double square = 0.0;
        for (size_t k = 0; k < dim; k++) {
            raw[k] = (double)row[k];
            square += raw[k] * raw[k];
        }
        v->square[i] = square;
        memcpy(unit, raw, dim * sizeof *unit);
        direction_normalise(unit, dim);
    }
}

int score_has_direction(const float *row, size_t dim)
{
    for (size_t k = 0; k < dim; k++)
        if (row[k] != 0.0f) return 1;
    return 0;
}

score_place *score_places_open(int count, size_t dim)
{
    score_place *places = calloc((size_t)count, sizeof *places);
    int whole = places != NULL;
    for (int t = 0; whole && t < count; t++) {
        places[t].left = score_open(SCORE_BLOCK, dim);
        places[t].right = score_open(SCORE_BLOCK, dim);
        whole = places[t].left.raw != NULL && places[t].right.raw != NULL;
    }
    if (whole) return places;
    score_places_close(places, count);
    return NULL;
}

void score_places_close(score_place *places, int count)
{
    for (int t = 0; places != NULL && t < count; t++) {
        score_close(&places[t].left);
        score_close(&places[t].right);
    }
    free(places);
}

/* ---- scores of vectors ------------------------------------------------------------------------*/

/* Beyond this cos^2 the difference of the directions has more digits than the inner product. */
static const double NEAR = 0.98;

static score near_score(int negative, const double *a, const double *b, size_t dim)
{
    const double half = 0.5 * direction_gap(a, b, negative ? -1.0 : 1.0, dim);
    /* Below this is what rounding leaves of two equal directions. */
    return end(negative, half < 0x1p-98 ? 0.0 : half * (2.0 - half));
}

void score_block(const score_vectors *a, size_t a_count, const score_vectors *b, size_t b_count,
                 size_t dim, double *dots, score *out)
{
    direction_cosines(a->raw, a_count, b->raw, b_count, dim, dots);
    for (size_t i = 0; i < a_count; i++) {
        for (size_t j = 0; j < b_count; j++) {
            const double dot = dots[i * b_count + j];
            const double square = dot * dot / (a->square[i] * b->square[j]);
            score *const s = out + i * b_count + j;
            if (square <= 0.5)
                *s = middle(dot < 0.0, square);
            else if (square < NEAR)
                *s = end(dot < 0.0, 1.0 - square);
            else
                *s = near_score(dot < 0.0, a->unit + i * dim, b->unit + j * dim, dim);
        }
    }
}

/* ---- sorting ----------------------------------------------------------------------------------*/

enum { DIGIT = 11, DIGITS = 1 << DIGIT, PASSES = 6 };

/* One pass of a radix sort: stable, by the digit at `shift`. */
static void sort_by(const score *from, score *to, size_t count, int shift)
{
    size_t start[DIGITS] = {0}, sum = 0;
    for (size_t k = 0; k < count; k++)
        start[from[k] >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        const size_t here = start[d];
        start[d] = sum;
        sum += here;
    }
    for (size_t k = 0; k < count; k++)
        to[start[from[k] >> shift & (DIGITS - 1)]++] = from[k];
}

void score_sort(score *scores, score *room, size_t count)
{
    for (int pass = 0; pass < PASSES; pass += 2) {
        sort_by(scores, room, count, pass * DIGIT);
        sort_by(room, scores, count, (pass + 1) * DIGIT);
    }
}
