"""One self-contained page: the timeline of a trace, its statistics, errors and fallbacks.

The page needs no network and runs no script but its own. What the trace says is embedded as JSON
in which no ``<`` stands, and put on the page as text only.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import BinaryIO

from renacer.analysis.trace_file import Span
from renacer.report.html.collect import Collector

__all__ = ["MAX_SPANS", "write_html"]

MAX_SPANS = 200_000
_SCRIPTS = ("data.js", "tables.js", "timeline.js", "main.js")


def write_html(spans: Iterable[Span], stream: BinaryIO, max_spans: int = MAX_SPANS) -> None:
    """Write the page. Tables count every span; the timeline shows the processes and ``max_spans``.

    Those are the ones with anomalies first, then the failed, then the longest; the page says how
    many it leaves out.
    """
    collector = Collector(max_spans)
    for span in spans:
        collector.add(span)
    data = collector.data()
    script = "\n".join(_file(name) for name in _SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "TITLE": html.escape(str(data["title"])),
        "SCRIPT_HASH": digest,
        "STYLE": _file("page.css"),
        "DATA": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
        "SCRIPT": script,
    }
    # The template's own marks only: what is put in is not looked through again.
    for number, piece in enumerate(_file("page.html").split("@@")):
        stream.write((parts[piece] if number % 2 else piece).encode())


def _file(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
