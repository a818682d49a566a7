"""Fixtures of the integration tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running OTLP receiver."""
    with Receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_otel_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No OTEL_* variable of the caller reaches a test."""
    import os

    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with every program of programs/, compiled."""
    directory = tmp_path_factory.mktemp("programs")
    for source in PROGRAMS.glob("*.c"):
        command = ["cc", "-O1", "-pthread", "-o", str(directory / source.stem), str(source)]
        subprocess.run(command, check=True)
    return directory
