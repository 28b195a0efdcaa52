"""Persons: their profiles, what belongs to them, and how much they may hold."""

import asyncio

import pytest

from boxoffice.access.profiles import PROFILE_CACHE_S
from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import Connection
from tests.support.http.api import Api, data_of, listed, problem_of
from tests.support.http.callers import PROVIDER, Callers, callers_of, closed
from tests.support.http.identity import bearer

A_PAGE = {"Origin": "http://localhost:5173"}


async def test_the_first_call_makes_a_profile_and_the_next_finds_it(ada: Api, house: Api) -> None:
    first = data_of(await ada.http.get("/api/users/me"))
    again = data_of(await ada.http.get("/api/users/me"))
    assert first == again
    assert (first["name"], first["email"]) == ("Ada", "ada@example.com")
    assert len(listed(await house.http.get("/api/users"))) == 1


async def test_first_calls_at_the_same_time_make_one_profile(callers: Callers, house: Api) -> None:
    headers = await callers.headers("customer")
    async with callers.api_with(headers) as api:
        answers = await asyncio.gather(*(api.http.get("/api/users/me") for _ in range(12)))
    assert len({data_of(answer)["id"] for answer in answers}) == 1
    assert len(listed(await house.http.get("/api/users"))) == 1


async def test_a_user_who_is_there_already_is_linked_by_the_verified_address(ada: Api, house: Api) -> None:
    known = await house.user("ADA@example.com", "Ada Lovelace")
    assert data_of(await ada.http.get("/api/users/me"))["id"] == known["id"]


async def test_a_user_whose_address_a_shop_wrote_down_is_not_handed_over(callers: Callers, ada: Api) -> None:
    async with callers.api("service") as shop:
        guest = await shop.user("ADA@example.com", "A guest")
        me = data_of(await ada.http.get("/api/users/me"))
        assert me["id"] != guest["id"]
        assert (me["email_verified"], guest["email_verified"]) == (True, False)
        again = await shop.http.post("/api/users", json={"name": "x", "email": "ada@example.com"})
        assert data_of(again)["id"] == me["id"]


async def test_a_shop_s_edit_of_an_address_keeps_nobody_out(callers: Callers, ada: Api, bob: Api) -> None:
    ada_s = data_of(await ada.http.get("/api/users/me"))["id"]
    for credential in ("service", "admin"):
        async with callers.api(credential) as api:
            data_of(await api.http.put(f"/api/users/{ada_s}", json={"email": "bob@example.com"}))
    assert data_of(await bob.http.get("/api/users/me"))["id"] != ada_s
    callers.memory.now_s += PROFILE_CACHE_S
    assert data_of(await ada.http.get("/api/users/me"))["id"] == ada_s


async def test_without_a_verified_address_there_is_no_profile(callers: Callers) -> None:
    token = PROVIDER.token("eve", email="ada@example.com", email_verified=False)
    async with callers.api_with(bearer(token)) as api:
        problem = problem_of(await api.http.get("/api/users/me"), 403, "no_profile")
        assert "email" in problem["detail"]
        assert (await api.http.get("/api/shows")).status_code == 200


async def test_a_profile_stays_with_the_login_whatever_address_it_brings(callers: Callers, ada: Api) -> None:
    me = data_of(await ada.http.get("/api/users/me"))
    callers.memory.now_s += PROFILE_CACHE_S
    for claims in ({"email": "new@example.com"}, {"email": None, "email_verified": None}):
        async with callers.api_with(bearer(PROVIDER.token("ada", **claims))) as api:
            assert data_of(await api.http.get("/api/users/me")) == me


async def test_a_second_login_cannot_take_a_profile_over(callers: Callers, ada: Api) -> None:
    data_of(await ada.http.get("/api/users/me"))
    async with callers.api_with(bearer(PROVIDER.token("eve", email="ada@example.com"))) as api:
        problem_of(await api.http.get("/api/users/me"), 409, "subject_taken")


