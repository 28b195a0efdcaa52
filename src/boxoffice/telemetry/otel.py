"""Traces by OpenTelemetry, sent by OTLP over HTTP. The ``OTEL_*`` variables say where to, and how many.

Spans hold ids, names and figures, never the contents of a request. Of an exception only the type is recorded,
because the message may quote a row with personal data.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final

from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)

from boxoffice import __version__
from boxoffice.vocabulary import limits

_QUIET: Final[dict[str, Any]] = {"record_exception": False, "set_status_on_exception": False}


class OtelTracer:
    """Makes spans and sends them in the background."""

    def __init__(self) -> None:
        ours = Resource.create({"service.name": "boxoffice", "service.version": __version__})
        resource = ours.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # close() does it
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("boxoffice", __version__)
        self._waiting: dict[int, Span] = {}  # by id(command), until the command is answered

    @contextmanager
    def request(self, headers: Mapping[str, str]) -> Iterator["OtelRequest"]:
        """The span of an HTTP request, in the trace that the header ``traceparent`` names, if any."""
        caller = propagate.extract(headers)
        with self._tracer.start_as_current_span("request", caller, kind=SpanKind.SERVER, **_QUIET) as span:
            yield OtelRequest(span)

    @contextmanager
    def command(self, command: Any) -> Iterator[None]:
        """The span of a command, from its lane to its outcome."""
        if not get_current_span().is_recording():
            yield
            return
        kind = str(command.__struct_config__.tag)
        given = {"boxoffice.command": kind, "boxoffice.show_id": command.show_id}
        with self._tracer.start_as_current_span(f"command {kind}", attributes=given, **_QUIET) as span:
            self._waiting[id(command)] = span
            try:
                yield
            except Exception as error:
                _fail(span, error)
                raise
            finally:
                self._waiting.pop(id(command), None)

    @contextmanager
    def batch(self, commands: Sequence[Any]) -> Iterator[None]:
        """The span of a batch. The span belongs to the trace of the batch's first command; the spans of the
        other commands link to the batch, and the batch to them.
        """
        spans = [span for command in commands if (span := self._waiting.get(id(command))) is not None]
        if not spans:
            yield
            return
        first, *others = spans
        with self._tracer.start_as_current_span(
            "batch",
            set_span_in_context(first),
            attributes={"boxoffice.batch.commands": len(commands)},
            links=[Link(span.get_span_context()) for span in others],
            **_QUIET,
        ) as span:
            for other in others:
                other.add_link(span.get_span_context())
            yield

    @contextmanager
    def query(self, name: str) -> Iterator[None]:
        """The span of a statement, if the statement is part of a traced request."""
        if not get_current_span().is_recording():
            yield
            return
        given = {"db.system.name": "postgresql", "db.query.summary": name}
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, attributes=given, **_QUIET
        ) as span:
            try:
                yield
            except Exception as error:
                _fail(span, error)
                raise

    def close(self) -> None:
        """Sends the spans that are left, or gives them up after ``TRACES_END_WAIT_MAX_S``.

        The SDK waits half a minute for a collector that sends its answer byte by byte. So it does this in a
        thread that does not keep the process alive.
        """
        ending = Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(limits.TRACES_END_WAIT_MAX_S)


class OtelRequest:
    """The span of one HTTP request."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> bytes:
        """The value of the header ``traceparent`` (W3C) that names this span."""
        place = self._span.get_span_context()
        trace_id, span_id = format_trace_id(place.trace_id), format_span_id(place.span_id)
        return f"00-{trace_id}-{span_id}-{int(place.trace_flags):02x}".encode()

    def answered(self, method: str, route: str | None, status: int) -> None:
        """Record the method, the path template (None: unknown path) and the status of the answer."""
        self._span.update_name(f"{method} {route}" if route else method)
        self._span.set_attributes({"http.request.method": method, "http.response.status_code": status})
        if route:
            self._span.set_attribute("http.route", route)
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)


def _fail(span: Span, error: Exception) -> None:
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)
