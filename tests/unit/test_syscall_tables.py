"""The tables against the kernel headers of this machine: numbers, flags, errors and signals."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from renacer._native import ffi, lib, string, table

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "csrc" / "syscall" / "tables"
COLUMNS = {"x86_64": 0, "i386": 1, "aarch64": 2}
COMPILERS = [cc for cc in ("x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc") if shutil.which(cc)]
needs_x86 = pytest.mark.skipif(
    "x86_64-linux-gnu-gcc" not in COMPILERS, reason="no x86_64 headers on this machine"
)
needs_arm = pytest.mark.skipif(
    "aarch64-linux-gnu-gcc" not in COMPILERS, reason="no aarch64 headers on this machine"
)


def rows() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each row's name and its numbers, -1 where an architecture lacks it."""
    pattern = r"^(?:SYSCALL\((\w+)|VARIANT\((\w+), \w+),\s*(\w+),\s*(\w+),\s*(\w+),"
    for match in re.finditer(pattern, (TABLES / "syscalls.def").read_text(), re.MULTILINE):
        numbers = (-1 if text == "NO" else int(text) for text in match.groups()[2:])
        yield match[1] or match[2], tuple(numbers)


def evaluated(compiler: str, header: str, prefix: str) -> dict[str, int]:
    """The macros of a header that begin with a prefix, as numbers."""
    command = [compiler, "-E", "-dM", "-include", header, "-x", "c", "/dev/null"]
    macros = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = sorted(set(re.findall(rf"^#define ({prefix}\w+) \S", macros, re.MULTILINE)))
    command = [compiler, "-E", "-P", "-include", header, "-x", "c", "-"]
    source = "".join(f"@{name[0]}_{name[1:]} {name}\n" for name in names)
    output = subprocess.run(command, input=source, check=True, capture_output=True, text=True)
    found = re.findall(
        r"^@(\w)_(\w+) \(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?$", output.stdout, re.MULTILINE
    )
    return {first + rest: int(number) for first, rest, number in found}


@pytest.mark.parametrize(
    ("compiler", "header", "architecture"),
    [
        pytest.param("x86_64-linux-gnu-gcc", "asm/unistd_64.h", "x86_64", marks=needs_x86),
        pytest.param("x86_64-linux-gnu-gcc", "asm/unistd_32.h", "i386", marks=needs_x86),
        pytest.param("aarch64-linux-gnu-gcc", "asm/unistd.h", "aarch64", marks=needs_arm),
    ],
)
def test_every_number_of_the_headers_is_here(compiler: str, header: str, architecture: str) -> None:
    """No syscall of the installed kernel headers is missing or numbered otherwise."""
    known = evaluated(compiler, header, "__NR_")
    ours = {(name, numbers[COLUMNS[architecture]]) for name, numbers in rows()}
    expected = {
        (name.removeprefix("__NR_"), number)
        for name, number in known.items()
        if name not in ("__NR_syscalls", "__NR_arch_specific_syscall")
        and not name.startswith("__NR_3264")
    }
    assert len(expected) > 300
    assert expected - ours == set()


@needs_x86
def test_every_x32_number_is_here() -> None:
    """x32's own numbers are the headers', and the others agree with x86_64's."""
    own = dict(re.findall(r"^X32\((\w+), (\d+)\)", (TABLES / "x32.def").read_text(), re.MULTILINE))
    shared = {name: numbers[0] for name, numbers in rows() if numbers[0] >= 0}
    known = evaluated("x86_64-linux-gnu-gcc", "asm/unistd_x32.h", "__NR_")
    assert len(known) > 300
    for macro, number in known.items():
        name = macro.removeprefix("__NR_")
        assert number == int(own.get(name, shared[name])), name


def test_the_newest_calls_are_known() -> None:
    """Numbers up to Linux 6.18 have names, whatever headers this machine has."""
    numbers = dict(rows())
    assert numbers["cachestat"] == (451, 451, 451)
    assert numbers["mseal"] == (462, 462, 462)
    assert numbers["file_setattr"] == (469, 469, 469)
    missing = set(range(424, 470)) - {own[2] for own in numbers.values()}
    assert missing == set()


