"""Traces. They are made if the environment names a collector and the extra ``otel`` is installed.

Otherwise no part of OpenTelemetry is imported, and a span is a call that does nothing. Requests, commands in
their lanes, batches and statements have spans. Background work without a request, such as the sweeper, has
none.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from importlib.util import find_spec
from typing import Any, Final, Protocol

import structlog

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_log: Final = structlog.get_logger(__name__)


class RequestSpan(Protocol):
    """The span of one HTTP request."""

    @property
    def traceparent(self) -> bytes:
        """The value of the header ``traceparent`` (W3C) that names this span."""

    def answered(self, method: str, route: str | None, status: int) -> None:
        """Record the method, the path template (None: unknown path) and the status of the answer."""


class Tracer(Protocol):
    """Makes spans. A span lasts as long as its context manager, and is the current span meanwhile."""

    def request(self, headers: Mapping[str, str]) -> AbstractContextManager[RequestSpan]:
        """The span of a request. The header ``traceparent`` may name the client's span as its parent."""

    def command(self, command: Any) -> AbstractContextManager[object]:
        """The span of a command, from its lane to its outcome."""

    def batch(self, commands: Sequence[Any]) -> AbstractContextManager[object]:
        """The span of a batch, in the trace of its first command and linked with the other commands."""

    def query(self, name: str) -> AbstractContextManager[object]:
        """The span of the statement ``queries/**/<name>.sql``."""

    def close(self) -> None:
        """Send the spans that are left. If the collector does not answer, this takes seconds."""


_OFF: Final[AbstractContextManager[None]] = nullcontext()
_tracer: Tracer | None = None


def request_span(
    traceparent: bytes | None, tracestate: bytes | None
) -> AbstractContextManager[RequestSpan | None]:
    """The span of an HTTP request, as a context manager; the span is None while tracing is off.

    The headers of these names (W3C) may name the client's span as its parent.
    """
    if _tracer is None:
        return _OFF
    given = {"traceparent": traceparent, "tracestate": tracestate}
    return _tracer.request({name: value.decode("latin-1") for name, value in given.items() if value})


def command_span(command: Any) -> AbstractContextManager[object]:
    """The span of a command, as a context manager: its time in the lane and in the batch."""
    return _OFF if _tracer is None else _tracer.command(command)


def batch_span(commands: Sequence[Any]) -> AbstractContextManager[object]:
    """The span of a batch, as a context manager."""
    return _OFF if _tracer is None else _tracer.batch(commands)


def query_span(name: str) -> AbstractContextManager[object]:
    """The span of a statement, as a context manager."""
    return _OFF if _tracer is None else _tracer.query(name)


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces. Without any ``OTEL_*`` variable the answer is no; the SDK's
    own default would be yes.
    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").lower()
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none":
        return False
    return exporter == "otlp" or any(environ.get(name) for name in _ENDPOINTS)


@asynccontextmanager
async def traced(_app: object = None) -> AsyncIterator[None]:
    """A context with tracing on, if the environment asks for traces. Its end sends the remaining spans."""
    global _tracer  # noqa: PLW0603 - one for the process, as OpenTelemetry has it
    _tracer = _new_tracer() if is_wanted(os.environ) else None
    try:
        yield
    finally:
        if (tracer := _tracer) is not None:
            _tracer = None
            await asyncio.to_thread(tracer.close)


def _new_tracer() -> Tracer | None:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        _log.warning("traces are asked for, but not installed", install="pip install 'boxoffice[otel]'")
        return None
    from boxoffice.telemetry.otel import OtelTracer  # noqa: PLC0415 - an extra, and slow to import

    return OtelTracer()
