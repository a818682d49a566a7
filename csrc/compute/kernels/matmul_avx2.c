/* AVX2: the blocks are gemm.h's, the instructions gemm_avx2.h's. */
#include "compute/kernels/gemm.h"

#if RNC_X86_64
#include "compute/kernels/gemm_avx2.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

void rnc_matmul_f32_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_gemm_run(&tile_f32, in, out);
}

void rnc_matmul_f64_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_gemm_run(&tile_f64, in, out);
}

#pragma GCC pop_options
#endif
