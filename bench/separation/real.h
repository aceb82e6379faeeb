/* real.h: the type the network computes in: float; the gradient test builds the same files in
 * double, where finite differences have digits to compare. */
#ifndef SEPARATION_REAL_H
#define SEPARATION_REAL_H

#ifndef SEPARATION_REAL
#define SEPARATION_REAL float
#endif

typedef SEPARATION_REAL real;

#endif
