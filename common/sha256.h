/* sha256.h: the SHA-256 of a file (FIPS 180-4), by which a library that was measured is known
 * again. Must not know what the file is. */
#ifndef MARGIN_COMMON_SHA256_H
#define MARGIN_COMMON_SHA256_H

enum { SHA256_TEXT = 65 };

/* Writes the 64 hexadecimal digits, as the program sha256sum finds them. Returns 0, or -1 where the
 * file cannot be read or there is no such program. Ends the program where memory is short. */
int sha256_file(const char *path, char text[SHA256_TEXT]);

#endif
