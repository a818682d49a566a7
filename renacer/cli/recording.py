"""``--format html`` and ``--format perfetto`` of a run: recorded, and written at its end."""

from __future__ import annotations

import os
from contextlib import ExitStack
from io import BytesIO
from tempfile import TemporaryDirectory

from renacer._descriptors import create
from renacer.analysis.trace_file import read_spans
from renacer.cli.options import Options
from renacer.cli.report import FORMATS, ReportOptions
from renacer.cli.terminal import say
from renacer.errors import RenacerError, UsageError

__all__ = ["Recording"]


class Recording:
    """A report on the run's trace, which goes to a temporary file in the place of an OTLP sink.

    Takes the format and the output file out of ``options``, so that tables go to stderr. Raises
    UsageError for what would stop the report, before the program runs.
    """

    def __init__(self, options: Options, cleanup: ExitStack) -> None:
        name, path = str(options.format), options.output
        if path is None:
            raise UsageError(f"--format {name} needs a file to write: add -o FILE")
        if options.otlp_endpoint is not None or options.otlp_file is not None:
            raise UsageError(
                f"--format {name} takes the place of an OTLP sink; "
                "use --otlp-file, and renacer report on what it wrote"
            )
        self._write = FORMATS[name]
        self._write(lambda: iter(()), BytesIO(), ReportOptions())  # tells now what is missing
        try:
            self._stream = os.fdopen(create(path), "wb")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        folder = cleanup.enter_context(TemporaryDirectory(prefix="renacer-"))
        self._trace = os.path.join(folder, "trace")
        options.otlp_file, options.otlp_max_spans = self._trace, 0
        options.format = options.output = None

    def write(self) -> None:
        """Write the report; what goes wrong is said, and the program's exit status stays."""
        try:
            with self._stream as stream:
                self._write(lambda: read_spans([self._trace], say), stream, ReportOptions())
        except (OSError, RenacerError) as error:
            say(f"the report is not complete: {error}")
