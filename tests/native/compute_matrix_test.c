/* Every matrix kernel against an oracle in long double and against its fellows bit for bit, with
 * guard pages behind and before every operand and the result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "rnc.h"

static int op_of(const char *name) {
    int op = 0;
    while (strcmp(rnc_op(op)->name, name))
        op++;
    return op;
}

/* ---- memory between pages that fault -----------------------------------------------------------
 */

#define LARGEST ((size_t)600 * 600)

typedef struct area {
    char *begin, *end;
} area;

static area left_area, right_area, result_area;

static area map_guarded(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (LARGEST * sizeof(double) + page - 1) / page * page;
    char *base = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + page, size, PROT_READ | PROT_WRITE))
        abort();
    return (area){base + page, base + page + size};
}

static size_t size_of(uint32_t dtype) {
    return dtype == RNC_F32 ? sizeof(float) : sizeof(double);
}

enum place { AT_BEGIN, AT_END, AT_ODD, PLACES };

static rnc_mat put_at(area area, enum place place, size_t rows, size_t cols, uint32_t dtype) {
    char *data = place == AT_END ? area.end - rows * cols * size_of(dtype)
                                 : area.begin + (place == AT_ODD ? 1 : 0);
    return (rnc_mat){data, rows, cols, dtype};
}

static double get(const rnc_mat *matrix, size_t row, size_t col) {
    const char *place =
        (const char *)matrix->data + (row * matrix->cols + col) * size_of(matrix->dtype);
    float narrow;
    double wide;
    if (matrix->dtype == RNC_F64)
        return memcpy(&wide, place, sizeof wide), wide;
    return memcpy(&narrow, place, sizeof narrow), (double)narrow;
}

static void set(const rnc_mat *matrix, size_t row, size_t col, double wide) {
    char *place = (char *)matrix->data + (row * matrix->cols + col) * size_of(matrix->dtype);
    float narrow = (float)wide;
    if (matrix->dtype == RNC_F64)
        memcpy(place, &wide, sizeof wide);
    else
        memcpy(place, &narrow, sizeof narrow);
}

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static double uniform(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) * 0x1p-53;
}

static void fill(const rnc_mat *matrix) {
    for (size_t r = 0; r < matrix->rows; r++)
        for (size_t c = 0; c < matrix->cols; c++)
            set(matrix, r, c, ldexp(uniform() - 0.5, (int)(uniform() * 8)));
}

/* ---- oracles: the exact element and how far a kernel may be from it ----------------------------
 */

typedef struct bound {
    long double exact, error;
} bound;

static long double unit(uint32_t dtype) {
    return dtype == RNC_F32 ? 0x1p-24L : 0x1p-53L;
}

static bound expect_matmul(const rnc_mat *left, const rnc_mat *right, size_t r, size_t c) {
    bound want = {0, 0};
    for (size_t p = 0; p < left->cols; p++) {
        long double product = (long double)get(left, r, p) * (long double)get(right, p, c);
        want.exact += product;
        want.error += fabsl(product);
    }
    want.error *= 1.001L * (long double)left->cols * unit(left->dtype);
    return want;
}

static bound expect_matvec(const rnc_mat *left, const rnc_mat *right, size_t r, size_t c) {
    bound want = expect_matmul(left, right, r, c);
    if (left->dtype == RNC_F32)
        want.error = want.error * 0x1p-29L + fabsl(want.exact) * 0x1p-24L;
    return want;
}

static bound expect_transpose(const rnc_mat *left, const rnc_mat *right, size_t r, size_t c) {
    return (bound){get(left, c, r), 0};
}

static bound expect_correlation(const rnc_mat *left, const rnc_mat *right, size_t a, size_t b) {
    long double n = (long double)left->rows, mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t r = 0; r < left->rows; r++) {
        mean_a += (long double)get(left, r, a) / n;
        mean_b += (long double)get(left, r, b) / n;
    }
    for (size_t r = 0; r < left->rows; r++) {
        long double x = (long double)get(left, r, a) - mean_a;
        long double y = (long double)get(left, r, b) - mean_b;
        aa += x * x, bb += y * y, ab += x * y;
    }
    return (bound){ab / sqrtl(aa * bb), left->dtype == RNC_F32 ? 0x1p-24L : 1e-12L};
}

static bound expect_convolve2d(const rnc_mat *left, const rnc_mat *right, size_t r, size_t c) {
    bound want = {0, 0};
    for (size_t a = 0; a < right->rows; a++)
        for (size_t b = 0; b < right->cols; b++) {
            long double product = (long double)get(left, r + a, c + b) *
                                  (long double)get(right, right->rows - 1 - a, right->cols - 1 - b);
            want.exact += product;
            want.error += fabsl(product);
        }
    want.error *= 1.001L * (long double)(right->rows * right->cols) * unit(left->dtype);
    return want;
}

