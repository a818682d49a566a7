"""The ``renacer`` command: what to do with each first word, and one place where errors end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from renacer.cli.terminal import keep_standard_streams, say, show
from renacer.errors import RenacerError, UsageError

__all__ = ["main"]


#: First words that are no program: renacer.cli.<word> has their ``command``.
HELPERS = ("backends", "compare", "doctor", "replay", "report")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; a traced program's death is repeated."""
    keep_standard_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words and words[0] in HELPERS:
            return int(import_module(f"renacer.cli.{words[0]}").command(words[1:]))
        return _trace(words)
    except RenacerError as error:
        say(str(error))
        return error.exit_status
    except (OSError, MemoryError) as error:
        if not isinstance(error, BrokenPipeError):  # whoever read our output wants no more
            say(str(error) or "out of memory")
        return RenacerError.exit_status
    except KeyboardInterrupt:
        from renacer._native import lib

        lib.rnc_die_by(signal.SIGINT)
        return 128 + signal.SIGINT


def _trace(words: list[str]) -> int:
    from renacer.cli.options import parse

    options = parse(words)
    if options.help:
        from renacer.cli.help import page

        show(page())
        return 0
    if options.version:
        from renacer._version import version

        show(f"renacer {version()}\n")
        return 0
    if not options.command:
        raise UsageError("no command to trace: renacer [OPTIONS] [--] COMMAND [ARG…]")
    from renacer.cli.run import command

    return command(options)
