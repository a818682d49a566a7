"""``renacer doctor``: what this machine allows, and why not."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from renacer._version import version
from renacer.capture.engine import engine_names, probe_engine
from renacer.cli import backends
from renacer.cli.terminal import show
from renacer.errors import UsageError

__all__ = ["command"]


def command(arguments: Sequence[str]) -> int:
    """Print the findings; 0 if at least one engine works here, else 1."""
    if arguments:
        raise UsageError("renacer doctor takes no arguments")
    engines = [(name, probe_engine(index)) for index, name in enumerate(engine_names())]
    show("\n".join(_page(engines)))
    return 0 if any(not reason for _, reason in engines) else 1


def _page(engines: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f"renacer {version()}, Linux {platform.release()} on {platform.machine()}"
    yield "\nEngines"
    yield from (f"  {name:8} {reason or 'works'}" for name, reason in engines)
    yield "\nPermissions"
    yield from (f"  {name:22} {value}" for name, value in _permissions())
    yield "\nInstruction sets"
    yield from (f"  {line}" for line in backends.lines())
    yield "\n" + _verdict(engines)
    yield ""


def _verdict(engines: Iterable[tuple[str, str]]) -> str:
    working = [name for name, reason in engines if not reason]
    if working:
        return f"Programs can be traced here, with the {working[0]} engine."
    return "No program can be traced here: see the engines above."


def _permissions() -> Iterator[tuple[str, str]]:
    lines = _text("/proc/self/status", "").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    capabilities = int(status.get("CapEff", "0"), 16)
    held = [name for name, bit in _CAPABILITIES.items() if capabilities >> bit & 1]
    none = "none of " + ", ".join(_CAPABILITIES) if status else "unknown: no /proc"
    yield "capabilities", ", ".join(held) or none
    yield "no_new_privs", status.get("NoNewPrivs", "?")
    yield "seccomp", _SECCOMP.get(status.get("Seccomp", ""), "unknown")
    yield "Yama ptrace_scope", _text("/proc/sys/kernel/yama/ptrace_scope", "no Yama")
    btf = Path("/sys/kernel/btf/vmlinux").exists()
    yield "kernel type info (BTF)", "present" if btf else "absent"


def _text(path: str, otherwise: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return otherwise


# Bits of <linux/capability.h>.
_CAPABILITIES = {"CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
_SECCOMP = {"0": "no filter", "1": "strict", "2": "filtered"}
