/* SSE2: the blocks are gemm.h's, the instructions gemm_sse2.h's. */
#include "compute/kernels/gemm.h"

#if RNC_X86_64
#include "compute/kernels/gemm_sse2.h"

void rnc_matmul_f32_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_gemm_run(&tile_f32, in, out);
}

void rnc_matmul_f64_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_gemm_run(&tile_f64, in, out);
}

#endif
