"""Every error Renacer raises: each is a :class:`RenacerError` and the fitting built-in."""

from __future__ import annotations

__all__ = [
    "CaptureError",
    "DivisionByZero",
    "EmptyVector",
    "ExportError",
    "InvalidInput",
    "RenacerError",
    "SizeMismatch",
    "TraceFileError",
    "UnsupportedBackend",
    "UsageError",
]


class RenacerError(Exception):
    """Base of all errors of this package. ``exit_status`` is what the command exits with."""

    exit_status = 125


class EmptyVector(RenacerError, ValueError):
    """The operation needs at least one element."""


class SizeMismatch(RenacerError, ValueError):
    """Two operands differ in length."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"expected {expected} elements, got {actual}")
        self.expected = expected
        self.actual = actual


class DivisionByZero(RenacerError, ZeroDivisionError):
    """The result would divide by zero: no variance, or ``ddof`` not below the length."""


class UnsupportedBackend(RenacerError, RuntimeError):
    """The instruction set is unknown, not built for this architecture, or not on this CPU."""


class InvalidInput(RenacerError, ValueError):
    """A parameter outside its domain, or data of a type that holds no numbers."""


class ExportError(RenacerError, RuntimeError):
    """Spans cannot be exported: a bad endpoint, header, file or protocol."""


class CaptureError(RenacerError, OSError):
    """A program cannot be started or traced; ``exit_status`` 126 or 127 mean what a shell means."""

    def __init__(self, message: str, exit_status: int = 125) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class TraceFileError(RenacerError, ValueError):
    """A trace file cannot be read, or holds no spans."""


class UsageError(RenacerError, ValueError):
    """The command line or an environment variable is wrong."""
