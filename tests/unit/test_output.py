"""Reports survive whatever their destination does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from renacer.errors import UsageError
from renacer.report.output import Output


def test_a_file_is_truncated_and_holds_every_byte(tmp_path: Path) -> None:
    """-o FILE replaces what was there."""
    path = tmp_path / "trace"
    path.write_bytes(b"old and longer")
    output = Output(str(path))
    output.write(b"new\n")
    output.write(b"\xff\n")
    output.close()
    assert path.read_bytes() == b"new\n\xff\n"


def test_an_unwritable_path_is_refused_before_anything_runs(tmp_path: Path) -> None:
    """A bad -o is a usage error that names the file and the cause."""
    with pytest.raises(UsageError, match=r"cannot write .*/no/such: No such file or directory"):
        Output(str(tmp_path / "no" / "such"))


def test_a_full_disk_is_remembered_and_never_raises() -> None:
    """The program under trace goes on; the reason is told at the end."""
    output = Output("/dev/full")
    output.write(b"x" * 100)
    output.write(b"more")
    assert output.error == "writing /dev/full stopped: No space left on device"


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`renacer … 2>&1 | head` ends quietly."""
    code = (
        "from renacer.report.output import Output; output = Output(); "
        "output.write(b'nobody reads this'); output.close(); print(repr(output.error))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        words = [sys.executable, "-c", code]
        result = subprocess.run(words, stdout=subprocess.PIPE, stderr=writer, check=True)
    finally:
        os.close(writer)
    assert result.stdout == b"''\n"


def test_the_descriptor_does_not_leak_into_programs(tmp_path: Path) -> None:
    """The traced program must not see our file among its descriptors."""
    output = Output(str(tmp_path / "trace"))
    assert not os.get_inheritable(output._descriptor)
    output.close()
