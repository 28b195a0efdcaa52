"""The short way for what comes ten thousand times in a second: to book, to confirm, to cancel.

It does what the handlers do, without the framework around it, for the operations that say how (``short``),
and only where nothing is unusual. A request whose body or key cannot be read, or that comes from a page while
CORS is allowed, goes to the framework with the body that was read: what is wrong with a request is told in
one place.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send

from boxoffice.access.callers import Forbidden
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import Command
from boxoffice.vocabulary.outcomes import Done, Refused
from boxoffice.web.http.caller import Requester, access_of
from boxoffice.web.http.invalid import InvalidInput
from boxoffice.web.http.operation import CommandOperation, Operation, PlainRequest, ReadCommand
from boxoffice.web.http.raw_answers import RawAnswer, encode, raw_headers, send_raw
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.services import Services
from boxoffice.web.http.troubles import of_refused, recorded

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,%d}" % limits.IDEMPOTENCY_KEY_CHARS_MAX)
_JSON: Final = (b"content-type", b"application/json")
_REPLAYED: Final = (b"idempotency-replayed", b"true")


class _Way(NamedTuple):
    """An operation of the short way: how its path is recognised, and how its command is read."""

    operation: CommandOperation[Any, Any]
    path: re.Pattern[str]
    template: str
    read: ReadCommand


class FastBookings:
    """Answers plain requests of these operations itself and gives all others to the application."""

    def __init__(self, app: ASGIApp, services: Services, operations: Iterable[Operation]) -> None:
        self._app = app
        self._services = services
        self._bytes_max = services.settings.server.body_bytes_max
        self._pages_ask = bool(services.settings.server.cors_origins)
        self._ways: Final[dict[str, list[_Way]]] = {}
        for operation in operations:
            if isinstance(operation, CommandOperation) and operation.short is not None:
                path = re.compile(re.sub(r"\{\w+\}", "([1-9][0-9]{0,15})", operation.template))
                way = _Way(operation, path, operation.template, operation.short)
                self._ways.setdefault(operation.method, []).append(way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        found = self._find(scope)
        if found is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        way, number = found
        messages = await _read(receive, self._bytes_max)
        command = self._command(way, number, scope, messages)
        if command is None:
            await self._app(scope, _again(messages, receive), send)
            return
        scope["path_template"] = way.template
        await send_raw(await self._answer(way.operation, command), send)

    def _find(self, scope: Scope) -> tuple[_Way, int] | None:
        """The operation that is asked for, and the id in its path, 0 if it has none."""
        if scope["type"] != ScopeType.HTTP:
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
        """What is asked, if it is asked plainly."""
        body, key = _whole(messages, self._bytes_max), None
        if body is None:
            return None
        for name, value in scope["headers"]:
            if name == b"origin" and self._pages_ask:
                return None
            if name == b"idempotency-key":
                if not _KEY.fullmatch(value):
                    return None
                key = value.decode()
        try:
            return way.read(PlainRequest(number, body, Requester(access_of(scope), key)))
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput, Forbidden, Refusal):
            return None

    async def _answer(self, operation: CommandOperation[Any, Any], command: Command[Any]) -> RawAnswer:
        problems = self._services.problems
        try:
            outcome = await self._services.engine.execute(command)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            return problems.raw(recorded(error))
        if isinstance(outcome, Refused):
            return problems.raw(of_refused(outcome))
        return _done(operation, outcome)


def _done(operation: CommandOperation[Any, Any], outcome: Done) -> RawAnswer:
    success = operation.answer(outcome)
    headers = [_JSON, *raw_headers(success.headers)]
    if outcome.replayed:
        headers.append(_REPLAYED)
    return RawAnswer(success.status, headers, encode(success.envelope))


async def _read(receive: Receive, bytes_max: int) -> list[ReceiveMessage]:
    """The messages of the body, no more of them than make it too long."""
    messages = [await receive()]
    size = _size(messages[0])
    while messages[-1].get("more_body", False) and size <= bytes_max:
        messages.append(await receive())
        size += _size(messages[-1])
    return messages


def _size(message: ReceiveMessage) -> int:
    return len(message["body"]) if message["type"] == "http.request" else 0


def _whole(messages: list[ReceiveMessage], bytes_max: int) -> bytes | None:
    """The body; None if it is too long or broke off."""
    parts = [message["body"] for message in messages if message["type"] == "http.request"]
    if len(parts) < len(messages) or messages[-1].get("more_body", False):
        return None
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    return body if len(body) <= bytes_max else None


def _again(messages: list[ReceiveMessage], receive: Receive) -> Receive:
    """A channel that gives the messages that were read already, and then goes on."""
    read = messages[::-1]

    async def channel() -> ReceiveMessage:
        return read.pop() if read else await receive()

    return channel
