"""The short way for bookings answers as the framework does; requests of web pages go to the framework."""

from typing import Any, cast

import pytest
from httpx import ASGITransport, AsyncClient, Response
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from msgspec.structs import replace

from boxoffice.access.allowances import Allowances
from boxoffice.access.callers import OPEN
from boxoffice.vocabulary.commands import Command
from boxoffice.vocabulary.outcomes import BookingDone
from boxoffice.web.api.bookings import BOOK
from boxoffice.web.edge.fast_bookings import FastBookings
from boxoffice.web.http.caller import Access, grant
from boxoffice.web.http.head import note_head, read_head
from boxoffice.web.http.operation import operations_of
from boxoffice.web.http.raw_answers import RawAnswer, send_raw
from boxoffice.web.http.samples import BOOKING
from boxoffice.web.http.services import services_of
from tests.support.http.api import Api, Json
from tests.support.http.fixtures import app_without_database
from tests.support.settings import settings_of

A_PAGE = {"Origin": "http://localhost:5173"}
VARYING = ("id", "request_id", "created_at", "updated_at", "expires_at", "seats")


async def both(api: Api, body: Json, **headers: str) -> tuple[Response, Response]:
    """The answers to the same request by the short way and by the long way."""
    short = await api.http.post("/api/bookings", json=body, headers=headers)
    long = await api.http.post("/api/bookings", json=body, headers=headers | A_PAGE)
    return short, long


def stable(answer: Response) -> Json:
    """The parts of an answer that must not depend on the way."""
    body: Json = answer.json()
    data: Json = body.get("data", {})
    return {name: value for name, value in (body | data).items() if name not in VARYING and name != "data"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"seats_booked": 1},
        {"seats_booked": 1, "status": "PENDING", "hold_seconds": 60},
        {"seats_booked": 1000},
        {"seat_numbers": [2000]},
        {"seats_booked": 0},
        {"seats_booked": 1, "show_id": 4711},
        {"seats_booked": 1, "user_id": 4711},
        {"seats": 3},
    ],
)
async def test_both_ways_answer_alike(api: Api, wanted: Json) -> None:
    user, show = await api.user(), await api.show()
    short, long = await both(api, {"user_id": user["id"], "show_id": show["id"]} | wanted)
    assert (short.status_code, stable(short)) == (long.status_code, stable(long))
    for header in ("content-type", "cache-control", "content-security-policy", "retry-after"):
        assert short.headers.get(header) == long.headers.get(header)
    assert ("location" in short.headers) == ("location" in long.headers)


async def test_a_key_holds_across_both_ways(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    short, long = await both(api, body, **{"Idempotency-Key": "order-4711"})
    assert short.json() == long.json()
    assert ("idempotency-replayed" in short.headers, long.headers["idempotency-replayed"]) == (False, "true")


async def test_confirm_and_cancel_answer_alike_on_both_ways(api: Api) -> None:
    user, show = await api.user(), await api.show()
    answers = {}
    for way, headers in (("short", {}), ("long", A_PAGE)):
        hold = await api.hold(show["id"], user["id"])
        path = f"/api/bookings/{hold['id']}"
        confirmed = await api.http.post(f"{path}/confirm", headers=headers)
        again = await api.http.post(f"{path}/confirm", headers=headers)
        cancelled = await api.http.delete(path, headers=headers)
        missing = await api.http.delete("/api/bookings/16777999", headers=headers)
        answers[way] = [
            (
                answer.status_code,
                stable(answer).get("status"),
                stable(answer).get("message"),
                stable(answer).get("code"),
            )
            for answer in (confirmed, again, cancelled, missing)
        ]
    assert answers["short"] == answers["long"]
    assert [status for status, *_ in answers["short"]] == [200, 409, 200, 404]


class Beyond:
    """A stand-in for the engine and for the framework, which notes the requests that come to each."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.bodies: list[bytes] = []

    async def execute(self, command: Command[Any]) -> BookingDone:
        """Notes the command, and says that it is done."""
        self.commands.append(type(command).__name__)
        return BookingDone(BOOKING)

    async def framework(self, _: Scope, receive: Receive, send: Send) -> None:
        """Notes the body, and answers."""
        body, more = b"", True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        await send_raw(RawAnswer(418, [], b""), send)


async def gone(method: str, path: str, body: bytes, **headers: str) -> Beyond:
    """The stand-in after this request: it tells whether the request went to the engine or the framework."""
    beyond, settings = Beyond(), settings_of()
    app = app_without_database(settings, engine=beyond)
    fast = FastBookings(beyond.framework, services_of(app), operations_of(app))

    async def behind_the_gate(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        note_head(scope, read_head(scope["headers"]))
        grant(scope, Access(OPEN, None, None, Allowances(settings).of(OPEN)))
        await fast(scope, receive, send)

    transport = ASGITransport(cast(Any, behind_the_gate))
    async with AsyncClient(transport=transport, base_url="http://localhost") as http:
        await http.request(method, path, content=body, headers=headers)
    return beyond


ONE = "/api/bookings/16777217"
BODY = b'{"user_id": 1, "show_id": 1, "seats_booked": 1}'


@pytest.mark.parametrize(
    ("method", "path", "body", "command"),
    [
        ("POST", "/api/bookings", BODY, "BookSeats"),
        ("POST", f"{ONE}/confirm", b"", "ConfirmBooking"),
        ("DELETE", ONE, b"", "CancelBooking"),
        ("DELETE", "/api/bookings/9007199254740991", b"", "CancelBooking"),
    ],
)
async def test_a_plain_request_goes_past_the_framework(
    method: str, path: str, body: bytes, command: str
) -> None:
    for headers in ({}, {"Idempotency-Key": "order-4711"}):
        beyond = await gone(method, path, body, **headers)
        assert (beyond.commands, beyond.bodies) == ([command], [])


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", ONE, b"", {}),
        ("POST", f"{ONE}/extend", b"{}", {}),
        ("POST", "/api/bookings/", BODY, {}),
        ("DELETE", "/api/bookings/0", b"", {}),
        ("DELETE", f"{ONE}?x=1", b"", {}),
        ("DELETE", ONE, b"{}", {}),
        ("DELETE", ONE, b"", {"If-Match": "*"}),
        ("DELETE", ONE, b"", {"If-None-Match": "*"}),
        ("POST", "/api/bookings", BODY, {"Content-Encoding": "gzip"}),
        ("POST", "/api/bookings", BODY[:-1] + b', "show_id": 1}', {}),
        ("DELETE", "/api/bookings/9007199254740992", b"", {}),
        ("POST", "/api/bookings", b'{"user_id": 1}', {}),
        ("POST", "/api/bookings", b"no JSON", {}),
        ("POST", "/api/bookings", BODY, A_PAGE),
        ("POST", f"{ONE}/confirm", b"", {"Idempotency-Key": "two words"}),
        ("POST", "/api/bookings", b" " * 70_000 + BODY, {}),
    ],
)
async def test_an_unusual_request_goes_to_the_framework_with_its_body(
    method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    beyond = await gone(method, path, body, **headers)
    assert (beyond.commands, beyond.bodies) == ([], [body])


def test_a_short_way_has_at_most_one_id() -> None:
    app = app_without_database(settings_of())
    [(handler, _)] = [found for found in operations_of(app) if found[1].id == BOOK.id]
    two = replace(BOOK, path="/api/shows/{show_id:str}/bookings/{booking_id:str}")
    with pytest.raises(ValueError, match="more than one id"):
        FastBookings(app, services_of(app), [(handler, two)])
