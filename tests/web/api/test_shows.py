"""Shows and the house's seats over HTTP."""

import pytest

from boxoffice.vocabulary import limits
from tests.support.http.api import START, Api, data_of, listed, problem_of


async def test_a_show_is_created_with_all_seats_free(api: Api) -> None:
    body = {"name": "  Movie XYZ ", "start_time": "2030-12-15T19:30:00+01:00", "total_seats": 100}
    response = await api.http.post("/api/shows", json=body)
    show = data_of(response, 201)
    assert (show["name"], show["start_time"], show["show_type"]) == ("Movie XYZ", START, "show")
    assert (show["total_seats"], show["available_seats"]) == (100, 100)
    assert data_of(await api.http.get(response.headers["location"])) == show


async def test_available_seats_are_listed_or_told_as_ranges(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=6)
    await api.booking(show["id"], user["id"], seat_numbers=[3, 6])
    path = f"/api/shows/{show['id']}/available-seats"
    assert data_of(await api.http.get(path)) == {"available_seats": [1, 2, 4, 5], "count": 4}
    assert data_of(await api.http.get(path, params={"format": "ranges"})) == {
        "ranges": [[1, 2], [4, 5]],
        "count": 4,
    }


@pytest.mark.parametrize("form", ["list", "ranges"])
@pytest.mark.parametrize("limit", [1, 7, 4096, 5000])
async def test_the_free_seats_of_a_hall_are_the_same_in_parts(api: Api, form: str, limit: int) -> None:
    user, show = await api.user(), await api.show(seats=8200 if limit > 7 else 20)
    taken = [1, 7, 8, 4096, 4097, 8192, 8200] if limit > 7 else [1, 7, 8, 20]
    await api.booking(show["id"], user["id"], seat_numbers=taken)
    free: list[int] = []
    count = 0
    following: int | None = 1
    while following is not None:
        query: dict[str, str | int] = {"format": form, "from": following, "limit": limit}
        part = data_of(await api.http.get(f"/api/shows/{show['id']}/available-seats", params=query))
        count, following = count + part["count"], part.get("next_from")
        if form == "list":
            free += part["available_seats"]
        else:
            free += [seat for first, last in part["ranges"] for seat in range(first, last + 1)]
    assert free == [seat for seat in range(1, show["total_seats"] + 1) if seat not in taken]
    assert count == len(free)


async def test_a_large_hall_is_only_told_in_parts(api: Api) -> None:
    most = limits.SEATS_LISTED_MAX
    show = await api.show(seats=most + 1)
    path = f"/api/shows/{show['id']}/available-seats"
    for query in ({}, {"format": "ranges"}, {"consistent": "true"}):
        [error] = problem_of(await api.http.get(path, params=query), 400, "invalid_request")["errors"]
        assert (error["in"], error["path"]) == ("query", "limit")
        assert str(most) in error["expected"]
        assert "from" in error["expected"]
        assert str(most + 1) in error["problem"]
    assert data_of(await api.http.get(path, params={"from": 2}))["count"] == most
    problem_of(await api.http.get(path, params={"limit": most + 1}), 400, "invalid_request")
    part = data_of(await api.http.get(path, params={"format": "ranges", "limit": most}))
    assert part == {"ranges": [[1, most]], "count": most, "next_from": most + 1}


async def test_behind_the_last_seat_is_nothing(api: Api) -> None:
    show = await api.show(seats=3)
    path = f"/api/shows/{show['id']}/available-seats"
    assert data_of(await api.http.get(path, params={"from": 4})) == {"available_seats": [], "count": 0}
    far = {"from": limits.SEATS_PER_SHOW_MAX, "limit": limits.SEATS_LISTED_MAX}
    assert data_of(await api.http.get(path, params=far)) == {"available_seats": [], "count": 0}


async def test_a_full_show_has_no_available_seats(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=2)
    await api.booking(show["id"], user["id"], seats_booked=2)
    path = f"/api/shows/{show['id']}/available-seats"
    assert data_of(await api.http.get(path)) == {"available_seats": [], "count": 0}
    assert data_of(await api.http.get(path, params={"format": "ranges"})) == {"ranges": [], "count": 0}


async def test_statistics_count_bookings_and_seats(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=10)
    await api.booking(show["id"], user["id"], seats_booked=3)
    await api.hold(show["id"], user["id"], seats_booked=2)
    cancelled = await api.booking(show["id"], user["id"])
    await api.http.delete(f"/api/bookings/{cancelled['id']}")
    block = {"seat_numbers": [9, 10], "reason": "Camera"}
    await api.http.post(f"/api/admin/shows/{show['id']}/seats/block", json=block)
    stats = data_of(await api.http.get(f"/api/shows/{show['id']}/stats"))
    seats = ("total_seats", "available_seats", "held_seats", "sold_seats", "blocked_seats")
    assert [stats[name] for name in seats] == [10, 3, 2, 3, 2]
    assert stats["occupancy"] == 5 / 8
    assert stats["bookings"] == {"PENDING": 1, "CONFIRMED": 1, "FAILED": 0, "EXPIRED": 0, "CANCELLED": 1}


