"""Matrices: results against exact arithmetic, laws, errors, attribution and spans."""

from __future__ import annotations

import copy
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from renacer import (
    ComputeTracer,
    DivisionByZero,
    EmptyVector,
    InvalidInput,
    Matrix,
    SizeMismatch,
    Vector,
    backends,
    last_execution,
    use_backend,
)
from renacer._native import lib, string, table
from tests.unit.array_kinds import Interface
from tests.unit.span_memory import SpanMemory, attributes

DTYPES = ("float32", "float64")
UNIT = {"float32": Fraction(1, 2**24), "float64": Fraction(1, 2**53)}
SHAPES = [
    (1, 1, 1),
    (2, 3, 4),
    (3, 5, 2),
    (5, 2, 9),
    (6, 4, 16),
    (7, 3, 17),
    (8, 1, 8),
    (13, 6, 5),
    (4, 17, 3),
    (2, 300, 2),
]
OPERATIONS = ("matmul", "matvec", "transpose", "correlation_matrix", "convolve2d")


def values(matrix: Matrix) -> np.ndarray[Any, Any]:
    """The elements, shared."""
    return np.asarray(matrix)


def random(shape: tuple[int, ...], dtype: str, seed: int = 1) -> np.ndarray[Any, Any]:
    """Elements of several magnitudes and both signs."""
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) * np.exp(generator.normal(size=shape))).astype(dtype)


def exact(data: np.ndarray[Any, Any]) -> list[list[Fraction]]:
    """The elements as fractions."""
    return [[Fraction(element) for element in row] for row in data.tolist()]


def run(op: str, data: np.ndarray[Any, Any]) -> Any:
    """One operation on a matrix, with operands made from it."""
    matrix = Matrix(data)
    if op == "matmul":
        return matrix.matmul(Matrix(np.ascontiguousarray(data.T)))
    if op == "matvec":
        return matrix.matvec(Vector(np.ascontiguousarray(data[0])))
    if op == "convolve2d":
        return matrix.convolve2d(Matrix(np.ascontiguousarray(data[:2, :3])))
    return getattr(matrix, op)()


# ---- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_products_lie_within_their_bound(
    shape: tuple[int, int, int], dtype: str, backend: str
) -> None:
    """Each element of a product is the exact one to within k u sum |a||b|."""
    rows, depth, cols = shape
    a, b = random((rows, depth), dtype, 1), random((depth, cols), dtype, 2)
    left, right = exact(a), exact(b)
    with use_backend(backend):
        product = values(Matrix(a) @ Matrix(b))
        column = list(Matrix(a).matvec(np.ascontiguousarray(b[:, 0])))
    assert (product.shape, product.dtype) == ((rows, cols), np.dtype(dtype))
    for r in range(rows):
        for c in range(cols):
            terms = [left[r][p] * right[p][c] for p in range(depth)]
            bound = sum(map(abs, terms)) * UNIT[dtype] * (depth + 1)
            assert abs(Fraction(float(product[r, c])) - sum(terms)) <= bound
            if c == 0:
                fine = (
                    sum(map(abs, terms)) * UNIT["float64"] * depth + abs(sum(terms)) * UNIT[dtype]
                )
                assert abs(Fraction(column[r]) - sum(terms)) <= fine


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(130, 70, 1100), (257, 513, 40), (12, 1025, 32)])
def test_products_of_several_blocks(shape: tuple[int, int, int], dtype: str, backend: str) -> None:
    """Sizes beyond one block of each kind, against NumPy in float64."""
    rows, depth, cols = shape
    a, b = random((rows, depth), dtype, 3), random((depth, cols), dtype, 4)
    wide_a, wide_b = a.astype("longdouble"), b.astype("longdouble")
    with use_backend(backend):
        product = values(Matrix(a).matmul(Matrix(b)))
    bound = depth * float(UNIT[dtype]) * (abs(a.astype("float64")) @ abs(b.astype("float64")))
    if dtype == "float32":
        error = abs(product - a.astype("float64") @ b.astype("float64"))
    else:
        error = np.abs(product[:5] - wide_a[:5] @ wide_b)
        bound = bound[:5]
    assert (error <= bound).all()


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
def test_transpose_is_exact(dtype: str, backend: str) -> None:
    """Bits move, unchanged, at every tail of a tile; twice is the identity."""
    words = "uint32" if dtype == "float32" else "uint64"
    with use_backend(backend):
        for rows in (0, 1, 2, 3, 4, 5, 7, 8, 9, 33, 70):
            for cols in (0, 1, 3, 4, 8, 15, 31, 64):
                data = np.random.default_rng(5).integers(0, 2**32, (rows, cols)).astype(words)
                data[:] = data * (data if words == "uint64" else 1)
                turned = Matrix(data.view(dtype)).transpose()
                assert turned.shape == (cols, rows)
                assert (values(turned).view(words) == data.T).all()
                assert (values(turned.T).view(words) == data).all()


