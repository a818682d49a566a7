"""``renacer backends``: the instruction sets of this CPU, best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from renacer._native import lib, string, table
from renacer.cli.terminal import show
from renacer.errors import UsageError

__all__ = ["command", "lines"]


def command(arguments: Sequence[str]) -> int:
    """Print the table of instruction sets."""
    if arguments:
        raise UsageError("renacer backends takes no arguments")
    show("\n".join([*lines(), ""]))
    return 0


def lines() -> list[str]:
    """One line per instruction set that Renacer knows, and the CPU features behind them."""
    rows = [f"{string(row.name):8} {_state(row)}" for row in table(lib.rnc_isa)]
    return [*rows, f"CPU features: {string(lib.rnc_cpu_features())}"]


def _state(row: Any) -> str:
    if row.available:
        return "available"
    if row.built:
        return f"not on this CPU: lacks {string(row.missing)}"
    return "not for this architecture"
