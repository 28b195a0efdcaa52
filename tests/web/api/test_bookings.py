"""Bookings over HTTP: what each operation does and says."""

import asyncio

from tests.support.http.api import Api, data_of, listed, problem_of
from tests.support.http.fixtures import client_of, running
from tests.support.settings import settings_for


async def test_the_engine_picks_seats_together(api: Api) -> None:
    user, show = await api.user(), await api.show()
    first = await api.booking(show["id"], user["id"], seats_booked=2)
    second = await api.booking(show["id"], user["id"], seats_booked=3)
    assert (first["seats"], second["seats"]) == ([1, 2], [3, 4, 5])


async def test_explicit_seats_are_booked_exactly(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"], seat_numbers=[7, 4])
    assert booking["seats"] == [4, 7]
    assert booking["seats_booked"] == 2


async def test_seat_count_and_seat_numbers_may_come_together_when_they_agree(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"], seat_numbers=[4, 5], seats_booked=2)
    assert booking["seats"] == [4, 5]


async def test_ids_may_be_text(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": str(user["id"]), "show_id": str(show["id"]), "seats_booked": 1}
    booking = data_of(await api.http.post("/api/bookings", json=body), 201)
    assert (booking["user_id"], booking["show_id"]) == (user["id"], show["id"])


async def test_a_body_is_json_whatever_its_content_type_says(api: Api) -> None:
    user, show = await api.user(), await api.show()
    content = f'{{"user_id": {user["id"]}, "show_id": {show["id"]}, "seats_booked": 1}}'
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        response = await api.http.post("/api/bookings", content=content, headers={"content-type": kind})
        data_of(response, 201)


async def test_a_new_booking_says_where_it_is(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    response = await api.http.post("/api/bookings", json=body)
    booking = data_of(await api.http.get(response.headers["location"]))
    assert booking["id"] == response.json()["data"]["id"]


async def test_a_booking_tells_its_show_and_user(api: Api) -> None:
    user, show = await api.user(), await api.show()
    made = await api.booking(show["id"], user["id"])
    booking = data_of(await api.http.get(f"/api/bookings/{made['id']}"))
    about_the_show = {"show_name": show["name"], "show_start_time": show["start_time"]}
    assert booking == made | about_the_show | {"retaken_by": None, "user": user}


async def test_a_list_of_bookings_tells_their_shows(api: Api) -> None:
    user, show = await api.user(), await api.show(name="Hamlet")
    await api.booking(show["id"], user["id"])
    for path in (f"user/{user['id']}", f"show/{show['id']}", f"?show_id={show['id']}"):
        [booking] = listed(await api.http.get(f"/api/bookings/{path}".replace("/?", "?")))
        assert (booking["show_name"], booking["show_start_time"]) == ("Hamlet", show["start_time"])


async def test_an_expired_hold_says_which_booking_took_its_seats_again(api: Api) -> None:
    user, show = await api.user(), await api.show()
    held = await api.hold(show["id"], user["id"], hold_seconds=0.001)
    retaken = data_of(await api.http.post(f"/api/bookings/{held['id']}/confirm"))
    told = data_of(await api.http.get(f"/api/bookings/{held['id']}"))
    assert (told["status"], told["retaken_by"]) == ("EXPIRED", retaken["id"])
    assert retaken["retaken_from"] == held["id"]


async def test_a_hold_is_confirmed(api: Api) -> None:
    user, show = await api.user(), await api.show()
    hold = await api.hold(show["id"], user["id"], hold_seconds=60.5)
    assert hold["status"] == "PENDING"
    assert hold["expires_at"] > hold["created_at"]
    booking = data_of(await api.http.post(f"/api/bookings/{hold['id']}/confirm"))
    assert (booking["id"], booking["status"], booking["expires_at"]) == (hold["id"], "CONFIRMED", None)
    assert booking["seats"] == hold["seats"]


async def test_a_failed_hold_gives_its_seats_back_and_keeps_the_reason(api: Api) -> None:
    user, show = await api.user(), await api.show()
    hold = await api.hold(show["id"], user["id"])
    path = f"/api/bookings/{hold['id']}/fail"
    booking = data_of(await api.http.post(path, json={"reason": " Payment was declined "}))
    assert (booking["status"], booking["reason"]) == ("FAILED", "Payment was declined")
    assert (booking["seats"], booking["released_seats"]) == ([], hold["seats"])


async def test_a_hold_fails_without_a_reason_or_a_body(api: Api) -> None:
    user, show = await api.user(), await api.show()
    for body in (b"", b"{}"):
        hold = await api.hold(show["id"], user["id"])
        booking = data_of(await api.http.post(f"/api/bookings/{hold['id']}/fail", content=body))
        assert (booking["status"], booking["reason"]) == ("FAILED", None)


async def test_a_cancelled_booking_gives_its_seats_back_once(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=4)
    booking = await api.booking(show["id"], user["id"], seats_booked=3)
    path = f"/api/bookings/{booking['id']}"
    answers = await asyncio.gather(*(api.http.delete(path) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert data_of(await api.http.get(f"/api/shows/{show['id']}"))["available_seats"] == 4
    cancelled = data_of(await api.http.get(path))
    assert (cancelled["status"], cancelled["released_seats"]) == ("CANCELLED", booking["seats"])


async def test_a_late_confirm_says_that_the_seats_were_booked_again(api: Api) -> None:
    user, show = await api.user(), await api.show()
    hold = await api.hold(show["id"], user["id"], hold_seconds=0.001)
    await asyncio.sleep(0.01)  # the hold runs out
    response = await api.http.post(f"/api/bookings/{hold['id']}/confirm")
    booking = data_of(response)
    assert (booking["status"], booking["retaken_from"]) == ("CONFIRMED", hold["id"])
    assert booking["id"] != hold["id"]
    assert "had run out" in response.json()["message"]


async def test_a_late_confirm_is_refused_where_the_setting_says_so(database: str) -> None:
    async with running(settings_for(database, LATE_CONFIRM="refuse")) as app, client_of(app) as client:
        api = Api(client)
        user, show = await api.user(), await api.show()
        hold = await api.hold(show["id"], user["id"], hold_seconds=0.001)
        await asyncio.sleep(0.01)  # the hold runs out
        response = await api.http.post(f"/api/bookings/{hold['id']}/confirm")
        assert problem_of(response, 409, "hold_expired")["state"] == "EXPIRED"


async def test_expire_old_counts_what_it_ended(database: str) -> None:
    async with running(settings_for(database, SWEEP_INTERVAL_SECONDS=3600)) as app, client_of(app) as client:
        api = Api(client)
        user, show = await api.user(), await api.show()
        for _ in range(3):
            await api.hold(show["id"], user["id"], hold_seconds=0.001)
        held = await api.hold(show["id"], user["id"])
        await asyncio.sleep(0.01)  # the hold runs out
        await api.http.post("/api/bookings/expire-old", headers={"Idempotency-Key": "once"})
        assert data_of(await api.http.post("/api/bookings/expire-old")) == {"expired_count": 0}
        bookings = listed(await api.http.get(f"/api/bookings/show/{show['id']}"))
        assert {b["id"]: b["status"] for b in bookings} == {
            b["id"]: "PENDING" if b["id"] == held["id"] else "EXPIRED" for b in bookings
        }
