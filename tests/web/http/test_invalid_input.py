"""Bodies and parameters that cannot be read or do not fit: the 400 says where, and what is expected.

There is no engine here, because no such request may reach one.
"""

import json
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from tests.support.http.api import START, problem_of
from tests.support.http.fixtures import app_without_database, client_of
from tests.support.settings import settings_of

BOOKING = {"user_id": 1, "show_id": 1, "seats_booked": 1}
SHOW = {"name": "Movie", "start_time": START, "total_seats": 10}
USER = {"name": "John", "email": "john@example.com"}
REASON = {"reason": "Because"}
SEATS = {"seat_numbers": [1, 2], "reason": "Camera"}

UNREADABLE = {
    "empty": b"",
    "no JSON": b"user_id=1&show_id=1",
    "cut off": b'{"user_id": 1',
    "two values": b"{} {}",
    "NaN": b'{"user_id": NaN, "show_id": 1, "seats_booked": 1}',
    "Infinity": b'{"user_id": Infinity, "show_id": 1, "seats_booked": 1}',
    "no UTF-8": b'{"user_id": "\xff", "show_id": 1, "seats_booked": 1}',
    "half a character": b'{"user_id": "\\ud800", "show_id": 1, "seats_booked": 1}',
    "byte order mark": b'\xef\xbb\xbf{"user_id": 1, "show_id": 1, "seats_booked": 1}',
    "a list": b"[]",
    "null": b"null",
    "a text": b'"book"',
    "deep": b"[" * 60_000,
}

