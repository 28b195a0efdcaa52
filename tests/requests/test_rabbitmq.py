"""RabbitMQ before the database: what it has confirmed is decided once, and taken while PostgreSQL is away."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aio_pika
import pytest

from boxoffice.engine.encoding import key_hash
from boxoffice.feed.leases import SLICES
from boxoffice.requests.rabbitmq import DEAD, EXCHANGE
from boxoffice.requests.tickets import Signer, Ticket, ticket_of
from boxoffice.serve.settings import ProgramSettings
from tests.requests.test_tickets import answer, ask
from tests.requests.test_tickets import ticket_of as told_ticket
from tests.support.brokers.servers import Broker, rabbitmq_server
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.callers import callers_of, closed
from tests.support.http.fixtures import client_of, running
from tests.support.settings import settings_for

ACTOR: Final = "anonymous"


@pytest.fixture(scope="module")
def rabbit() -> Iterator[Broker]:
    with rabbitmq_server() as broker:
        yield broker


@pytest.fixture
async def empty(rabbit: Broker) -> Broker:
    """The broker, without a queue of another test."""
    async with await aio_pika.connect(rabbit.url) as connection:
        channel = await connection.channel()
        for name in (DEAD, *(f"{EXCHANGE}.{number}" for number in range(SLICES))):
            await channel.queue_delete(name)
        for name in (DEAD, EXCHANGE):
            await channel.exchange_delete(name)
    return rabbit


@pytest.fixture
def queued(database: str, empty: Broker) -> ProgramSettings:
    return settings_for(database, BOOKING_QUEUE_URL=empty.url)


@asynccontextmanager
async def open_api(settings: ProgramSettings) -> AsyncIterator[Api]:
    """A server with these settings, when it takes bookings by ticket."""
    async with running(settings) as app, client_of(app) as http:
        api = Api(http)

        async def takes() -> bool:
            body = {"user_id": 1, "show_id": 999, "seats_booked": 1}
            response = await http.post("/api/bookings", json=body, headers={"Prefer": "respond-async"})
            return response.status_code == 202

        await eventually(takes, "a ticket")
        yield api


async def depth(broker: Broker) -> int:
    """How many messages wait in the queues, those aside included."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        count = 0
        for name in (DEAD, *(f"{EXCHANGE}.{number}" for number in range(SLICES))):
            queue = await channel.declare_queue(name, passive=True)
            count += queue.declaration_result.message_count or 0
        return count


async def publish(broker: Broker, body: bytes, show: int) -> None:
    """A message as a process of ours publishes one."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(message, str(show % SLICES))


async def test_a_ticket_of_the_queue_is_decided_and_told(queued: ProgramSettings) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(2)
        response = await ask(api, show, key="k", user_id=user["id"])
        ticket = await told_ticket(response)
        told = await answer(api, ticket)
        assert (told["state"], told["answer"]["body"]["data"]["seats"]) == ("done", [1])
        again = await ask(api, show, key="k", prefer="respond-async, wait=20", user_id=user["id"])
        assert data_of(again, 201)["id"] == told["answer"]["body"]["data"]["id"]
        assert await told_ticket(await ask(api, show, key="k", user_id=user["id"])) == ticket
        other = await ask(
            api, show, key="k", prefer="respond-async, wait=20", user_id=user["id"], seats_booked=2
        )
        problem_of_queue(other, 422, "idempotency_key_reused")
        assert data_of(await api.http.get(f"/api/shows/{show['id']}"))["available_seats"] == 1


def problem_of_queue(response: Any, status: int, code: str) -> None:
    """A problem that was told by another process: it has no request id of this one."""
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_requests_of_a_show_keep_their_order(queued: ProgramSettings) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(40)
        tickets = [await told_ticket(await ask(api, show, user_id=user["id"])) for _ in range(40)]
        seats = [(await answer(api, ticket))["answer"]["body"]["data"]["seats"] for ticket in tickets]
        assert seats == [[number] for number in range(1, 41)]


async def test_tickets_are_taken_while_postgresql_is_away(
    queued: ProgramSettings, connection: Connection
) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(9)
        name = await connection.fetchval("SELECT current_database()")
        async with away(connection, name):
            tickets = [await told_ticket(await ask(api, show, user_id=user["id"])) for _ in range(10)]
            told = data_of(await api.http.get(f"/api/requests/{tickets[0]}"))
            assert (told["state"], told["answer"]) == ("queued", None)
            stranger = tickets[0][:-1] + ("0" if tickets[0][-1] != "0" else "1")
            assert (await api.http.get(f"/api/requests/{stranger}")).status_code in (404, 503)
        answers = [(await answer(api, ticket))["answer"]["status"] for ticket in tickets]
        assert answers == [201] * 9 + [409]


@asynccontextmanager
async def away(connection: Connection, name: str) -> AsyncIterator[None]:
    """No program gets at the requests: their table is locked, as by an operator; so statements time out."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE booking_requests IN ACCESS EXCLUSIVE MODE")
        yield


