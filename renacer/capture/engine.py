"""Running a program under an engine: which engine, which program, and the thread that traces it."""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from renacer._native import ensure, ffi, lib, string, table
from renacer.errors import CaptureError, UsageError

__all__ = [
    "Engine",
    "EngineChoice",
    "choose_engine",
    "engine_names",
    "original_environment",
    "probe_engine",
    "resolve_program",
]

NOT_EXECUTABLE = 126
NOT_FOUND = 127
NOT_BUILT = ("ebpf",)
SHORTEST_NAP = 0.0002

# Where a shell without PATH looks.
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def _bits(signals: Iterable[int]) -> int:
    return sum(1 << (number - 1) for number in signals)


def _ignored_signals() -> int:
    """Bit n - 1: signal n was ignored when this process started, as far as can be told.

    Python itself ignores SIGPIPE and SIGXFSZ, so what they were is lost; the default is assumed.
    """
    changed_by_python = {signal.SIGPIPE, signal.SIGXFSZ}
    ignored = {
        number
        for number in signal.valid_signals() - changed_by_python
        if signal.getsignal(number) == signal.SIG_IGN
    }
    return _bits(ignored)


# Read at import, before a command ignores or blocks signals of its own accord.
_IGNORED_AT_START = _ignored_signals()
_BLOCKED_AT_START = _bits(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def original_environment() -> list[bytes]:
    """The ``NAME=value`` entries this process was started with.

    Unlike ``os.environb`` they are free of what Python's locale coercion added, in their order, and
    with entries that have no ``=``.
    """
    try:
        with open("/proc/self/environ", "rb") as stream:
            raw = stream.read()
    except OSError:
        return [name + b"=" + value for name, value in os.environb.items()]
    return [entry for entry in raw.split(b"\0") if entry]


# ---- the program ------------------------------------------------------------------------------


def _refusal(path: bytes) -> int:
    """The errno that running ``path`` would end with, 0 if it looks executable."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return error.errno or errno.ENOENT
    if stat.S_ISDIR(mode):
        return errno.EISDIR
    if not stat.S_ISREG(mode) or not os.access(path, os.X_OK, effective_ids=True):
        return errno.EACCES
    return 0


def _cannot_run(name: bytes, number: int) -> CaptureError:
    missing = number in {errno.ENOENT, errno.ENOTDIR}
    return CaptureError(
        f"{os.fsdecode(name)}: {os.strerror(number)}", NOT_FOUND if missing else NOT_EXECUTABLE
    )


def resolve_program(name: str | bytes, path: str | bytes | None) -> bytes:
    """The file that a shell with ``PATH`` = ``path`` would run for ``name``.

    Raises :class:`CaptureError` with exit status 127 when there is none, 126 when there is one that
    cannot be executed.
    """
    name = os.fsencode(name)
    if b"/" in name:
        if number := _refusal(name):
            raise _cannot_run(name, number)
        return name
    found = 0
    for directory in os.fsencode(DEFAULT_PATH if path is None else path).split(b":"):
        candidate = os.path.join(directory or b".", name)
        number = _refusal(candidate)
        if number == 0 and name:
            return candidate
        if number == errno.EACCES:
            found = found or number
    if found:
        raise _cannot_run(name, found)
    raise CaptureError(f"{os.fsdecode(name) or repr('')}: command not found", NOT_FOUND)


# ---- the engine -------------------------------------------------------------------------------


class EngineChoice(NamedTuple):
    """An engine that works here, and why it was taken."""

    row: int
    name: str
    reason: str


def engine_names() -> list[str]:
    """The engines of this build, best first."""
    names: list[str] = []
    while (name := lib.rnc_engine_name(len(names))) != ffi.NULL:
        names.append(string(name))
    return names


def probe_engine(index: int) -> str:
    """ "" if the engine works here (it is tried on a child process), else why it does not."""
    why = ffi.new("char[256]")
    if lib.rnc_engine_probe(index, why, len(why)) == lib.RNC_OK:
        return ""
    return string(why) or "it does not work here"


def choose_engine(name: str = "auto") -> EngineChoice:
    """The engine of that name, or with "auto" the best one that works here.

    Raises :class:`UsageError` for an unknown name and :class:`CaptureError` when the engine, or
    with "auto" every engine, does not work here.
    """
    names = engine_names()
    if name in NOT_BUILT:
        raise CaptureError(f"the {name} engine is not built in this version; use auto or ptrace")
    if name not in {"auto", *names}:
        known = ", ".join(["auto", *NOT_BUILT, *names])
        raise UsageError(f"unknown engine {name!r}; there are {known}")
    refusals: list[str] = []
    for index, candidate in enumerate(names):
        if name not in {"auto", candidate}:
            continue
        why = probe_engine(index)
        if not why:
            reason = "it was asked for" if name != "auto" else "the best engine that works here"
            return EngineChoice(index, candidate, "; ".join([reason, *refusals]))
        refusals.append(f"{candidate}: {why}")
    raise CaptureError("cannot trace: " + "; ".join(refusals))


def _strings(entries: Sequence[str | bytes]) -> tuple[Any, list[Any]]:
    """A NULL-terminated ``char *[]`` and the strings it points to, which the caller keeps."""
    texts = [ffi.new("char[]", os.fsencode(entry)) for entry in entries]
    return ffi.new("char *[]", [*texts, ffi.NULL]), texts


def _span_id_place(entries: list[Any]) -> Any:
    """Where the 16 digits of the span id begin in the ``TRACEPARENT=00-<32>-<16>-xx`` entry."""
    prefix = b"TRACEPARENT="
    offset = len(prefix) + len("00-") + 32 + len("-")
    for entry in entries:
        text = ffi.string(entry)
        if text.startswith(prefix) and len(text) == offset + len("-00") + 16:
            return entry + offset
    raise ValueError("the environment has no well-formed TRACEPARENT")


class Engine:
    """One run of one program under an engine.

    The program is started by :meth:`start` and traced by a thread of its own until it, and with
    ``follow`` everything it started, has ended. Somebody must drain :attr:`stream` until it is
    done; nothing is lost while nobody does.

    ``program`` is what :func:`resolve_program` gave, ``argv`` the words the program sees,
    ``environment`` its ``NAME=value`` entries. ``wanted`` has one byte per row of the syscall
    table, 0 for calls that are not to be recorded; None records all. ``string_limit`` is how many
    bytes are kept of a string that is not a path; ``verbose``
    keeps the strings of environments, too. With ``fill_traceparent`` the span id inside the
    environment's TRACEPARENT becomes that of the program's own process span. ``memory_budget`` is
    how many bytes of records may wait in memory before they go to disk, 0 for the default.

    Raises what :func:`choose_engine` raises, and ``ValueError`` for a ``wanted`` of another length.
    """

    def __init__(
        self,
        program: bytes,
        argv: Sequence[str | bytes],
        environment: Sequence[str | bytes],
        *,
        engine: str = "auto",
        follow: bool = False,
        wanted: bytes | None = None,
        string_limit: int = 32,
        verbose: bool = False,
        trace_id: tuple[int, int] = (0, 0),
        parent_span_id: int = 0,
        fill_traceparent: bool = False,
        memory_budget: int = 0,
    ) -> None:
        if wanted is not None and len(wanted) != (rows := len(table(lib.rnc_syscall))):
            raise ValueError(f"wanted has {len(wanted)} bytes, the syscall table {rows} rows")
        self.choice = choose_engine(engine)
        self._program = program
        arguments, argument_texts = _strings(argv)
        variables, variable_texts = _strings(environment)
        wanted_rows = ffi.NULL if wanted is None else ffi.new("uint8_t[]", wanted)
        path = ffi.new("char[]", program)
        self._alive = [arguments, argument_texts, variables, variable_texts, wanted_rows, path]
        config = ffi.new(
            "rnc_source_config *",
            {
                "path": path,
                "argv": arguments,
                "envp": variables,
                "follow": follow,
                "wanted": wanted_rows,
                "string_limit": string_limit,
                "verbose": verbose,
                "trace_id": trace_id,
                "parent_span_id": parent_span_id,
                "traceparent": _span_id_place(variable_texts) if fill_traceparent else ffi.NULL,
                "ignored_signals": _IGNORED_AT_START,
                "blocked_signals": _BLOCKED_AT_START,
                "memory_budget": memory_budget,
            },
        )
        out = ffi.new("rnc_source **")
        ensure(lib.rnc_source_open(self.choice.row, config, out))
        self._source = out[0]
        self._status = lib.RNC_OK
        self._thread = threading.Thread(target=self._run, name="renacer-tracer", daemon=True)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.choice.name

    @property
    def reason(self) -> str:
        """Why this engine was chosen."""
        return self.choice.reason

    @property
    def stream(self) -> Any:
        """The records, an ``rnc_stream *``; valid until :meth:`close`."""
        return lib.rnc_source_stream(self._source)

    @property
    def pid(self) -> int:
        """The program's process id; 0 before it was started."""
        return int(lib.rnc_source_pid(self._source))

    @property
    def root_span_id(self) -> int:
        """The id of the program's process span; 0 before it was started."""
        return int(lib.rnc_source_root_span(self._source))

    @property
    def wait_status(self) -> int:
        """How the program ended, as ``os.waitstatus_to_exitcode`` reads it; after :meth:`wait`."""
        return int(lib.rnc_source_wait_status(self._source))

    @property
    def dropped(self) -> int:
        """Records that could be kept neither in memory nor on disk, so far."""
        return int(lib.rnc_source_dropped(self._source))

    def start(self) -> None:
        """Start the program; returns once its pid and root span are known, or when it failed."""
        self._thread.start()
        while self.pid == 0 and self._thread.is_alive():
            self._thread.join(SHORTEST_NAP)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to trace; False when ``timeout`` seconds were not enough.

        Raises :class:`CaptureError`: with exit status 126 or 127 when the program could not be run,
        125 when it could not be traced.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        if number := lib.rnc_source_exec_errno(self._source):
            missing = number == errno.ENOENT and not os.path.lexists(self._program)
            raise CaptureError(
                f"{os.fsdecode(self._program)}: {os.strerror(number)}",
                NOT_FOUND if missing else NOT_EXECUTABLE,
            )
        if self._status != lib.RNC_OK:
            raise CaptureError("cannot trace: " + string(lib.rnc_source_error(self._source)))
        return True

    def forward_signal(self, number: int) -> None:
        """Send a signal to the program; nothing happens when it is not there (any more)."""
        lib.rnc_source_forward(self._source, number)

    def close(self) -> None:
        """Wait for the end of a started run, then free it and its stream. Idempotent."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._source != ffi.NULL:
            lib.rnc_source_close(self._source)
            self._source = ffi.NULL

    def _run(self) -> None:
        self._status = lib.rnc_source_run(self._source)
