/* provenance.h: where numbers come from: machine, build, commit, date, command. Must not know what
 * was measured. */
#ifndef MARGIN_COMMON_PROVENANCE_H
#define MARGIN_COMMON_PROVENANCE_H

#include <jansson.h>
#include <stdint.h>

/* A new object:
 *   date          of this call, ISO 8601, UTC
 *   commit, dirty the sources when this program was built; "unknown" and null outside git
 *   version, compiler, build_type, flags
 *   cpu, architecture, cpus, cpus_online, cpu_quota, smt, caches, memory_bytes, load, governor,
 *   kernel, os    the machine; null where it does not say
 *   isa           what `auto` means here (with MARGIN_ISA), null if that cannot run; isas_built,
 *   isas_usable   lists of names
 *   threads       the default number; seed
 *   command       the command line as a list; of absolute paths only the last part is kept
 *   environment   the variables that steer threads and instruction sets, where set
 * A program that was told another ISA or thread count sets those keys itself.
 * The caller owns the object. */
json_t *provenance_json(int argc, char **argv, uint64_t seed);

/* Lists of ISA names for reports: those built in, and those that can also run here. */
json_t *provenance_isas_built(void);
json_t *provenance_isas_usable(void);

/* Of the source tree at build time. */
const char *provenance_commit(void);

#endif
