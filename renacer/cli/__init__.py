"""The ``renacer`` command: what to do with each first word, and one place where errors end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from renacer.errors import RenacerError, UsageError

__all__ = ["main"]


def _backends(arguments: Sequence[str]) -> int:
    from renacer.cli.backends import command

    return command(arguments)


def _doctor(arguments: Sequence[str]) -> int:
    from renacer.cli.doctor import command

    return command(arguments)


HELPERS: dict[str, Callable[[Sequence[str]], int]] = {"backends": _backends, "doctor": _doctor}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; a traced program's death is repeated."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words and words[0] in HELPERS:
            return HELPERS[words[0]](words[1:])
        return _trace(words)
    except RenacerError as error:
        print(f"renacer: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        return 125
    except MemoryError as error:
        print(f"renacer: {error or 'out of memory'}", file=sys.stderr)
        return 125


def _trace(words: list[str]) -> int:
    from renacer.cli.options import parse

    options = parse(words)
    if options.help:
        from renacer.cli.help import page

        print(page(), end="")
        return 0
    if options.version:
        from renacer._version import version

        print(f"renacer {version()}")
        return 0
    if not options.command:
        raise UsageError("no command to trace: renacer [OPTIONS] [--] COMMAND [ARG…]")
    from renacer.cli.run import command

    return command(options)
