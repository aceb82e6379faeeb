/* machine.h: what this machine is, as far as Linux tells. Must not know the
 * library or the build. */
#ifndef MARGIN_COMMON_MACHINE_H
#define MARGIN_COMMON_MACHINE_H

#include <jansson.h>

/* Add to `object`: cpu, architecture, cpus, cpus_online, cpu_quota, smt, caches, memory_bytes,
 * load, governor, kernel, os. What cannot be found out is null. Nothing in it names the host or a
 * user. */
void machine_describe(json_t *object);

#endif
