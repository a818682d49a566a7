"""Other extensions' operations: the example of renacer.h, built as a user builds it."""

from __future__ import annotations

import array
import importlib.util
import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

import renacer
from renacer import ComputeTracer, ComputeTracerConfig
from renacer.compute.vector import Vector
from tests.unit.span_memory import SpanMemory, attributes

SOURCE = Path(__file__).parents[2] / "examples/reporting/sumsq.c"
DATA = array.array("f", [1.0, 2.0, 3.0])
SPAN = "sumsq: sumsq"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled with warnings as errors."""
    target = tmp_path_factory.mktemp("example") / "sumsq.so"
    includes = [sysconfig.get_paths()["include"], renacer.get_include()]
    command = [
        *(os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter"),
        *("-Wno-missing-field-initializers", "-Werror", "-shared", "-fPIC"),
        *(f"-I{folder}" for folder in includes),
        *(str(SOURCE), "-o", str(target)),
    ]
    subprocess.run(command, check=True)
    return target


@pytest.fixture
def sumsq(library: Path) -> ModuleType:
    """The example, imported."""
    spec = importlib.util.spec_from_file_location("sumsq", library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_operation_is_a_span_that_its_kernel_stamped(
    memory: SpanMemory, tracer: ComputeTracer, sumsq: ModuleType
) -> None:
    """The span names the library, the kernel that ran and its backend, under what was open."""
    with tracer.operation("outer"):
        assert sumsq.sumsq(DATA) == 14.0
        assert sumsq.sumsq(array.array("f", [3.0])) == 9.0
    tracer.shutdown()
    many, one = memory.named(SPAN)
    backend = "SSE2" if platform.machine() == "x86_64" else "Scalar"
    for span, elements, ran in ((many, 3, backend), (one, 1, "Scalar")):
        seen = attributes(span)
        assert span.parent_span_id == memory.one("compute: outer").span_id
        assert (seen["compute.library"], seen["compute.operation"]) == ("sumsq", "sumsq")
        assert (seen["compute.elements"], seen["compute.data_type"]) == (elements, "f32")
        assert (seen["compute.backend"], seen["compute.result"]) == (ran, "success")
        assert seen["compute.kernel"] == f"sumsq_f32_{ran.lower()}"
        assert "compute.fallback" not in seen
        assert span.status.code == 1
        assert span.start_time_unix_nano <= span.end_time_unix_nano


def test_a_failure_says_why(memory: SpanMemory, tracer: ComputeTracer, sumsq: ModuleType) -> None:
    """An error is the span's status, and no kernel is named that did not run."""
    with pytest.raises(ValueError, match="sumsq of nothing"):
        sumsq.sumsq(array.array("f"))
    tracer.shutdown()
    span = memory.one(SPAN)
    assert (span.status.code, span.status.message) == (2, "EmptyBuffer")
    seen = attributes(span)
    assert (seen["compute.backend"], seen["compute.result"]) == ("Unknown", "error")
    assert "compute.kernel" not in seen


def test_it_is_counted_and_sampled_as_any_other(sumsq: ModuleType, vector: Vector) -> None:
    """Every reported operation has its fate in the tracer's counts, beside Renacer's own."""
    memory = SpanMemory()
    config = ComputeTracerConfig(sample_rate=0, per_operation={"sum": 1})
    with ComputeTracer(memory, config) as tracer:
        for _ in range(100):
            sumsq.sumsq(DATA)
            vector.sum()
    stats = tracer.stats()
    assert (stats["operations"], stats["sampled_out"], stats["recorded"]) == (200, 100, 100)
    assert not memory.named(SPAN)


def test_without_a_tracer_it_only_computes(sumsq: ModuleType) -> None:
    """No tracer, no difference."""
    assert sumsq.sumsq(DATA) == 14.0


def test_without_renacer_it_works_as_well(library: Path) -> None:
    """A user who has not installed Renacer has the extension all the same."""
    code = (
        "import sys; sys.modules['renacer'] = None\n"
        f"sys.path.insert(0, {str(library.parent)!r})\n"
        "import array, sumsq; print(sumsq.sumsq(array.array('f', [2.0])))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("4.0\n", "")


def test_the_header_is_cxx_too(tmp_path: Path) -> None:
    """An extension in C++ can include it."""
    source = tmp_path / "user.cpp"
    source.write_text(
        "#include <renacer.h>\n"
        "int traced(renacer_operation *one) { return renacer_begin(renacer_find(), one); }\n"
    )
    includes = [sysconfig.get_paths()["include"], renacer.get_include()]
    command = ["c++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(source)]
    subprocess.run([*command, *(f"-I{folder}" for folder in includes)], check=True)
