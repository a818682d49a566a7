"""Labels do not lie: the machine code of each kernel is of the instruction set in its name."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from renacer import _core
from renacer._native import lib, string, table

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads x86-64 machine code")

PACKED_ARITHMETIC = re.compile(
    r"\bv?(add|sub|mul|div|min|max|sqrt|cvt\w*2)p[sd]\b|\bvfn?m\w+p[sd]\b"
)
WIDE = re.compile(r"%[yz]mm\d")
VEX = re.compile(r"^v[a-z]")
FUNCTION = re.compile(r"^[0-9a-f]+ <(?P<name>[^>]+)>:$")


@pytest.fixture(scope="module")
def functions() -> dict[str, list[str]]:
    """The instructions of every function of the built core, by symbol."""
    if not shutil.which("objdump"):
        pytest.skip("objdump is not installed")
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", _core.__file__],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    functions: dict[str, list[str]] = defaultdict(list)
    current = ""
    for line in listing.splitlines():
        if match := FUNCTION.match(line):
            current = match["name"]
        elif "\t" in line:
            functions[current].append(line.split("\t", 1)[1])
    return functions


def _kernels(functions: dict[str, list[str]], suffix: str) -> dict[str, str]:
    kernels = {
        name: "\n".join(code)
        for name, code in functions.items()
        if re.fullmatch(rf"rnc_\w+_f(32|64)_{suffix}", name)
    }
    assert kernels, f"no {suffix} kernel in the extension"
    return kernels


def test_scalar_kernels_do_no_packed_arithmetic(functions: dict[str, list[str]]) -> None:
    """The compiler has not vectorised what is stamped Scalar."""
    for name, code in _kernels(functions, "scalar").items():
        assert not PACKED_ARITHMETIC.search(code), name


def test_sse2_kernels_use_128_bits_and_no_later_encoding(functions: dict[str, list[str]]) -> None:
    """What is stamped SSE2 runs on a CPU without AVX, and is packed."""
    for name, code in _kernels(functions, "sse2").items():
        assert "%xmm" in code, name
        assert not any(VEX.match(line) for line in code.splitlines()), name


def test_wide_registers_appear_in_avx2_kernels_only(functions: dict[str, list[str]]) -> None:
    """AVX2 code is in functions of that name or local to their files."""
    helpers = _local_functions_of_avx2_files()
    for name, code in functions.items():
        if any(WIDE.search(line) for line in code):
            stem = name.split(".")[0]
            assert stem.endswith("_avx2") or stem in helpers, name


def _local_functions_of_avx2_files() -> set[str]:
    root = Path(__file__).resolve().parents[2] / "csrc" / "compute" / "kernels"
    names: set[str] = set()
    for path in root.glob("*_avx2.c"):
        names |= set(re.findall(r"^static[\w\s*]*?\b(\w+)\(", path.read_text(), re.MULTILINE))
    return names


PRODUCTS = {
    "avx2": re.compile(r"\bv(fmadd\d+|mul)p[sd]\b.*%ymm"),
    "sse2": re.compile(r"\bmulp[sd]\b"),
}
MOVES = {"avx2": re.compile(r"\bvunpck.*%ymm"), "sse2": re.compile(r"\bv?unpck|movlhps")}


@pytest.mark.parametrize("suffix", PRODUCTS)
@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize(
    "operation", ["matmul", "matvec", "transpose", "correlation_matrix", "convolve2d"]
)
def test_matrix_kernels_work_on_whole_vectors(
    functions: dict[str, list[str]], operation: str, dtype: str, suffix: str
) -> None:
    """Each has a kernel of each set, which multiplies or moves vectors of that set."""
    kernel = f"rnc_{operation}_{dtype}_{suffix}"
    assert kernel in functions
    parts = {kernel, f"multiply_{suffix}", f"tile_{dtype}_{suffix}", f"tile_f64_{suffix}"}
    code = [line for name in functions for line in functions[name] if name.split(".")[0] in parts]
    wanted = MOVES if operation == "transpose" else PRODUCTS
    assert any(wanted[suffix].search(line) for line in code)


def test_local_functions_keep_to_the_set_in_their_name(functions: dict[str, list[str]]) -> None:
    """What kernels call is no more than they are."""
    for name, code in functions.items():
        stem = name.split(".")[0]
        if stem.endswith("_scalar"):
            assert not any(PACKED_ARITHMETIC.search(line) for line in code), name
        if stem.endswith("_sse2"):
            assert not any(VEX.match(line) for line in code), name


@pytest.mark.parametrize(("cpu", "lacks"), [("Nehalem", "fma, avx2"), ("max,-fma", "fma")])
def test_older_cpu_never_executes_avx2(cpu: str, lacks: str) -> None:
    """On an emulated CPU without it, leaked AVX2 would be an illegal instruction."""
    emulator = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if not emulator:
        pytest.skip("qemu user emulation is not installed")
    program = (
        "from renacer import *\n"
        "assert backends() == ['SSE2', 'Scalar'], backends()\n"
        "m = Matrix([range(9)] * 4, dtype='float32')\n"
        "assert (m @ m.T).tolist() == [[204] * 4] * 4 and list(m @ Vector([1] * 9)) == [36] * 4\n"
        "assert m.convolve2d([[1, 0], [0, 0]]).tolist() == [list(range(1, 9))] * 3\n"
        "assert abs(Matrix([[1, 2], [2, 4], [4, 8]]).correlation_matrix()[0, 1] - 1) < 1e-15\n"
        "for dtype in ('float32', 'float64'):\n"
        "    v = Vector(range(1000), dtype=dtype)\n"
        "    assert (v.sum(), v.min(), v.max(), v.percentile(50)) == (499500, 0, 999, 499.5)\n"
        "    assert (v.argmin(), v.argmax(), v.norm('linf')) == (0, 999, 999)\n"
        "    assert v.dot(v) == 332833500 and v.correlation(v) > 0.999\n"
        "    assert v.zscore().describe((50, 90)).count == 1000\n"
        "    assert v.stddev() ** 2 - v.variance() < 1e-9\n"
        "    e = last_execution()\n"
        "    print(e.kernel, e.fallback, e.reason)\n"
    )
    result = subprocess.run(
        [emulator, "-cpu", cpu, sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    reason = f"AVX2 not available on this CPU (lacks {lacks})"
    expected = f"moments_f32_sse2 True {reason}\nmoments_f64_sse2 True {reason}\n"
    assert result.stdout == expected, result.stderr


def test_tables_name_their_rows_once() -> None:
    """Operation and instruction set names are unique: dashboards key on them."""
    for rows in (table(lib.rnc_op), table(lib.rnc_isa)):
        names = [string(row.name) for row in rows]
        assert len(names) == len(set(names))