HEADERS = [
    [
        "sys/socket.h",
        "sys/shm.h",
        "sys/stat.h",
        "sys/wait.h",
        "sys/resource.h",
        "sched.h",
        "time.h",
    ],
    ["netinet/in.h", "netinet/tcp.h", "sys/timerfd.h", "sys/eventfd.h", "sys/signalfd.h"],
    ["linux/fcntl.h", "asm/mman.h", "linux/mman.h", "linux/sched.h", "linux/futex.h"],
    ["linux/prctl.h", "linux/eventpoll.h", "linux/mount.h", "linux/fiemap.h", "linux/stat.h"],
    ["linux/falloc.h", "linux/fadvise.h", "linux/inotify.h", "linux/fanotify.h", "asm/ioctls.h"],
    [
        "linux/fiemap.h",
        "linux/io_uring.h",
        "linux/userfaultfd.h",
        "linux/close_range.h",
        "linux/memfd.h",
    ],
    ["linux/mempolicy.h", "linux/resource.h", "linux/seccomp.h", "linux/random.h"],
    ["linux/module.h", "linux/keyctl.h", "linux/perf_event.h", "linux/netlink.h", "linux/xattr.h"],
    ["linux/shm.h", "linux/sem.h", "linux/msg.h", "linux/kexec.h", "linux/in6.h", "linux/wait.h"],
]
#: O_LARGEFILE is 0 in the C library; MAP_32BIT is 0 here where the architecture has no such bit.
NOT_COMPARED = {"O_LARGEFILE", "MAP_32BIT"}


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: headers[0])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_flags_have_the_value_of_the_headers(
    compiler: str, headers: list[str], tmp_path: Path
) -> None:
    """Wherever a header defines a flag's name, the table has its value."""
    flags = [
        flag
        for path in sorted((TABLES / "flags").glob("*.def"))
        for flag in re.findall(r"FLAG\((\w+), (BY_ARCH\(\w+, \w+\)|[^)]+)\)", path.read_text())
    ]
    source = [f"#include <{header}>" for header in ("stddef.h", "asm/fcntl.h", *headers)]
    chosen = "aarch64" if compiler.startswith("aarch64") else "x86"
    source.append(f"#define BY_ARCH(x86, aarch64) {chosen}")
    for name, value in flags:
        if name not in NOT_COMPARED:
            check = f'_Static_assert((unsigned)({name}) == (unsigned)({value}), "{name}");'
            source += [f"#ifdef {name}", check, "#endif"]
    program = tmp_path / "flags.c"
    program.write_text("\n".join(source) + "\n")
    command = [compiler, "-D_GNU_SOURCE", "-fsyntax-only", "-w", str(program)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.stderr == ""
    assert len(flags) > 900


@pytest.mark.parametrize("compiler", COMPILERS)
def test_errors_are_those_of_the_headers(compiler: str) -> None:
    """Every errno of the headers has its name."""
    known = evaluated(compiler, "errno.h", "E")
    assert len(known) > 120
    aliases = {"EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"}
    for name, number in known.items():
        if name not in aliases:
            assert string(lib.rnc_errno_name(number)) == name


@pytest.mark.parametrize("compiler", COMPILERS)
def test_signals_are_those_of_the_headers(compiler: str) -> None:
    """Every signal of the headers has its name."""
    known = evaluated(compiler, "signal.h", "SIG")
    names = {name: number for name, number in known.items() if re.fullmatch("SIG[A-Z0-9]+", name)}
    aliases = {"SIGIOT", "SIGCLD", "SIGPOLL", "SIGSTKSZ", "SIGRTMIN", "SIGRTMAX"}
    assert {"SIGKILL", "SIGSEGV"} <= set(names)
    for name, number in names.items():
        if name not in aliases and number:
            assert string(lib.rnc_signal_name(number)) == name


def test_rows_and_classes_reach_python() -> None:
    """Python sees the rows of the table, in its order, and what is past the end."""
    names = [string(row.name) for row in table(lib.rnc_syscall)]
    assert names == [name for name, _ in rows()]
    assert lib.rnc_syscall(len(names)) == ffi.NULL
    assert "file" in [string(name) for name in table(lib.rnc_syscall_class)]
    assert lib.rnc_errno_name(0) == ffi.NULL
