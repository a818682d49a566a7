"""How much a compute tracer records; every decision is taken by the C core."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from renacer._native import ffi, lib, string, table
from renacer.errors import InvalidInput

__all__ = ["ComputeTracerConfig"]

_THRESHOLD_MAX_US = 2**62 / 1000


def _check_rate(name: str, rate: float) -> None:
    if not 0 <= rate <= 1:
        raise InvalidInput(f"{name} is {rate}; a rate lies between 0 and 1")


@dataclass(frozen=True)
class ComputeTracerConfig:
    """What a :class:`~renacer.ComputeTracer` records.

    ``sample_rate``: probability that an operation is recorded, 0 to 1. ``per_operation``: rates of
    single operations, by name ("sum"), that take its place. ``slow_threshold_us``: an operation
    that takes at least this many microseconds is always recorded, whatever the rates say; a faster
    one with probability ``fast_sample_rate`` times its rate. ``max_spans_per_second``: a cap that
    allows bursts of one second's spans; None lifts it.

    Raises :class:`~renacer.InvalidInput` for values out of range and unknown operations.
    """

    sample_rate: float = 1.0
    slow_threshold_us: float | None = None
    fast_sample_rate: float = 0.0
    per_operation: Mapping[str, float] = field(default_factory=dict)
    max_spans_per_second: float | None = 50_000

    def __post_init__(self) -> None:
        _check_rate("sample_rate", self.sample_rate)
        _check_rate("fast_sample_rate", self.fast_sample_rate)
        operations = [string(row.name) for row in table(lib.rnc_op)]
        for name, rate in self.per_operation.items():
            if name not in operations:
                raise InvalidInput(f"unknown operation {name!r}; known: {', '.join(operations)}")
            _check_rate(f"per_operation[{name!r}]", rate)
        threshold = self.slow_threshold_us
        if threshold is not None and not 0 <= threshold <= _THRESHOLD_MAX_US:
            raise InvalidInput(f"slow_threshold_us is {threshold}; it must be 0 or more, or None")
        cap = self.max_spans_per_second
        if cap is not None and not 0 < cap < math.inf:
            raise InvalidInput(f"max_spans_per_second is {cap}; it must be above 0, or None")

    def to_text(self) -> str:
        """This configuration as one line for an environment variable: what differs from the usual
        one, as JSON, or "1"."""
        usual = vars(ComputeTracerConfig())
        own = {**vars(self), "per_operation": dict(self.per_operation)}
        differs = {name: value for name, value in own.items() if value != usual[name]}
        return json.dumps(differs) if differs else "1"

    @classmethod
    def from_text(cls, text: str) -> ComputeTracerConfig:
        """The configuration that :meth:`to_text` made; "1" is the usual one.

        Raises :class:`~renacer.InvalidInput` for any other text.
        """
        try:
            return cls() if text == "1" else cls(**json.loads(text))
        except (TypeError, ValueError, AttributeError) as error:
            raise InvalidInput(f"{text!r} is no sampling configuration: {error}") from None

    def native(self) -> tuple[Any, Any]:
        """The ``rnc_tracer_config *`` of this configuration, and the memory it points into."""
        operations = table(lib.rnc_op)
        rates = ffi.new(
            "double[]",
            [self.per_operation.get(string(row.name), math.nan) for row in operations]
            or [math.nan],
        )
        threshold = self.slow_threshold_us
        config = ffi.new(
            "rnc_tracer_config *",
            {
                "sample_rate": self.sample_rate,
                "slow_threshold_ns": -1 if threshold is None else math.ceil(threshold * 1000),
                "fast_sample_rate": self.fast_sample_rate,
                "max_spans_per_second": self.max_spans_per_second or 0.0,
                "op_rates": rates,
            },
        )
        return config, rates
