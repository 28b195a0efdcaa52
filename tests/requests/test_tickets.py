"""Bookings by ticket over HTTP: what a caller is told, and who is told it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from boxoffice.requests import bounds
from boxoffice.requests.worker import Worker
from boxoffice.serve.settings import ProgramSettings
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.http.api import Api, Json, data_of, problem_of
from tests.support.http.callers import Callers
from tests.support.http.fixtures import client_of, running
from tests.support.settings import settings_for

ASYNC: Final = {"Prefer": "respond-async"}


async def ask(
    api: Api, show: Json, *, key: str | None = None, prefer: str = "respond-async", **fields: Any
) -> httpx.Response:
    """A booking by ticket, of one seat unless told otherwise."""
    headers = {"Prefer": prefer} | ({} if key is None else {"Idempotency-Key": key})
    body = {"show_id": show["id"], "seats_booked": 1} | fields
    return await api.http.post("/api/bookings", json=body, headers=headers)


async def ticket_of(response: httpx.Response) -> str:
    """The ticket of an answer 202."""
    return str(data_of(response, 202)["ticket"])


async def answer(api: Api, ticket: str) -> Json:
    """What was told in the end."""
    while (told := data_of(await api.http.get(f"/api/requests/{ticket}?wait=20")))["state"] == "queued":
        pass
    return told


async def test_a_booking_by_ticket_is_told_as_the_call_had_told_it(api: Api) -> None:
    user, show = await api.user(), await api.show(3)
    response = await ask(api, show, user_id=user["id"], seats_booked=2)
    ticket = data_of(response, 202)
    assert (ticket["state"], ticket["ahead"], ticket["show_id"]) == ("queued", 0, show["id"])
    assert response.headers["location"] == f"/api/requests/{ticket['ticket']}"
    assert response.headers["preference-applied"] == "respond-async"
    assert response.headers["retry-after"] == "1"
    told = await answer(api, ticket["ticket"])
    assert told["state"] == "done"
    booked = told["answer"]["body"]
    assert (told["answer"]["status"], booked["message"]) == (201, "Booking confirmed successfully")
    location = told["answer"]["headers"]["Location"]
    shown = data_of(await api.http.get(location))
    assert booked["data"].items() <= shown.items()


async def test_a_refusal_is_told_as_the_call_had_told_it(api: Api) -> None:
    user, show = await api.user(), await api.show(1)
    response = await ask(api, show, user_id=user["id"], seats_booked=2)
    told = await answer(api, await ticket_of(response))
    plain = await api.http.post(
        "/api/bookings", json={"show_id": show["id"], "user_id": user["id"], "seats_booked": 2}
    )
    known = problem_of(plain, 409, "insufficient_seats")
    assert told["answer"]["status"] == 409
    assert told["answer"]["body"] == known | {"request_id": response.headers["x-request-id"]}


async def test_who_waits_is_told_the_answer_itself(api: Api) -> None:
    user, show = await api.user(), await api.show(1)
    first = await ask(api, show, prefer="respond-async, wait=20", user_id=user["id"])
    assert data_of(first, 201)["seats"] == [1]
    assert first.headers["preference-applied"] == "respond-async, wait=20"
    second = await ask(api, show, prefer="wait=20, respond-async", user_id=user["id"])
    problem_of(second, 409, "insufficient_seats")


async def test_other_wishes_are_ignored(api: Api) -> None:
    user, show = await api.user(), await api.show()
    for prefer in ("return=minimal", "wait=5", "respond-async-not", ""):
        data_of(await ask(api, show, prefer=prefer, user_id=user["id"]), 201)


async def test_one_key_is_one_ticket_and_one_booking(api: Api) -> None:
    user, show = await api.user(), await api.show()
    first = await ask(api, show, key="k1", user_id=user["id"])
    ticket = await ticket_of(first)
    booked = (await answer(api, ticket))["answer"]["body"]["data"]
    again = await ask(api, show, key="k1", user_id=user["id"])
    assert (data_of(again, 201)["id"], again.headers["idempotency-replayed"]) == (booked["id"], "true")
    problem_of(
        await ask(api, show, key="k1", user_id=user["id"], seats_booked=2), 422, "idempotency_key_reused"
    )
    plain = await ask(api, show, key="k1", prefer="", user_id=user["id"])
    assert data_of(plain, 201)["id"] == booked["id"]
    assert data_of(await api.http.get(f"/api/shows/{show['id']}"))["available_seats"] == 9


async def test_a_key_that_was_used_without_a_ticket_has_its_booking(api: Api) -> None:
    user, show = await api.user(), await api.show()
    plain = data_of(await ask(api, show, key="k1", prefer="", user_id=user["id"]), 201)
    ticket = await ask(api, show, key="k1", prefer="respond-async, wait=20", user_id=user["id"])
    assert data_of(ticket, 201)["id"] == plain["id"]


async def test_what_is_wrong_is_told_at_once(api: Api) -> None:
    show = await api.show()
    problem_of(await ask(api, show, seats_booked=0, user_id=1), 400, "invalid_request")
    told = await answer(api, await ticket_of(await ask(api, show, user_id=999)))
    assert (told["state"], told["answer"]["body"]["code"]) == ("done", "user_not_found")


async def test_a_withdrawn_request_stays_so_and_a_decided_one_too(api: Api) -> None:
    user, show = await api.user(), await api.show()
    done = await ticket_of(await ask(api, show, user_id=user["id"]))
    await answer(api, done)
    problem_of(await api.http.delete(f"/api/requests/{done}"), 409, "request_decided")
    assert (await answer(api, done))["state"] == "done"


@pytest.mark.parametrize(
    "ticket", ["r_1_x", "r_0_" + "0" * 32, "r_1_" + "0" * 32, "1", "r_999999999_" + "0" * 32]
)
async def test_what_is_no_ticket_is_not_found(api: Api, ticket: str) -> None:
    assert (await api.http.get(f"/api/requests/{ticket}")).status_code in (400, 404)
    assert (await api.http.delete(f"/api/requests/{ticket}")).status_code in (400, 404)


async def test_a_stream_tells_each_state_and_ends(api: Api) -> None:
    user, show = await api.user(), await api.show()
    ticket = await ticket_of(await ask(api, show, user_id=user["id"]))
    response = await api.http.get(f"/api/requests/{ticket}", headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    states = [line.removeprefix("event: ") for line in response.text.splitlines() if line.startswith("event")]
    assert states[-1] == "done"
    assert set(states) <= {"queued", "done"}


async def test_only_who_asked_and_staff_may_read_and_withdraw(callers: Callers) -> None:
    async with callers.api("admin") as admin:
        show = await admin.show()
    async with callers.api("customer") as customer, callers.api("other customer") as other:
        response = await ask(customer, show, status="PENDING")
        ticket = await ticket_of(response)
        assert (await answer(customer, ticket))["state"] == "done"
        problem_of(await other.http.get(f"/api/requests/{ticket}"), 404, "request_not_found")
        problem_of(await other.http.delete(f"/api/requests/{ticket}"), 404, "request_not_found")
    async with callers.api("service") as service, callers.api("operator") as operator:
        problem_of(await service.http.get(f"/api/requests/{ticket}"), 404, "request_not_found")
        data_of(await operator.http.get(f"/api/requests/{ticket}"))


@asynccontextmanager
async def undecided(connection: Connection, show: Json) -> AsyncIterator[None]:
    """Nothing is decided in this show: another session keeps its lock."""
    async with connection.transaction():
        await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show["id"])
        yield


async def test_who_gets_no_ticket_is_told_when_to_ask_again(
    settings: ProgramSettings, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "QUEUED_MAX", 3)
    monkeypatch.setattr(bounds, "COUNT_EVERY_S", 0.02)
    async with running(settings) as app, client_of(app) as http:
        api = Api(http)
        user, show, other = await api.user(), await api.show(), await api.show()
        async with undecided(connection, show):
            asked: list[httpx.Response] = []

            async def is_full() -> bool:
                asked.append(await ask(api, show, user_id=user["id"]))
                return asked[-1].status_code != 202

            await eventually(is_full, "the bound of all requests")
            for refused in (asked.pop(), await ask(api, other, user_id=user["id"])):
                problem = problem_of(refused, 503, "overloaded")
                assert (refused.headers["retry-after"], "hint" in problem) == ("1", False)
            data_of(await ask(api, other, prefer="", user_id=user["id"]), 201)
        assert len(asked) >= 3
        assert {(await answer(api, await ticket_of(one)))["state"] for one in asked} == {"done"}

        async def takes_again() -> bool:
            return (await ask(api, show, user_id=user["id"])).status_code == 202

        await eventually(takes_again, "a ticket")


async def test_without_asynchronous_bookings_the_wish_is_ignored_and_old_tickets_are_decided(
    database: str, connection: Connection
) -> None:
    async with AsyncExitStack() as lock:
        async with running(settings_for(database)) as app, client_of(app) as http:
            api = Api(http)
            user, show, other = await api.user(), await api.show(), await api.show()
            await lock.enter_async_context(undecided(connection, show))
            ticket = await ticket_of(await ask(api, show, user_id=user["id"]))
        async with running(settings_for(database, ASYNC_BOOKINGS="false")) as app, client_of(app) as http:
            api = Api(http)
            plain = await ask(api, other, user_id=user["id"])
            assert data_of(plain, 201)["seats"] == [1]
            assert "preference-applied" not in plain.headers
            assert data_of(await http.get(f"/api/requests/{ticket}"))["state"] == "queued"
            await lock.aclose()
            assert (await answer(api, ticket))["answer"]["status"] == 201


async def test_an_unforeseen_exception_does_not_end_the_worker(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = Worker._look, 0

    async def broken_once(worker: Worker) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("nobody has foreseen this")
        await look(worker)

    monkeypatch.setattr(Worker, "_look", broken_once)
    user, show = await api.user(), await api.show(2)
    ticket = await ticket_of(await ask(api, show, user_id=user["id"]))
    assert (await answer(api, ticket))["state"] == "done"
    assert looks > 1


async def test_a_crowd_gets_each_seat_once(api: Api) -> None:
    user, show = await api.user(), await api.show(50)
    responses = await asyncio.gather(*(ask(api, show, user_id=user["id"]) for _ in range(80)))
    told = [await answer(api, await ticket_of(response)) for response in responses]
    booked = [t["answer"]["body"]["data"]["seats"] for t in told if t["answer"]["status"] == 201]
    assert sorted(seat for seats in booked for seat in seats) == list(range(1, 51))
    assert sum(t["answer"]["status"] == 409 for t in told) == 30