def exact_correlation(data: np.ndarray[Any, Any], a: int, b: int) -> float:
    """The correlation of two columns, rounded at the very end only."""
    x, y = ([Fraction(e) for e in data[:, c].tolist()] for c in (a, b))
    x, y = ([e - sum(column) / len(column) for e in column] for column in (x, y))
    product = sum(map(Fraction.__mul__, x, y))
    squared = product * product / (sum(e * e for e in x) * sum(e * e for e in y))
    return math.copysign(math.sqrt(squared), product)


COLUMNS = {
    "normal": lambda g, n: g.normal(size=n),
    "shifted": lambda g, n: 1e6 + g.normal(size=n),
    "outlier first": lambda g, n: np.where(np.arange(n) == 0, 1e12, g.normal(size=n)),
    "ramp": lambda g, n: np.arange(n, dtype="float64"),
    "tiny": lambda g, n: g.normal(size=n) * 1e-40,
    "huge": lambda g, n: g.normal(size=n) * 1e37,
    "barely varying": lambda g, n: 1 + (np.arange(n) == 1) * 2.0**-20,
}


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [2, 3, 40])
def test_correlations_are_within_a_rounding_to_float32(rows: int, dtype: str, backend: str) -> None:
    """Far from zero, tiny and huge columns correlate as exact arithmetic says they do."""
    generator = np.random.default_rng(6)
    data = np.column_stack([make(generator, rows) for make in COLUMNS.values()]).astype(dtype)
    with use_backend(backend):
        result = values(Matrix(data).correlation_matrix())
    assert (result == result.T).all()
    assert (np.diag(result) == 1).all()
    assert (abs(result) <= 1).all()
    for a in range(len(COLUMNS)):
        for b in range(a):
            assert abs(result[a, b] - exact_correlation(data, a, b)) <= 2**-24