MISFITS = [
    ("/api/bookings", BOOKING, "user_id", None),
    ("/api/bookings", BOOKING, "user_id", 1.5),
    ("/api/bookings", BOOKING, "user_id", 1.0),
    ("/api/bookings", BOOKING, "user_id", True),
    ("/api/bookings", BOOKING, "user_id", 0),
    ("/api/bookings", BOOKING, "user_id", -1),
    ("/api/bookings", BOOKING, "user_id", 2**53),
    ("/api/bookings", BOOKING, "user_id", 2**63),
    ("/api/bookings", BOOKING, "user_id", 10**40),
    ("/api/bookings", BOOKING, "user_id", ""),
    ("/api/bookings", BOOKING, "user_id", "0"),
    ("/api/bookings", BOOKING, "user_id", "01"),
    ("/api/bookings", BOOKING, "user_id", "1.0"),
    ("/api/bookings", BOOKING, "user_id", " 1"),
    ("/api/bookings", BOOKING, "user_id", "1\n"),
    ("/api/bookings", BOOKING, "user_id", "٣"),
    ("/api/bookings", BOOKING, "user_id", "9" * 17),
    ("/api/bookings", BOOKING, "user_id", [1]),
    ("/api/bookings", BOOKING, "user_id", {"id": 1}),
    ("/api/bookings", BOOKING, "show_id", "one"),
    ("/api/bookings", BOOKING, "seats_booked", 0),
    ("/api/bookings", BOOKING, "seats_booked", -3),
    ("/api/bookings", BOOKING, "seats_booked", 1001),
    ("/api/bookings", BOOKING, "seats_booked", 2**63),
    ("/api/bookings", BOOKING, "seats_booked", "3"),
    ("/api/bookings", BOOKING, "seats_booked", 1e3),
    ("/api/bookings", BOOKING, "seat_numbers", []),
    ("/api/bookings", BOOKING, "seat_numbers", [0]),
    ("/api/bookings", BOOKING, "seat_numbers", [1_000_001]),
    ("/api/bookings", BOOKING, "seat_numbers", [1, "2"]),
    ("/api/bookings", BOOKING, "seat_numbers", [7, 7]),
    ("/api/bookings", BOOKING, "seat_numbers", list(range(1, 1002))),
    ("/api/bookings", BOOKING, "seat_numbers", 4),
    ("/api/bookings", BOOKING, "status", "confirmed"),
    ("/api/bookings", BOOKING, "status", "EXPIRED"),
    ("/api/bookings", BOOKING, "hold_seconds", 60),
    ("/api/bookings", BOOKING | {"status": "PENDING"}, "hold_seconds", 0),
    ("/api/bookings", BOOKING | {"status": "PENDING"}, "hold_seconds", -1),
    ("/api/bookings", BOOKING | {"status": "PENDING"}, "hold_seconds", 43_200.001),
    ("/api/bookings", BOOKING | {"status": "PENDING"}, "hold_seconds", "60"),
    ("/api/bookings", BOOKING, "seats", 2),
    ("/api/shows", SHOW, "name", ""),
    ("/api/shows", SHOW, "name", "   "),
    ("/api/shows", SHOW, "name", "x" * 256),
    ("/api/shows", SHOW, "name", "nul\0"),
    ("/api/shows", SHOW, "name", "line\nbreak"),
    ("/api/shows", SHOW, "name", "line break\n"),
    ("/api/shows", SHOW, "name", "escape\x1b[31m"),
    ("/api/shows", SHOW, "name", 5),
    ("/api/shows", SHOW, "name", "\u200b"),
    ("/api/shows", SHOW, "name", "a\u200bb"),
    ("/api/shows", SHOW, "name", "to the left \u202e of what follows"),
    ("/api/shows", SHOW, "name", "isolated \u2066"),
    ("/api/shows", SHOW, "name", "\u3164"),
    ("/api/shows", SHOW, "name", "tag \U000e0041"),
    ("/api/shows", SHOW, "name", "\u0301 alone"),
    ("/api/shows", SHOW, "name", "line\u2028break"),
    ("/api/shows", SHOW, "name", "\ufb2c" * 100),
    ("/api/shows", SHOW, "start_time", "2030-12-15"),
    ("/api/shows", SHOW, "start_time", "2030-12-15T18:30:00"),
    ("/api/shows", SHOW, "start_time", "2030-02-30T18:30:00Z"),
    ("/api/shows", SHOW, "start_time", "tomorrow"),
    ("/api/shows", SHOW, "start_time", 1_700_000_000),
    ("/api/shows", SHOW, "start_time", "0001-01-01T00:00:00+05:00"),
    ("/api/shows", SHOW, "start_time", "9999-12-31T23:59:59-05:00"),
    ("/api/shows", SHOW, "start_time", "0001-01-01T00:00:00Z"),
    ("/api/shows", SHOW, "start_time", "1899-12-31T23:59:59Z"),
    ("/api/shows", SHOW, "start_time", "9999-12-31T23:59:59.999999Z"),
    ("/api/shows", SHOW, "start_time", "2999-12-31T23:00:00-01:00"),
    ("/api/shows", SHOW, "metadata", {"hall": "a\u200bb"}),
    ("/api/shows", SHOW, "metadata", {"hall": "tag \U000e0041"}),
    ("/api/shows", SHOW, "total_seats", 0),
    ("/api/shows", SHOW, "total_seats", 1_000_001),
    ("/api/shows", SHOW, "total_seats", 2**31),
    ("/api/shows", SHOW, "show_type", "Movie"),
    ("/api/shows", SHOW, "show_type", "-"),
    ("/api/shows", SHOW, "show_type", "movie\n"),
    ("/api/shows", SHOW, "show_type", "x" * 51),
    ("/api/shows", SHOW, "available_seats", 5),
    ("/api/users", USER, "email", "john"),
    ("/api/users", USER, "email", "john@localhost"),
    ("/api/users", USER, "email", "john@@example.com"),
    ("/api/users", USER, "email", "john@example..com"),
    ("/api/users", USER, "email", "jo hn@example.com"),
    ("/api/users", USER, "email", "john@example.com\n"),
    ("/api/users", USER, "email", "j" * 60 + "@" + "e" * 200 + ".com"),
    ("/api/users", USER, "email", "john@ex\u200bample.com"),
    ("/api/users", USER, "email", "jo\u00adhn@example.com"),
    ("/api/users", USER, "email", "john@example.com,"),
    ("/api/users", USER, "email", "<john@example.com>"),
    ("/api/users", USER, "email", "\uff4aohn@example.com"),
    ("/api/users", USER, "email", "john..doe@example.com"),
    ("/api/users", USER, "email", "john@-example.com"),
    ("/api/users", USER, "email", "john@127.0.0.1"),
    ("/api/users", USER, "email", "john@xn--a.com"),
    ("/api/users", USER, "email", "john\x7f@example.com"),
    ("/api/users", USER, "name", "a\u202eb"),
    ("/api/users", USER, "name", None),
    ("/api/users", USER, "password", "x"),
    ("/api/admin/shows/1/seats/block", SEATS, "reason", ""),
    ("/api/admin/shows/1/seats/block", SEATS, "seat_numbers", [2, 2]),
    ("/api/admin/shows/1/seats/unblock", SEATS, "seat_numbers", []),
    ("/api/admin/bookings/16777217/cancel", REASON, "reason", "x" * 501),
    ("/api/bookings/16777217/fail", REASON, "reason", "bell\x07"),
    ("/api/bookings/16777217/fail", REASON, "reason", "\u2067over"),
]

