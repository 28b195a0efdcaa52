"""What clients are told of an archived show: all that happened, and that the show can no longer change."""

from tests.support.engine.archiving import AGE, archived
from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import Connection
from tests.support.http.api import Api, problem_of


async def test_an_archived_show_answers_truly_and_refuses_changes(
    api: Api, connection: Connection, database: str
) -> None:
    clock = await stopped_clock(connection)
    show = await api.show(seats=10, start_time=clock.now.isoformat())
    user = await api.user()
    booking = await api.booking(show["id"], user["id"])
    before = (await api.http.get(f"/api/bookings/{booking['id']}")).json()
    await clock.advance(AGE.total_seconds() + 1)
    assert (await archived(database)).shows == 1

    assert (await api.http.get(f"/api/bookings/{booking['id']}")).json() == before
    assert (await api.http.get(f"/api/shows/{show['id']}?consistent=true")).json()["data"][
        "available_seats"
    ] == 9
    changes = (await api.http.get(f"/api/shows/{show['id']}/changes")).json()["data"]
    assert [change["kind"] for change in changes] == ["show_created", "booked", "show_archived"]
    for answer in (
        await api.http.post(
            "/api/bookings", json={"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
        ),
        await api.http.delete(f"/api/bookings/{booking['id']}"),
        await api.http.post(f"/api/bookings/{booking['id']}/confirm"),
        await api.http.put(f"/api/shows/{show['id']}", json={"name": "Again"}),
        await api.http.delete(f"/api/shows/{show['id']}"),
    ):
        problem_of(answer, 409, "show_archived")