@pytest.mark.parametrize("backend", backends())
def test_correlations_at_the_ends_of_float64(backend: str) -> None:
    """Squares of the largest and the least numbers do not leave the range."""
    data = np.array([[1e308, 5e-324], [-1e308, 1e-323], [1e308, 0.0], [3e307, 5e-324]])
    with use_backend(backend):
        result = values(Matrix(data).correlation_matrix())
    assert abs(result[0, 1] - exact_correlation(data, 0, 1)) <= 2**-40


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_lies_within_its_bound(dtype: str, backend: str) -> None:
    """True convolution, the weights turned by half a circle, where they lie inside."""
    for shape, weights_shape in [
        ((1, 1), (1, 1)),
        ((4, 5), (2, 3)),
        ((3, 40), (3, 3)),
        ((6, 70), (2, 5)),
        ((5, 9), (5, 9)),
    ]:
        image, weights = random(shape, dtype, 7), random(weights_shape, dtype, 8)
        with use_backend(backend):
            result = values(Matrix(image).convolve2d(weights))
        turned, pixels = exact(weights[::-1, ::-1]), exact(image)
        height, width = weights_shape
        assert result.shape == (shape[0] - height + 1, shape[1] - width + 1)
        for r, c in np.ndindex(*result.shape):
            terms = [
                pixels[r + a][c + b] * turned[a][b] for a in range(height) for b in range(width)
            ]
            bound = sum(map(abs, terms)) * UNIT[dtype] * (len(terms) + 1)
            assert abs(Fraction(float(result[r, c])) - sum(terms)) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_are_the_same_bits_where_promised(dtype: str) -> None:
    """All but what multiplies and adds in one rounding agree on every backend; SSE2 is Scalar."""
    data = random((41, 37), dtype, 9)
    bits: dict[str, dict[str, bytes]] = {op: {} for op in OPERATIONS}
    for backend in backends():
        with use_backend(backend):
            for op in OPERATIONS:
                result = run(op, data)
                flat = result._view() if isinstance(result, Vector) else values(result)
                bits[op][backend] = flat.tobytes()
    for op in ("matvec", "transpose", "convolve2d"):
        assert len(set(bits[op].values())) == 1, op
    for op in OPERATIONS:
        assert bits[op].get("SSE2", bits[op]["Scalar"]) == bits[op]["Scalar"], op


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_and_infinities_go_where_arithmetic_takes_them(dtype: str, backend: str) -> None:
    """One odd element reaches the results it is a term of, and no padding invents another."""
    for odd in (math.nan, math.inf, -math.inf):
        a, b = np.ones((7, 5), dtype), np.ones((5, 9), dtype)
        a[3, 2] = odd
        with use_backend(backend):
            product = values(Matrix(a) @ Matrix(b))
            column = np.array(list(Matrix(a).matvec(np.ones(5, dtype))))
            image = values(Matrix(a).convolve2d(np.ones((2, 2), dtype)))
            correlations = values(Matrix(random((9, 4), dtype) * a[2:4, 1:5].min(0)).T)
        expected = np.full((7, 9), 5.0)
        expected[3] = odd
        np.testing.assert_array_equal(product, expected)
        np.testing.assert_array_equal(column, expected[:, 0])
        touched = np.full((6, 4), 4.0)
        touched[2:4, 1:3] = odd
        np.testing.assert_array_equal(image, touched)
        assert correlations.shape == (4, 9)
        data = random((20, 3), dtype)
        data[11, 1] = odd
        with use_backend(backend):
            result = values(Matrix(data).correlation_matrix())
        assert np.isnan(result[1]).all()
        assert np.isnan(result[:, 1]).all()
        assert np.isfinite(result[0, 2])
        with use_backend(backend):
            zero = values(Matrix(np.full((1, 1), odd, dtype)) @ np.zeros((1, 20), dtype))
        assert np.isnan(zero).all()


def test_empty_matrices() -> None:
    """No terms make a zero, no elements make a result without any, no observations an error."""
    for dtype in DTYPES:
        empty = np.zeros((3, 0), dtype)
        assert values(Matrix(empty) @ np.zeros((0, 2), dtype)).tolist() == [[0.0, 0.0]] * 3
        assert list(Matrix(empty).matvec(np.zeros(0, dtype))) == [0.0] * 3
        assert Matrix(empty).T.shape == (0, 3)
        assert (Matrix(empty).T @ np.zeros((3, 4), dtype)).tolist() == []
        assert Matrix(empty).correlation_matrix().shape == (0, 0)
        assert Matrix(empty).tolist() == [[], [], []]
    assert Matrix([]).shape == (0, 0)
    assert Matrix([[], []]).shape == (2, 0)
    with pytest.raises(EmptyVector, match="correlation_matrix of an empty matrix"):
        Matrix(np.zeros((0, 3))).correlation_matrix()
    with pytest.raises(EmptyVector, match="convolve2d of an empty matrix, or by one"):
        Matrix([[1, 2]]).convolve2d(np.zeros((0, 2)))


