"""``renacer replay DIR``: what --otlp-spool kept, sent at last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from renacer.cli.exporting import parse_headers, quieten_grpc
from renacer.cli.help import helper_page
from renacer.cli.options import FLAGS, parse_flags
from renacer.cli.terminal import say, show
from renacer.errors import UsageError

if TYPE_CHECKING:
    from renacer.export.spool import Replay

__all__ = ["command"]

_HEAD = """\
renacer replay - send the spans that --otlp-spool kept

Usage:
  renacer replay [OPTIONS] DIR

Sends every batch in DIR to the receiver, oldest first, and removes what it confirms; what it does
not confirm stays in DIR. Delivery is at least once: a batch whose answer was lost is sent again,
with the same span ids.

Exit status: 0 if nothing is left in DIR, 1 if something is, 125 if DIR cannot be read.
"""

_FIELDS = ("otlp_endpoint", "otlp_protocol", "otlp_headers", "help")
_FLAGS = [flag for flag in FLAGS if flag.field in _FIELDS]


class ReplayOptions:
    """What the command line asks for; the fields are those of the run's options."""

    def __init__(self) -> None:
        self.otlp_endpoint: str | None = None
        self.otlp_protocol: str | None = None
        self.otlp_headers: list[str] = []
        self.help = False


def command(arguments: Sequence[str]) -> int:
    """Replay one directory and say what became of it; raises UsageError or ExportError."""
    options = ReplayOptions()
    words = parse_flags(_FLAGS, options, arguments)
    if options.help:
        show(helper_page(_HEAD, _FLAGS))
        return 0
    if len(words) != 1:
        raise UsageError("name one directory: renacer replay [OPTIONS] DIR")
    from renacer.export.endpoint import resolve_endpoint, resolve_protocol
    from renacer.export.sdk import connect
    from renacer.export.spool import Replay, listed, replay

    endpoint = resolve_endpoint(options.otlp_endpoint, resolve_protocol(options.otlp_protocol))
    headers = parse_headers(options.otlp_headers)
    paths = listed(words[0])
    result = Replay()
    if paths:
        quieten_grpc()
        transport = connect(endpoint, headers)
        result = replay(paths, transport)
        transport.interrupt()
    show(f"{_counted(result.ledger.exported, 'span')} delivered to {endpoint.url}\n")
    for line in _left(result, words[0]):
        say(line)
    return 1 if result.kept or result.damaged else 0


def _left(result: Replay, directory: str) -> Iterator[str]:
    ledger = result.ledger
    if ledger.rejected:
        yield f"{_counted(ledger.rejected, 'span')} rejected by the receiver: {ledger.last_error}"
    if result.kept:
        left = ledger.produced - ledger.exported - ledger.rejected
        yield f"{_counted(left, 'span')} stay in {directory}: {ledger.last_error}"
    if result.damaged:
        files = _counted(len(result.damaged), "file")
        names = ", ".join(path.name for path in result.damaged[:3])
        more = ", …" if len(result.damaged) > 3 else ""
        yield f"{files} in {directory} left alone, not whole batches: {names}{more}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
