/* NEON: the blocks are gemm.h's, the instructions gemm_neon.h's. */
#include "compute/kernels/gemm.h"

#if RNC_AARCH64
#include "compute/kernels/gemm_neon.h"

void rnc_matmul_f32_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_gemm_run(&tile_f32, in, out);
}

void rnc_matmul_f64_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_gemm_run(&tile_f64, in, out);
}

#endif
