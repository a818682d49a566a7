"""The base class of Vector: how it is called, what it keeps alive, and when it gives up the GIL."""

from __future__ import annotations

import array
import gc
import inspect
import sys
import sysconfig
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from renacer import Description, Vector, backends, last_execution, use_backend
from renacer.compute.apply import OP
from renacer.errors import EmptyVector, InvalidInput, RenacerError

LARGE = 1 << 20


def test_help_knows_every_signature() -> None:
    """inspect and help() show parameters, though the class is made in C."""
    assert str(inspect.signature(Vector)) == "(data, dtype=None)"
    assert str(inspect.signature(Vector.percentile)).startswith("(self, q")
    methods = [value for name, value in vars(Vector).items() if not name.startswith("_")]
    assert methods
    assert all(method.__doc__ for method in methods)


@pytest.mark.parametrize("call", [(), (1, 2, 3)])
def test_wrong_number_of_arguments_is_a_type_error(call: tuple[int, ...]) -> None:
    """As for any other callable."""
    with pytest.raises(TypeError):
        Vector(*call)


def test_a_parameter_that_is_no_number_is_a_type_error() -> None:
    """The core never sees it."""
    with pytest.raises(TypeError, match="must be real number, not str"):
        Vector([1.0]).percentile("50")  # type: ignore[arg-type]


@pytest.mark.parametrize("nan_policy", ["propagate", "omit"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_places_stay_inside_data_that_another_thread_overwrites(
    dtype: str, nan_policy: str
) -> None:
    """An element that is gone when its place is looked for is not searched for past the end."""
    data = np.zeros(1 << 15, dtype)
    stop = threading.Event()

    def overwrite() -> None:
        while not stop.is_set():
            data[:] = 1
            data[: data.size // 2] = np.nan if nan_policy == "omit" else -1
            data[:] = np.nan if nan_policy == "omit" else 0
            data[0] = 2

    thread = threading.Thread(target=overwrite)
    thread.start()
    try:
        vector = Vector(data)
        for _ in range(300):
            assert 0 <= vector.argmin(nan_policy=nan_policy) < data.size
    except EmptyVector:
        assert nan_policy == "omit"
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("results", [0, 1, 4, 6, 1 << 61])
def test_results_are_as_many_as_the_operation_gives(results: int) -> None:
    """Any other number would be numbers that nothing wrote, or memory that nobody has."""
    with pytest.raises(ValueError, match="how many results"):
        Vector([1.0])._gather(OP["describe"], results, 0.0)


def test_a_vector_cannot_be_made_twice() -> None:
    """Threads may share a vector because nothing changes what it looks at."""
    vector = Vector([1.0, 2.0])
    vector.__init__([9.0])  # type: ignore[misc]
    assert vector.sum() == 3.0


def test_nothing_is_kept_longer_than_needed() -> None:
    """Neither a vector that is gone nor a refused one holds on to its data."""
    data = np.ones(3, "float32")
    before = sys.getrefcount(data)
    for _ in range(100):
        Vector(data)
        Vector(data, dtype="float64")
        with pytest.raises(InvalidInput):
            Vector(data.reshape(3, 1))
    assert sys.getrefcount(data) == before


class Owner(np.ndarray):
    """An array that can have attributes."""


def test_a_cycle_through_the_data_is_collected() -> None:
    """An array that refers to the vector on it does not live for ever."""
    data = np.ones(3).view(Owner)
    data.vector = Vector(data)
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None


def test_threads_share_a_vector() -> None:
    """Each thread gets the right result, and its own account of what ran."""
    vectors = [Vector(np.arange(n, dtype="float32")) for n in (100, 100_000)]
    wrong: list[object] = []

    def work(backend: str) -> None:
        with use_backend(backend):
            for _ in range(200):
                for vector in vectors:
                    total, done = vector.sum(), last_execution()
                    n = len(vector)
                    if (total, done.backend, done.elements) != (n * (n - 1) / 2, backend, n):
                        wrong.append((total, done))

    threads = [threading.Thread(target=work, args=(name,)) for name in backends() * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.fixture
def _no_switching() -> Iterator[None]:
    """Threads take turns only where one gives up the GIL."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="there is no GIL to keep"
)
@pytest.mark.usefixtures("_no_switching")
@pytest.mark.parametrize(("length", "others_run"), [(LARGE, True), (1, False)])
def test_only_work_worth_it_gives_up_the_gil(length: int, others_run: bool) -> None:
    """A long operation lets other threads run; a short one does not pay for that."""
    vector = Vector(np.ones(length, "float32"))
    gate, ran = threading.Lock(), []
    gate.acquire()

    def wait() -> None:
        gate.acquire()
        ran.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    gate.release()
    for _ in range(2000):
        vector.sum()
        if ran:
            break
    assert bool(ran) is others_run
    thread.join()


def test_a_refused_operation_holds_on_to_nothing() -> None:
    """Operands, outputs and what a caller hands over are let go of on every way out."""
    data = np.array([1.0, np.nan, 3.0], "float32")
    vector, other, out = Vector(data), Vector([1.0, 2.0]), Vector(np.ones(3, "float32"))
    watched = (vector, other, out, Description)
    before = [sys.getrefcount(thing) for thing in watched]
    for _ in range(100):
        for refused in (
            lambda: vector.dot(other),
            lambda: vector.dot([1.0]),
            lambda: other.correlation(Vector([1.0, 1.0])),
            lambda: vector.zscore(9, out=out),
            lambda: vector.zscore(out=other),
            lambda: vector.describe(ddof=9),
            lambda: vector.percentiles([50, 101]),
        ):
            with pytest.raises(RenacerError):
                refused()
        assert vector.zscore(out=out) is out
        assert isinstance(vector.describe(), Description)
    assert [sys.getrefcount(thing) for thing in watched] == before


def test_a_new_output_is_a_plain_vector_of_its_own() -> None:
    """Of a subclass, too; it takes results again, and lives longer than its vector."""

    class Named(Vector):
        """A vector with more to it than the core knows."""

        def __init__(self, *args: object) -> None:
            self.name = "named"

    named = Named(np.array([1.0, 3.0], "float32"))
    scores = named.zscore()
    assert type(scores) is Vector
    del named
    assert list(scores) == [-1.0, 1.0]
    assert scores.zscore(out=scores) is scores
    with pytest.raises(EmptyVector):
        Vector(np.empty(0, "float32")).zscore()


def test_a_released_view_of_the_buffer_is_not_the_vectors_own() -> None:
    """Releasing what a vector hands out leaves its memory in place."""
    data = array.array("d", [1.0, 2.0])
    vector = Vector(data)
    vector._buffer.release()
    with pytest.raises(BufferError):
        data.append(3.0)
    assert vector.sum() == 3.0
