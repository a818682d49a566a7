"""``renacer doctor``: what this machine allows, and why not."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from renacer._native import ffi, lib, string
from renacer._version import version
from renacer.cli import backends
from renacer.errors import UsageError

__all__ = ["command"]


def command(arguments: Sequence[str]) -> int:
    """Print the findings; 0 if at least one engine works here, else 1."""
    if arguments:
        raise UsageError("renacer doctor takes no arguments")
    print(f"renacer {version()}, Linux {platform.release()} on {platform.machine()}")
    engines = list(_engines())
    print("\nEngines")
    for name, reason in engines:
        print(f"  {name:8} {reason or 'works'}")
    print("\nPermissions")
    for name, value in _permissions():
        print(f"  {name:22} {value}")
    print("\nInstruction sets")
    print("\n".join(f"  {line}" for line in backends.lines()))
    return 0 if any(not reason for _, reason in engines) else 1


def _engines() -> Iterator[tuple[str, str]]:
    index = 0
    why = ffi.new("char[256]")
    while name := string(lib.rnc_engine_name(index)):
        status = lib.rnc_engine_probe(index, why, 256)
        yield name, "" if status == lib.RNC_OK else string(why)
        index += 1


def _permissions() -> Iterator[tuple[str, str]]:
    status = dict(
        line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines()
    )
    capabilities = int(status["CapEff"], 16)
    held = [name for name, bit in _CAPABILITIES.items() if capabilities >> bit & 1]
    yield "capabilities", ", ".join(held) or "none of " + ", ".join(_CAPABILITIES)
    yield "no_new_privs", status.get("NoNewPrivs", "?")
    yield "seccomp", _SECCOMP.get(status.get("Seccomp", ""), "unknown")
    yield "Yama ptrace_scope", _first_line("/proc/sys/kernel/yama/ptrace_scope", "no Yama")
    btf = Path("/sys/kernel/btf/vmlinux").exists()
    yield "kernel type info (BTF)", "present" if btf else "absent"


def _first_line(path: str, otherwise: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return otherwise


# Bits of <linux/capability.h>.
_CAPABILITIES = {"CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
_SECCOMP = {"0": "no filter", "1": "strict", "2": "filtered"}