async def test_a_customer_changes_the_name_and_not_the_address(ada: Api) -> None:
    renamed = await ada.http.put("/api/users/me", json={"name": "Ada Byron"})
    assert data_of(renamed)["name"] == "Ada Byron"
    problem_of(await ada.http.put("/api/users/me", json={"email": "bob@example.com"}), 403, "forbidden")


async def test_a_customer_cannot_find_out_who_is_registered(ada: Api, house: Api) -> None:
    await house.user("known@example.com")
    told = [
        problem_of(
            await ada.http.post("/api/users", json={"name": "x", "email": f"{name}@example.com"}),
            403,
            "forbidden",
        )["detail"]
        for name in ("known", "unknown")
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["vera", "free"])
async def test_who_registers_gets_the_own_user_even_after_the_login_s_address_changed(
    callers: Callers, ada: Api, house: Api, name: str
) -> None:
    """Another person may have the new address by now."""
    me = data_of(await ada.http.get("/api/users/me"))
    await house.user("vera@example.com", "Vera")
    moved = bearer(PROVIDER.token("ada", email=f"{name}@example.com"))
    async with callers.api_with(moved) as api:
        for address in (f"{name}@example.com", "ADA@example.com"):
            answer = await api.http.post("/api/users", json={"name": "x", "email": address})
            assert data_of(answer) == me
    assert len(listed(await house.http.get("/api/users"))) == 2


async def test_a_letter_that_looks_like_another_makes_no_address(callers: Callers) -> None:
    """Unicode's lower case turns the Kelvin sign into a k, but for mail this would be another address."""
    async with callers.api_with(bearer(PROVIDER.token("mike"))) as api:
        data_of(await api.http.post("/api/users", json={"name": "x", "email": "MIKE@Example.com"}))
        twin = {"name": "x", "email": "mi\u212ae@example.com"}
        problem_of(await api.http.post("/api/users", json=twin), 400, "invalid_request")


async def test_a_customer_s_own_is_found_by_number_and_by_me_and_in_no_other_way(ada: Api, bob: Api) -> None:
    mine, other = [data_of(await api.http.get("/api/users/me"))["id"] for api in (ada, bob)]
    for path in ("/api/users/{}", "/api/bookings/user/{}", "/api/users/{}/export"):
        assert (await ada.http.get(path.format(mine))).status_code == 200
        assert (await ada.http.get(path.format("me"))).status_code == 200
        for name in (other, f"+{other}", f"0{other}", f" {other}", f"{other}.0", "9" * 30, "Me", "٣"):
            answer = await ada.http.get(path.format(name))
            assert answer.status_code in (400, 404), (path, name)


async def test_a_customer_may_leave_the_user_away(ada: Api, house: Api) -> None:
    show = await house.show()
    for page in ({}, A_PAGE):
        body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
        hold = data_of(await ada.http.post("/api/bookings", json=body, headers=page), 201)
        assert hold["user_id"] == data_of(await ada.http.get("/api/users/me"))["id"]


@pytest.mark.parametrize("page", [{}, A_PAGE], ids=["short way", "long way"])
async def test_both_ways_keep_others_out(ada: Api, bob: Api, house: Api, page: dict[str, str]) -> None:
    show = await house.show()
    mine = data_of(await ada.http.get("/api/users/me"))["id"]
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=body, headers=page), 201)
    path = f"/api/bookings/{hold['id']}"
    problem_of(await bob.http.delete(path, headers=page), 404, "booking_not_found")
    problem_of(await bob.http.get(path, headers=page), 404, "booking_not_found")
    problem_of(await bob.http.post(f"{path}/extend", headers=page), 404, "booking_not_found")
    problem_of(await ada.http.post(f"{path}/confirm", headers=page), 403, "forbidden")
    taken = body | {"user_id": mine}
    problem_of(await bob.http.post("/api/bookings", json=taken, headers=page), 403, "forbidden")
    sold = body | {"status": "CONFIRMED"}
    problem_of(await ada.http.post("/api/bookings", json=sold, headers=page), 403, "forbidden")
    many = body | {"seats_booked": 11}
    problem_of(await ada.http.post("/api/bookings", json=many, headers=page), 400, "invalid_request")
    assert data_of(await ada.http.get(path))["status"] == "PENDING"


