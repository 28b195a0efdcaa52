"""Answers that many clients ask for at once: one request loads the answer, and all share it for a moment.

However many clients poll a show, the database answers a handful of queries a second. No decision about a sale
rests on a shared answer, and a request with ``?consistent=true`` never gets one.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

import structlog
from litestar.config.cors import CORSConfig
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send

from boxoffice.web.edge.kept_answers import KeptAnswers, Question, SharedAnswer, fresh_loads_of_next
from boxoffice.web.http import shared_cache
from boxoffice.web.http.caching import matches, version_of
from boxoffice.web.http.head import RequestHead, head_of, note_head
from boxoffice.web.http.operation import Operation, ReadOperation
from boxoffice.web.http.problems import trouble_in
from boxoffice.web.http.raw_answers import send_raw
from boxoffice.web.http.services import Services
from boxoffice.web.http.shared_cache import CachedAnswer, Found, form_of
from boxoffice.web.http.troubles import Trouble

_log: Final = structlog.get_logger("boxoffice.web")

_OF_A_BODY: Final = frozenset({b"content-type", b"content-length", b"content-encoding"})


class SharedReads:
    """The layer that shares the answers of operations that allow it (``shared``), and passes the rest on."""

    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        operations: Iterable[tuple[HTTPRouteHandler, Operation]],
        cors: CORSConfig | None,
    ) -> None:
        """Raises ``ValueError`` for an operation whose path is not that of one show."""
        self._app = app
        self._services = services
        self._cors = cors
        self._kept: Final = KeptAnswers()
        shared = [o for _, o in operations if isinstance(o, ReadOperation) and o.shared]
        self._path: Final = re.compile("|".join(_pattern(operation) for operation in shared) or "$^")
        self._queries: Final = [frozenset(query.encode() for query in o.shared) for o in shared]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP or (show_id := self._show_of(scope)) is None:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(self._question(scope), show_id, scope)
        scope["path_template"] = answer.template
        if answer.trouble is None:
            await _send(answer, scope, send)
        else:
            await self._send_problem(answer, answer.trouble, send)

    async def _send_problem(self, answer: SharedAnswer, trouble: Trouble, send: Send) -> None:
        """Sends the problem with the id of this request; the loaded answer has the first asker's id."""
        problem = self._services.problems.raw(trouble)
        problem.headers += [header for header in answer.headers if header[0].startswith(b"access-control-")]
        if problem.status >= 500:
            _log.warning("a shared answer failed", loaded_for=answer.loaded_for)
        await send_raw(problem, send)

    def _show_of(self, scope: HTTPScope) -> int | None:
        """The id of the show that the request asks about; None: the answer is not shared."""
        if scope["method"] != "GET" or not _is_plain(head_of(scope)):
            return None
        match = self._path.fullmatch(scope["path"].removesuffix("/"))
        if match is None or match.lastindex is None:
            return None
        queries = self._queries[match.lastindex - 1]
        return int(match[match.lastindex]) if scope["query_string"] in queries else None

    def _question(self, scope: HTTPScope) -> Question:
        head = head_of(scope)
        origin = None if head.origin is None else self._allowed(head.origin)
        return Question(scope["path"].removesuffix("/"), scope["query_string"], head.accepts_gzip, origin)

    def _allowed(self, origin: bytes) -> bytes | None:
        """The origin, if CORS allows it; where all are allowed, one word for all, for all get one answer."""
        if self._cors is None or not self._cors.is_origin_allowed(origin.decode("latin-1")):
            return None
        return b"*" if self._cors.is_allow_all_origins else origin

    async def _answer(self, question: Question, show_id: int, scope: HTTPScope) -> SharedAnswer:
        """An answer with all changes that this process made before the request came.

        Once the stock of early loads is used up, the answer may be up to ``KEPT_S`` old.
        """
        asked_at = _now()
        answer = self._current(question, show_id, scope, asked_at)
        await answer.loaded()
        if answer.loaded_at < asked_at and self._has_changed(show_id, answer):  # loaded before the change
            answer = self._current(question, show_id, scope, asked_at)
            await answer.loaded()
        return answer

    def _current(self, question: Question, show_id: int, scope: HTTPScope, asked_at: float) -> SharedAnswer:
        """The kept answer, if it is good, still loading, or newer than the request; else a new one."""
        kept, now = self._kept.get(question), _now()
        if kept is None:
            return self._load(question, show_id, scope, SharedAnswer(now))
        if kept.loaded_at >= asked_at or not kept.load.done():
            return kept
        stock = fresh_loads_of_next(kept, now, changed=self._has_changed(show_id, kept))
        if stock is None:
            return kept
        return self._load(question, show_id, scope, SharedAnswer(now, stock), kept)

    def _has_changed(self, show_id: int, answer: SharedAnswer) -> bool:
        """Whether this process has changed the show since the load of the answer began."""
        return self._services.engine.changed_at(show_id) >= answer.loaded_at

    def _load(
        self,
        question: Question,
        show_id: int,
        scope: HTTPScope,
        answer: SharedAnswer,
        earlier: SharedAnswer | None = None,
    ) -> SharedAnswer:
        answer.load = asyncio.create_task(self._fill(question, show_id, scope, answer, earlier))
        self._kept.put(question, answer)
        return answer

    async def _fill(
        self,
        question: Question,
        show_id: int,
        scope: HTTPScope,
        answer: SharedAnswer,
        earlier: SharedAnswer | None,
    ) -> None:
        try:
            await self._take(question, show_id, scope, answer)
            if earlier is not None:
                answer.take_body_of(earlier)
        finally:
            self._kept.settle(question, answer)

    async def _take(self, question: Question, show_id: int, scope: HTTPScope, answer: SharedAnswer) -> None:
        """Takes the answer from another instance, or from the application."""
        cache = self._services.cache
        if cache is None or _now() - self._services.engine.changed_at(show_id) <= shared_cache.FRESH_S:
            await self._ask(question, scope, answer)  # others may have loaded before this process's change
            return
        form = form_of(*question)
        found = await cache.find(show_id, form)
        if isinstance(found, Found):
            answer.take_of_others(found)
            return
        await self._ask(question, scope, answer)
        seq = version_of(answer.header(b"etag"))
        if answer.status == 200 and found is not None and seq is not None:
            cache.keep(found, seq, CachedAnswer(answer.headers, answer.body, answer.template))
        elif answer.status >= 500:
            last = await cache.last(show_id, form)
            if last is not None and self._services.engine.changed_at(show_id) < _now() - last.age_s:
                answer.take_of_others(last)

    async def _ask(self, question: Question, scope: HTTPScope, answer: SharedAnswer) -> None:
        inner = _request(question, scope)
        await self._app(inner, _no_body, answer.take)
        answer.template = str(inner.get("path_template", ""))
        answer.trouble = trouble_in(inner)