/* ---- each operation on each instruction set ----------------------------------------------------
 */

static bool fuses(const char *isa) {
    return !strcmp(isa, "AVX2") || !strcmp(isa, "NEON");
}

/* The first result of each kind, fused and not, that the others must repeat. */
static unsigned char fused_bits[LARGEST * sizeof(double)], plain_bits[LARGEST * sizeof(double)];

typedef bound oracle(const rnc_mat *left, const rnc_mat *right, size_t r, size_t c);

static void check_elements(const char *name, oracle *expected, const rnc_mat *left,
                           const rnc_mat *right, const rnc_mat *result) {
    for (size_t r = 0; r < result->rows; r++)
        for (size_t c = 0; c < result->cols; c++) {
            bound want = expected(left, right, r, c);
            double got = get(result, r, c);
            CHECK(fabsl((long double)got - want.exact) <= want.error,
                  "%s of %zu x %zu at %zu, %zu by %s: %.17g, not %.17Lg", name, left->rows,
                  left->cols, r, c, rnc_last_execution()->kernel, got, want.exact);
        }
}

static void check_op(const char *name, oracle *expected, const rnc_mat *left, const rnc_mat *right,
                     const rnc_mat *result, bool same_everywhere) {
    size_t bytes = result->rows * result->cols * size_of(result->dtype);
    bool have_fused = false, have_plain = false, checked = false;
    for (int isa = 0; rnc_isa(isa); isa++) {
        if (!rnc_isa(isa)->available)
            continue;
        CHECK(rnc_isa_force(isa, true) == RNC_OK, "%s", rnc_isa(isa)->name);
        memset((void *)result->data, 0xff, bytes);
        int status = rnc_matrix_run(op_of(name), left, right, result);
        const rnc_execution *execution = rnc_last_execution();
        const char *suffix = strrchr(execution->kernel, '_');
        CHECK(status == RNC_OK && execution->status == RNC_OK, "%s: %d", name, status);
        CHECK(suffix && !strcasecmp(suffix + 1, rnc_isa(execution->isa)->name), "%s", suffix);
        CHECK(!strncmp(execution->kernel, name, strlen(name)), "%s", execution->kernel);
        CHECK(execution->isa >= isa && execution->elements == left->rows * left->cols, "%s", name);
        bool fused = !same_everywhere && fuses(rnc_isa(execution->isa)->name);
        unsigned char *kept = fused ? fused_bits : plain_bits;
        bool *have = fused ? &have_fused : &have_plain;
        if (*have)
            CHECK(!bytes || !memcmp(kept, result->data, bytes), "%s by %s: other bits", name,
                  execution->kernel);
        else if (bytes)
            memcpy(kept, result->data, bytes);
        if (!*have || !checked)
            check_elements(name, expected, left, right, result);
        *have = checked = true;
    }
}

/* In the order of rows, columns of the left operand, columns of the right one. */
static const size_t products[][3] = {
    {0, 0, 0},     {0, 3, 2},    {3, 0, 2},    {2, 3, 0},   {1, 1, 1},     {2, 2, 2},
    {3, 5, 7},     {4, 9, 8},    {5, 4, 9},    {6, 16, 16}, {7, 17, 15},   {8, 1, 17},
    {9, 2, 33},    {12, 31, 32}, {13, 8, 4},   {1, 300, 1}, {1, 40, 50},   {50, 40, 1},
    {121, 255, 3}, {11, 256, 5}, {6, 257, 18}, {3, 513, 5}, {125, 20, 30}, {2, 5, 1030},
};

static void test_products(uint32_t dtype, enum place place) {
    for (size_t i = 0; i < RNC_COUNT(products); i++) {
        const size_t rows = products[i][0], depth = products[i][1], cols = products[i][2];
        rnc_mat left = put_at(left_area, place, rows, depth, dtype);
        rnc_mat right = put_at(right_area, place, depth, cols, dtype);
        rnc_mat result = put_at(result_area, place, rows, cols, dtype);
        fill(&left);
        fill(&right);
        check_op("matmul", expect_matmul, &left, &right, &result, false);
        rnc_mat vector = put_at(right_area, place, depth, 1, dtype);
        rnc_mat image = put_at(result_area, place, rows, 1, dtype);
        check_op("matvec", expect_matvec, &left, &vector, &image, true);
        rnc_mat turned = put_at(result_area, place, depth, rows, dtype);
        check_op("transpose", expect_transpose, &left, NULL, &turned, true);
    }
}

