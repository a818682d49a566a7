"""Matrix operations from Python beside NumPy's; for pytest-benchmark, or alone as a table."""

import sys
import time
from collections.abc import Callable

import numpy
import pytest

import renacer
from benches.tables import table

Call = Callable[[], object]


def _data(rows: int, cols: int, dtype: str) -> numpy.ndarray:
    return numpy.random.default_rng(1).normal(size=(rows, cols)).astype(dtype)


def _matmul(size: int, dtype: str) -> tuple[Call, Call]:
    a, b = _data(size, size, dtype), _data(size, size, dtype).T.copy()
    out, ours = numpy.empty_like(a), renacer.Matrix(numpy.empty_like(a))
    left, right = renacer.Matrix(a), renacer.Matrix(b)
    return lambda: left.matmul(right, out=ours), lambda: numpy.matmul(a, b, out=out)


def _matvec(size: int, dtype: str) -> tuple[Call, Call]:
    a, x = _data(size, size, dtype), _data(1, size, dtype)[0]
    matrix, vector = renacer.Matrix(a), renacer.Vector(x)
    return lambda: matrix.matvec(vector), lambda: a @ x


def _transpose(size: int, dtype: str) -> tuple[Call, Call]:
    a = _data(size, size, dtype)
    out, ours = numpy.empty_like(a), renacer.Matrix(numpy.empty_like(a))
    matrix = renacer.Matrix(a)
    return lambda: matrix.transpose(out=ours), lambda: numpy.copyto(out, a.T)


def _correlation_matrix(size: int, dtype: str) -> tuple[Call, Call]:
    a = _data(16 * size, size // 8, dtype)
    matrix = renacer.Matrix(a)
    return matrix.correlation_matrix, lambda: numpy.corrcoef(a, rowvar=False)


def _convolve2d(size: int, dtype: str) -> tuple[Call, Call]:
    a, weights = _data(size, size, dtype), _data(3, 3, dtype)
    matrix, ours = renacer.Matrix(a), renacer.Matrix(weights)
    turned = weights[::-1, ::-1].copy()

    def windows() -> object:
        view = numpy.lib.stride_tricks.sliding_window_view(a, weights.shape)
        return numpy.einsum("ijab,ab->ij", view, turned)

    return lambda: matrix.convolve2d(ours), windows


OPERATIONS = {
    "matmul": (_matmul, (64, 128, 256, 512, 1024)),
    "matvec": (_matvec, (64, 512)),
    "transpose": (_transpose, (64, 512)),
    "correlation_matrix": (_correlation_matrix, (512,)),
    "convolve2d": (_convolve2d, (512,)),
}
CASES = [
    (name, size, dtype)
    for name, (_, sizes) in OPERATIONS.items()
    for dtype in ("float32", "float64")
    for size in sizes
]


@pytest.mark.parametrize("peer", ["renacer", "numpy"])
@pytest.mark.parametrize(("operation", "size", "dtype"), CASES)
def test_matrix(benchmark, operation: str, size: int, dtype: str, peer: str) -> None:  # type: ignore[no-untyped-def]
    benchmark.group = f"{operation} of {size} {dtype}"
    benchmark(OPERATIONS[operation][0](size, dtype)[peer == "numpy"])


def _pair(ours: Call, theirs: Call, seconds: float = 0.3) -> tuple[float, float]:
    """The least time of each in seconds, taken in turns."""
    best = [float("inf"), float("inf")]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for index, call in enumerate((ours, theirs)):
            start = time.perf_counter()
            call()
            best[index] = min(best[index], time.perf_counter() - start)
    return best[0], best[1]


def main() -> int:
    """One table: ours, NumPy's, and their ratio."""
    rows = []
    for name, size, dtype in CASES:
        ours, theirs = _pair(*OPERATIONS[name][0](size, dtype))
        rate = f"{2 * size**3 / ours / 1e9:.0f}" if name == "matmul" else ""
        rows.append(
            [name, str(size), dtype, f"{ours * 1e6:.1f}", f"{theirs * 1e6:.1f}",
             f"{ours / theirs:.2f}", rate]
        )  # fmt: skip
    head = ["operation", "size", "type", "renacer, us", "NumPy, us", "ratio", "GFLOP/s"]
    print(table("Matrices, one thread", head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
