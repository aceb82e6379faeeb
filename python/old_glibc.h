/* old_glibc.h: read before each file of a wheel's library: functions of which glibc has had several
 * versions are taken in the one that glibc 2.17 (2012) has, so that the wheel runs wherever Python
 * does. For the library they do the same. Includes nothing: a source that comes after may choose
 * what the system's headers declare. Must not know who calls. */
#ifndef MARGIN_PYTHON_OLD_GLIBC_H
#define MARGIN_PYTHON_OLD_GLIBC_H

#if defined(__x86_64__)
#define OLD_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLD_GLIBC "GLIBC_2.17"
#endif

#ifdef OLD_GLIBC
#define TAKE_OLD(name) __asm__(".symver " #name "," #name "@" OLD_GLIBC)
TAKE_OLD(exp);
TAKE_OLD(lgamma);
TAKE_OLD(log);
TAKE_OLD(pow);
TAKE_OLD(pthread_create);
TAKE_OLD(pthread_join);
TAKE_OLD(pthread_sigmask);
#endif

#endif
