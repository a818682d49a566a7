"""Libraries that do what Renacer's vectors do: each operation as an expression to be timed.

A library that is not installed can do nothing.
"""

import math
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy

import renacer

FOUR = (50.0, 90.0, 95.0, 99.0)

Names = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A Python expression and the names in it."""

    expression: str
    names: Names

    def timer(self) -> timeit.Timer:
        """Times it with no call of ours around it."""
        return timeit.Timer(self.expression, globals=self.names)

    def result(self) -> Any:
        """What it gives."""
        return eval(self.expression, self.names)


@dataclass(frozen=True)
class Library:
    """How a library does each operation: expressions over what ``prepare`` gives."""

    name: str
    prepare: Callable[[numpy.ndarray, numpy.ndarray], Names]
    operations: Mapping[str, str] = field(default_factory=dict)

    def bind(self, operation: str, x: numpy.ndarray, y: numpy.ndarray) -> Run | None:
        """The operation on these arrays, ready to be timed; None if the library has none."""
        expression = self.operations.get(operation)
        return None if expression is None else Run(expression, self.prepare(x, y))


def ours() -> Library:
    """Renacer; operations that this version lacks are left out."""
    operations = {
        "sum": "x.sum()",
        "mean": "x.mean()",
        "stddev": "x.stddev()",
        "min": "x.min()",
        "percentile": "x.percentile(95.0)",
        "percentiles": "x.percentiles(four)",
        "dot": "x.dot(y)",
        "correlation": "x.correlation(y)",
        "zscore": "x.zscore(out=out)",
        "describe": "x.describe()",
    }

    def prepare(x: numpy.ndarray, y: numpy.ndarray) -> Names:
        vectors = {"x": x, "y": y, "out": numpy.empty_like(x)}
        return {"four": FOUR, **{name: renacer.Vector(data) for name, data in vectors.items()}}

    have = {name: text for name, text in operations.items() if hasattr(renacer.Vector, name)}
    return Library("renacer", prepare, have)


def with_numpy() -> Library:
    """NumPy; zscore into an array that is there, as ours."""
    return Library(
        "NumPy",
        lambda x, y: {"numpy": numpy, "x": x, "y": y, "four": FOUR, "out": numpy.empty_like(x)},
        {
            "sum": "x.sum()",
            "mean": "x.mean()",
            "stddev": "x.std()",
            "min": "x.min()",
            "percentile": "numpy.percentile(x, 95.0)",
            "percentiles": "numpy.percentile(x, four)",
            "dot": "x.dot(y)",
            "correlation": "numpy.corrcoef(x, y)[0, 1]",
            "zscore": "numpy.divide(numpy.subtract(x, x.mean(), out=out), x.std(), out=out)",
            "describe": "(x.mean(), x.std(), x.min(), x.max())",
        },
    )


def with_polars() -> Library:
    """Polars, one thread."""
    import polars

    def prepare(x: numpy.ndarray, y: numpy.ndarray) -> Names:
        s, t = polars.Series("x", x), polars.Series("y", y)
        both = polars.DataFrame([s, t])
        four = [q / 100 for q in FOUR]
        return {"x": s, "y": t, "both": both, "corr": polars.corr("x", "y"), "four": four}

    return Library(
        "Polars",
        prepare,
        {
            "sum": "x.sum()",
            "mean": "x.mean()",
            "stddev": "x.std(ddof=0)",
            "min": "x.min()",
            "percentile": "x.quantile(0.95, 'linear')",
            "percentiles": "[x.quantile(q, 'linear') for q in four]",
            "dot": "x.dot(y)",
            "correlation": "both.select(corr).item()",
            "zscore": "(x - x.mean()) / x.std(ddof=0)",
            "describe": "(x.mean(), x.std(ddof=0), x.min(), x.max())",
        },
    )


def with_numkong() -> Library:
    """NumKong: a standard deviation is made of its sum and sum of squares, as its moments are."""
    import numkong

    def mean_and_stddev(x: numpy.ndarray) -> tuple[float, float]:
        total, squares = numkong.moments(x)
        mean = total / len(x)
        return mean, math.sqrt(max(0.0, squares / len(x) - mean * mean))

    def zscore(x: numpy.ndarray, out: numpy.ndarray) -> object:
        mean, stddev = mean_and_stddev(x)
        factor = 1 / stddev if stddev else 0.0
        return numkong.scale(x, alpha=factor, beta=-mean * factor, out=out)

    def prepare(x: numpy.ndarray, y: numpy.ndarray) -> Names:
        names = {"numkong": numkong, "mean_and_stddev": mean_and_stddev, "zscore": zscore}
        return {**names, "x": x, "y": y, "out": numpy.empty_like(x)}

    return Library(
        "NumKong",
        prepare,
        {
            "sum": "numkong.sum(x)",
            "mean": "numkong.sum(x) / len(x)",
            "stddev": "mean_and_stddev(x)[1]",
            "min": "numkong.min(x)",
            "dot": "numkong.dot(x, y)",
            "zscore": "zscore(x, out)",
            "describe": "(mean_and_stddev(x), numkong.minmax(x))",
        },
    )


def with_pyarrow() -> Library:
    """PyArrow's compute functions, their results as Python numbers."""
    import pyarrow
    from pyarrow import compute

    pyarrow.set_cpu_count(1)

    def prepare(x: numpy.ndarray, y: numpy.ndarray) -> Names:
        four = [q / 100 for q in FOUR]
        return {"pc": compute, "x": pyarrow.array(x), "y": pyarrow.array(y), "four": four}

    mean, stddev = "pc.mean(x).as_py()", "pc.stddev(x).as_py()"
    return Library(
        "PyArrow",
        prepare,
        {
            "sum": "pc.sum(x).as_py()",
            "mean": mean,
            "stddev": stddev,
            "min": "pc.min(x).as_py()",
            "percentile": "pc.quantile(x, q=0.95)[0].as_py()",
            "percentiles": "pc.quantile(x, q=four).to_pylist()",
            "dot": "pc.sum(pc.multiply(x, y)).as_py()",
            "zscore": "pc.divide(pc.subtract(x, pc.mean(x)), pc.stddev(x))",
            "describe": f"({mean}, {stddev}, pc.min_max(x).as_py())",
        },
    )


def peers() -> list[Library]:
    """Every peer; one that is not installed can do nothing."""
    found = []
    for name, load in (
        ("NumPy", with_numpy),
        ("Polars", with_polars),
        ("NumKong", with_numkong),
        ("PyArrow", with_pyarrow),
    ):
        try:
            found.append(load())
        except ImportError:
            found.append(Library(name, lambda x, y: {}))
    return found