MISSING = [
    ("/api/bookings", BOOKING, "user_id"),
    ("/api/bookings", BOOKING, "show_id"),
    ("/api/bookings", BOOKING, "seats_booked"),
    ("/api/shows", SHOW, "name"),
    ("/api/shows", SHOW, "start_time"),
    ("/api/shows", SHOW, "total_seats"),
    ("/api/users", USER, "email"),
    ("/api/admin/shows/1/seats/block", SEATS, "reason"),
    ("/api/admin/bookings/16777217/cancel", REASON, "reason"),
]

PARAMETERS = [
    ("/api/shows/abc", "path", "show_id"),
    ("/api/shows/0", "path", "show_id"),
    ("/api/shows/-1/stats", "path", "show_id"),
    (f"/api/shows/{2**53}", "path", "show_id"),
    (f"/api/users/{10**40}", "path", "user_id"),
    ("/api/bookings/1;drop", "path", "booking_id"),
    ("/api/shows/type/BAD", "path", "show_type"),
    ("/api/shows?limit=0", "query", "limit"),
    ("/api/shows?limit=1001", "query", "limit"),
    ("/api/shows?limit=ten", "query", "limit"),
    ("/api/shows?from=2030-01-01", "query", "from"),
    ("/api/shows?from=2030-01-01T00:00:00", "query", "from"),
    ("/api/shows?to=1700000000", "query", "to"),
    ("/api/shows?to=", "query", "to"),
    ("/api/shows?from=0001-01-01T00:00:00%2B05:00", "query", "from"),
    ("/api/shows?from=0001-01-01T00:00:00Z", "query", "from"),
    ("/api/shows?to=9999-12-31T23:59:59.999999Z", "query", "to"),
    ("/api/shows?text=", "query", "text"),
    ("/api/shows?text=%00", "query", "text"),
    (f"/api/shows?text={'x' * 256}", "query", "text"),
    ("/api/shows?type=%00", "query", "type"),
    ("/api/shows?only_free=perhaps", "query", "only_free"),
    ("/api/shows?cursor=nonsense", "query", "cursor"),
    ("/api/shows?cursor=%C3%A4", "query", "cursor"),
    ("/api/shows?cursor=MQ", "query", "cursor"),
    ("/api/shows?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzA1OjAwIiwxXQ", "query", "cursor"),
    ("/api/shows?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwWiIsMV0", "query", "cursor"),
    ("/api/users?cursor=LTE", "query", "cursor"),
    ("/api/users?cursor=MQ!!", "query", "cursor"),
    ("/api/users?cursor=", "query", "cursor"),
    ("/api/users?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk", "query", "cursor"),
    ("/api/shows/1?consistent=maybe", "query", "consistent"),
    ("/api/shows/1/available-seats?format=csv", "query", "format"),
    ("/api/shows/1/changes?after=-1", "query", "after"),
    ("/api/bookings/show/1?status=LOST", "query", "status"),
    ("/api/admin/shows/1/seats?state=broken", "query", "state"),
    ("/api/admin/shows/1/seats?state=null", "query", "state"),
    ("/api/bookings/show/1?status=null", "query", "status"),
    ("/api/bookings/user/1?status=NULL", "query", "status"),
]


@pytest.fixture
def http(unserved: AsyncClient) -> AsyncClient:
    """The client of these tests."""
    return unserved


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("path", ["/api/bookings", "/api/shows", "/api/users"])
async def test_an_unreadable_body_is_refused(http: AsyncClient, path: str, body: bytes) -> None:
    problem = problem_of(await http.post(path, content=body), 400, "invalid_request")
    [error] = problem["errors"]
    assert error["in"] == "body"
    assert "JSON object" in error["expected"] or error["path"]


