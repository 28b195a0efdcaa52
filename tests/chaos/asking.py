"""Operations over HTTP: the request of each, and how its answer is read."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from tests.chaos.history import NO_EFFECT, Counts, Operation, Refusal, ToldBooking, ToldSeat

ANSWER_MAX_S: Final = 1.5
"""Seconds that a client waits for an answer: shorter than some faults, so that it often gives up early."""

_READS: Final = {
    "seats": "/api/admin/shows/{show}/seats",
    "stats": "/api/shows/{show}/stats",
    "show": "/api/shows/{show}",
    "booking": "/api/bookings/{booking}",
}


class NotSent(Exception):
    """No server listens at that port, so the request had no effect."""


class Lost(Exception):
    """The answer did not come, or broke off, so the outcome is not known."""


class Asker:
    """One kept connection to each server."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._open: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def ask(
        self, server: int, operation: Operation, *, wait_max_s: float = ANSWER_MAX_S
    ) -> tuple[int, Any]:
        """The status and the body. Raises ``NotSent`` or ``Lost``."""
        try:
            async with asyncio.timeout(wait_max_s):
                reader, writer = await self._connected(server)
                writer.write(_request(operation))
                return await _answer(reader)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.drop(server)
            raise Lost(repr(error)) from error
        except asyncio.CancelledError:
            self.drop(server)
            raise

    def drop(self, server: int) -> None:
        """Close the connection to a server."""
        if server in self._open:
            self._open.pop(server)[1].close()

    def close(self) -> None:
        """Close all connections."""
        for server in list(self._open):
            self.drop(server)

    async def _connected(self, server: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if server in self._open and self._open[server][0].at_eof():
            self.drop(server)
        if server not in self._open:
            try:
                self._open[server] = await asyncio.open_connection("127.0.0.1", self._ports[server])
            except OSError as error:
                raise NotSent(str(error)) from error
        return self._open[server]


def ending(operation: Operation, status: int, body: Any) -> None:
    """Record the answer in the operation."""
    if 200 <= status < 300:
        operation.outcome = "ok"
        _note(operation, body["data"])
    elif status < 500 or body["code"] in NO_EFFECT:
        operation.outcome = "fail"
        operation.refusal = _refusal(body)
    else:
        operation.outcome = "info"
        operation.failed = body["code"] == "internal_error"


def booking_of(data: Mapping[str, Any]) -> ToldBooking:
    """A booking from the JSON of an answer."""
    return ToldBooking(
        id=data["id"],
        show=data["show_id"],
        user=data["user_id"],
        seats=data["seats"] or data["released_seats"],
        status=data["status"],
        created_us=_microseconds(data["created_at"]),
        expires_us=_microseconds(data["expires_at"]) if data["expires_at"] else 0,
        retaken_from=data.get("retaken_from") or 0,
    )


def _note(operation: Operation, data: Any) -> None:
    match operation.kind:
        case "book" | "confirm" | "fail" | "cancel" | "booking":
            operation.told_booking = booking_of(data)
        case "seats":
            operation.told_seats = [
                ToldSeat(seat["seat_number"], seat["state"], seat["booking_id"] or 0) for seat in data
            ]
        case "stats":
            names = ("total", "available", "held", "sold", "blocked")
            operation.told_counts = Counts(*(data[f"{name}_seats"] for name in names))
            operation.seq = data["seq"]
        case "show" | "resize":
            operation.told_counts = Counts(data["total_seats"], data["available_seats"])
            operation.seq = data["seq"]


def _refusal(body: Mapping[str, Any]) -> Refusal:
    return Refusal(
        code=body["code"],
        seats=body.get("seats", []),
        state=body.get("state", ""),
        retaken_by=body.get("retaken_by", 0),
        requested=body.get("requested", 0),
        available=body.get("available", -1),
    )


def _request(operation: Operation) -> bytes:
    method, path, body = _asked(operation)
    data = b"" if body is None else msgspec.json.encode(body)
    key = f"Idempotency-Key: {operation.key}\r\n" if operation.key else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{key}Content-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def _asked(o: Operation) -> tuple[str, str, object]:
    """The method, path and body of an operation's request."""
    match o.kind:
        case "book":
            return "POST", "/api/bookings", _wish(o)
        case "confirm":
            return "POST", f"/api/bookings/{o.booking}/confirm", None
        case "fail":
            return "POST", f"/api/bookings/{o.booking}/fail", {"reason": "Declined"}
        case "cancel":
            return "DELETE", f"/api/bookings/{o.booking}", None
        case "block" | "unblock":
            body = {"seat_numbers": o.seats, "reason": "For the house"}
            return "POST", f"/api/admin/shows/{o.show}/seats/{o.kind}", body
        case "resize":
            return "PUT", f"/api/shows/{o.show}", {"total_seats": o.total}
        case _:
            path = _READS[o.kind].format(show=o.show, booking=o.booking)
            return "GET", f"{path}?consistent=true" if o.consistent else path, None


def _wish(operation: Operation) -> dict[str, object]:
    wish: dict[str, object] = {"user_id": operation.user, "show_id": operation.show}
    wish |= {"seat_numbers": operation.seats} if operation.seats else {"seats_booked": operation.count}
    return wish | ({"status": "PENDING", "hold_seconds": operation.hold_s} if operation.hold_s else {})


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split(" ")[1]), msgspec.json.decode(body)


def _microseconds(moment: str) -> int:
    told = datetime.fromisoformat(moment)
    return int(told.timestamp()) * 1_000_000 + told.microsecond
