"""The version of the installed package."""

from __future__ import annotations

__all__ = ["version"]


def version() -> str:
    """The version, such as "0.1.0"; importlib.metadata is imported only here, for start-up's sake."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("renacer")
    except PackageNotFoundError:
        return "0+unknown"
