"""What is told of each request: its ids, one line in the log, and the counts of its route."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog

from boxoffice.telemetry import metrics

# Whatever else a client sends is counted as one, so that no client can make up labels.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PROBES: Final = frozenset({"/health", "/healthz", "/readyz", "/metrics"})

_log: Final = structlog.get_logger("boxoffice.http")


class LogIds(NamedTuple):
    """What every line says that is logged while a request is served."""

    request_id: str
    trace_id: str


_IDS: Final[ContextVar[LogIds | None]] = ContextVar("ids_of_request", default=None)


def begin_request(ids: LogIds) -> None:
    """Names the request that is served from here on. A server gives each request a context of its own."""
    _IDS.set(ids)


def ids_of_request() -> LogIds | None:
    """The ids of the request that is served; None outside of one."""
    return _IDS.get()


class Lines(Protocol):
    """Takes lines of the log; ``flush`` sees to it that they are written soon."""

    def write(self, line: bytes) -> None:
        """Takes a line with its end."""

    def flush(self) -> None:
        """Has the lines written soon."""


class _RequestLine(msgspec.Struct):
    """The line of a request, with the fields and the order that the other lines have."""

    method: str
    route: str
    status: int
    duration_ms: float
    event: str
    request_id: str
    trace_id: str
    level: str
    timestamp: str


class RequestLog:
    """Writes the line of each request.

    For machines it is made here, from one type: through the chain that makes all other lines it would cost a
    third of what a booking costs the process.
    """

    def __init__(self) -> None:
        self._lines: Lines | None = None
        self._encode = msgspec.json.Encoder().encode

    def write_to(self, lines: Lines | None) -> None:
        """From now on writes JSON there; None: lines go the way of all others, which may leave them out."""
        self._lines = lines

    def tell(self, method: str, route: str, status: int, seconds: float) -> None:
        """Logs one answered request."""
        duration_ms = round(seconds * 1000, 2)
        ids = ids_of_request()
        if route in _PROBES:
            _log.debug("request", method=method, route=route, status=status, duration_ms=duration_ms)
        elif self._lines is None or ids is None:
            _log.info("request", method=method, route=route, status=status, duration_ms=duration_ms)
        else:
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            line = _RequestLine(method, route, status, duration_ms, "request", *ids, "info", now)
            self._lines.write(self._encode(line) + b"\n")
            self._lines.flush()


REQUEST_LOG: Final = RequestLog()
"""The log of this process."""


def record_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Counts and logs one answered request; ``route`` is its path template, None for an unknown path."""
    method = known_method(method)
    route = route or "unknown"
    count, observe = _meters(method, route, status)
    count()
    observe(seconds)
    REQUEST_LOG.tell(method, route, status, seconds)


def known_method(method: str) -> str:
    """The method, or 'other'."""
    return method if method in _METHODS else "other"


@cache
def _meters(method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
    """The counter and the histogram for such requests; to look them up costs more than to count."""
    return (
        metrics.HTTP_REQUESTS.labels(method, route, str(status)).inc,
        metrics.HTTP_SECONDS.labels(method, route).observe,
    )
