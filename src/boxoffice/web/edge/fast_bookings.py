"""The short way for what comes ten thousand times in a second: to book, to confirm, to cancel.

It does what the handlers in ``bookings.py`` do, without the framework around it, and only where nothing
is unusual. A request whose body or key cannot be read, or that comes from a page while CORS is allowed,
goes to the framework with the body that was read: what is wrong with a request is told in one place.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send

from boxoffice.access.callers import Forbidden
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary.commands import Command
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.limits import ID_MAX, IDEMPOTENCY_KEY_CHARS_MAX
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from boxoffice.vocabulary.views import Booking
from boxoffice.web.api.bookings import PATH, booked, cancelled, confirmed
from boxoffice.web.edge.raw_answers import Answer, encode, plain_problem, send_plain
from boxoffice.web.http.answers import BookingAnswer
from boxoffice.web.http.bodies import NewBooking
from boxoffice.web.http.bodiless import cancel_command, confirm_command
from boxoffice.web.http.caller import Access, Asking, access_of, asking
from boxoffice.web.http.invalid import InvalidInput
from boxoffice.web.http.problems import (
    Refusal,
    fault_code,
    log_failure,
    log_fault,
    refusal_headers,
    retry_after,
)

ANSWER_BYTES_STEP: Final = 256
"""Bytes to a multiple of which an answer is filled up with spaces, so that the bookings of a show have
answers of one length, whatever their seats: load generators take another length for a failure."""

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,%d}" % IDEMPOTENCY_KEY_CHARS_MAX)
_JSON: Final = (b"content-type", b"application/json")
_REPLAYED: Final = (b"idempotency-replayed", b"true")

_decode: Final = msgspec.json.Decoder(NewBooking).decode


class _Asked(NamedTuple):
    """What a request brings, as far as it matters here."""

    booking_id: int
    body: bytes
    key: str | None
    access: Access
    settings: Settings

    @property
    def who(self) -> Asking:
        return asking(self.access, self.key)


class _Operation(NamedTuple):
    """An operation: how to recognise it, its command, and what is answered when it is done."""

    method: str
    path: re.Pattern[str]
    template: str
    status: int
    command: Callable[[_Asked], Command[BookingDone]]
    answer: Callable[[Booking], BookingAnswer]


def _book(asked: _Asked) -> Command[BookingDone]:
    return _decode(asked.body).command(asked.access, asked.key)


def _confirm(asked: _Asked) -> Command[BookingDone]:
    return confirm_command(asked.who, asked.booking_id, asked.settings.holds.late_confirm)


def _cancel(asked: _Asked) -> Command[BookingDone]:
    return cancel_command(asked.who, asked.booking_id)


_ONE: Final = rf"{PATH}/([1-9][0-9]{{0,15}})"
_TEMPLATE: Final = f"{PATH}/{{booking_id}}"
_OPERATIONS: Final = (
    _Operation("POST", re.compile(PATH), PATH, 201, _book, booked),
    _Operation(
        "POST", re.compile(rf"{_ONE}/confirm"), f"{PATH}/{{booking_id}}/confirm", 200, _confirm, confirmed
    ),
    _Operation("DELETE", re.compile(_ONE), f"{PATH}/{{booking_id}}", 200, _cancel, cancelled),
)


class FastBooking:
    """Answers plain requests of these operations itself and gives all others to the application."""

    def __init__(self, app: ASGIApp, owner: Litestar) -> None:
        self._app = app
        self._owner = owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        found = _find(scope)
        if found is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        operation, booking_id = found
        messages = await _read(receive, self._owner.state.settings.server.body_bytes_max)
        command = self._command(operation, booking_id, scope, messages)
        if command is None:
            await self._app(scope, _again(messages, receive), send)
            return
        scope["path_template"] = operation.template
        await send_plain(await self._answer(operation, command), send)

    def _command(
        self, operation: _Operation, booking_id: int, scope: HTTPScope, messages: list[ReceiveMessage]
    ) -> Command[BookingDone] | None:
        """What is asked, if it is asked plainly."""
        settings: Settings = self._owner.state.settings
        body, key = _whole(messages, settings.server.body_bytes_max), None
        if body is None:
            return None
        for name, value in scope["headers"]:
            if name == b"origin" and self._owner.cors_config is not None:
                return None
            if name == b"idempotency-key":
                if not _KEY.fullmatch(value):
                    return None
                key = value.decode()
        try:
            return operation.command(_Asked(booking_id, body, key, access_of(scope), settings))
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput, Forbidden, Refusal):
            return None

    async def _answer(self, operation: _Operation, command: Command[BookingDone]) -> Answer:
        try:
            outcome = await self._owner.state.engine.execute(command)
        except Fault as fault:
            log_fault(fault)
            return plain_problem(fault_code(fault), {}, {"Retry-After": retry_after(fault)})
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            log_failure(error)
            return plain_problem("internal_error", {}, {})
        if isinstance(outcome, Refused):
            return plain_problem(outcome.code, outcome.details, refusal_headers(outcome))
        return _done(operation, outcome)


def _find(scope: Scope) -> tuple[_Operation, int] | None:
    """The operation that is asked for, and the id in its path, 0 if it has none."""
    path: str = scope["path"]
    if scope["type"] != ScopeType.HTTP or not path.startswith(PATH):
        return None
    for operation in _OPERATIONS:
        if operation.method == scope["method"] and (match := operation.path.fullmatch(path)):
            booking_id = int(match[1]) if match.re.groups else 0
            return (operation, booking_id) if booking_id <= ID_MAX else None
    return None


def _done(operation: _Operation, outcome: BookingDone) -> Answer:
    body = encode(operation.answer(outcome.booking))
    headers = [_JSON]
    if operation.status == 201:
        headers.append((b"location", b"/api/bookings/%d" % outcome.booking.id))
    if outcome.replayed:
        headers.append(_REPLAYED)
    return operation.status, headers, body + b" " * (-len(body) % ANSWER_BYTES_STEP)


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
