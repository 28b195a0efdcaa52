"""References and metadata of integrators on shows and bookings: kept, told, found, and never in the audit."""

import asyncio

import pytest

from boxoffice.access.callers import Role
from tests.support.engine.databases import Connection
from tests.support.http.api import START, Api, Json, data_of, listed, problem_of
from tests.support.http.callers import Callers
from tests.support.http.identity import bearer

LABELS: Json = {"reference": "order-4711", "metadata": {"channel": "app", "campaign": "winter"}}


def labels_of(told: Json) -> Json:
    return {name: told[name] for name in LABELS}


async def test_a_booking_keeps_them_whatever_becomes_of_it(api: Api) -> None:
    user, show = await api.user(), await api.show()
    held = await api.hold(show["id"], user["id"], **LABELS)
    assert labels_of(held) == LABELS
    path = f"/api/bookings/{held['id']}"
    for answer in (
        await api.http.post(f"{path}/extend"),
        await api.http.post(f"{path}/confirm"),
        await api.http.get(path),
        await api.http.delete(path),
    ):
        assert labels_of(data_of(answer)) == LABELS


async def test_without_them_a_booking_and_a_show_tell_none(api: Api) -> None:
    user, show = await api.user(), await api.show()
    none: Json = {"reference": None, "metadata": {}}
    assert labels_of(show) == none
    assert labels_of(await api.booking(show["id"], user["id"])) == none
    assert labels_of(await api.booking(show["id"], user["id"], **none)) == none


async def test_a_late_confirm_takes_them_along(api: Api) -> None:
    user, show = await api.user(), await api.show()
    held = await api.hold(show["id"], user["id"], hold_seconds=0.001, **LABELS)
    retaken = data_of(await api.http.post(f"/api/bookings/{held['id']}/confirm"))
    assert retaken["retaken_from"] == held["id"]
    assert labels_of(retaken) == LABELS


async def test_those_of_a_show_are_changed_and_removed(api: Api) -> None:
    show = await api.show(**LABELS)
    path = f"/api/shows/{show['id']}"
    assert labels_of(data_of(await api.http.get(path))) == LABELS
    for change, expected in (
        ({"name": "Hamlet"}, LABELS),
        ({"reference": "season-7"}, LABELS | {"reference": "season-7"}),
        ({"metadata": {"hall": "A"}}, {"reference": "season-7", "metadata": {"hall": "A"}}),
        ({"reference": None}, {"reference": None, "metadata": {"hall": "A"}}),
        ({"metadata": {}}, {"reference": None, "metadata": {}}),
    ):
        assert labels_of(data_of(await api.http.put(path, json=change))) == expected
        assert labels_of(data_of(await api.http.get(path))) == expected


