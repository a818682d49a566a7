"""The HTML page of a real run in a real browser: it draws, searches, and runs nothing foreign."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.integration.command import renacer

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOSTILE = "<img src=x onerror=document.title='taken'>"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with children, a hostile name, errors and compute operations."""
    folder = tmp_path_factory.mktemp("page")
    trace, out = folder / "trace.jsonl", folder / "page.html"
    options = ("-f", "-c", "--stats-extended", "--trace-compute-all", "--anomaly-realtime")
    command = ("sh", "-c", 'cat "$0"; true', HOSTILE)
    run = renacer(*options, "--otlp-file", str(trace), "--", *command)
    assert run.returncode == 0, run.stderr
    report = renacer("report", str(trace), "--format", "html", "-o", str(out))
    assert (report.returncode, report.stdout, report.stderr) == (0, "", "")
    return out


def rendered(page: Path, profile: Path, fragment: str = "") -> str:
    """The document after its script has run."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom",
               f"{page.as_uri()}{fragment}"]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout


_TAG = re.compile(r"""<(?:"[^"]*"|[^>"])*>""")


def section(document: str, title: str) -> list[str]:
    """The rows of the table under that head, as texts."""
    match = re.search(rf"<section[^>]*><h2>{title}</h2>(.*?)</section>", document, re.DOTALL)
    assert match, f"no table {title}"
    rows = re.findall(r"<tr>(.*?)</tr>", match[1].partition("<tbody>")[2], re.DOTALL)
    return [unescape(_TAG.sub("|", row)) for row in rows]


def test_the_page_shows_the_run_and_finds_what_is_searched(page: Path, tmp_path: Path) -> None:
    """Script ran to its end; the tables have the run's rows; the address's search is applied."""
    document = rendered(page, tmp_path, "#q=onerror&kind=failed&us=0")
    assert 'data-ready="yes"' in document
    assert any("openat" in row for row in section(document, "Syscalls"))
    assert any("openat" in row and "ENOENT" in row for row in section(document, "Errors"))
    assert any("Vector::mean" in row for row in section(document, "Compute operations"))
    assert any("cat" in row for row in section(document, "Processes"))
    found = section(document, "Spans")
    assert any("openat" in row for row in found)
    assert all(HOSTILE in row for row in found)
    assert re.search(rf"<output[^>]*>{len(found)} of [\d,]+ match</output>", document)


def test_a_hostile_name_runs_nothing(page: Path, tmp_path: Path) -> None:
    """A file name that is markup stays a name: no element of it, and the title is the program's."""
    document = rendered(page, tmp_path)
    assert re.search(r"<title>(dash|sh|bash) . renacer</title>", document)
    elements = _Elements()
    elements.feed(document)
    assert elements.tags.count("script") == 2
    assert "img" not in elements.tags
