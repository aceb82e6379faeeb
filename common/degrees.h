/* degrees.h: radians are for arithmetic, degrees for people. */
#ifndef MARGIN_COMMON_DEGREES_H
#define MARGIN_COMMON_DEGREES_H

static inline double degrees(double radians)
{
    return radians * (180.0 / 3.14159265358979323846);
}

#endif
