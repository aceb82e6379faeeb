/* output_paths.h: which files a command may write. Must not know what they hold. */
#ifndef MARGIN_COMMON_OUTPUT_PATHS_H
#define MARGIN_COMMON_OUTPUT_PATHS_H

/* Ends `program` as wrongly used if two of the `outputs` are one file, one of them is also among
 * the `inputs`, or one is standard output, where the report goes. Paths may be NULL. */
void output_paths_check(const char *program, const char *const *outputs, int count,
                        const char *const *inputs, int input_count);

/* Does the same without inputs, and ends `program` where one of the outputs cannot be written:
 * better known before minutes of work than after. */
void output_paths_try(const char *program, const char *const *outputs, int count);

#endif
