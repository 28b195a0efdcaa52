"""The API as a client's program uses it: requests and answers as plain data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from msgspec import Struct

ANSWER_MAX_S: Final = 90.0
"""Longest wait for an answer, in seconds: far above the sum of the engine's own bounds."""

KEY: Final = "Idempotency-Key"


class Ask(Struct, frozen=True):
    """A request. ``effect``: the kind of the event that the request leaves when it is done."""

    effect: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    key: str | None = None


class Answer(Struct, frozen=True):
    """An answer: ``data`` of a success, or ``code`` of a problem."""

    status: int
    data: dict[str, Any]
    code: str
    replayed: bool

    @property
    def done(self) -> bool:
        """Whether the request was done."""
        return self.status in (200, 201)

    @property
    def seats(self) -> list[int]:
        """The seats of the booking, those that it has and those that it gave back."""
        return sorted([*self.data["seats"], *self.data.get("released_seats", ())])


class Api:
    """A client of servers, by their URL. Connections are kept; a connection that breaks is replaced."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, url: str, ask: Ask) -> Answer:
        """The answer. Raises ``httpx.TransportError`` when there is none."""
        headers = {} if ask.key is None else {KEY: ask.key}
        response = await self._client.request(ask.method, url + ask.path, json=ask.body, headers=headers)
        told = response.json()
        replayed = response.headers.get("idempotency-replayed") == "true"
        return Answer(response.status_code, told.get("data") or {}, told.get("code", ""), replayed)

    async def get(self, url: str, path: str, **query: int | str) -> httpx.Response:
        """The answer to a GET. Raises ``httpx.TransportError`` when there is none."""
        return await self._client.get(url + path, params=query)

    async def open_show(self, url: str, seats: int) -> int:
        """Opens a show, and gives its id."""
        body = {"name": "Chaos", "start_time": "2035-01-01T20:00:00Z", "total_seats": seats}
        return await self._made(url, Ask("", "POST", "/api/shows", body))

    async def register(self, url: str) -> int:
        """Registers the user who books, and gives the user's id."""
        body = {"name": "Ada", "email": "ada@example.com"}
        return await self._made(url, Ask("", "POST", "/api/users", body))

    async def _made(self, url: str, ask: Ask) -> int:
        answer = await self.ask(url, ask)
        assert answer.done, answer
        made_id: int = answer.data["id"]
        return made_id


@asynccontextmanager
async def open_api() -> AsyncIterator[Api]:
    """A client for the length of a block."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    async with httpx.AsyncClient(timeout=ANSWER_MAX_S, limits=limits, verify=False) as client:  # noqa: S501 - loopback
        yield Api(client)


def book(show_id: int, user_id: int, seats: int, key: str | None = None) -> Ask:
    """A request to buy seats at once."""
    body = {"show_id": show_id, "user_id": user_id, "seats_booked": seats}
    return Ask("booked", "POST", "/api/bookings", body, key)


def hold(
    show_id: int, user_id: int, seats: int, key: str | None = None, *, seconds: float | None = None
) -> Ask:
    """A request to hold seats; without ``seconds`` for the longest time that the server allows."""
    body: dict[str, Any] = {
        "show_id": show_id,
        "user_id": user_id,
        "seats_booked": seats,
        "status": "PENDING",
    }
    if seconds is not None:
        body["hold_seconds"] = seconds
    return Ask("held", "POST", "/api/bookings", body, key)


def confirm(booking_id: int, key: str | None = None) -> Ask:
    """A request to turn a hold into a sale."""
    return Ask("confirmed", "POST", f"/api/bookings/{booking_id}/confirm", None, key)


def fail(booking_id: int, key: str | None = None) -> Ask:
    """A request to end a hold as failed."""
    return Ask("failed", "POST", f"/api/bookings/{booking_id}/fail", {"reason": "declined"}, key)


def cancel(booking_id: int, key: str | None = None) -> Ask:
    """A request to cancel a booking."""
    return Ask("cancelled", "DELETE", f"/api/bookings/{booking_id}", None, key)


def block(show_id: int, seat: int, key: str | None = None) -> Ask:
    """A request to keep a seat for the house."""
    body = {"seat_numbers": [seat], "reason": "camera"}
    return Ask("blocked", "POST", f"/api/admin/shows/{show_id}/seats/block", body, key)


def unblock(show_id: int, seat: int, key: str | None = None) -> Ask:
    """A request to give a blocked seat back to sale."""
    return Ask(
        "unblocked", "POST", f"/api/admin/shows/{show_id}/seats/unblock", {"seat_numbers": [seat]}, key
    )
