"""A collector of traces: receives OTLP over HTTP in a thread, and keeps the spans."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """The spans that were received. They are complete when the sender has ended."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.resource: dict[str, str] = {}

    def take(self, body: bytes) -> None:
        """Keep the spans of one request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resource |= {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def named(self, name: str) -> list[Span]:
        """The spans of this name, in the order of their beginnings."""
        return sorted((s for s in self.spans if s.name == name), key=lambda span: span.start_time_unix_nano)

    def children(self, parent: Span) -> list[Span]:
        """The spans right below another."""
        return [span for span in self.spans if span.parent_span_id == parent.span_id]


def attributes(span: Span) -> dict[str, str | int]:
    """A span's attributes."""
    return {one.key: _value(one) for one in span.attributes}


def _value(one: KeyValue) -> str | int:
    return one.value.int_value if one.value.HasField("int_value") else one.value.string_value


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector that runs for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces", self.path
            body = self.rfile.read(int(self.headers["content-length"]))
            zipped = self.headers.get("content-encoding") == "gzip"
            received.take(gzip.decompress(body) if zipped else body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def only_these_variables(**variables: str) -> Iterator[None]:
    """The environment with these ``OTEL_*`` variables and no others."""
    before = {name: text for name, text in os.environ.items() if name.startswith("OTEL_")}
    for name in before:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
        os.environ.update(before)
