"""RabbitMQ before the database: what it has confirmed is decided once, and taken while PostgreSQL is away."""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import aio_pika
import msgspec
import pytest
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from prometheus_client import REGISTRY

from boxoffice.engine.encoding import key_hash
from boxoffice.feed.leases import SLICES, slice_of
from boxoffice.requests import bounds, rabbitmq
from boxoffice.requests.asked import Asked, asked
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.rabbitmq import ANSWERS, DEAD, EXCHANGE, GUEST
from boxoffice.requests.tickets import Signer, Ticket, new_id, ticket_of
from boxoffice.serve.settings import ProgramSettings
from boxoffice.vocabulary.commands import BookSeats
from tests.requests.test_tickets import answer, ask
from tests.requests.test_tickets import ticket_of as told_ticket
from tests.support.brokers.servers import Broker, rabbitmq_server
from tests.support.engine.box import violations
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.callers import callers_of, closed
from tests.support.http.fixtures import client_of, running
from tests.support.network.line import open_line
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
    return queued_at(database, empty)


def queued_at(dsn: str, broker: Broker) -> ProgramSettings:
    """Settings for tickets that wait in this broker."""
    return settings_for(dsn, BOOKING_QUEUE_URL=broker.url)


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


async def publish(broker: Broker, body: bytes, show: int, *, user: str | None = GUEST) -> None:
    """A message as a process of ours publishes one, or as another user does, who names itself or does not."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, user_id=user)
        await exchange.publish(message, str(slice_of(show)))


@asynccontextmanager
async def reader(broker: Broker, **arguments: Any) -> AsyncIterator[AbstractQueue]:
    """A reader's queue, bound to the notices of all shows."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(ANSWERS, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("reader", durable=True, arguments=arguments)
        await queue.bind(exchange, "show.#")
        yield queue
        await queue.delete(if_empty=False, if_unused=False)


async def next_notice(queue: AbstractQueue) -> AbstractIncomingMessage:
    """The notice that comes next."""
    found: list[AbstractIncomingMessage] = []

    async def came() -> bool:
        message = await queue.get(no_ack=True, fail=False)
        found.extend([] if message is None else [message])
        return bool(found)

    await eventually(came, "a notice")
    return found[0]


def lost() -> float:
    """How many notices were lost."""
    return REGISTRY.get_sample_value("boxoffice_request_notices_total", {"result": "lost"}) or 0


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


