"""What the command itself says, straight to the descriptors, whatever state they are in."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from renacer._descriptors import write_all

__all__ = ["keep_standard_streams", "say", "show"]

_STDOUT, _STDERR = 1, 2


def keep_standard_streams() -> None:
    """Stand /dev/null in for standard streams that are closed, so that no file takes their place.

    The program under trace does not inherit it: what was closed stays closed there.
    """
    with suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= _STDERR:
            pass
        os.close(descriptor)
    if sys.stderr is None:  # print() and warnings would go to stdout, or fail
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good


def show(text: str) -> None:
    """Write ``text`` to stdout; raises OSError where that fails."""
    write_all(_STDOUT, _encoded(text))


def say(line: str) -> None:
    """Write ``renacer: <line>`` to stderr; nobody is left to tell where that fails."""
    with suppress(OSError):
        write_all(_STDERR, _encoded(f"renacer: {line}\n"))


def _encoded(text: str) -> bytes:
    # Words of the command line come out as the bytes they were.
    return text.encode("utf-8", "surrogateescape")
