"""Traces, if somebody wants them: the environment names a collector, and the extra ``otel`` is installed.

Otherwise nothing of OpenTelemetry is imported, and a span costs a call that does nothing. The spans are
those of requests, of commands in their lanes, of batches, and of statements; what no request asked for
(the sweeper) is not traced.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
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
        """The span's place in its trace, as W3C writes it."""

    def answered(self, method: str, route: str | None, status: int) -> None:
        """Notes what was asked and what was answered."""


class Tracer(Protocol):
    """Makes spans. Each is current while its context lasts; None where there is nothing to trace."""

    def request(self, headers: Mapping[str, str]) -> AbstractContextManager[RequestSpan]:
        """Of a request; its caller's span is in the headers."""

    def command(self, command: Any) -> AbstractContextManager[object]:
        """Of a command from its lane to its outcome."""

    def batch(self, commands: Sequence[Any]) -> AbstractContextManager[object]:
        """Of a batch: in the trace of one of its commands, linked with those of the others."""

    def query(self, name: str) -> AbstractContextManager[object]:
        """Of the statement ``queries/<name>.sql``."""

    def close(self) -> None:
        """Sends what was not sent yet; takes seconds if nobody receives it."""


_OFF: Final[AbstractContextManager[None]] = nullcontext()
_tracer: Tracer | None = None


def request_span(headers: Iterable[tuple[bytes, bytes]]) -> AbstractContextManager[RequestSpan | None]:
    """Around an HTTP request; None while tracing is off."""
    if _tracer is None:
        return _OFF
    return _tracer.request({name.decode("latin-1"): value.decode("latin-1") for name, value in headers})


def command_span(command: Any) -> AbstractContextManager[object]:
    """Around a command's time in its lane and its batch."""
    return _OFF if _tracer is None else _tracer.command(command)


def batch_span(commands: Sequence[Any]) -> AbstractContextManager[object]:
    """Around a batch."""
    return _OFF if _tracer is None else _tracer.batch(commands)


def query_span(name: str) -> AbstractContextManager[object]:
    """Around a statement."""
    return _OFF if _tracer is None else _tracer.query(name)


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces. Unlike the SDK's default, silence means no."""
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").lower()
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none":
        return False
    return exporter == "otlp" or any(environ.get(name) for name in _ENDPOINTS)


@asynccontextmanager
async def traced(_app: object = None) -> AsyncIterator[None]:
    """Traces meanwhile if the environment asks for it; at the end what was not sent yet is sent."""
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
