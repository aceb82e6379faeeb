/* every_cpu.h: included before src/dispatch.c in the SIMDe build: what is emulated runs anywhere.
 */
#define __builtin_cpu_supports(feature) 1
