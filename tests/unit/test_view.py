"""The base class of Vector: how it is called, what it keeps alive, and when it gives up the GIL."""

from __future__ import annotations

import array
import ast
import gc
import inspect
import signal
import sys
import sysconfig
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from renacer import Batch, Description, Vector, _core, backends, last_execution, use_backend
from renacer.errors import EmptyVector, InvalidInput, RenacerError

LARGE = 1 << 20


METHODS = {
    "sum": "",
    "mean": "",
    "variance": "ddof=0, ",
    "stddev": "ddof=0, ",
    "min": "",
    "max": "",
    "percentile": "q, ",
    "percentiles": "qs, ",
    "argmin": "",
    "argmax": "",
    "norm": "order='l2', ",
    "dot": "other, ",
    "covariance": "other, ddof=0, ",
    "correlation": "other, ",
    "zscore": "ddof=0, ",
    "describe": "quantiles=(), ",
}
KEYWORDS = {"zscore": "out=None, ", "describe": "ddof=0, "}


def test_help_knows_every_signature() -> None:
    """inspect and help() show parameters, though the class is made in C."""
    assert str(inspect.signature(Vector)) == "(data, dtype=None)"
    public = [name for name in dir(Vector) if not name.startswith("_")]
    assert sorted(public) == sorted([*METHODS, "dtype"])
    for name, positional in METHODS.items():
        method = getattr(Vector, name)
        keywords = KEYWORDS.get(name, "")
        expected = f"(self, /, {positional}*, {keywords}nan_policy='propagate')"
        assert str(inspect.signature(method)) == expected
        assert method.__doc__


def test_type_checkers_see_the_signatures_that_there_are() -> None:
    """What the stub declares and what the extension has cannot drift apart."""
    stub = (Path(_core.__file__).parent / "_core.pyi").read_text()
    view = next(
        node
        for node in ast.parse(stub).body
        if isinstance(node, ast.ClassDef) and node.name == "View"
    )
    declared = {
        node.name: node.args
        for node in view.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert sorted(declared) == sorted(METHODS)
    for name, arguments in declared.items():
        parameters = list(inspect.signature(getattr(Vector, name)).parameters.values())
        places = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        defaults = [p.default for p in parameters if p.default is not p.empty]
        written = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        assert [a.arg for a in arguments.args] == places
        assert [a.arg for a in arguments.kwonlyargs] == keywords
        assert [ast.literal_eval(d) for d in written] == defaults


def test_arguments_have_their_names() -> None:
    """By place or by name, in any order, is the same call."""
    vector, other = Vector([1.0, 2.0, 4.0]), Vector([1.0, 2.0, 3.0])
    assert vector.variance(ddof=1) == vector.variance(1) == pytest.approx(7 / 3)
    assert vector.percentile(q=50) == vector.percentile(50, nan_policy="propagate") == 2.0
    assert vector.percentiles(qs=iter([50])) == [2.0]
    assert vector.norm(order="l1") == vector.norm("l1") == 7.0
    assert vector.covariance(ddof=1, other=other) == vector.covariance(other, 1) == 1.5
    assert vector.describe(ddof=1, quantiles=(50,)) == vector.describe((50,), ddof=1)
    policy = "".join(["om", "it"])
    assert Vector([1.0, np.nan]).sum(**{"nan_" + "policy": policy}) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: v.sum(1), r"sum\(\) takes at most 0 positional arguments \(1 given\)"),
        (lambda v: v.stddev(1, 2), r"stddev\(\) takes at most 1 positional argument \(2 given\)"),
        (lambda v: v.percentile(), r"percentile\(\) missing required argument 'q'"),
        (lambda v: v.dot(nan_policy="omit"), r"dot\(\) missing required argument 'other'"),
        (lambda v: v.percentile(5, q=5), r"percentile\(\) got multiple values for argument 'q'"),
        (lambda v: v.mean(ddof=1), r"mean\(\) got an unexpected keyword argument 'ddof'"),
        (lambda v: v.stddev("1"), "must be real number, not str"),
        (lambda v: v.percentiles(5), "not iterable"),
        (lambda v: v.percentiles([5, None]), "must be real number"),
        (lambda v: v.describe([None]), "must be real number"),
        (lambda v: v.zscore(None), "must be real number"),
    ],
)
def test_a_wrong_call_is_a_type_error(call: Callable[[Vector], object], message: str) -> None:
    """It says which argument of which method."""
    with pytest.raises(TypeError, match=message):
        call(Vector([1.0, 2.0]))


@pytest.mark.parametrize("policy", ["drop", None, 1, []])
def test_every_method_refuses_an_unknown_policy(policy: object) -> None:
    """A misspelt one is not the default, whatever its type."""
    vector = Vector([1.0, 2.0])
    given = {"percentile": (50,), "percentiles": ([50],)}
    given |= dict.fromkeys(("dot", "covariance", "correlation"), (vector,))
    for name in METHODS:
        with pytest.raises(InvalidInput, match="nan_policy must be 'propagate' or 'omit', not"):
            getattr(vector, name)(*given.get(name, ()), nan_policy=policy)


def test_many_percentiles_are_as_good_as_few() -> None:
    """More than fit the memory set aside for few."""
    vector = Vector(np.arange(101.0))
    for count in (0, 1, 8, 9, 1000):
        wanted = [i % 101 for i in range(count)]
        assert vector.percentiles(wanted) == wanted
        assert vector.describe(wanted).quantiles == {q: float(q) for q in wanted}


def test_what_a_signal_handler_computes_stays_its_own() -> None:
    """A refusal says why this operation was refused, whatever ran in between."""
    empty, one = Vector([]), Vector([1.0])

    def compute(*_: object) -> None:
        one.sum()

    before = signal.signal(signal.SIGALRM, compute)
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
    try:
        for _ in range(2000):
            with pytest.raises(EmptyVector, match=r"^mean of an empty vector$"):
                empty.mean()
            with pytest.raises(InvalidInput, match=r"^percentile: percentile 101 is out of range$"):
                one.percentile(101)
            with pytest.raises(EmptyVector, match=r"^mean of an empty vector, number 1 "):
                Batch([one, empty]).reduce("mean")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("call", [(), (1, 2, 3)])
def test_wrong_number_of_arguments_is_a_type_error(call: tuple[int, ...]) -> None:
    """As for any other callable."""
    with pytest.raises(TypeError):
        Vector(*call)


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
