"""What the running program tells about itself: its logs, and what is counted beside them.

Logs carry no personal data and no bodies; what belongs to one request shares its ``request_id``.
"""

import asyncio
import atexit
import logging
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import BinaryIO, Final, cast

import msgspec
import structlog
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from structlog.types import EventDict, Processor, WrappedLogger

from boxoffice.settings.server import ServerSettings
from boxoffice.telemetry import metrics

LOG_DELAY_S: Final = 0.02
"""Longest time that a log line waits to be written together with others, in seconds."""

# Whatever else a client sends is counted as one, so that no client can make up labels.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PROBES: Final = frozenset({"/health", "/healthz", "/readyz", "/metrics"})

_log: Final = structlog.get_logger("boxoffice.http")


def record_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Counts and logs one answered request; ``route`` is its path template, None for an unknown path."""
    method = known_method(method)
    route = route or "unknown"
    count, observe = _meters(method, route, status)
    count()
    observe(seconds)
    log = _log.debug if route in _PROBES else _log.info
    log("request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 2))


def exposition(vitals: Collector | None) -> bytes:
    """All metrics as text: what was counted, by all workers if there are several, and the vital signs."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    if vitals is not None:
        registry.register(vitals)
    return generate_latest(registry)


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


class LineBuffer:
    """A file that gets the lines of a moment in one write, as a system call a line costs more than the line.

    Outside an event loop each line is written at once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        atexit.register(self.drain)

    def write(self, line: bytes) -> None:
        """Keeps the line until the moment is over."""
        self._lines.append(line)

    def flush(self) -> None:
        """Sees to it that the lines are written soon."""
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.drain()
        else:
            self._timer = loop.call_later(LOG_DELAY_S, self.drain)

    def drain(self) -> None:
        """Writes the lines now."""
        self._timer = None
        lines, self._lines = self._lines, []
        self._file.write(b"".join(lines))
        self._file.flush()


def configure_logging(settings: ServerSettings) -> None:
    """Sends all logs, ours and those of libraries, to standard error: JSON lines in production."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    rendering = _for_machines() if settings.app_env == "production" else _for_people()
    structlog.configure(
        processors=[*_SHARED, *rendering, cast("Processor", _to_line)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", LineBuffer(sys.stderr.buffer))),
        cache_logger_on_first_use=True,
    )
    _send_library_logs(level, rendering)


_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _for_machines() -> list[Processor]:
    # Never with local variables: they hold what people sent.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _for_people() -> list[Processor]:
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _to_json(event: EventDict, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def _to_line(_: WrappedLogger, __: str, line: str) -> bytes:
    return line.encode()


def _send_library_logs(level: int, rendering: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_with_logger_name, *_SHARED],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _with_logger_name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["logger"] = event["_record"].name
    return event
