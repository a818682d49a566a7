"""Choosing an instruction set, and being told what ran."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from renacer._native import ffi, lib
from renacer.compute import (
    SimdBackend,
    Vector,
    backends,
    cpu_features,
    last_execution,
    use_backend,
)
from renacer.errors import UnsupportedBackend

LONG = Vector(range(1000))
ABSENT = [name for name in ("AVX2", "SSE2", "NEON") if name not in backends()]


def ran() -> str:
    """The backend of an operation run just now."""
    LONG.sum()
    execution = last_execution()
    assert execution is not None
    return str(execution.backend)


def run_python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that runs ``program``."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_scalar_is_always_there_and_last() -> None:
    """The list is best first and never empty."""
    assert backends()[-1] == "Scalar"
    assert ran() == backends()[0]


def test_cpu_features_name_what_the_best_backend_needs() -> None:
    """The features tell why a backend is there."""
    needed = {"AVX2": {"avx2", "fma"}, "SSE2": {"sse2"}, "NEON": {"neon"}, "Scalar": set()}
    assert needed[backends()[0]] <= set(cpu_features().split())


@pytest.mark.parametrize("name", backends())
def test_use_backend_is_what_runs(name: str) -> None:
    """Inside the block the chosen set runs, in any letter case; afterwards the best again."""
    for spelling in (name, name.lower(), SimdBackend(name)):
        with use_backend(spelling):
            assert ran() == name
    assert ran() == backends()[0]


def test_blocks_nest_and_an_object_can_be_entered_again() -> None:
    """Each exit restores what its entry found, after an exception too."""
    scalar, best = use_backend("Scalar"), use_backend(backends()[0])
    with scalar:
        with best, scalar:
            assert ran() == "Scalar"
        with pytest.raises(RuntimeError, match="inside"), best:
            raise RuntimeError("inside")
        assert ran() == "Scalar"
    assert ran() == backends()[0]


def test_choice_is_the_threads_own() -> None:
    """Another thread goes on with the best set."""
    seen: list[str] = []
    with use_backend("Scalar"):
        thread = threading.Thread(target=lambda: seen.append(ran()))
        thread.start()
        thread.join()
    assert seen == [backends()[0]]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", ["AVX1024", "", "GPU"])
def test_unknown_backend_names_what_there_is(name: str, strict: bool) -> None:
    """A name that is no instruction set is refused, with the available ones in the message."""
    with pytest.raises(UnsupportedBackend, match=r"available: .*Scalar"):
        use_backend(name, strict=strict)


def test_unavailable_backend_is_refused_when_strict() -> None:
    """A set of another architecture or of a better CPU raises, and nothing changes."""
    for name in ABSENT:
        with pytest.raises(UnsupportedBackend, match=f"{name} is not available on this CPU"):
            use_backend(name)
    assert ABSENT
    assert ran() == backends()[0]


def test_unavailable_backend_runs_the_next_lower_when_not_strict() -> None:
    """The execution says what was wanted and why it did not run."""
    for name in ABSENT:
        with use_backend(name, strict=False):
            assert ran() in backends()
            execution = last_execution()
        assert execution is not None
        assert execution.fallback
        assert execution.reason.startswith(f"{name} not available on this CPU (lacks ")


def test_execution_of_an_operation() -> None:
    """Every field is what happened, with no duration when nothing traced it."""
    with use_backend("Scalar"):
        Vector(range(1000), dtype="float32").max()
    execution = last_execution()
    assert execution is not None
    assert execution.op == "max"
    assert execution.kernel == "max_f32_scalar"
    assert execution.backend is SimdBackend.Scalar
    assert execution.fallback
    assert execution.reason == "Scalar forced"
    assert (execution.elements, execution.data_type) == (1000, "f32")
    assert execution.duration_ns is None


def test_execution_of_the_best_backend_is_no_fallback() -> None:
    """Nothing to explain when the best instruction set ran."""
    if backends()[0] == "Scalar":
        pytest.skip("this CPU has no SIMD set that there are kernels for")
    LONG.mean()
    execution = last_execution()
    assert execution is not None
    assert execution.reason == ("" if not execution.fallback else execution.reason)
    assert execution.kernel == f"sum_f64_{backends()[0].lower()}"


def test_short_vector_says_why_it_ran_lower() -> None:
    """One element fills no vector register."""
    Vector([1.0]).sum()
    execution = last_execution()
    assert execution is not None
    assert (execution.backend, execution.reason) == (
        SimdBackend.Scalar,
        "fewer elements than one vector",
    )


def test_failed_operation_ran_no_kernel() -> None:
    """An operation that never reached a kernel claims none."""
    with pytest.raises(ValueError, match="empty"):
        Vector([]).mean()
    execution = last_execution()
    assert execution is not None
    assert (execution.op, execution.kernel, execution.backend) == ("mean", "", SimdBackend.Unknown)


def test_traced_operation_has_a_duration_and_a_failed_one_is_counted() -> None:
    """A tracer measures what it records, and records failures too."""
    config = ffi.new("rnc_tracer_config *", {"sample_rate": 1.0, "slow_threshold_ns": -1})
    slot = ffi.new("rnc_tracer **")
    counts = ffi.new("rnc_tracer_counts *")
    assert lib.rnc_tracer_open(config, slot) == lib.RNC_OK
    try:
        lib.rnc_tracer_activate(slot[0])
        LONG.sum()
        execution = last_execution()
        with pytest.raises(ValueError, match="empty"):
            Vector([]).mean()
        lib.rnc_tracer_read_counts(slot[0], counts)
    finally:
        lib.rnc_tracer_activate(ffi.NULL)
        lib.rnc_tracer_close(slot[0])
        lib.rnc_tracer_free(slot[0])
    assert execution is not None
    assert execution.duration_ns is not None
    assert execution.duration_ns > 0
    assert (counts.operations, counts.recorded) == (2, 2)


def test_no_execution_before_the_first() -> None:
    """A new thread has run nothing yet."""
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(last_execution()))
    thread.start()
    thread.join()
    assert seen == [None]


SHOW = (
    "from renacer.compute import *; Vector(range(1000)).sum(); "
    "print(last_execution().backend, last_execution().reason)"
)


def test_environment_chooses_for_the_whole_process() -> None:
    """RENACER_BACKEND holds for every thread, in any letter case."""
    result = run_python(SHOW, RENACER_BACKEND="scalar")
    assert result.stdout == "Scalar Scalar forced\n", result.stderr
    program = f"import threading; t = threading.Thread(target=exec, args=({SHOW!r}, {{}}))"
    result = run_python(
        f"import renacer.compute; {program}; t.start(); t.join()", RENACER_BACKEND="SCALAR"
    )
    assert result.stdout == "Scalar Scalar forced\n", result.stderr


def test_environment_does_not_beat_a_block() -> None:
    """use_backend is nearer than the environment."""
    program = f"from renacer.compute import *\nwith use_backend({backends()[0]!r}): {SHOW}"
    result = run_python(program, RENACER_BACKEND="scalar")
    assert result.stdout.split()[0] == backends()[0], result.stderr


@pytest.mark.parametrize("name", ["sse99", *ABSENT])
def test_bad_environment_is_loud(name: str) -> None:
    """Importing fails and names the variable and what is available."""
    result = run_python("import renacer.compute", RENACER_BACKEND=name)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("renacer.errors.UnsupportedBackend: RENACER_BACKEND: ")
    assert "available: " in last


def test_empty_environment_means_the_best() -> None:
    """An empty variable is an unset one."""
    result = run_python(SHOW, RENACER_BACKEND="")
    assert result.stdout.split()[0] == backends()[0], result.stderr
