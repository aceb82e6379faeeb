/* weights.h: class weights that are made, in memory or in a file that is mapped into it, as float32
 * or bfloat16. Must not know losses, steps or reports. */
#ifndef SCALE_WEIGHTS_H
#define SCALE_WEIGHTS_H

#include "settings.h"

typedef struct weights {
    size_t classes, dim;
    margin_type type;
    void *at;
    size_t bytes;
    int mapped; /* it is a file */
} weights;

/* Makes the class weights of the settings, the same for the same seed wherever they lie; bfloat16
 * ones are those of float32, rounded. Shows progress. Ends the program where there is no room. */
weights weights_make(const settings *s);
void weights_free(weights *w);

/* Writes class weight `class` to row [D]. */
void weights_row(const weights *w, size_t class, float *row);

/* Writes the number nearest to `value` to bfloat16 (of two, the even one), and returns its bits. */
uint16_t to_bfloat16(float value);
/* Returns the number of these bits. */
float from_bfloat16(uint16_t bits);

#endif