async def test_a_retry_may_write_the_metadata_in_another_order(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    answers = [
        await api.http.post("/api/bookings", json=body | {"metadata": metadata}, headers=key)
        for key in [{"Idempotency-Key": "order-1"}]
        for metadata in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    ]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    other = await api.http.post(
        "/api/bookings", json=body | {"reference": "x"}, headers={"Idempotency-Key": "order-1"}
    )
    problem_of(other, 422, "idempotency_key_reused")


async def test_bookings_and_shows_are_found_by_their_reference(api: Api) -> None:
    user, show, other = await api.user(), await api.show(reference="season-7"), await api.show()
    mine = [await api.booking(number, user["id"], **LABELS) for number in (show["id"], other["id"])]
    await api.booking(show["id"], user["id"], reference="order-4712")

    async def found(query: str) -> list[int]:
        return [booking["id"] for booking in listed(await api.http.get(f"/api/bookings?{query}"))]

    assert await found("reference=order-4711") == [mine[1]["id"], mine[0]["id"]]
    assert await found(f"reference=order-4711&show_id={show['id']}") == [mine[0]["id"]]
    assert await found("reference=order-4711&status=EXPIRED") == []
    assert await found("reference=ORDER-4711") == []
    assert len(await found(f"user_id={user['id']}")) == 3
    assert await found("user_id=4711") == []
    shows = listed(await api.http.get("/api/shows?reference=season-7"))
    assert [one["id"] for one in shows] == [show["id"]]


async def test_found_bookings_come_page_by_page(api: Api) -> None:
    user, shows = await api.user(), [await api.show() for _ in range(2)]
    made = [(await api.booking(show["id"], user["id"], **LABELS))["id"] for show in shows * 3]
    seen: list[int] = []
    path: str | None = "/api/bookings?reference=order-4711&limit=2"
    while path:
        answer = await api.http.get(path)
        seen += [booking["id"] for booking in listed(answer)]
        path = answer.headers["link"][1:].partition(">")[0] if "link" in answer.headers else None
    assert seen == sorted(made, reverse=True)


async def test_a_narrowed_key_finds_the_bookings_of_its_shows(callers: Callers, house: Api) -> None:
    user, mine, other = await house.user(), await house.show(), await house.show()
    wanted = await house.booking(mine["id"], user["id"], **LABELS)
    await house.booking(other["id"], user["id"], **LABELS)
    for role in (Role.SERVICE, Role.OPERATOR):
        key = await callers.key(role, shows=[mine["id"]])
        async with callers.api_with(bearer(key)) as desk:
            for query in ("", "?reference=order-4711", f"?user_id={user['id']}"):
                found = listed(await desk.http.get(f"/api/bookings{query}"))
                assert [booking["id"] for booking in found] == [wanted["id"]]
            assert listed(await desk.http.get(f"/api/bookings?show_id={other['id']}")) == []


async def test_a_service_follows_the_changes_of_what_it_may_sell(callers: Callers, house: Api) -> None:
    mine, other = await house.show(), await house.show()
    key = await callers.key(Role.SERVICE, shows=[mine["id"]])
    async with callers.api_with(bearer(key)) as shop:
        events = listed(await shop.http.get(f"/api/shows/{mine['id']}/changes"))
        assert [event["kind"] for event in events] == ["show_created"]
        problem_of(await shop.http.get(f"/api/shows/{other['id']}/changes"), 404, "show_not_found")


async def test_customers_do_not_name_their_bookings(ada: Api, house: Api) -> None:
    show = await house.show()
    body = {"show_id": show["id"], "seats_booked": 1, "status": "PENDING"}
    for label in LABELS:
        answer = await ada.http.post("/api/bookings", json=body | {label: LABELS[label]})
        problem_of(answer, 403, "forbidden")
    data_of(await ada.http.post("/api/bookings", json=body), 201)


async def test_no_event_tells_them(api: Api, connection: Connection) -> None:
    user, show = await api.user(), await api.show(**LABELS)
    await api.booking(show["id"], user["id"], **LABELS)
    data_of(await api.http.put(f"/api/shows/{show['id']}", json=LABELS | {"reference": "season-7"}))
    told = await connection.fetchval("SELECT string_agg(e::text, ' ') FROM show_events AS e")
    assert [text for text in ("order-4711", "winter", "season-7") if text in told] == []


@pytest.mark.parametrize(
    "labels",
    [
        {"reference": ""},
        {"reference": "two words"},
        {"reference": "x" * 101},
        {"reference": "größe"},
        {"reference": "line\n"},
        {"reference": 4711},
        {"metadata": None},
        {"metadata": []},
        {"metadata": {"a": 1}},
        {"metadata": {"a": None}},
        {"metadata": {"a": {"b": "c"}}},
        {"metadata": {"": "x"}},
        {"metadata": {"a b": "x"}},
        {"metadata": {"a" * 41: "x"}},
        {"metadata": {"a": "x" * 201}},
        {"metadata": {"a": "nul\u0000"}},
        {"metadata": {str(no): "x" for no in range(11)}},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused_and_says_what_would(api: Api, labels: Json) -> None:
    [name] = labels
    show = {"name": "Movie", "start_time": START, "total_seats": 1}
    for path, body in (("bookings", {"user_id": 1, "show_id": 1, "seats_booked": 1}), ("shows", show)):
        problem = problem_of(await api.http.post(f"/api/{path}", json=body | labels), 400, "invalid_request")
        [error] = problem["errors"]
        assert error["path"].startswith(name)
        assert error["expected"].startswith("Your own")


async def test_the_largest_that_is_allowed_fits(api: Api) -> None:
    user, show = await api.user(), await api.show()
    labels = {
        "reference": "x" * 100,
        "metadata": {f"{no:040}": "ü" * 200 for no in range(10)},
    }
    assert labels_of(await api.booking(show["id"], user["id"], **labels)) == labels


async def test_users_are_found_by_parts_of_name_address_and_id(api: Api) -> None:
    users = [await api.user(f"{name}@example.com", name.title()) for name in ("ada", "bob", "carla")]

    async def found(text: str) -> list[str]:
        answer = await api.http.get("/api/users", params={"text": text})
        return [user["name"] for user in listed(answer)]

    assert await found("ADA") == ["Ada"]
    assert await found("a@EXAMPLE") == ["Ada", "Carla"]
    assert await found(str(users[1]["id"])) == ["Bob"]
    assert await found("%") == []
    await api.user("zoe@example.com", "Zo\u00eb M\u00fcller")
    assert await found("ZOE\u0308 MU\u0308") == ["Zo\u00eb M\u00fcller"]
    first, second = await asyncio.gather(
        api.http.get("/api/users?text=a&limit=1"), api.http.get("/api/users?text=a&limit=3")
    )
    assert len(listed(first)) == 1
    assert "text=a" in first.headers["link"]
    assert len(listed(second)) == 3
