"""Answers that everybody asks for at once: loaded by one request, kept for a moment, shared by all.

However many poll a show, the database answers a handful of queries a second. Nothing that decides
about a sale looks here, and ``?consistent=true`` goes past it.
"""

import asyncio
import re
from typing import Final, NamedTuple

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, ReceiveMessage, Scope, Send

from boxoffice.web.http.caching import matches

KEPT_S: Final = 0.2
"""Seconds that an answer may be old. Nobody sees it, and all who poll a show cost five queries a second."""

FRESH_LOADS_MAX: Final = 10.0
"""Loads beyond those, one after another, of an answer that this process itself has made old: whoever books
and looks sees the booking."""

FRESH_LOADS_PER_S: Final = 2.0
"""Loads a second by which that stock grows again: a storm of bookings costs the database next to nothing."""

KEPT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of all kept answers together; the oldest go first."""

_ENTRY_BYTES: Final = 2_000  # what an answer takes beside its body, roughly
_PATH: Final = re.compile(r"/api/shows/([1-9][0-9]{0,8})(?:/available-seats|/stats)?")
_OF_A_BODY: Final = frozenset({b"content-type", b"content-length", b"content-encoding"})
_QUERIES: Final = frozenset({b"", b"format=list", b"format=ranges"})


class _Key(NamedTuple):
    """What an answer depends on."""

    path: str
    query: bytes
    zipped: bool
    origin: bytes


class _Answer:
    """An answer that is being loaded, or was. ``credit``: fresh loads that it may have, at ``loaded_at``."""

    def __init__(self, loaded_at: float, credit: float) -> None:
        self.loaded_at: Final = loaded_at
        self.credit: Final = credit
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.template = ""
        self.loading: asyncio.Task[None]

    async def take(self, message: Message) -> None:
        """Receives the answer, as a server would."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message["body"]

    @property
    def size(self) -> int:
        """What it takes of ``KEPT_BYTES_MAX``, roughly."""
        return len(self.body) + _ENTRY_BYTES

    def header(self, wanted: bytes) -> str:
        """A header of the answer; empty if it has none."""
        return next((value.decode() for name, value in self.headers if name.lower() == wanted), "")


class KeptAnswers:
    """Shares the answers about single shows; passes everything else on."""

    def __init__(self, app: ASGIApp, owner: Litestar) -> None:
        self._app = app
        self._owner = owner
        self._answers: dict[_Key, _Answer] = {}  # the oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        show_id = _shared(scope)
        if show_id is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(self._key(scope), show_id, scope)
        scope["path_template"] = answer.template
        await _send(answer, scope, send)

    def _key(self, scope: HTTPScope) -> _Key:
        zipped, origin = False, b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                zipped = b"gzip" in value
            elif name == b"origin" and (cors := self._owner.cors_config) is not None:
                origin = value if cors.is_origin_allowed(value.decode("latin-1")) else b""
        return _Key(scope["path"], scope["query_string"], zipped, origin)

    async def _answer(self, key: _Key, show_id: int, scope: HTTPScope) -> _Answer:
        asked_at = asyncio.get_running_loop().time()
        answer = self._answers.get(key)
        if answer is None:
            answer = self._load(key, scope, _Answer(asked_at, FRESH_LOADS_MAX))
        elif answer.loading.done():
            answer = self._reload(key, scope, answer, show_id)
        # Shielded: the client that began the load may go, and the others still wait for it.
        await asyncio.shield(answer.loading)
        if answer.loaded_at < asked_at and self._has_changed(show_id, answer):  # it began before we asked
            answer = self._reload(key, scope, answer, show_id)
            await asyncio.shield(answer.loading)
        return answer

    def _reload(self, key: _Key, scope: HTTPScope, answer: _Answer, show_id: int) -> _Answer:
        """The same answer or, if it is too old or this process has changed the show since, a newer one."""
        now = asyncio.get_running_loop().time()
        age = now - answer.loaded_at
        credit = min(answer.credit + age * FRESH_LOADS_PER_S, FRESH_LOADS_MAX)
        newest = self._answers.get(key, answer)
        if newest.loaded_at > answer.loaded_at:
            return newest
        if age > KEPT_S:
            return self._load(key, scope, _Answer(now, credit))
        if credit >= 1 and self._has_changed(show_id, answer):
            return self._load(key, scope, _Answer(now, credit - 1))
        return answer

    def _has_changed(self, show_id: int, answer: _Answer) -> bool:
        """Whether this process has changed the show since the answer was asked for."""
        changed_at: float = self._owner.state.engine.changed_at(show_id)
        return changed_at >= answer.loaded_at

    def _load(self, key: _Key, scope: HTTPScope, answer: _Answer) -> _Answer:
        answer.loading = asyncio.create_task(self._fill(key, scope, answer))
        self._answers[key] = answer
        return answer

    async def _fill(self, key: _Key, scope: HTTPScope, answer: _Answer) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"if-none-match"]
        inner: HTTPScope = {**scope, "headers": headers}
        try:
            await self._app(inner, _no_body, answer.take)
            answer.template = str(inner.get("path_template", ""))
        finally:
            self._settle(key, answer)

    def _settle(self, key: _Key, answer: _Answer) -> None:
        """Keeps the answer if it is one to keep, and lets the oldest go if there are too many."""
        if answer.status != 200:
            self._answers.pop(key, None)
            return
        self._answers.pop(key, None)
        self._answers[key] = answer  # the youngest stands last
        bytes_kept = sum(kept.size + len(its.origin) for its, kept in self._answers.items())
        while bytes_kept > KEPT_BYTES_MAX:
            oldest = next(iter(self._answers))
            bytes_kept -= self._answers.pop(oldest).size + len(oldest.origin)


def _shared(scope: Scope) -> int | None:
    """The show that is asked about, if the answer is one to share."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "GET" or scope["query_string"] not in _QUERIES:
        return None
    match = _PATH.fullmatch(scope["path"])
    return int(match[1]) if match else None


async def _send(answer: _Answer, scope: HTTPScope, send: Send) -> None:
    if answer.status == 200 and any(
        name == b"if-none-match" and matches(value.decode("latin-1"), answer.header(b"etag"))
        for name, value in scope["headers"]
    ):
        kept = [header for header in answer.headers if header[0].lower() not in _OF_A_BODY]
        await send({"type": "http.response.start", "status": 304, "headers": kept})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _no_body() -> ReceiveMessage:
    return {"type": "http.request", "body": b"", "more_body": False}
