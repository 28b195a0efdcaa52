"""An answer that is kept for an Idempotency-Key is given again by the rights of now."""

import pytest

from boxoffice.access.callers import Role
from boxoffice.access.keys import KEY_CACHE_S
from boxoffice.access.profiles import PROFILE_CACHE_S
from tests.support.engine.databases import Connection
from tests.support.http.api import START, Api, Json, data_of, problem_of
from tests.support.http.callers import PROVIDER, Callers
from tests.support.http.identity import bearer

A_PAGE = {"Origin": "http://localhost:5173"}
BOTH_WAYS = pytest.mark.parametrize("page", [{}, A_PAGE], ids=["short way", "long way"])
KEY = {"Idempotency-Key": "k"}
SEAT = {"seat_numbers": [9], "reason": "x"}
SALE = {"show_id": "{show}", "user_id": "{user}", "seats_booked": 1}


def olga(*roles: str) -> dict[str, str]:
    """The credential of one person, with these roles by now."""
    return bearer(PROVIDER.token("olga", roles=list(roles)))


@BOTH_WAYS
@pytest.mark.parametrize("role", ["operator", "service"])
async def test_a_person_without_the_role_is_not_told_again_what_the_role_did(
    callers: Callers, ada: Api, house: Api, page: dict[str, str], role: str
) -> None:
    show, body = await house.show(), {"seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=body | {"show_id": show["id"]}), 201)
    path, headers = f"/api/bookings/{hold['id']}", KEY | page
    async with callers.api_with(olga(role)) as staff:
        data_of(await staff.http.delete(path, headers=headers))
        assert (await staff.http.delete(path, headers=headers)).headers["idempotency-replayed"] == "true"
    async with callers.api_with(olga()) as person:
        problem_of(await person.http.delete(path, headers=headers), 404, "booking_not_found")


@pytest.mark.parametrize(
    ("role", "method", "path", "body", "status"),
    [
        ("admin", "POST", "/api/shows", {"name": "M", "start_time": START, "total_seats": 5}, 403),
        ("admin", "PUT", "/api/shows/{show}", {"name": "Other"}, 403),
        ("service", "POST", "/api/users", {"name": "Ada", "email": "ada@example.com"}, 403),
        ("service", "PUT", "/api/users/{user}", {"name": "Ada L."}, 404),
        ("operator", "POST", "/api/admin/shows/{show}/seats/block", SEAT, 403),
        ("operator", "POST", "/api/admin/bookings/{hold}/cancel", {"reason": "x"}, 403),
        ("service", "POST", "/api/bookings/{hold}/fail", None, 403),
        ("service", "POST", "/api/bookings/{hold}/confirm", None, 403),
        ("service", "POST", "/api/bookings/{hold}/extend", None, 404),
        ("service", "POST", "/api/bookings", SALE, 403),
        ("admin", "DELETE", "/api/users/{other}", None, 404),
    ],
)
async def test_each_command_is_answered_again_by_the_role_of_now(
    callers: Callers, ada: Api, house: Api, role: str, method: str, path: str, body: Json | None, status: int
) -> None:
    show = (await house.show())["id"]
    held = {"show_id": show, "seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=held), 201)
    made = {
        "{show}": show,
        "{hold}": hold["id"],
        "{user}": hold["user_id"],
        "{other}": (await house.user())["id"],
    }
    for name, number in made.items():
        path = path.replace(name, str(number))
    body = body and {name: made.get(str(value), value) for name, value in body.items()}
    async with callers.api_with(olga(role)) as staff:
        await staff.http.request(method, path, json=body, headers=KEY)
        answer = await staff.http.request(method, path, json=body, headers=KEY)
        assert answer.headers.get("idempotency-replayed") == "true", (answer.status_code, answer.text)
    async with callers.api_with(olga()) as person:
        assert (await person.http.request(method, path, json=body, headers=KEY)).status_code == status


@BOTH_WAYS
async def test_a_key_that_was_narrowed_gets_no_answer_about_other_shows(
    callers: Callers, house: Api, connection: Connection, page: dict[str, str]
) -> None:
    show, other, user = await house.show(), await house.show(), await house.user()
    body = {"user_id": user["id"], "show_id": other["id"], "seats_booked": 1}
    new = await callers.desk.create("shop", Role.SERVICE, None, None)
    async with callers.api_with(bearer(new.secret)) as shop:
        booking = data_of(await shop.http.post("/api/bookings", json=body, headers=KEY | page), 201)
        path = f"/api/bookings/{booking['id']}"
        data_of(await shop.http.delete(path, headers=KEY | {"Idempotency-Key": "c"} | page))
        registered = {"name": "Jane", "email": "jane@example.com"}
        data_of(await shop.http.post("/api/users", json=registered, headers=KEY), 201)
        narrowed = "UPDATE api_keys SET show_ids = $1 WHERE key_id = $2"
        await connection.execute(narrowed, [show["id"]], new.key.key_id)
        callers.memory.now_s += KEY_CACHE_S
        again = await shop.http.post("/api/bookings", json=body, headers=KEY | page)
        problem_of(again, 404, "show_not_found")
        again = await shop.http.delete(path, headers={"Idempotency-Key": "c"} | page)
        problem_of(again, 404, "booking_not_found")
        problem_of(await shop.http.post("/api/users", json=registered, headers=KEY), 403, "forbidden")


async def test_a_person_who_was_erased_and_came_back_is_another_actor(
    callers: Callers, ada: Api, house: Api
) -> None:
    show = await house.show()
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=body, headers=KEY), 201)
    data_of(await ada.http.delete(f"/api/bookings/{hold['id']}"))
    data_of(await house.http.delete(f"/api/users/{hold['user_id']}"))
    callers.memory.now_s += PROFILE_CACHE_S
    again = await ada.http.post("/api/bookings", json=body, headers=KEY)
    assert "idempotency-replayed" not in again.headers
    assert data_of(again, 201)["user_id"] != hold["user_id"]
