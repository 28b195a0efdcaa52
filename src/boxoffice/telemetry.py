"""What the running program tells about itself: logs and metrics.

Logs carry no personal data and no bodies; what belongs to one request shares its ``request_id``.
"""

import logging
import sys
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from structlog.types import EventDict, Processor, WrappedLogger

from boxoffice.settings import Settings

HTTP_REQUESTS: Final = Counter(
    "boxoffice_http_requests", "HTTP requests answered", ["method", "route", "status"]
)
HTTP_SECONDS: Final = Histogram(
    "boxoffice_http_request_seconds",
    "Seconds from an HTTP request to the end of its answer",
    ["method", "route"],
    # From a cached read to a command that waited as long as it may.
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)

# Whatever else a client sends is counted as one, so that no client can make up labels.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PROBES: Final = frozenset({"/health", "/healthz", "/readyz", "/metrics"})

_log: Final = structlog.get_logger("boxoffice.http")


def record_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Counts and logs one answered request; ``route`` is its path template, None for an unknown path."""
    method = method if method in _METHODS else "other"
    route = route or "unknown"
    HTTP_REQUESTS.labels(method, route, str(status)).inc()
    HTTP_SECONDS.labels(method, route).observe(seconds)
    log = _log.debug if route in _PROBES else _log.info
    log("request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 2))


def configure_logging(settings: Settings) -> None:
    """Sends all logs, ours and those of libraries, to standard error: JSON lines in production."""
    production = settings.app_env == "production"
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering = _rendering(for_machines=production)
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _send_library_logs(level, shared, rendering)


def _rendering(*, for_machines: bool) -> list[Processor]:
    # Never with local variables: they hold what people sent.
    if for_machines:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [
            structlog.processors.ExceptionRenderer(tracebacks),
            structlog.processors.JSONRenderer(default=str),
        ]
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _send_library_logs(level: int, shared: list[Processor], rendering: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_with_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _with_logger_name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["logger"] = event["_record"].name
    return event