async def test_customers_confirm_where_that_is_set(database: str) -> None:
    async with (
        callers_of(closed(database, CUSTOMERS_CONFIRM=True)) as callers,
        callers.api("admin") as house,
        callers.api("customer") as ada,
        callers.api("other customer") as bob,
    ):
        show = await house.show()
        data_of(await ada.http.post("/api/bookings", json={"show_id": show["id"], "seats_booked": 1}), 201)
        body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
        hold = data_of(await ada.http.post("/api/bookings", json=body), 201)
        path = f"/api/bookings/{hold['id']}/confirm"
        problem_of(await bob.http.post(path), 404, "booking_not_found")
        assert data_of(await ada.http.post(path))["status"] == "CONFIRMED"
        problem_of(await ada.http.post(f"/api/bookings/{hold['id']}/fail"), 403, "forbidden")


async def test_a_service_books_for_anybody_within_the_caps_and_staff_without(
    callers: Callers, house: Api
) -> None:
    show, user = await house.show(100), await house.user()
    async with callers.api("service") as service:
        for _ in range(2):
            await service.hold(show["id"], user["id"])
        body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
        problem = problem_of(await service.http.post("/api/bookings", json=body), 409, "too_many_holds")
        assert (problem["limit"], problem["scope"]) == (2, "show")
        await house.booking(show["id"], user["id"], seats_booked=50)


async def test_who_gives_holds_back_pauses(
    callers: Callers, house: Api, ada: Api, connection: Connection
) -> None:
    show = await house.show()
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=body), 201)
    # As if the hold had been made a minute ago.
    await connection.execute(
        "UPDATE bookings SET created_at = created_at - interval '1 minute' WHERE booking_id = $1", hold["id"]
    )
    data_of(await ada.http.delete(f"/api/bookings/{hold['id']}"))
    answer = await ada.http.post("/api/bookings", json=body)
    problem = problem_of(answer, 429, "hold_cooldown")
    assert 0 < problem["retry_after_s"] <= 30
    assert 1 <= int(answer.headers["retry-after"]) <= 30


async def test_a_hold_is_extended_up_to_its_lifetime(
    callers: Callers, house: Api, ada: Api, connection: Connection
) -> None:
    show = await house.show()
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING", "hold_seconds": 10}
    hold = data_of(await ada.http.post("/api/bookings", json=body), 201)
    path = f"/api/bookings/{hold['id']}/extend"
    longer = data_of(await ada.http.post(path, json={"hold_seconds": 60}))
    assert longer["expires_at"] > hold["expires_at"]
    problem_of(await ada.http.post(path, json={"hold_seconds": 1e9}), 400, "invalid_request")
    problem_of(await ada.http.post(path, json={"seconds": 1}), 400, "invalid_request")
    await connection.execute(
        "UPDATE bookings SET created_at = created_at - interval '599 seconds' WHERE booking_id = $1",
        hold["id"],
    )
    problem = problem_of(await ada.http.post(path), 409, "hold_lifetime_over")
    assert problem["lifetime_seconds"] == 600


async def test_an_erased_customer_is_gone_and_starts_anew(callers: Callers, ada: Api, house: Api) -> None:
    old = data_of(await ada.http.get("/api/users/me"))
    erased = data_of(await ada.http.delete("/api/users/me"))
    assert (erased["id"], erased["name"]) == (old["id"], "erased")
    assert data_of(await house.http.get(f"/api/users/{old['id']}"))["email"].endswith("@erased.invalid")
    assert data_of(await ada.http.get("/api/users/me"))["id"] != old["id"]


