"""``@instrument``: a user's own functions as ``compute:`` spans."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast, overload

from renacer.errors import InvalidInput
from renacer.tracing.tracer import current_tracer

__all__ = ["instrument"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


@overload
def instrument(function: _Function, /) -> _Function: ...
@overload
def instrument(*, name: str | None = None) -> Callable[[_Function], _Function]: ...
def instrument(function: Any = None, /, *, name: str | None = None) -> Any:
    """Make every call of a function a ``compute: <name>`` span while a tracer is open.

    Use it bare or with arguments; ``name`` is the function's qualified name unless given. Functions
    and methods may be plain or ``async``: an async one's span lasts until it returns. The span is
    an :meth:`~renacer.ComputeTracer.operation` of the tracer whose operation the call runs in, else
    of the newest open tracer; with none open the function is called and nothing else happens. An
    exception makes the span ERROR and goes on.

    Raises :class:`~renacer.InvalidInput` for an empty name, for what cannot be called, and for
    generators, whose work is done outside of the call.
    """
    if function is None:
        return functools.partial(_instrumented, name=name)
    return _instrumented(function, name)


def _instrumented(function: _Function, name: str | None) -> _Function:
    if not callable(function) or isinstance(function, type):
        raise InvalidInput(f"{function!r} is no function: @instrument wraps functions and methods")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidInput(
            f"{function.__qualname__} is a generator, whose work is done where it is iterated: "
            "instrument the function that does so"
        )
    text = getattr(function, "__qualname__", repr(function)) if name is None else name
    if not isinstance(text, str) or not text:
        raise InvalidInput(f"an operation's name is a non-empty text, not {text!r}")
    wrap = _coroutine if inspect.iscoroutinefunction(function) else _plain
    return cast(_Function, functools.wraps(function)(wrap(function, text)))


def _plain(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        tracer = current_tracer()
        if tracer is None:
            return function(*args, **kwargs)
        with tracer.operation(name):
            return function(*args, **kwargs)

    return call


def _coroutine(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        tracer = current_tracer()
        if tracer is None:
            return await function(*args, **kwargs)
        with tracer.operation(name):
            return await function(*args, **kwargs)

    return call