@pytest.mark.parametrize(("path", "good", "field", "value"), MISFITS)
async def test_a_wrong_field_is_named(
    http: AsyncClient, path: str, good: dict[str, object], field: str, value: object
) -> None:
    body = json.dumps(good | {field: value})
    problem = problem_of(await http.post(path, content=body), 400, "invalid_request")
    [error] = problem["errors"]
    assert error["in"] == "body"
    assert error["path"].partition("[")[0] == field
    assert error["expected"]
    assert error["problem"]


@pytest.mark.parametrize(("path", "good", "field"), MISSING)
async def test_a_missing_field_is_named(
    http: AsyncClient, path: str, good: dict[str, object], field: str
) -> None:
    body = {name: value for name, value in good.items() if name != field}
    problem = problem_of(await http.post(path, json=body), 400, "invalid_request")
    assert [error["path"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("path", ["/api/shows/1", "/api/users/1"])
async def test_an_update_without_a_change_is_refused(http: AsyncClient, path: str) -> None:
    problem = problem_of(await http.put(path, json={}), 400, "invalid_request")
    assert "at least one of: name" in problem["errors"][0]["expected"]


async def test_seat_count_and_seat_numbers_must_agree(http: AsyncClient) -> None:
    body = BOOKING | {"seats_booked": 3, "seat_numbers": [4, 5]}
    problem = problem_of(await http.post("/api/bookings", json=body), 400, "invalid_request")
    assert "seat_numbers has 2" in problem["errors"][0]["problem"]


@pytest.mark.parametrize(("path", "place", "name"), PARAMETERS)
async def test_a_wrong_parameter_is_named(http: AsyncClient, path: str, place: str, name: str) -> None:
    problem = problem_of(await http.get(path), 400, "invalid_request")
    assert [(error["in"], error["path"]) for error in problem["errors"]] == [(place, name)]
    assert problem["errors"][0]["expected"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "tab\there", "schlüssel".encode()])
async def test_a_wrong_idempotency_key_is_refused(http: AsyncClient, key: str | bytes) -> None:
    response = await http.post("/api/bookings", json=BOOKING, headers=[(b"idempotency-key", _bytes(key))])
    problem = problem_of(response, 400, "invalid_request")
    assert [(error["in"], error["path"]) for error in problem["errors"]] == [("header", "Idempotency-Key")]


@pytest.mark.parametrize(
    "tag", ["17", "", '"17', '17"', 'w/"17"', '"17" "18"', '*, "17"', "**", '"17", x', ","]
)
async def test_a_wrong_if_match_is_refused(http: AsyncClient, tag: str) -> None:
    for response in (
        await http.put("/api/shows/1", json={"name": "x"}, headers={"If-Match": tag}),
        await http.delete("/api/shows/1", headers={"If-Match": tag}),
    ):
        problem = problem_of(response, 400, "invalid_request")
        assert [(error["in"], error["path"]) for error in problem["errors"]] == [("header", "If-Match")]


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b" " * 1024


async def test_a_large_body_is_refused_however_it_is_sent(http: AsyncClient) -> None:
    whole = await http.post("/api/bookings", content=b" " * 1_000_000)
    problem_of(whole, 413, "body_too_large")
    chunked = await http.post("/api/bookings", content=_chunks(1_000_000))
    problem_of(chunked, 413, "body_too_large")
    lying = await http.post("/api/bookings", content=_chunks(1_000_000), headers={"Content-Length": "10"})
    problem_of(lying, 413, "body_too_large")
    nonsense = await http.post("/api/bookings", content=b"{}", headers={"Content-Length": "ten"})
    problem_of(nonsense, 400, "invalid_request")


def _bytes(key: str | bytes) -> bytes:
    return key if isinstance(key, bytes) else key.encode()


@pytest.mark.parametrize("host", ["a:b", "[::1", "a:99999999", "["])
async def test_a_host_that_is_none_does_not_turn_a_mistake_into_a_fault(host: str) -> None:
    async with client_of(app_without_database(settings_of(AUTH="off"))) as client:
        answer = await client.get("/api/shows?limit=0", headers={"Host": host})
    assert problem_of(answer, 400, "invalid_request")["errors"][0]["path"] == "limit"
