"""The short way: plain requests to book, confirm or cancel are answered without the framework.

Such requests can come ten thousand times a second. The short way does what their handlers do, for each
operation that says how its command is read (``short``). A request that is not plain goes to the framework,
together with the body that was read: one that cannot be read or is refused before there is a command, so that
errors are worded in one place; one with a condition or with a body in a coding; and one from a web page while
CORS is allowed, because the framework adds the headers of CORS.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send

from boxoffice.access.callers import Forbidden
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import Command
from boxoffice.vocabulary.outcomes import Done, Refused
from boxoffice.web.http.caller import Requester, access_of
from boxoffice.web.http.deferral import deferred, hinted
from boxoffice.web.http.head import RequestHead, head_of
from boxoffice.web.http.invalid import InvalidInput
from boxoffice.web.http.operation import CommandOperation, Operation, PlainRequest, ReadCommand
from boxoffice.web.http.raw_answers import RawAnswer, encode, raw_headers, send_raw
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.services import Services
from boxoffice.web.http.taken import is_coded, takes_body
from boxoffice.web.http.troubles import of_refused, recorded
from boxoffice.web.http.unreadable import Unreadable

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,%d}" % limits.IDEMPOTENCY_KEY_CHARS_MAX)
_JSON: Final = (b"content-type", b"application/json")
_REPLAYED: Final = (b"idempotency-replayed", b"true")


class _Way(NamedTuple):
    """An operation of the short way: the pattern of its path, and the function that reads its command."""

    operation: CommandOperation[Any, Any]
    path: re.Pattern[str]
    template: str
    takes_body: bool
    read: ReadCommand


class FastBookings:
    """The layer that answers plain requests for these operations, and passes all other requests on."""

    def __init__(
        self, app: ASGIApp, services: Services, operations: Iterable[tuple[HTTPRouteHandler, Operation]]
    ) -> None:
        """Raises ``ValueError`` for an operation whose path has more than an id."""
        self._app = app
        self._services = services
        self._bytes_max = services.settings.server.body_bytes_max
        self._pages_ask = bool(services.settings.server.cors_origins)
        self._ways: Final[dict[str, list[_Way]]] = {}
        for handler, operation in operations:
            if isinstance(operation, CommandOperation) and operation.short is not None:
                way = _way(operation, operation.short, takes_body=takes_body(handler))
                self._ways.setdefault(operation.method, []).append(way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP or (found := self._find(scope)) is None:
            await self._app(scope, receive, send)
            return
        way, number = found
        try:
            messages = await _read(receive, self._bytes_max)
        except Unreadable as error:
            scope["path_template"] = way.template
            await send_raw(self._services.problems.raw(recorded(error)), send)
            return
        command = self._command(way, number, scope, messages)
        if command is None:
            await self._app(scope, _prepended(messages, receive), send)
            return
        scope["path_template"] = way.template
        await send_raw(await self._answer(way.operation, command, head_of(scope).prefer), send)

    def _find(self, scope: HTTPScope) -> tuple[_Way, int] | None:
        """The operation that the request asks for, and the id in the path (0: the path has none).

        None: the operation is none of the short way, or the request has parameters, which none of these take.
        """
        if scope["query_string"]:
            return None
        path: str = scope["path"]
        for way in self._ways.get(scope["method"], ()):
            if match := way.path.fullmatch(path):
                number = int(match[1]) if match.re.groups else 0
                return (way, number) if number <= limits.ID_MAX else None
        return None

    def _command(
        self, way: _Way, number: int, scope: HTTPScope, messages: list[ReceiveMessage]
    ) -> Command[Any] | None:
        """The command of a plain request; None: the request goes to the framework."""
        body, head = _body_of(messages, self._bytes_max), head_of(scope)
        key = head.idempotency_key
        if body is None or (body and not way.takes_body) or not _is_plain(head):
            return None
        if head.origin is not None and self._pages_ask:
            return None
        if key is not None and not _KEY.fullmatch(key):
            return None
        who = Requester(access_of(scope), None if key is None else key.decode())
        try:
            return way.read(PlainRequest(number, body, who))
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput, Forbidden, Refusal):
            return None

    async def _answer(
        self, operation: CommandOperation[Any, Any], command: Command[Any], prefer: bytes | None
    ) -> RawAnswer:
        problems = self._services.problems
        deferral = None if operation.later is None else self._services.deferral
        try:
            if prefer is not None and (ticket := await deferred(deferral, prefer, command)) is not None:
                return ticket
            outcome = await self._services.engine.execute(command)
        except Exception as error:  # noqa: BLE001 - whatever failed, the client gets an answer
            return problems.raw(recorded(hinted(deferral, prefer, error)))
        if isinstance(outcome, Refused):
            return problems.raw(of_refused(outcome))
        return _done(operation, outcome)


def _way(operation: CommandOperation[Any, Any], read: ReadCommand, *, takes_body: bool) -> _Way:
    path = re.compile(re.sub(r"\{\w+\}", "([1-9][0-9]{0,15})", operation.template))
    if path.groups > 1:
        raise ValueError(f"the path of {operation.id} has more than one id, so it has no short way")
    return _Way(operation, path, operation.template, takes_body, read)


def _is_plain(head: RequestHead) -> bool:
    """Whether the request has neither a condition nor a body in a coding."""
    return head.if_match is None and head.if_none_match is None and not is_coded(head)


def _done(operation: CommandOperation[Any, Any], outcome: Done) -> RawAnswer:
    success = operation.answer(outcome)
    headers = [_JSON, *raw_headers(success.headers)]
    if outcome.replayed:
        headers.append(_REPLAYED)
    return RawAnswer(success.status, headers, encode(success.envelope))


async def _read(receive: Receive, bytes_max: int) -> list[ReceiveMessage]:
    """The messages of the body. Reading stops when the body is too long, so that none fills the memory."""
    messages = [await receive()]
    size = _size(messages[0])
    while messages[-1].get("more_body", False) and size <= bytes_max:
        messages.append(await receive())
        size += _size(messages[-1])
    return messages


def _size(message: ReceiveMessage) -> int:
    return len(message["body"]) if message["type"] == "http.request" else 0


def _body_of(messages: list[ReceiveMessage], bytes_max: int) -> bytes | None:
    """The body; None if it is too long or broke off."""
    parts = [message["body"] for message in messages if message["type"] == "http.request"]
    if len(parts) < len(messages) or messages[-1].get("more_body", False):
        return None
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    return body if len(body) <= bytes_max else None


def _prepended(messages: list[ReceiveMessage], receive: Receive) -> Receive:
    """A channel that gives the messages that were read already, and then those that still come."""
    read = messages[::-1]

    async def channel() -> ReceiveMessage:
        return read.pop() if read else await receive()

    return channel
