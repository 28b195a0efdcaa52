"""The logs of the running program. They hold no personal data and no bodies."""

import asyncio
import atexit
import logging
import sys
from typing import BinaryIO, Final, cast

import msgspec
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from boxoffice.settings.server import ServerSettings
from boxoffice.telemetry.requests import REQUEST_LOG, ids_of_request

LOG_DELAY_S: Final = 0.02
"""Seconds that a log line waits at most, so that several lines are written together."""


class LineBuffer:
    """A file that gets the lines of ``LOG_DELAY_S`` in one write. A system call for each line would cost more
    than making the line.

    Outside an event loop each line is written at once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        atexit.register(self.drain)

    def write(self, line: bytes) -> None:
        """Keep the line for the next ``drain``."""
        self._lines.append(line)

    def flush(self) -> None:
        """Write the lines within ``LOG_DELAY_S``."""
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.drain()
        else:
            self._timer = loop.call_later(LOG_DELAY_S, self.drain)

    def drain(self) -> None:
        """Write the lines now."""
        self._timer = None
        lines, self._lines = self._lines, []
        self._file.write(b"".join(lines))
        self._file.flush()


def configure_logging(settings: ServerSettings) -> None:
    """Send all logs, our own and those of libraries, to standard error. In production each line is JSON."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    for_machines = settings.app_env == "production"
    rendering = _for_machines() if for_machines else _for_people()
    buffer = LineBuffer(sys.stderr.buffer)
    REQUEST_LOG.write_to(buffer if for_machines and level <= logging.INFO else None)
    structlog.configure(
        processors=[*_SHARED, *rendering, cast("Processor", _to_line)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", buffer)),
        cache_logger_on_first_use=True,
    )
    _send_library_logs(level, rendering)


def _with_ids(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (ids := ids_of_request()) is not None:
        event.setdefault("request_id", ids.request_id)
        event.setdefault("trace_id", ids.trace_id)
    return event


_SHARED: Final[list[Processor]] = [
    _with_ids,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _for_machines() -> list[Processor]:
    # Never with local variables: they may hold personal data from a request.
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
