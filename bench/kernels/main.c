/* main.c: bench_kernels, on the library's own tables. */
#include "dispatch.h"
#include "cases.h"

int main(int argc, char **argv)
{
    return program_run(argc, argv, margin_dispatch);
}
