"""Sends one message to an endpoint, and says in plain words what came of it."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final, Literal

import httpcore
from msgspec import Struct

from boxoffice import __version__
from boxoffice.webhooks import limits
from boxoffice.webhooks.addresses import BlockedAddress

Trouble = Literal["", "blocked_address", "unresolved", "timeout", "tls", "unreachable", "broken", "rewound"]

THROTTLING: Final = frozenset({429, 502, 503, 504})
"""Statuses of an endpoint, or of the proxy before it, that has too much to do."""

GONE: Final = 410
"""The status with which an endpoint says that it wants nothing more."""

_HEADERS: Final = {
    "user-agent": f"Boxoffice-Webhooks/{__version__}",
    "accept": "*/*",
    "accept-encoding": "identity",
}


class Answer(Struct, frozen=True):
    """What came of an attempt. ``status`` 0: there was no answer, and ``trouble`` says why.

    ``excerpt``: the beginning of a failed answer. ``retry_after_s``: the pause that the endpoint asks for.
    """

    status: int = 0
    trouble: Trouble = ""
    excerpt: str = ""
    retry_after_s: float | None = None
    seconds: float = 0.0

    @property
    def arrived(self) -> bool:
        """Whether the endpoint has taken the message."""
        return 200 <= self.status < 300

    @property
    def throttles(self) -> bool:
        """Whether the endpoint has too much to do."""
        return self.status in THROTTLING or self.trouble == "timeout"

    @property
    def told(self) -> str:
        """The status, or what went wrong; also the label of metrics."""
        return self.trouble or str(self.status)


class Sender:
    """The one pool of connections of a process. Nothing is taken from the environment, no redirect
    followed.
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(limits.SENDING_MAX)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=limits.SENDING_MAX,
            keepalive_expiry=5.0,
            network_backend=backend,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._pool.aclose()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What came of it; raises nothing. A 3xx is an answer like any other: nobody goes where it points."""
        async with self._turns:
            began = monotonic()
            try:
                answer = await self._answer(url, _HEADERS | dict(headers), body)
            except (TimeoutError, httpcore.TimeoutException):
                answer = Answer(trouble="timeout")
            except BlockedAddress as blocked:
                answer = Answer(trouble="blocked_address", excerpt=str(blocked))
            except Exception as error:  # noqa: BLE001 - whatever an endpoint does must not stop the others
                answer = Answer(trouble=_trouble_of(error))
            return _with_time(answer, monotonic() - began)

    async def _answer(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        async with asyncio.timeout(self._timeout_s):
            async with self._pool.stream(
                "POST", url, headers=list(headers.items()), content=body
            ) as response:
                told = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                status = response.status
                text = b"" if 200 <= status < 300 else await _read(response)
        return Answer(
            status=status,
            excerpt=excerpt_of(text),
            retry_after_s=retry_after_of(told.get("retry-after"), datetime.now(UTC)),
        )


async def _read(response: httpcore.Response) -> bytes:
    text = b""
    async for part in response.aiter_stream():
        text += part
        if len(text) >= limits.ANSWER_BYTES_MAX:
            break
    return text[: limits.ANSWER_BYTES_MAX]


def excerpt_of(text: bytes) -> str:
    """The beginning of a text with its unseen characters as blanks."""
    shown = text[: 4 * limits.EXCERPT_CHARS_MAX].decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in shown).strip()[: limits.EXCERPT_CHARS_MAX]


def retry_after_of(text: str | None, now: datetime) -> float | None:
    """The pause in a ``Retry-After``, seconds or a date, of at most an hour; None if it says none."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text[:9]), limits.RETRY_AFTER_MAX_S)
    try:
        pause = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause, 0.0), limits.RETRY_AFTER_MAX_S)


def _trouble_of(error: BaseException) -> Trouble:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "tls"
    if isinstance(error, httpcore.ConnectError):
        return "tls" if "certificate" in str(error).lower() or "ssl" in str(error).lower() else "unreachable"
    if isinstance(error, OSError):
        return "unresolved"
    return "broken"


def _with_time(answer: Answer, seconds: float) -> Answer:
    return Answer(answer.status, answer.trouble, answer.excerpt, answer.retry_after_s, seconds)