async def test_an_update_changes_only_what_is_given(api: Api) -> None:
    show = await api.show()
    changed = data_of(await api.http.put(f"/api/shows/{show['id']}", json={"name": "Updated Name"}))
    untouched = ("id", "start_time", "total_seats", "available_seats", "show_type", "created_at")
    assert changed["name"] == "Updated Name"
    assert {name: changed[name] for name in untouched} == {name: show[name] for name in untouched}


async def test_a_show_grows_and_shrinks_over_free_seats(api: Api) -> None:
    show = await api.show(seats=10)
    path = f"/api/shows/{show['id']}"
    assert data_of(await api.http.put(path, json={"total_seats": 12}))["available_seats"] == 12
    assert data_of(await api.http.put(path, json={"total_seats": 4}))["available_seats"] == 4


async def test_a_deleted_show_leaves_the_lists_and_its_bookings_remain(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"])
    await api.http.delete(f"/api/bookings/{booking['id']}")
    data_of(await api.http.delete(f"/api/shows/{show['id']}"))
    assert listed(await api.http.get("/api/shows")) == []
    assert (await api.http.get(f"/api/shows/{show['id']}")).status_code == 404
    assert data_of(await api.http.get(f"/api/bookings/{booking['id']}"))["status"] == "CANCELLED"
    assert len(listed(await api.http.get(f"/api/bookings/show/{show['id']}"))) == 1


async def test_shows_are_filtered(api: Api) -> None:
    user = await api.user()
    early = await api.show(seats=1, name="Early Bus", show_type="bus", start_time="2030-01-01T08:00:00Z")
    late = await api.show(name="Late Movie", start_time="2030-06-01T20:00:00Z")
    await api.booking(early["id"], user["id"])

    async def ids(**params: str) -> list[int]:
        return [show["id"] for show in listed(await api.http.get("/api/shows", params=params))]

    assert await ids() == [early["id"], late["id"]]
    assert await ids(type="bus") == [early["id"]]
    assert await ids(text="MOVIE") == [late["id"]]
    assert await ids(text="%") == []
    assert await ids(only_free="true") == [late["id"]]
    assert await ids(**{"from": "2030-06-01T20:00:00Z"}) == [late["id"]]
    assert await ids(to="2030-06-01T22:00:00+02:00") == [early["id"]]
    assert [s["id"] for s in listed(await api.http.get("/api/shows/type/bus"))] == [early["id"]]
    assert listed(await api.http.get("/api/shows/type/opera")) == []


async def test_seats_of_the_house_are_blocked_and_given_back(api: Api) -> None:
    show = await api.show(seats=4)
    path = f"/api/admin/shows/{show['id']}/seats"
    body = {"seat_numbers": [2, 3], "reason": "Camera"}
    assert data_of(await api.http.post(f"{path}/block", json=body)) == {
        "show_id": show["id"],
        "seats": [2, 3],
    }
    blocked = listed(await api.http.get(path, params={"state": "blocked"}))
    assert [(seat["seat_number"], seat["reason"]) for seat in blocked] == [(2, "Camera"), (3, "Camera")]
    data_of(await api.http.post(f"{path}/unblock", json={"seat_numbers": [2]}))
    free = listed(await api.http.get(path, params={"state": "free"}))
    assert [seat["seat_number"] for seat in free] == [1, 2, 4]


async def test_the_seat_list_says_who_has_each_seat(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=3)
    sold = await api.booking(show["id"], user["id"])
    hold = await api.hold(show["id"], user["id"])
    seats = listed(await api.http.get(f"/api/admin/shows/{show['id']}/seats"))
    assert [seat["state"] for seat in seats] == ["sold", "held", "free"]
    assert [seat["booking_id"] for seat in seats] == [sold["id"], hold["id"], None]
    assert [seat["user_name"] for seat in seats] == ["John Doe", "John Doe", None]
    assert [seat["expires_at"] for seat in seats] == [None, hold["expires_at"], None]


async def test_a_forced_cancel_keeps_the_reason(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"])
    path = f"/api/admin/bookings/{booking['id']}/cancel"
    cancelled = data_of(await api.http.post(path, json={"reason": "The row is being repaired"}))
    assert (cancelled["status"], cancelled["reason"]) == ("CANCELLED", "The row is being repaired")


async def test_changes_tell_what_happened_in_order(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"], seats_booked=2)
    await api.http.delete(f"/api/bookings/{booking['id']}")
    events = listed(await api.http.get(f"/api/shows/{show['id']}/changes"))
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert [event["seats"] for event in events] == [[], [1, 2], [1, 2]]
    assert {event["actor"] for event in events} == {"anonymous"}
    later = listed(await api.http.get(f"/api/shows/{show['id']}/changes", params={"after": 2}))
    assert later == events[2:]
