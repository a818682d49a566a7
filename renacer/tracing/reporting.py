"""Operations of other extensions' kernels: the header they compile against, and what it finds."""

from __future__ import annotations

from pathlib import Path

from renacer._core import reporting as _reporting

__all__ = ["_reporting", "get_include"]


def get_include() -> str:
    """The directory of ``renacer.h``, with which a C extension reports its own operations."""
    return str(Path(__file__).resolve().parent.parent / "include")