def _pattern(operation: ReadOperation) -> str:
    """A pattern for the operation's path; its group is the id of the show."""
    path = operation.template.replace("{show_id}", "([1-9][0-9]{0,8})")
    if re.compile(path).groups != 1 or "{" in operation.template.replace("{show_id}", ""):
        raise ValueError(f"the path of {operation.id} is not that of one show, so its answers are not shared")
    return path


def _is_plain(head: RequestHead) -> bool:
    """Whether the request has neither a body, which is refused, nor a condition that a read does not take."""
    return not head.has_body and head.if_match is None


def _now() -> float:
    return asyncio.get_running_loop().time()


def _request(question: Question, scope: HTTPScope) -> HTTPScope:
    """A request made of the question alone: nothing else of who asks first reaches the others."""
    head = RequestHead(accept_encoding=b"gzip" if question.zipped else None, origin=question.origin)
    inner: HTTPScope = {
        **scope,
        "method": "GET",
        "path": question.path,
        "raw_path": question.path.encode(),
        "query_string": question.query,
        "headers": [],
        "client": None,
        "state": {},
    }
    note_head(inner, head)
    return inner


async def _send(answer: SharedAnswer, scope: HTTPScope, send: Send) -> None:
    tags = head_of(scope).if_none_match
    if answer.status == 200 and tags is not None and matches(tags.decode("latin-1"), answer.header(b"etag")):
        kept = [header for header in answer.headers if header[0].lower() not in _OF_A_BODY]
        await send({"type": "http.response.start", "status": 304, "headers": kept})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _no_body() -> ReceiveMessage:
    return {"type": "http.request", "body": b"", "more_body": False}
