"""The package's front door: everything it names is there, and nothing is imported too early."""

from __future__ import annotations

import subprocess
import sys

import pytest

import renacer


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("name", renacer.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    """A name in __all__ can be used, and help() says something about it."""
    assert getattr(renacer, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """hasattr and getattr with a default work as on any module."""
    assert not hasattr(renacer, "Vectro")


def test_computing_imports_neither_opentelemetry_nor_numpy() -> None:
    """Numeric code pays for no package it does not use."""
    code = (
        "import sys, renacer; renacer.Vector([1.0, 2.0]).mean(); "
        "print([m for m in ('opentelemetry', 'numpy', 'grpc') if m in sys.modules])"
    )
    assert python(code) == "[]"


def test_computing_works_with_no_opentelemetry_installed() -> None:
    """An import of opentelemetry that fails disturbs neither Vector nor a tracer without exporter."""
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import renacer\n"
        "with renacer.ComputeTracer() as tracer, tracer.operation('x'):\n"
        "    print(renacer.Vector([1.0, 2.0]).sum())"
    )
    assert python(code) == "3.0"