class Past(datetime):
    """The clock of the process, a minute ago."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - timedelta(minutes=1)


async def test_after_an_outage_each_ticket_is_decided_in_order_or_expired(
    database: str, empty: Broker, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)  # noqa: S311 - of connections that end by chance, which there are none of here
    async with open_line(database, chance) as line, open_api(queued_at(line.dsn, empty)) as api:
        user, show = await api.user(), await api.show(20)
        line.shut()
        with monkeypatch.context() as patch:
            patch.setattr(rabbitmq, "datetime", Past)
            early = [await told_ticket(await ask(api, show, user_id=user["id"])) for _ in range(15)]
        late = [await told_ticket(await ask(api, show, user_id=user["id"])) for _ in range(15)]
        await line.open()
        told = [await answer(api, ticket) for ticket in early + late]
        await eventually(lambda: _is_empty(empty), "empty queues")
    assert [one["state"] for one in told] == ["expired"] * 15 + ["done"] * 15
    seats = [one["answer"]["body"]["data"]["seats"] for one in told[15:]]
    assert seats == [[number] for number in range(1, 16)]
    assert await connection.fetchval("SELECT count(*) FROM bookings") == 15
    assert await violations(database) == {}


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


async def test_what_another_user_publishes_is_put_aside(queued: ProgramSettings, empty: Broker) -> None:
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(5)
        command = BookSeats(actor="admin", show_id=show["id"], user_id=user["id"], seat_count=1)
        forged = msgspec.json.encode(asked(command, new_id(), "", 30.0))
        await publish(empty, forged, show["id"], user=None)
        response = await ask(api, show, prefer="respond-async, wait=20", user_id=user["id"])
        assert data_of(response, 201)["seats"] == [1]  # a message before this one would have had the seat
        with pytest.raises((AMQPError, ChannelInvalidStateError)):
            await publish(empty, forged, show["id"], user="another")


async def test_an_answer_is_told_to_who_has_bound_a_queue(queued: ProgramSettings, empty: Broker) -> None:
    async with reader(empty) as queue, open_api(queued) as api:
        await next_notice(queue)  # of the ticket by which the server shows that it takes tickets
        user, show = await api.user(), await api.show(1)
        tickets = [await told_ticket(await ask(api, show, user_id=user["id"])) for _ in range(2)]
        told = [await answer(api, ticket) for ticket in tickets]
        notices = [await next_notice(queue) for _ in tickets]
        assert [notice.correlation_id for notice in notices] == tickets
        assert {notice.routing_key for notice in notices} == {f"show.{show['id']}.done"}
        assert {notice.type for notice in notices} == {"boxoffice.request.done.v1"}
        events = [msgspec.json.decode(notice.body)["data"] for notice in notices]
        assert [(event["status"], event["code"]) for event in events] == [
            (201, None),
            (409, "insufficient_seats"),
        ]
        assert [event["booking_id"] for event in events] == [told[0]["answer"]["body"]["data"]["id"], None]


async def test_the_ticket_of_a_key_that_is_anothers_is_told(queued: ProgramSettings, empty: Broker) -> None:
    async with reader(empty) as queue, open_api(queued) as api:
        await next_notice(queue)
        user, show = await api.user(), await api.show(3)
        tickets = [
            await told_ticket(await ask(api, show, key="k", user_id=user["id"], seats_booked=seats))
            for seats in (1, 2)
        ]
        notices = [await next_notice(queue) for _ in tickets]
        codes = {
            notice.correlation_id: msgspec.json.decode(notice.body)["data"]["code"] for notice in notices
        }
        assert codes == {tickets[0]: None, tickets[1]: "idempotency_key_reused"}


async def test_a_queue_that_refuses_loses_the_notice_alone(queued: ProgramSettings, empty: Broker) -> None:
    full = {"x-max-length": 0, "x-overflow": "reject-publish"}
    async with reader(empty, **full), open_api(queued) as api:
        user, show = await api.user(), await api.show(3)
        before = lost()
        told = await answer(api, await told_ticket(await ask(api, show, user_id=user["id"])))
        assert told["answer"]["status"] == 201

        async def one_is_lost() -> bool:
            return lost() > before

        await eventually(one_is_lost, "a lost notice")
        again = await answer(api, await told_ticket(await ask(api, show, user_id=user["id"])))
        assert again["answer"]["status"] == 201


async def test_a_queue_of_rabbitmq_that_is_full_takes_no_more(
    queued: ProgramSettings, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rabbitmq.QUEUE_MAX * SLICES == bounds.QUEUED_MAX
    monkeypatch.setattr(rabbitmq, "QUEUE_MAX", 3)
    monkeypatch.setattr(rabbitmq, "UNACKED_MAX", 1)
    async with open_api(queued) as api:
        user, show = await api.user(), await api.show(90)
        name = await connection.fetchval("SELECT current_database()")
        async with away(connection, name):
            tickets = []
            while (response := await ask(api, show, user_id=user["id"])).status_code == 202:
                tickets.append(await told_ticket(response))
                assert len(tickets) < 50, "the queue has a bound"
            problem = problem_of(response, 503, "overloaded")
            assert (response.headers["retry-after"], problem.get("hint")) == ("1", None)
        assert len(tickets) >= 3
        answers = [(await answer(api, ticket))["answer"]["status"] for ticket in tickets]
        assert answers == [201] * len(tickets)


async def test_a_full_show_in_the_queue_keeps_no_other_waiting(
    queued: ProgramSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, take = set[int](), Intake.take

    async def taken(intake: Intake, request: Asked) -> Taken:
        is_full = request.show_id in full
        return Taken(Ticket(*request.ticket[:2]), "full") if is_full else await take(intake, request)

    monkeypatch.setattr(Intake, "take", taken)
    async with open_api(queued) as api:
        user, crowded, other = await api.user(), await api.show(2), await api.show(2)
        assert slice_of(crowded["id"]) != slice_of(other["id"])
        full.add(crowded["id"])
        waits = await told_ticket(await ask(api, crowded, user_id=user["id"]))
        told = await answer(api, await told_ticket(await ask(api, other, user_id=user["id"])))
        assert told["state"] == "done"
        full.clear()
        assert (await answer(api, waits))["state"] == "done"


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
