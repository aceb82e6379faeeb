/* empty_openblas.c: a libopenblas.so.0 without any function that the adapter asks for, so that a
 * test sees what a machine without OpenBLAS sees. */
int empty_openblas;
int empty_openblas = 1;