# ---- laws ----------------------------------------------------------------------------------------

sizes = st.integers(1, 20)


@st.composite
def conforming(draw: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two matrices that can be multiplied."""
    rows, depth, cols = draw(sizes), draw(sizes), draw(sizes)
    dtype = draw(st.sampled_from(DTYPES))
    elements = st.floats(-1000, 1000, width=32)
    return (
        draw(arrays.arrays(dtype, (rows, depth), elements=elements)),
        draw(arrays.arrays(dtype, (depth, cols), elements=elements)),
    )


@settings(max_examples=60, deadline=None)
@given(conforming(), st.sampled_from(backends()))
def test_transpose_turns_a_product_round(operands: Any, backend: str) -> None:
    """The transpose of AB is B'A', bit for bit: the same products in the same order."""
    a, b = operands
    with use_backend(backend):
        left = values((Matrix(a) @ Matrix(b)).T)
        right = values(Matrix(b).T @ Matrix(a).T)
    assert left.tobytes() == right.tobytes()


@settings(max_examples=60, deadline=None)
@given(conforming(), st.sampled_from(backends()))
def test_matvec_is_matmul_with_one_column(operands: Any, backend: str) -> None:
    """They agree to within the bound that both keep."""
    a, b = operands
    column = np.ascontiguousarray(b[:, :1])
    with use_backend(backend):
        product = values(Matrix(a) @ Matrix(column))[:, 0]
        vector = np.array(list(Matrix(a) @ Vector(column[:, 0].copy())))
    bound = (2 + a.shape[1]) * float(UNIT[a.dtype.name]) * (abs(a) @ abs(column))[:, 0] * 1.01
    tiny = a.shape[1] * (1e-44 if a.dtype == "float32" else 1e-323)
    assert (abs(product - vector) <= bound + tiny).all()


@settings(max_examples=60, deadline=None)
@given(conforming(), st.sampled_from(backends()))
def test_identity_and_delta_change_nothing(operands: Any, backend: str) -> None:
    """A product with the identity and a convolution with a delta give the matrix back."""
    a, _ = operands
    with use_backend(backend):
        product = values(Matrix(a) @ Matrix(np.eye(a.shape[1], dtype=a.dtype)))
        delta = np.zeros((3, 3), a.dtype)
        delta[1, 1] = 1
        inside = values(Matrix(np.pad(a, 1)).convolve2d(delta))
    np.testing.assert_array_equal(product, a)
    np.testing.assert_array_equal(inside, a)


# ---- out, operands, errors -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_out_receives_the_result(dtype: str) -> None:
    """A matrix or writable memory of the right shape and type is written and returned."""
    data = random((6, 4), dtype)
    matrix = Matrix(data)
    for out in (np.empty((6, 6), dtype), Matrix(np.empty((6, 6), dtype)), Matrix(data @ data.T)):
        result = matrix.matmul(Matrix(data.T), out=out)
        assert (values(result) == values(matrix @ data.T)).all()
        assert (np.asarray(out) == values(result)).all()
    turned = np.empty((4, 6), dtype)
    matrix.transpose(out=turned)
    assert (turned == data.T).all()
    square, valid = np.empty((4, 4), dtype), np.empty((5, 4), dtype)
    matrix.correlation_matrix(out=square)
    matrix.convolve2d(np.ones((2, 1), dtype), out=valid)
    assert (square == values(matrix.correlation_matrix())).all()
    assert (valid == data[1:] + data[:-1]).all()
    ones, sums = np.ones(4, dtype), np.empty(6, dtype)
    matrix.matvec(ones, out=sums)
    held = Vector(sums.copy())
    assert matrix.matvec(ones, out=held) is held
    assert list(held) == sums.tolist() == list(matrix @ ones)


def test_out_that_does_not_fit_is_refused() -> None:
    """Nothing is written into memory of another shape or type, shared, read-only or a copy."""
    data = np.arange(16, dtype="float32").reshape(4, 4)
    matrix, before = Matrix(data), data.copy()
    readonly = np.zeros((4, 4), "float32")
    readonly.flags.writeable = False
    with pytest.raises(SizeMismatch) as raised:
        matrix.transpose(out=np.empty((4, 5), "float32"))
    assert (raised.value.expected, raised.value.actual) == (4, 5)
    for out, sentence in [
        (np.empty((4, 4)), "out is float64; the result is float32"),
        (readonly, "out must be writable"),
        (Matrix(readonly), "out must be writable"),
        (Matrix(Matrix(readonly)), "out must be writable"),
        (Interface(readonly), "out must be writable"),
        (np.empty((4, 4), "float32").T, "out must be writable"),
        (data, "transpose: out shares memory with an operand"),
        (matrix, "transpose: out shares memory with an operand"),
    ]:
        with pytest.raises(InvalidInput, match=sentence):
            matrix.transpose(out=out)
    row = readonly[0]
    for vector_out, sentence in [
        (row, "out must be writable"),
        (Vector(row), "out must be writable"),
        (np.empty(8, "float32")[::2], "out must be writable"),
        (np.empty(4), "out is float64; the result is float32"),
        (data[0], "matvec: out shares memory with an operand"),
    ]:
        with pytest.raises(InvalidInput, match=sentence):
            matrix.matvec(np.ones(4, "float32"), out=vector_out)
    with pytest.raises(SizeMismatch):
        matrix.matvec(np.ones(4, "float32"), out=np.empty(3, "float32"))
    with pytest.raises(InvalidInput, match="convolve2d: out shares memory"):
        matrix.convolve2d(np.ones((1, 1), "float32"), out=data)
    assert (data == before).all()
    assert not readonly.any()


def test_operands_of_two_types_become_float64() -> None:
    """Nothing of the wider operand is lost."""
    narrow, wide = random((3, 3), "float32"), random((3, 3), "float64")
    for product in (Matrix(narrow) @ Matrix(wide), Matrix(narrow) @ wide, narrow @ Matrix(wide)):
        assert product.dtype == "float64"
        np.testing.assert_allclose(values(product), narrow.astype("float64") @ wide, rtol=1e-13)
    assert Matrix(narrow).matvec(wide[0].copy()).dtype == "float64"
    assert Matrix(narrow).convolve2d([[1, 2]]).dtype == "float64"


def test_operands_that_do_not_fit_are_refused() -> None:
    """The error says how many were expected and how many came."""
    matrix = Matrix(np.zeros((2, 3)))
    for call in (lambda: matrix @ np.zeros((4, 2)), lambda: matrix.matvec([1, 2, 3, 4])):
        with pytest.raises(SizeMismatch) as raised:
            call()
        assert (raised.value.expected, raised.value.actual) == (3, 4)
    with pytest.raises(InvalidInput, match="3 x 1 weights are larger than the matrix, 2 x 3"):
        matrix.convolve2d(np.ones((3, 1)))
    with pytest.raises(DivisionByZero, match="correlation_matrix: a column is constant"):
        Matrix([[0.1, 1], [0.1, 2], [0.1, 4]]).correlation_matrix()
    with pytest.raises(DivisionByZero):
        Matrix([[1, 2]]).correlation_matrix()


# ---- attribution and tracing ---------------------------------------------------------------------


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", OPERATIONS)
def test_kernel_is_the_one_that_was_forced(op: str, dtype: str, backend: str) -> None:
    """Every operation has a kernel of every instruction set, and it stamps itself."""
    data = random((40, 40), dtype)
    with use_backend(backend):
        run(op, data)
        execution = last_execution()
    assert execution is not None
    assert execution.kernel == f"{op}_f{dtype[5:]}_{backend.lower()}"
    assert (execution.op, execution.backend, execution.elements) == (op, backend, 1600)
    built = [string(row.name) for row in table(lib.rnc_isa) if row.built]
    assert execution.reason == ("" if backend == built[0] else f"{backend} forced")


def test_threads_share_operands() -> None:
    """Each call has scratch memory of its own, and each thread its own last execution."""
    data = random((70, 300), "float32")
    left, right = Matrix(data), Matrix(data.T)
    chosen = [backends()[index % len(backends())] for index in range(8)]

    def product(backend: str) -> tuple[bytes, str]:
        with use_backend(backend):
            results = {values(left @ right).tobytes() for _ in range(20)}
            execution = last_execution()
        assert execution is not None
        assert len(results) == 1
        return results.pop(), execution.backend

    alone = {backend: product(backend) for backend in backends()}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(product, chosen)) == [alone[backend] for backend in chosen]


@pytest.mark.parametrize("op", ["matvec", "transpose", "convolve2d"])
def test_what_is_shorter_than_a_vector_says_so(op: str) -> None:
    """A row that no vector fits into is the scalar kernel's."""
    data = np.ones((1, 3) if op == "matvec" else (3, 3), "float32")
    matrix = Matrix(data)
    result = {
        "matvec": lambda: matrix.matvec(data[0].copy()),
        "transpose": matrix.transpose,
        "convolve2d": lambda: matrix.convolve2d(data[:1, :2]),
    }[op]()
    execution = last_execution()
    assert execution is not None
    assert result is not None
    assert (execution.backend, execution.reason) == ("Scalar", "fewer elements than one vector")


def test_operations_are_traced() -> None:
    """A span each, named after the matrix operation, failed ones with their error."""
    data, memory = random((12, 8), "float32"), SpanMemory()
    with ComputeTracer(memory) as tracer:
        with tracer.operation("work"):
            for op in OPERATIONS:
                run(op, data)
            with pytest.raises(SizeMismatch):
                Matrix(data) @ Matrix(data)
        assert tracer.traced_matmul(data, data.T, "product").shape == (12, 12)
        product = Matrix(data).matmul
        assert tracer.trace_operation("matmul", "call", data, lambda: product(data.T)).rows == 12
    spans = [span for span in memory.spans() if span.name.startswith("trueno: ")]
    assert [span.name for span in spans] == [
        *(f"trueno: Matrix::{op}" for op in OPERATIONS),
        *["trueno: Matrix::matmul"] * 3,
    ]
    first = attributes(spans[0])
    assert first["compute.operation"] == "matmul"
    assert first["compute.elements"] == 96
    assert first["compute.data_type"] == "f32"
    assert first["compute.backend"] == backends()[0]
    assert str(first["compute.kernel"]).startswith("matmul_f32_")
    assert attributes(spans[5])["error.type"] == "SizeMismatch"


def test_allocations_of_results_are_told() -> None:
    """A result made while a tracer is active is an allocation event without a copy."""
    data, memory = Matrix(random((6, 4), "float32")), SpanMemory()
    with ComputeTracer(memory) as tracer, tracer.operation("work"):
        data.transpose()
        data.matvec(Vector([1, 2, 3, 4], dtype="float32"))
    events = [attributes(event) for event in memory.one("compute: work").events]
    assert [(event["bytes"], event["copied"]) for event in events] == [(96, 0), (16, 16), (24, 0)]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_copy_has_the_elements_and_not_the_memory(duplicate: Any, dtype: str) -> None:
    """Copying and pickling go by value, with the shape."""
    data = np.arange(6, dtype=dtype).reshape(2, 3)
    matrix = duplicate(Matrix(data))
    data[:] = 7
    assert (matrix.shape, matrix.dtype) == ((2, 3), dtype)
    assert matrix.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert duplicate(Matrix([], 0, 3)).shape == (0, 3)
