"""Which syscalls to record: the ``-e`` expressions, with strace's meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from renacer._native import lib, string, table
from renacer.errors import UsageError

__all__ = ["parse_filter"]

#: Classes that strace also takes without the percent sign.
_BARE_CLASSES = frozenset({"file", "process", "network", "signal", "ipc", "desc", "memory"})
_CLASS_ALIASES = {"net": "network"}
_QUALIFIERS = ("trace", "t")


@cache
def _names() -> tuple[str, ...]:
    return tuple(string(row.name) for row in table(lib.rnc_syscall))


@cache
def _classes() -> dict[str, frozenset[int]]:
    rows = table(lib.rnc_syscall)
    names = [string(name) for name in table(lib.rnc_syscall_class)]
    classes = {
        name: frozenset(index for index, row in enumerate(rows) if row.classes >> bit & 1)
        for bit, name in enumerate(names)
    }
    return classes | {alias: classes[name] for alias, name in _CLASS_ALIASES.items()}


def parse_filter(expressions: Iterable[str]) -> bytes | None:
    """One byte per row of the syscall table, 1 for what is to be recorded; None for no expression.

    Each expression is ``[trace=][!]LIST``: names, numbers of this architecture, ``%class``,
    ``/regex/``, ``all``, ``none``, separated by commas. ``!`` takes the complement, a leading ``?``
    lets an item match nothing, and the last expression holds. Raises UsageError for an item that
    names nothing, a bad regular expression, and a qualifier other than ``trace``.
    """
    wanted: frozenset[int] | None = None
    for expression in expressions:
        wanted = _parse(expression)
    if wanted is None:
        return None
    return bytes(index in wanted for index in range(len(_names())))


def _parse(expression: str) -> frozenset[int]:
    everything = frozenset(range(len(_names())))
    text = _without_qualifier(expression)
    items = text.lstrip("!")
    negated = (len(text) - len(items)) % 2 == 1
    if items in ("all", "none"):
        chosen = everything if items == "all" else frozenset()
    else:
        parts = [part for part in _split(items) if part]
        if not parts:
            raise UsageError(f"-e '{expression}' names no syscall")
        chosen = frozenset().union(*(_rows(part) for part in parts))
    return everything - chosen if negated else chosen


def _without_qualifier(expression: str) -> str:
    match = re.match(r"([a-z-]+)=(.*)", expression, re.DOTALL)
    if match is None:
        return expression
    if match[1] not in _QUALIFIERS:
        raise UsageError(f"-e {match[1]}=: only -e trace= is understood")
    return match[2]


def _split(items: str) -> Iterator[str]:
    """The items between commas; a comma inside ``/regex/`` is part of it."""
    while items:
        match = re.match(r"\??/[^/]*/(?=,|\Z)|[^,]*", items)
        item = match[0] if match else ""
        yield item
        items = items[len(item) + 1 :]


def _rows(item: str) -> frozenset[int]:
    optional = item.startswith("?")
    name = item[1:] if optional else item
    rows = _matching(name)
    if rows or optional:
        return rows
    raise UsageError(_unknown(name))


def _matching(name: str) -> frozenset[int]:
    if name == "all":
        return frozenset(range(len(_names())))
    if name.startswith("/"):
        return _by_regex(name[1:-1] if name.endswith("/") and len(name) > 1 else name[1:])
    if name.startswith("%"):
        return _classes().get(name[1:], frozenset())
    if name.isascii() and name.isdigit():
        number = int(name)
        every = range(len(_names()))
        return frozenset(row for row in every if lib.rnc_syscall_native_number(row) == number)
    rows = frozenset(row for row, known in enumerate(_names()) if known == name)
    return rows or (_classes()[name] if name in _BARE_CLASSES else frozenset())


def _by_regex(pattern: str) -> frozenset[int]:
    try:
        matches = re.compile(pattern).search
    except re.error as error:
        raise UsageError(f"bad regular expression '/{pattern}/': {error}") from error
    return frozenset(row for row, known in enumerate(_names()) if matches(known))


def _unknown(name: str) -> str:
    import difflib

    if name.startswith("/"):
        return f"no syscall matches '{name}'"
    if name.startswith("!"):
        return f"'{name}': a ! stands before the whole list, not inside it"
    if name.startswith("%"):
        kind, known = "class", [f"%{known}" for known in _classes()]
    else:
        kind, known = "syscall", [*_names(), *_BARE_CLASSES]
    nearest = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f": did you mean '{nearest[0]}'?" if nearest else ""
    return f"unknown {kind} '{name}'{hint}"
