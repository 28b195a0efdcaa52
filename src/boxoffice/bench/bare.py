"""The most that HTTP in Python can reach: an application that parses a JSON body and answers JSON."""

from typing import Any, Final

import msgspec
from msgspec import Struct

_HEADERS: Final = [(b"content-type", b"application/json")]
_FREE: Final = msgspec.json.encode({"success": True, "data": {"ranges": [[1, 20_000]], "count": 20_000}})


class _Wanted(Struct):
    user_id: int
    show_id: int
    seats_booked: int = 1
    seat_numbers: list[int] = []
    status: str = "CONFIRMED"


_decode: Final = msgspec.json.Decoder(_Wanted).decode
_encode: Final = msgspec.json.Encoder().encode


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer each POST with the same booking, and other requests as briefly. Nothing is decided here."""
    if scope["type"] != "http":
        await _live(receive, send)
        return
    body = b""
    if scope["method"] == "POST":
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
    status, answer = (201, _booked(_decode(body))) if body else _other(scope["method"])
    headers = [*_HEADERS, (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _booked(wanted: _Wanted, status: str | None = None) -> bytes:
    booking = {
        "id": wanted.show_id << 24 | 1,
        "user_id": wanted.user_id,
        "show_id": wanted.show_id,
        "seats_booked": wanted.seats_booked,
        "status": status or wanted.status,
        "created_at": "2027-01-01T00:00:00.000000Z",
        "updated_at": "2027-01-01T00:00:00.000000Z",
        "seats": wanted.seat_numbers or [1],
        "released_seats": [],
        "expires_at": None,
        "reason": None,
        "retaken_from": None,
    }
    return _encode({"success": True, "data": booking, "message": "Booking confirmed"})


def _other(method: str) -> tuple[int, bytes]:
    if method == "GET":
        return 200, _FREE
    status = "CONFIRMED" if method == "POST" else "CANCELLED"
    return 200, _booked(_Wanted(user_id=1, show_id=1), status)


async def _live(receive: Any, send: Any) -> None:
    for _ in range(2):  # startup, shutdown
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
