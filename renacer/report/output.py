"""Where reports go: stderr or a file, surviving a closed pipe and a full disk."""

from __future__ import annotations

import os

from renacer._descriptors import create, write_all
from renacer.errors import UsageError

__all__ = ["Output"]

_STDERR = 2


class Output:
    """A byte stream that is opened before the program starts and never raises afterwards.

    The first failed write ends the output; ``error`` then says why, or stays "" where the reader
    of a pipe simply went away. Raises UsageError when ``path`` cannot be written.
    """

    def __init__(self, path: str | None = None) -> None:
        self.error = ""
        self._open = True
        self._name = path or "stderr"
        if path is None:
            self._descriptor = _STDERR
            return
        try:
            self._descriptor = create(path)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None

    def write(self, data: bytes) -> None:
        """Write all of ``data``, or record why not."""
        if not self._open:
            return
        try:
            write_all(self._descriptor, data)
        except BrokenPipeError:
            self._open = False
        except OSError as error:
            self._open = False
            self.error = f"writing {self._name} stopped: {error.strerror}"

    def close(self) -> None:
        """Close the file; stderr stays open."""
        self._open = False
        if self._descriptor != _STDERR:
            os.close(self._descriptor)
