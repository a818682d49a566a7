/* Running an operation on matrices: shapes, selection, scratch memory, the kernel, the record of
 * it. */
#include <stdlib.h>

#include "compute/matrix/ops.h"
#include "compute/ops.h"
#include "compute/reason.h"
#include "compute/run.h"
#include "trace/tracer.h"

#if RNC_X86_64
#define X86_64_KERNELS(name, dtype)                                                                \
    [RNC_ISA_AVX2] = rnc_##name##_##dtype##_avx2, [RNC_ISA_SSE2] = rnc_##name##_##dtype##_sse2,
#define AARCH64_KERNELS(name, dtype)
#else
#define X86_64_KERNELS(name, dtype)
#define AARCH64_KERNELS(name, dtype) [RNC_ISA_NEON] = rnc_##name##_##dtype##_neon,
#endif
#define SLOTS(name, dtype)                                                                         \
    {X86_64_KERNELS(name, dtype) AARCH64_KERNELS(name, dtype)[RNC_ISA_Scalar] =                    \
         rnc_##name##_##dtype##_scalar}

static rnc_matrix_kernel *const kernels[RNC_MATRIX_OP_COUNT][RNC_DTYPE_COUNT][RNC_ISA_COUNT] = {
#define MATRIX(name, binary, empty_ok)                                                             \
    [RNC_MATRIX_##name] = {[RNC_F32] = SLOTS(name, f32), [RNC_F64] = SLOTS(name, f64)},
#include "compute/matrix/matrix.def"
#undef MATRIX
};

/* The best kernel at or below the target that finds a whole vector; Scalar's takes any length. */
static rnc_matrix_kernel *kernel_for(int op, uint32_t dtype, int target, size_t length) {
    rnc_matrix_kernel *const *slots = kernels[op][dtype];
    int isa = target;
    while (!slots[isa] || !rnc_isa(isa)->available ||
           length < rnc_isa_vector_bytes(isa) / rnc_element_size(dtype))
        isa++;
    return slots[isa];
}

static bool overlap(const rnc_mat *operand, const rnc_mat *result, size_t element_size) {
    uintptr_t first = (uintptr_t)operand->data, second = (uintptr_t)result->data;
    size_t first_size = operand->rows * operand->cols * element_size;
    size_t second_size = result->rows * result->cols * element_size;
    return first_size && second_size && first < second + second_size && second < first + first_size;
}

static int fit(const rnc_matrix_definition *op, const rnc_mat *left, const rnc_mat *right,
               const rnc_mat *result) {
    rnc_extent shape;
    size_t element_size = rnc_element_size(left->dtype);
    int status = op->shape(left, right, &shape);
    if (status != RNC_OK)
        return status;
    if (result->rows != shape.rows || result->cols != shape.cols)
        return RNC_SIZE_MISMATCH;
    if (result->dtype != left->dtype || (op->binary && right->dtype != left->dtype))
        return RNC_INVALID_INPUT;
    return overlap(left, result, element_size) ||
                   (op->binary && overlap(right, result, element_size))
               ? RNC_INVALID_INPUT
               : RNC_OK;
}

static int compute(const rnc_matrix_definition *op, int index, const rnc_matrix_input *operands,
                   const rnc_mat *result, rnc_selection selection, rnc_execution *execution) {
    rnc_matrix_input in = *operands;
    rnc_matrix_output out = {(void *)result->data, result->rows, result->cols, false, NULL, -1};
    rnc_extent shape = {result->rows, result->cols};
    uint32_t dtype = in.left.dtype;
    size_t scratch = op->scratch(&in.left, shape, rnc_element_size(dtype));
    size_t length = shape.rows && shape.cols ? op->run(&in.left, shape) : 0;
    if (scratch && posix_memalign(&in.scratch, RNC_MATRIX_ALIGNMENT, scratch))
        return RNC_NO_MEMORY;
    kernel_for(index, dtype, selection.target, length)(&in, &out);
    free(in.scratch);
    execution->kernel = out.kernel;
    execution->isa = out.isa;
    execution->reason = rnc_reason_of(true, selection, out.isa);
    return out.constant ? RNC_DIVISION_BY_ZERO : RNC_OK;
}

static int execute(const rnc_matrix_definition *op, int index, const rnc_matrix_input *operands,
                   const rnc_mat *result, rnc_execution *execution) {
    rnc_selection selection = rnc_selected();
    execution->requested = selection.requested;
    execution->unmet = selection.unmet;
    int status = fit(op, &operands->left, &operands->right, result);
    if (status == RNC_OK)
        status = compute(op, index, operands, result, selection, execution);
    execution->status = (uint32_t)status;
    return status;
}

int rnc_matrix_run(int op, const rnc_mat *left, const rnc_mat *right, const rnc_mat *result) {
    int index = op - rnc_vector_op_count();
    const rnc_matrix_definition *definition = rnc_matrix_define(index);
    rnc_execution *execution = rnc_own_execution();
    *execution = (rnc_execution){.kernel = "",
                                 .elements = left->rows * left->cols,
                                 .duration_ns = -1,
                                 .op = definition ? op : -1,
                                 .isa = -1,
                                 .requested = -1,
                                 .dtype = left->dtype,
                                 .status = RNC_INVALID_INPUT};
    if (RNC_UNLIKELY(!definition || left->dtype >= RNC_DTYPE_COUNT ||
                     (definition->binary && !right)))
        return RNC_INVALID_INPUT;
    rnc_matrix_input operands = {.left = *left};
    if (definition->binary)
        operands.right = *right;
    rnc_tracer *tracer = rnc_tracer_current();
    if (RNC_LIKELY(!tracer) || !rnc_tracer_wants(tracer, op))
        return execute(definition, index, &operands, result, execution);
    uint64_t start = rnc_clock_now();
    int status = execute(definition, index, &operands, result, execution);
    uint64_t end = rnc_clock_now();
    execution->duration_ns = (int64_t)(end - start);
    rnc_tracer_record_compute(tracer, execution, start, end);
    return status;
}
