"""Records of each request: its ids, one line in the log, and the counters of its route."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog

from boxoffice.telemetry import metrics

# All other methods are counted as 'other'. Otherwise a client could invent methods, and each would become a
# new time series.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PROBES: Final = frozenset({"/health", "/healthz", "/readyz", "/metrics"})

_log: Final = structlog.get_logger("boxoffice.http")


class LogIds(NamedTuple):
    """The ids that every log line has which is written while a request is served."""

    request_id: str
    trace_id: str


_IDS: Final[ContextVar[LogIds | None]] = ContextVar("ids_of_request", default=None)


def begin_request(ids: LogIds) -> None:
    """Set the ids of the current request. The server runs each request in a context of its own, so requests
    that run at the same time do not mix their ids.
    """
    _IDS.set(ids)


def ids_of_request() -> LogIds | None:
    """The ids of the current request; None outside a request."""
    return _IDS.get()


class Lines(Protocol):
    """A file for log lines, such as ``logs.LineBuffer``."""

    def write(self, line: bytes) -> None:
        """Take a line, which ends with a newline."""

    def flush(self) -> None:
        """Have the lines written soon."""


class _RequestLine(msgspec.Struct):
    """The log line of a request. Its fields have the names and the order of all other log lines."""

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
    """Writes one line for each request.

    JSON lines are encoded here, from one type. Through structlog's processors, which make all other lines,
    the line would cost a third of what a booking costs the process.
    """

    def __init__(self) -> None:
        self._lines: Lines | None = None
        self._encode = msgspec.json.Encoder().encode

    def write_to(self, lines: Lines | None) -> None:
        """Write JSON lines to ``lines`` from now on. None: request lines go through structlog, like all
        others, and the log level may drop them.
        """
        self._lines = lines

    def tell(self, method: str, route: str, status: int, seconds: float) -> None:
        """Log one answered request. Requests of health checks and of metrics are logged at level debug."""
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
    """Count and log one answered request; ``route`` is its path template, None for an unknown path."""
    method = known_method(method)
    route = route or "unknown"
    count, observe = _meters(method, route, status)
    count()
    observe(seconds)
    REQUEST_LOG.tell(method, route, status, seconds)


def known_method(method: str) -> str:
    """The method if HTTP has it, otherwise 'other'."""
    return method if method in _METHODS else "other"


@cache
def _meters(method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
    """The counter and the histogram of such requests; looking them up each time costs more than counting."""
    return (
        metrics.HTTP_REQUESTS.labels(method, route, str(status)).inc,
        metrics.HTTP_SECONDS.labels(method, route).observe,
    )
