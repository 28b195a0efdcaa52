"""One effect for each Idempotency-Key, and the same answer again for the same request."""

import asyncio
from collections.abc import Callable

import pytest
from httpx import Response

from tests.support.http.api import START, Api, Json, data_of, problem_of

KEY = {"Idempotency-Key": "order-4711"}
Request = tuple[str, str, Json | None]


async def prepared(api: Api) -> Json:
    """The show and the user that the requests below name."""
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"])
    hold = await api.hold(show["id"], user["id"])
    other = await api.show()
    block = {"seat_numbers": [10], "reason": "Camera"}
    await api.http.post(f"/api/admin/shows/{show['id']}/seats/block", json=block)
    return {
        "user": user["id"],
        "show": show["id"],
        "other": other["id"],
        "booking": booking["id"],
        "hold": hold["id"],
        "seat": hold["seats"][0],
    }


NEW_SHOW = {"name": "Bus", "start_time": START, "total_seats": 5}
MUTATIONS: dict[str, Callable[[Json], Request]] = {
    "createShow": lambda _: ("POST", "/api/shows", NEW_SHOW),
    "updateShow": lambda ids: ("PUT", f"/api/shows/{ids['show']}", {"name": "New"}),
    "deleteShow": lambda ids: ("DELETE", f"/api/shows/{ids['other']}", None),
    "createUser": lambda _: ("POST", "/api/users", {"name": "Jane", "email": "jane@example.com"}),
    "updateUser": lambda ids: ("PUT", f"/api/users/{ids['user']}", {"name": "New"}),
    "bookSeats": lambda ids: (
        "POST",
        "/api/bookings",
        {"user_id": ids["user"], "show_id": ids["show"], "seats_booked": 2},
    ),
    "holdSeats": lambda ids: (
        "POST",
        "/api/bookings",
        {"user_id": ids["user"], "show_id": ids["show"], "seat_numbers": [8], "status": "PENDING"},
    ),
    "confirmBooking": lambda ids: ("POST", f"/api/bookings/{ids['hold']}/confirm", None),
    "failBooking": lambda ids: ("POST", f"/api/bookings/{ids['hold']}/fail", {"reason": "Declined"}),
    "returnSeats": lambda ids: (
        "POST",
        f"/api/bookings/{ids['hold']}/return",
        {"seat_numbers": [ids["seat"]]},
    ),
    "cancelBooking": lambda ids: ("DELETE", f"/api/bookings/{ids['booking']}", None),
    "forceCancelBooking": lambda ids: (
        "POST",
        f"/api/admin/bookings/{ids['booking']}/cancel",
        {"reason": "Repair"},
    ),
    "blockSeats": lambda ids: (
        "POST",
        f"/api/admin/shows/{ids['show']}/seats/block",
        {"seat_numbers": [9], "reason": "Camera"},
    ),
    "unblockSeats": lambda ids: (
        "POST",
        f"/api/admin/shows/{ids['show']}/seats/unblock",
        {"seat_numbers": [10]},
    ),
}


async def send(api: Api, request: Request, headers: dict[str, str]) -> Response:
    method, path, body = request
    if body is None:
        return await api.http.request(method, path, headers=headers)
    return await api.http.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize("request_of", MUTATIONS.values(), ids=MUTATIONS)
async def test_the_same_request_gets_its_first_answer_again(
    api: Api, request_of: Callable[[Json], Request]
) -> None:
    request = request_of(await prepared(api))
    first = await send(api, request, KEY)
    assert first.is_success, first.text
    assert "idempotency-replayed" not in first.headers
    again = await send(api, request, KEY)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    for header in ("location", "etag"):
        assert again.headers.get(header) == first.headers.get(header)


async def test_another_request_with_the_key_is_refused(api: Api) -> None:
    ids = await prepared(api)
    body = {"user_id": ids["user"], "show_id": ids["show"], "seats_booked": 1}
    data_of(await api.http.post("/api/bookings", json=body, headers=KEY), 201)
    response = await api.http.post("/api/bookings", json=body | {"seats_booked": 2}, headers=KEY)
    problem_of(response, 422, "idempotency_key_reused")


async def test_a_refused_request_may_be_tried_again_with_the_key(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=1)
    taken = await api.booking(show["id"], user["id"])
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    problem_of(await api.http.post("/api/bookings", json=body, headers=KEY), 409, "insufficient_seats")
    data_of(await api.http.delete(f"/api/bookings/{taken['id']}"))
    data_of(await api.http.post("/api/bookings", json=body, headers=KEY), 201)


async def test_many_at_once_with_one_key_book_once(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    answers = await asyncio.gather(
        *(api.http.post("/api/bookings", json=body, headers=KEY) for _ in range(20))
    )
    assert {data_of(answer, 201)["id"] for answer in answers} == {data_of(answers[0], 201)["id"]}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert data_of(await api.http.get(f"/api/shows/{show['id']}"))["available_seats"] == 9


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost:5173"}], ids=["short way", "framework"])
async def test_the_space_around_a_key_is_no_part_of_it(api: Api, headers: dict[str, str]) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    first = await api.http.post("/api/bookings", json=body, headers=KEY)
    for spaced in (" order-4711", "order-4711 ", "\torder-4711 \t"):
        again = await api.http.post("/api/bookings", json=body, headers=headers | {"Idempotency-Key": spaced})
        assert data_of(again, 201)["id"] == data_of(first, 201)["id"]
        assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost:5173"}], ids=["short way", "framework"])
async def test_two_keys_book_nothing(api: Api, headers: dict[str, str]) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    for second in ("order-4711", "order-4712"):
        keys = [*headers.items(), *KEY.items(), ("Idempotency-Key", second)]
        answer = await api.http.post("/api/bookings", json=body, headers=keys)
        [error] = problem_of(answer, 400, "invalid_request")["errors"]
        assert (error["in"], error["path"]) == ("header", "Idempotency-Key")
    assert data_of(await api.http.get(f"/api/shows/{show['id']}?consistent=true"))["available_seats"] == 10