async def test_a_customer_gets_everything_that_is_kept(ada: Api, house: Api) -> None:
    show = await house.show()
    body = {"show_id": show["id"], "seats_booked": 2, "status": "PENDING"}
    headers = {"Idempotency-Key": "cart-1"}
    hold = data_of(await ada.http.post("/api/bookings", json=body, headers=headers), 201)
    export = data_of(await ada.http.get("/api/users/me/export"))
    assert export["user"]["email"] == "ada@example.com"
    assert [login["subject"] for login in export["logins"]] == ["ada"]
    assert [booking["id"] for booking in export["bookings"]] == [hold["id"]]
    assert [event["actor"] for event in export["events"]] == [f"user:{export['user']['id']}"]
    assert [event["origin"] for event in export["events"]] == ["127.0.0.1"]
    assert [kept["show_id"] for kept in export["kept_answers"]] == [show["id"]]


async def test_an_export_does_not_say_where_others_acted_from(ada: Api, house: Api) -> None:
    show = await house.show()
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=body), 201)
    data_of(await house.http.post(f"/api/admin/bookings/{hold['id']}/cancel", json={"reason": "rain"}))
    for api, user in ((ada, "me"), (house, hold["user_id"])):
        export = data_of(await api.http.get(f"/api/users/{user}/export"))
        assert [(event["kind"], event["origin"]) for event in export["events"]] == [
            ("held", "127.0.0.1"),
            ("cancelled", None),
        ]


@pytest.mark.parametrize("role", ["service", "operator", "admin"])
async def test_people_with_a_role_export_and_erase_themselves_too(
    callers: Callers, ada: Api, role: str
) -> None:
    other = data_of(await ada.http.get("/api/users/me"))["id"]
    async with callers.api_with(bearer(PROVIDER.token("olga", roles=[role]))) as olga:
        me = data_of(await olga.http.get("/api/users/me"))["id"]
        assert data_of(await olga.http.get("/api/users/me/export"))["user"]["id"] == me
        if role != "admin":
            problem_of(await olga.http.get(f"/api/users/{other}/export"), 404, "user_not_found")
            problem_of(await olga.http.delete(f"/api/users/{other}"), 404, "user_not_found")
        assert data_of(await olga.http.delete("/api/users/me"))["name"] == "erased"


async def test_who_pauses_cannot_be_erased_to_come_back_at_once(
    ada: Api, house: Api, connection: Connection
) -> None:
    me, show = data_of(await ada.http.get("/api/users/me"))["id"], await house.show()
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
    hold = data_of(await ada.http.post("/api/bookings", json=body), 201)
    await connection.execute(
        "UPDATE bookings SET created_at = created_at - interval '1 minute' WHERE booking_id = $1", hold["id"]
    )
    data_of(await ada.http.delete(f"/api/bookings/{hold['id']}"))
    problem_of(await ada.http.delete("/api/users/me"), 429, "hold_cooldown")
    data_of(await house.http.delete(f"/api/users/{me}"))


@pytest.mark.parametrize("page", [{}, A_PAGE], ids=["short way", "long way"])
async def test_a_late_confirm_is_a_booking_more(
    database: str, connection: Connection, page: dict[str, str]
) -> None:
    clock = await stopped_clock(connection)
    settings = closed(
        database, CUSTOMERS_CONFIRM=True, BOOKINGS_PER_USER_AND_SHOW_MAX=1, HOLD_COOLDOWN_SECONDS=0
    )
    async with (
        callers_of(settings) as callers,
        callers.api("admin") as house,
        callers.api("customer") as ada,
    ):
        show = await house.show()
        held = {"show_id": show["id"], "seat_numbers": [1], "status": "PENDING"}
        hold = data_of(await ada.http.post("/api/bookings", json=held), 201)
        await clock.advance(settings.holds.seconds_max)
        data_of(await house.http.post("/api/bookings/expire-old"))
        other_seat = {"show_id": show["id"], "seat_numbers": [2]}
        data_of(await ada.http.post("/api/bookings", json=other_seat), 201)
        path = f"/api/bookings/{hold['id']}/confirm"
        problem_of(await ada.http.post(path, headers=page), 409, "too_many_bookings")
        assert data_of(await house.http.post(path))["retaken_from"] == hold["id"]
