"""The short way for the one request that comes ten thousand times in a second: POST /api/bookings.

It does what ``BookingsController.book_seats`` does, without the framework around it, and only where
nothing is unusual. A request whose body or key cannot be read, or that comes from a page while CORS is
allowed, goes to the framework with the body that was read: what is wrong with a request is told in one place.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, ReceiveMessage, Scope, Send

from boxoffice.commands import BookSeats
from boxoffice.faults import Fault
from boxoffice.limits import IDEMPOTENCY_KEY_CHARS_MAX
from boxoffice.outcomes import BookingDone, Refused
from boxoffice.web.bookings import PATH, booked
from boxoffice.web.caller import ANONYMOUS
from boxoffice.web.invalid import InvalidInput
from boxoffice.web.problems import MEDIA_TYPE, fault_code, log_failure, log_fault, members, retry_after
from boxoffice.web.wire import NewBooking

ANSWER_BYTES_STEP: Final = 256
"""Bytes to a multiple of which an answer is filled up with spaces, so that the bookings of a show have
answers of one length, whatever their seats: load generators take another length for a failure."""

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

_KEY: Final = re.compile(rb"[\x21-\x7e]{1,%d}" % IDEMPOTENCY_KEY_CHARS_MAX)
_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", MEDIA_TYPE.encode())
_REPLAYED: Final = (b"idempotency-replayed", b"true")

_decode: Final = msgspec.json.Decoder(NewBooking).decode
_encode: Final = msgspec.json.Encoder().encode


class FastBooking:
    """Answers plain booking requests itself and gives all others to the application."""

    def __init__(self, app: ASGIApp, owner: Litestar) -> None:
        self._app = app
        self._owner = owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        message = cast("HTTPReceiveMessage", await receive())
        command = self._command(scope, message)
        if command is None:
            await self._app(scope, _first(message, receive), send)
            return
        scope["path_template"] = PATH
        status, headers, body = await self._answer(command)
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _command(self, scope: HTTPScope, message: HTTPReceiveMessage) -> BookSeats | None:
        """What is asked, if it is asked plainly."""
        settings = self._owner.state.settings
        if message["type"] != "http.request" or message.get("more_body", False):
            return None
        body, key = message["body"], None
        if len(body) > settings.body_bytes_max:
            return None
        for name, value in scope["headers"]:
            if name == b"origin" and self._owner.cors_config is not None:
                return None
            if name == b"idempotency-key":
                if not _KEY.fullmatch(value):
                    return None
                key = value.decode()
        try:
            return _decode(body).command(ANONYMOUS, key, settings.hold_seconds_max)
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidInput):
            return None

    async def _answer(self, command: BookSeats) -> Answer:
        try:
            outcome = await self._owner.state.engine.execute(command)
        except Fault as fault:
            log_fault(fault)
            return _problem(fault_code(fault), {}, (b"retry-after", retry_after(fault).encode()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            log_failure(error)
            return _problem("internal_error", {})
        if isinstance(outcome, Refused):
            return _problem(outcome.code, outcome.details)
        return _booked(outcome)


def _booked(outcome: BookingDone) -> Answer:
    body = _encode(booked(outcome.booking))
    location = (b"location", b"/api/bookings/%d" % outcome.booking.id)
    headers = [_JSON, location, _REPLAYED] if outcome.replayed else [_JSON, location]
    return 201, headers, body + b" " * (-len(body) % ANSWER_BYTES_STEP)


def _problem(code: str, details: Mapping[str, Any], *headers: tuple[bytes, bytes]) -> Answer:
    body = members(code, details)
    return body["status"], [_PROBLEM, *headers], _encode(body)


def _first(message: HTTPReceiveMessage, receive: Receive) -> Receive:
    """A channel that gives the message that was read already, and then goes on."""
    read: list[ReceiveMessage] = [message]

    async def channel() -> ReceiveMessage:
        return read.pop() if read else await receive()

    return channel
