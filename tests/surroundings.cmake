# surroundings.cmake: read by CTest before it runs a test. What steers a BLAS library may be set around
# it, as on machines whose CPU the library does not know; bench_speed would say so in every test. Those
# that are about these variables (bench/speed/blas.c has the list) set them.
foreach(name OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OPENBLAS_BLOCK_FACTOR BLIS_ARCH_TYPE BLIS_MODEL_TYPE
             DNNL_MAX_CPU_ISA ONEDNN_MAX_CPU_ISA DNNL_CPU_ISA_HINTS ONEDNN_CPU_ISA_HINTS MKL_CBWR
             MKL_ENABLE_INSTRUCTIONS AOCL_ENABLE_INSTRUCTIONS)
  unset(ENV{${name}})
endforeach()
