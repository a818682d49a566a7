"""A trace for ui.perfetto.dev: a track per process and thread, slices with arguments, flows.

Written packet by packet with the official ``perfetto`` package; what is kept is one row per process
and thread. Syscalls stand on their threads' tracks, processes on tracks of their own, compute
operations on one track per thread under "compute". A flow leads from the call that made a process
to it, and from an execve to the image it started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from renacer.analysis.trace_file import Event, Span
from renacer.errors import UsageError

if TYPE_CHECKING:
    from perfetto.trace_builder.proto_builder import (  # type: ignore[import-untyped]
        StreamingTraceProtoBuilder,
    )

__all__ = ["write_perfetto"]

_SEQUENCE = 1  # all packets are of one sequence
_FORKS = ("clone", "clone3", "fork", "vfork")
_EXECS = ("execve", "execveat")
_ID_BITS = (1 << 64) - 1


class _Process(NamedTuple):
    """What is known of a process before its calls are written."""

    span: Span
    pid: int
    execs: list[int]  # times


def write_perfetto(spans: Callable[[], Iterable[Span]], stream: BinaryIO) -> None:
    """Write the spans, which are gone through twice. Raises UsageError without the package."""
    try:
        from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder
    except ImportError as error:
        raise UsageError(
            "--format perfetto needs the perfetto package: pip install 'renacer[perfetto]' "
            f"({error})"
        ) from None
    processes = {span.span_id: _process(span) for span in spans() if _is_process(span)}
    _Writer(StreamingTraceProtoBuilder(stream), processes).write(spans())


def _is_process(span: Span) -> bool:
    return "process.pid" in span.attributes and not span.syscall


def _process(span: Span) -> _Process:
    execs = [event.time for event in span.events if event.name == "exec"]
    return _Process(span, int(span.attributes["process.pid"]), execs)


class _Writer:
    def __init__(self, builder: StreamingTraceProtoBuilder, processes: dict[int, _Process]) -> None:
        self._builder = builder
        self._processes = processes
        self._children = {
            (process.span.parent_id, process.pid): span_id
            for span_id, process in processes.items()
            if process.span.parent_id in processes
        }
        self._threads: dict[tuple[int, int], int] = {}
        self._groups: dict[int, int] = {}
        self._tracks = 0

    def write(self, spans: Iterable[Span]) -> None:
        for span_id, process in self._processes.items():
            self._describe_process(span_id, process)
        for span in spans:
            if span.span_id in self._processes:
                self._write_process(span)
            elif span.syscall:
                self._write_syscall(span)
            else:
                self._write_slice(span, self._thread_track(span, 0), "compute")

    # ---- tracks

    def _new_track(self) -> Any:
        """The descriptor of a new track, in a packet that the caller writes."""
        packet = self._packet()
        self._tracks += 1
        packet.track_descriptor.uuid = self._tracks
        return packet

    def _describe_process(self, span_id: int, process: _Process) -> None:
        # A process's own track has its span's id, so that nothing needs to be looked up.
        packet = self._packet()
        packet.track_descriptor.uuid = span_id
        packet.track_descriptor.process.pid = process.pid
        packet.track_descriptor.process.process_name = process.span.name.removeprefix("process: ")
        self._builder.write_packet(packet)

    def _thread_track(self, span: Span, process_id: int) -> int:
        """The track of the span's thread: of a process, or with 0 of the compute group."""
        tid = int(span.attributes.get("thread.id", 0))
        if (process_id, tid) not in self._threads:
            self._threads[process_id, tid] = self._describe_thread(process_id, tid)
        return self._threads[process_id, tid]

    def _describe_thread(self, process_id: int, tid: int) -> int:
        packet = self._new_track()
        track = packet.track_descriptor
        if process := self._processes.get(process_id):
            track.parent_uuid = process_id
            track.thread.pid = process.pid
            track.thread.tid = tid
            if tid == process.pid:
                track.thread.thread_name = process.span.name.removeprefix("process: ")
        else:
            track.parent_uuid = self._group(process_id)
            track.name = f"thread {tid}"
        self._builder.write_packet(packet)
        return int(track.uuid)

    def _group(self, process_id: int) -> int:
        """The track that holds the threads of what is no process of this trace."""
        if process_id not in self._groups:
            packet = self._new_track()
            unknown = f"process of span {process_id:016x}, which is not in the file"
            packet.track_descriptor.name = unknown if process_id else "compute"
            self._builder.write_packet(packet)
            self._groups[process_id] = packet.track_descriptor.uuid
        return self._groups[process_id]

    # ---- slices

    def _write_process(self, span: Span) -> None:
        made = self._children.get((span.parent_id, self._processes[span.span_id].pid))
        ends = [span.span_id] if made == span.span_id else []
        self._write_slice(span, span.span_id, "process", ends=ends)

    def _write_syscall(self, span: Span) -> None:
        flows = list(self._flows(span))
        # 0 stands for compute, so a call without a parent gets an id no span has.
        track = self._thread_track(span, span.parent_id or _ID_BITS)
        self._write_slice(span, track, "syscall", flows=flows)

    def _flows(self, span: Span) -> Iterator[int]:
        if span.syscall in _FORKS:
            child = self._children.get((span.parent_id, _integer(span, "syscall.result")))
            if child:
                yield child
        elif span.syscall in _EXECS and (process := self._processes.get(span.parent_id)):
            for number, time in enumerate(process.execs):
                if span.start <= time <= span.end:
                    yield _exec_flow(span.parent_id, number)

    def _write_slice(
        self,
        span: Span,
        track: int,
        category: str,
        flows: Iterable[int] = (),
        ends: Iterable[int] = (),
    ) -> None:
        begin = self._event(span.start, track)
        begin.track_event.type = begin.track_event.TYPE_SLICE_BEGIN
        begin.track_event.name = span.name.removeprefix("syscall: ")
        begin.track_event.categories.append(category)
        begin.track_event.flow_ids.extend(flows)
        begin.track_event.terminating_flow_ids.extend(ends)
        if span.failed:
            begin.track_event.categories.append("error")
            _annotate(begin.track_event.debug_annotations, "error", span.message)
        for key, value in span.attributes.items():
            _annotate(begin.track_event.debug_annotations, key, value)
        self._builder.write_packet(begin)
        execs = 0
        for event in span.events:
            number = execs if event.name == "exec" and category == "process" else -1
            execs += number >= 0
            flow = [_exec_flow(span.span_id, number)] if number >= 0 else []
            self._write_instant(event, track, category, flow)
        end = self._event(span.end, track)
        end.track_event.type = end.track_event.TYPE_SLICE_END
        self._builder.write_packet(end)

    def _write_instant(self, event: Event, track: int, category: str, ends: Iterable[int]) -> None:
        packet = self._event(event.time, track)
        packet.track_event.type = packet.track_event.TYPE_INSTANT
        packet.track_event.name = event.name
        packet.track_event.categories.append(category)
        packet.track_event.terminating_flow_ids.extend(ends)
        for key, value in event.attributes.items():
            _annotate(packet.track_event.debug_annotations, key, value)
        self._builder.write_packet(packet)

    def _event(self, time: int, track: int) -> Any:
        packet = self._packet()
        packet.timestamp = time
        packet.track_event.track_uuid = track
        return packet

    def _packet(self) -> Any:
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        return packet


def _exec_flow(span_id: int, number: int) -> int:
    """The flow to the number-th image of a process; that to the process itself is its span's id."""
    return (span_id + (number + 1) * 0x9E3779B97F4A7C15) & _ID_BITS


def _integer(span: Span, key: str) -> int:
    value = span.attributes.get(key)
    return value if isinstance(value, int) else -1


def _annotate(annotations: Any, key: str, value: Any) -> None:
    annotation = annotations.add(name=key)
    match value:
        case bool():
            annotation.bool_value = value
        case int():
            annotation.int_value = value
        case float():
            annotation.double_value = value
        case list():
            for item in value:
                _annotate(annotation.array_values, "", item)
        case _:
            annotation.string_value = str(value)