async def test_what_comes_twice_is_decided_once(queued: ProgramSettings, empty: Broker) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(5)
        for _ in range(3):
            response = await ask(api, show, key="k", prefer="respond-async, wait=20", user_id=user["id"])
            assert data_of(response, 201)["seats"] == [1]
        await eventually(lambda: _is_empty(empty), "empty queues")
        assert data_of(await api.http.get(f"/api/shows/{show['id']}"))["available_seats"] == 4


async def _is_empty(broker: Broker) -> bool:
    return await depth(broker) == 0


async def test_a_message_that_nobody_can_read_is_put_aside(queued: ProgramSettings, empty: Broker) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(5)
        await publish(empty, b"{", show["id"])
        response = await ask(api, show, prefer="respond-async, wait=20", user_id=user["id"])
        data_of(response, 201)

        async def is_aside() -> bool:
            return await depth(empty) == 1

        await eventually(is_aside, "the message aside")


async def test_without_rabbitmq_no_ticket_is_given_and_sales_go_on(database: str) -> None:
    settings = settings_for(database, BOOKING_QUEUE_URL="amqp://guest:guest@127.0.0.1:1/")
    async with running(settings) as app, client_of(app) as http:
        api = Api(http)
        user, show = await api.user(), await api.show()
        problem_of(await ask(api, show, user_id=user["id"]), 503, "unavailable")
        data_of(await ask(api, show, prefer="", user_id=user["id"]), 201)


async def test_a_withdrawn_request_of_the_queue_is_not_booked(queued: ProgramSettings, empty: Broker) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show()
        signed = Signer(empty.url).ticket(show["id"], ACTOR, key_hash(ACTOR, "k"), b"any")
        data_of(await api.http.delete(f"/api/requests/{signed}"))
        assert data_of(await api.http.get(f"/api/requests/{signed}"))["state"] == "withdrawn"
        forged = Ticket(show["id"], signed.id, "0" * 32)
        other = Ticket(show["id"] + 1, signed.id, "0" * 32)
        data_of(await api.http.get(f"/api/requests/{forged}"))  # the row is there, and the asker's
        problem_of(await api.http.get(f"/api/requests/{other}"), 404, "request_not_found")
        assert user


async def test_a_ticket_of_the_queue_is_the_askers_alone(database: str, empty: Broker) -> None:
    async with callers_of(closed(database, BOOKING_QUEUE_URL=empty.url)) as callers:
        signer = Signer(empty.url)
        async with callers.api("customer") as ada, callers.api("other customer") as bob:
            user = data_of(await ada.http.get("/api/users/me"))["id"]
            ticket = signer.ticket(1, f"user:{user}", b"k", b"p")
            assert data_of(await ada.http.get(f"/api/requests/{ticket}"))["state"] == "queued"
            problem_of(await bob.http.get(f"/api/requests/{ticket}"), 404, "request_not_found")


def test_the_same_request_has_the_same_ticket_with_the_same_secret_only() -> None:
    one, other = Signer("amqp://a"), Signer("amqp://b")
    ticket = one.ticket(7, "me", b"key", b"print")
    assert ticket == one.ticket(7, "me", b"key", b"print")
    assert ticket_of(str(ticket)) == ticket
    different = [one.ticket(8, "me", b"key", b"print"), one.ticket(7, "you", b"key", b"print")]
    different += [one.ticket(7, "me", b"ke", b"yprint"), other.ticket(7, "me", b"key", b"print")]
    assert len({t.id for t in (ticket, *different)}) == 5
    assert one.vouches(ticket, "me")
    assert not one.vouches(ticket, "you")
    assert not other.vouches(ticket, "me")
