"""How long each caller may hold, and what a key for some shows takes and learns of a user."""

import pytest

from boxoffice.access.callers import Role
from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import Connection
from tests.support.http.api import Api, Json, data_of, problem_of
from tests.support.http.callers import Callers, callers_of, closed
from tests.support.http.identity import bearer

A_PAGE = {"Origin": "http://localhost:5173"}
BOTH_WAYS = pytest.mark.parametrize("page", [{}, A_PAGE], ids=["short way", "long way"])


def hold(show: Json, **more: object) -> Json:
    """The body of a hold of one seat."""
    return {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"} | more


@BOTH_WAYS
async def test_buyers_hold_for_ten_seconds_at_least_and_staff_as_short_as_they_like(
    callers: Callers, ada: Api, house: Api, page: dict[str, str]
) -> None:
    show, user = await house.show(), await house.user()
    async with callers.api("service") as shop:
        for api in (ada, shop):
            for seconds in (0.001, 9.999):
                body = hold(show, hold_seconds=seconds) | ({} if api is ada else {"user_id": user["id"]})
                answer = await api.http.post("/api/bookings", json=body, headers=page)
                problem = problem_of(answer, 400, "invalid_request")
                assert "at least 10 seconds" in str(problem["errors"])
    data_of(await ada.http.post("/api/bookings", json=hold(show, hold_seconds=10), headers=page), 201)
    body = hold(show, hold_seconds=0.001, user_id=user["id"])
    data_of(await house.http.post("/api/bookings", json=body, headers=page), 201)


async def test_where_holds_are_shorter_than_that_buyers_hold_for_as_long_as_they_may(database: str) -> None:
    async with (
        callers_of(closed(database, BOOKING_EXPIRY_MINUTES=0.05)) as callers,
        callers.api("admin") as house,
        callers.api("customer") as ada,
    ):
        show = await house.show()
        data_of(await ada.http.post("/api/bookings", json=hold(show)), 201)
        data_of(await ada.http.post("/api/bookings", json=hold(show, hold_seconds=3)), 201)
        short = await ada.http.post("/api/bookings", json=hold(show, hold_seconds=2))
        assert "at least 3 seconds" in str(problem_of(short, 400, "invalid_request")["errors"])


async def test_staff_hold_until_the_evening_and_buyers_do_not(
    callers: Callers, ada: Api, house: Api, connection: Connection
) -> None:
    clock = await stopped_clock(connection)
    show, user = await house.show(), await house.user()
    evening_s = 12 * 3600
    usual = data_of(await house.http.post("/api/bookings", json=hold(show, user_id=user["id"])), 201)
    body = hold(show, user_id=user["id"], hold_seconds=evening_s)
    kept = data_of(await house.http.post("/api/bookings", json=body), 201)
    await clock.advance(120)
    assert (
        data_of(await house.http.get(f"/api/bookings/{usual['id']}?consistent=true"))["status"] == "EXPIRED"
    )
    await clock.advance(evening_s - 121)
    path = f"/api/bookings/{kept['id']}"
    assert data_of(await house.http.get(f"{path}?consistent=true"))["status"] == "PENDING"
    problem = problem_of(await house.http.post(f"{path}/extend"), 409, "hold_lifetime_over")
    assert problem["lifetime_seconds"] == evening_s
    too_long = hold(show, user_id=user["id"], hold_seconds=evening_s + 1)
    problem_of(await house.http.post("/api/bookings", json=too_long), 400, "invalid_request")
    async with callers.api("service") as shop:
        for api, more in ((ada, {}), (shop, {"user_id": user["id"]})):
            answer = await api.http.post("/api/bookings", json=hold(show, hold_seconds=121, **more))
            problem_of(answer, 400, "invalid_request")


async def test_staff_let_a_buyer_s_hold_live_longer_and_its_pause_is_in_proportion(
    ada: Api, house: Api, connection: Connection
) -> None:
    clock = await stopped_clock(connection)
    show = await house.show()
    held = data_of(await ada.http.post("/api/bookings", json=hold(show)), 201)
    path = f"/api/bookings/{held['id']}/extend"
    data_of(await house.http.post(path, json={"hold_seconds": 3600}))
    await clock.advance(3600)
    problem = problem_of(await ada.http.post("/api/bookings", json=hold(show)), 429, "hold_cooldown")
    assert problem["retry_after_s"] == 3600 * 30 / 120


async def test_a_narrowed_key_takes_nothing_from_what_a_user_may_hold_elsewhere(
    database: str,
) -> None:
    async with (
        callers_of(closed(database, HOLDS_PER_USER_MAX=6)) as callers,
        callers.api("admin") as house,
        callers.api("customer") as ada,
    ):
        user = data_of(await ada.http.get("/api/users/me"))["id"]
        shows = [await house.show() for _ in range(7)]
        theirs, others = shows[:3], shows[3:]
        key = await callers.key(Role.SERVICE, shows=[show["id"] for show in theirs])
        async with callers.api_with(bearer(key)) as shop:
            for show in (*theirs, *theirs):
                body = hold(show, user_id=user)
                data_of(await shop.http.post("/api/bookings", json=body), 201)
            for show in others[:3]:
                for _ in range(2):
                    data_of(await ada.http.post("/api/bookings", json=hold(show)), 201)
            own = problem_of(
                await ada.http.post("/api/bookings", json=hold(others[3])), 409, "too_many_holds"
            )
            assert (own["active"], own["scope"]) == (6, "all")
            told = problem_of(
                await shop.http.post("/api/bookings", json=hold(theirs[0], user_id=user)),
                409,
                "too_many_holds",
            )
            assert (told["active"], told["scope"]) == (2, "show")


async def test_a_narrowed_key_is_not_told_what_a_user_holds_elsewhere(database: str) -> None:
    async with (
        callers_of(closed(database, HOLDS_PER_USER_MAX=3)) as callers,
        callers.api("admin") as house,
        callers.api("customer") as ada,
    ):
        user = data_of(await ada.http.get("/api/users/me"))["id"]
        shows = [await house.show() for _ in range(3)]
        for show in (shows[1], shows[1], shows[2]):
            data_of(await ada.http.post("/api/bookings", json=hold(show)), 201)
        key = await callers.key(Role.SERVICE, shows=[shows[0]["id"]])
        async with callers.api_with(bearer(key)) as shop:
            data_of(await shop.http.post("/api/bookings", json=hold(shows[0], user_id=user)), 201)


async def test_what_a_user_makes_in_a_day_is_bounded_and_the_end_is_told(
    database: str, connection: Connection
) -> None:
    await stopped_clock(connection)
    settings = closed(database, BOOKINGS_MADE_PER_USER_AND_SHOW_MAX=3, HOLD_COOLDOWN_SECONDS=0)
    async with (
        callers_of(settings) as callers,
        callers.api("admin") as house,
        callers.api("customer") as ada,
    ):
        show = await house.show()
        for _ in range(3):
            held = data_of(await ada.http.post("/api/bookings", json=hold(show)), 201)
            data_of(await ada.http.delete(f"/api/bookings/{held['id']}"))
        answer = await ada.http.post("/api/bookings", json=hold(show))
        problem = problem_of(answer, 429, "too_many_bookings_made")
        assert (problem["limit"], problem["made"], problem["retry_after_s"]) == (3, 3, 86_400)
        assert answer.headers["retry-after"] == "86400"