static const size_t observations[][2] = {{2, 1},   {3, 2},    {5, 7},   {40, 9},
                                         {256, 3}, {257, 13}, {600, 17}};

static void test_correlations(uint32_t dtype, enum place place) {
    for (size_t i = 0; i < RNC_COUNT(observations); i++) {
        rnc_mat left = put_at(left_area, place, observations[i][0], observations[i][1], dtype);
        rnc_mat result = put_at(result_area, place, left.cols, left.cols, dtype);
        for (int offset = 0; offset < 2; offset++) {
            fill(&left);
            for (size_t r = 0; offset && r < left.rows; r++)
                for (size_t c = 0; c < left.cols; c++)
                    set(&left, r, c, 1e6 * (double)(c + 1) + get(&left, r, c));
            check_op("correlation_matrix", expect_correlation, &left, NULL, &result, false);
        }
    }
}

static const size_t convolutions[][4] = {
    {1, 1, 1, 1},  {3, 3, 3, 3},  {3, 4, 1, 1},   {5, 9, 2, 3},   {4, 19, 3, 3},
    {9, 40, 5, 5}, {6, 41, 6, 1}, {7, 70, 1, 70}, {8, 35, 8, 35}, {3, 39, 2, 1},
};

static void test_convolutions(uint32_t dtype, enum place place) {
    for (size_t i = 0; i < RNC_COUNT(convolutions); i++) {
        const size_t *sizes = convolutions[i];
        rnc_mat left = put_at(left_area, place, sizes[0], sizes[1], dtype);
        rnc_mat right = put_at(right_area, place, sizes[2], sizes[3], dtype);
        rnc_mat result =
            put_at(result_area, place, sizes[0] - sizes[2] + 1, sizes[1] - sizes[3] + 1, dtype);
        fill(&left);
        fill(&right);
        check_op("convolve2d", expect_convolve2d, &left, &right, &result, true);
    }
}

/* What is said of operands that do not fit; nothing is written. */
static void test_refusals(void) {
    rnc_mat left = put_at(left_area, AT_BEGIN, 4, 4, RNC_F32);
    rnc_mat right = put_at(right_area, AT_BEGIN, 3, 4, RNC_F32);
    rnc_mat result = put_at(result_area, AT_BEGIN, 4, 4, RNC_F32);
    rnc_mat wide = put_at(right_area, AT_BEGIN, 4, 4, RNC_F64);
    rnc_mat inside = put_at(left_area, AT_BEGIN, 4, 4, RNC_F32);
    rnc_mat empty = {left_area.begin, 0, 4, RNC_F32};
    fill(&left);
    for (size_t r = 0; r < 4; r++)
        set(&left, r, 2, 7);
    int matmul = op_of("matmul");
    CHECK(rnc_matrix_run(matmul, &left, &right, &result) == RNC_SIZE_MISMATCH);
    CHECK(rnc_last_execution()->status == RNC_SIZE_MISMATCH);
    CHECK(rnc_last_execution()->isa == -1 && !*rnc_last_execution()->kernel);
    CHECK(rnc_matrix_run(matmul, &left, &left, &right) == RNC_SIZE_MISMATCH);
    CHECK(rnc_matrix_run(matmul, &left, &wide, &result) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(matmul, &left, NULL, &result) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(matmul, &left, &left, &inside) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(op_of("transpose"), &left, NULL, &inside) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(op_of("sum"), &left, &left, &result) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(op_of("matvec"), &left, &left, &result) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(op_of("convolve2d"), &right, &left, &result) == RNC_INVALID_INPUT);
    CHECK(rnc_matrix_run(op_of("convolve2d"), &left, &empty, &result) == RNC_EMPTY_VECTOR);
    CHECK(rnc_matrix_run(op_of("correlation_matrix"), &empty, NULL, &result) == RNC_EMPTY_VECTOR);
    CHECK(rnc_matrix_run(op_of("correlation_matrix"), &left, NULL, &result) ==
          RNC_DIVISION_BY_ZERO);
    rnc_vec vector = {left.data, 16, RNC_F32};
    double number;
    CHECK(rnc_run(&vector, NULL, matmul, 0, &number) == RNC_INVALID_INPUT && isnan(number));
}

int main(void) {
    left_area = map_guarded();
    right_area = map_guarded();
    result_area = map_guarded();
    for (uint32_t dtype = RNC_F32; dtype <= RNC_F64; dtype++)
        for (int place = 0; place < PLACES; place++) {
            test_products(dtype, (enum place)place);
            test_correlations(dtype, (enum place)place);
            test_convolutions(dtype, (enum place)place);
        }
    test_refusals();
    return check_report();
}
