"""Where reports go: stderr or a file, surviving a closed pipe and a full disk."""

from __future__ import annotations

import os
import sys

from renacer.errors import UsageError

__all__ = ["Output"]


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
            self._descriptor = sys.stderr.fileno()
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None

    def write(self, data: bytes) -> None:
        """Write all of ``data``, or record why not."""
        view = memoryview(data)
        try:
            while self._open and view:
                view = view[os.write(self._descriptor, view) :]
        except BrokenPipeError:
            self._open = False
        except OSError as error:
            self._open = False
            self.error = f"writing {self._name} stopped: {error.strerror}"

    def close(self) -> None:
        """Close the file; stderr stays open."""
        self._open = False
        if self._name != "stderr":
            os.close(self._descriptor)
