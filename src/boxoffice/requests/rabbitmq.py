"""RabbitMQ before the database: requests that it has confirmed are safe, whether PostgreSQL is there or not.

The shows are cut into slices, each slice has a quorum queue, and one consumer at a time takes from a queue.
So requests of a show reach the database in the order in which they were confirmed. A request is acknowledged
when its row is committed. From then on the workers decide it like any other; one that comes twice finds its
row.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

import aio_pika
import asyncpg
import msgspec
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from msgspec.structs import replace

from boxoffice.database.store import Store
from boxoffice.engine.encoding import key_hash
from boxoffice.feed.leases import SLICES, slice_of
from boxoffice.requests import bounds, meters
from boxoffice.requests.asked import Asked, asked, print_of
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.tickets import Signer, Ticket, new_id
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.faults import Fault, Unavailable
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.troubles import Trouble

EXCHANGE: Final = "boxoffice.bookings"
DEAD: Final = "boxoffice.bookings.dead"
"""The exchange and the queue of messages that nobody can read, for an operator to look at."""

UNACKED_MAX: Final = 256
"""Messages of a queue that a process has and has not acknowledged: a commit of the intake."""

DELIVERIES_MAX: Final = 10_000
"""How often a message may come back before it is put aside. It comes back when its process dies or loses the
connection, never because the database is away. RabbitMQ 4 would put it aside after 20 crashes."""

CONNECT_MAX_S: Final = 5.0
"""Seconds until a connection must be there; then the next try begins."""

PUBLISH_MAX_S: Final = 5.0
"""Seconds until a confirmation must be there: below the patience of any client. Without a bound of ours a
publish on a broken connection would wait for ever."""

PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before the tries to connect again, the last one for all that follow."""

_BROKEN: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
_decode: Final = msgspec.json.Decoder(Asked).decode
_encode: Final = msgspec.json.Encoder().encode

log = structlog.get_logger(__name__)


class BookingQueue:
    """Publishes requests, and notes those that any process has published, as long as ``run`` runs."""

    def __init__(self, url: str, store: Store, intake: Intake, problems: Problems) -> None:
        self._url = url
        self._store = store
        self._intake = intake
        self._problems = problems
        self._signer = Signer(url)
        self._exchange: AbstractExchange | None = None

    def vouches(self, ticket: Ticket, actor: str) -> bool:
        """Whether this ticket was given to this caller."""
        return self._signer.vouches(ticket, actor)

    async def publish(self, command: BookSeats, request_id: str, seconds: float) -> Taken:
        """The ticket, when RabbitMQ has the request on disk. Raises ``Unavailable``."""
        request, ticket = self._request(command, request_id, seconds)
        message = aio_pika.Message(
            _encode(request),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(ticket),
            app_id="boxoffice",
        )
        await self._send(message, str(slice_of(command.show_id)))
        return Taken(ticket, "taken", None, request.asked_at, request.answer_by)

    async def run(self) -> None:
        """Keeps a connection, and notes what comes, until it is cancelled."""
        tries = 0
        while True:
            try:
                connection = await aio_pika.connect(self._url, timeout=CONNECT_MAX_S)
            except _BROKEN as error:
                log.warning("RabbitMQ is away", reason=str(error))
            else:
                tries = 0
                await self._serve(connection)
            meters.QUEUE_UP.set(0)
            await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])
            tries += 1

    async def _serve(self, connection: AbstractConnection) -> None:
        """Works with this connection until it breaks."""
        try:
            async with connection:
                publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
                self._exchange = await _declared(publishing)
                meters.QUEUE_UP.set(1)
                await self._consume(connection)
        except _BROKEN as error:
            log.warning("RabbitMQ is gone", reason=str(error))
        finally:
            self._exchange = None

    async def _consume(self, connection: AbstractConnection) -> None:
        inbox: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=UNACKED_MAX)
        for number in range(SLICES):
            queue = await channel.get_queue(f"{EXCHANGE}.{number}")
            await queue.consume(inbox.put)
        broken = asyncio.ensure_future(connection.closed())
        noting = asyncio.create_task(self._note(inbox))
        try:
            await asyncio.wait([broken, noting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (broken, noting):
                task.cancel()
            await asyncio.wait([noting])
        if not noting.cancelled() and (error := noting.exception()) is not None:
            raise error

    async def _note(self, inbox: "asyncio.Queue[AbstractIncomingMessage]") -> None:
        """Notes messages, and acknowledges each when its row is there. While the database is away, they stay
        unacknowledged, and no more come.
        """
        while True:
            messages = [await inbox.get()]
            while not inbox.empty() and len(messages) < bounds.INTAKE.batch_max:
                messages.append(inbox.get_nowait())
            readable = [(message, await _read(message)) for message in messages]
            requests = [(message, request) for message, request in readable if request is not None]
            await asyncio.gather(*(self._keep(message, request) for message, request in requests))

    async def _keep(self, message: AbstractIncomingMessage, request: Asked) -> None:
        while True:
            try:
                taken = await self._intake.take(request)
                if taken.fate == "reused":
                    await self._refuse(request)
                if taken.fate != "full":
                    await message.ack()
                    return
            except Fault as fault:
                log.warning("a request waits in RabbitMQ", reason=str(fault))
            except asyncpg.PostgresError as error:
                log.error("a request cannot be noted", ticket=message.message_id, reason=str(error))
                await message.reject(requeue=False)
                return
            await asyncio.sleep(bounds.PAUSE_S)

    async def _refuse(self, request: Asked) -> None:
        """The key belongs to another request: this ticket is told so."""
        problem = self._problems.raw(Trouble(RefusalCode.IDEMPOTENCY_KEY_REUSED))
        await self._store.write(
            "refuse_request",
            request.show_id,
            request.ticket_id,
            request.actor,
            request.user_id,
            bytes.fromhex(request.fingerprint.removeprefix("\\x")),
            request.asked_at,
            request.answer_seconds,
            problem.status,
            problem.body.decode(),
        )

    async def _send(self, message: aio_pika.Message, key: str) -> None:
        exchange = self._exchange
        try:
            if exchange is None:
                raise OSError("there is no connection")
            async with asyncio.timeout(PUBLISH_MAX_S):
                await exchange.publish(message, key, mandatory=True)
        except (*_BROKEN, asyncio.CancelledError) as error:
            meters.PUBLISHED.labels("failed").inc()
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            raise Unavailable("RabbitMQ did not confirm; the same key may be tried again") from error
        meters.PUBLISHED.labels("confirmed").inc()

    def _request(self, command: BookSeats, request_id: str, seconds: float) -> tuple[Asked, Ticket]:
        """The request, and its ticket: with a key always the same one."""
        key = command.idempotency_key or f"request:{new_id()}"
        digest = key_hash(command.actor, key)
        ticket = self._signer.ticket(command.show_id, command.actor, digest, print_of(command))
        request = asked(replace(command, idempotency_key=key), ticket.id, request_id, seconds)
        return replace(request, asked_at=datetime.now(UTC)), ticket


async def _read(message: AbstractIncomingMessage) -> Asked | None:
    """The request in the message; a message that has none is put aside."""
    try:
        return _decode(message.body)
    except msgspec.DecodeError as error:
        log.error("a message is no request", message=message.message_id, reason=str(error))
        await message.reject(requeue=False)
        return None


async def _declared(channel: AbstractChannel) -> AbstractExchange:
    """The exchange, with its queues and the place for messages that nobody can read."""
    dead = await channel.declare_exchange(DEAD, aio_pika.ExchangeType.FANOUT, durable=True)
    aside = await channel.declare_queue(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
    await aside.bind(dead)
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)
    for number in range(SLICES):
        queue = await channel.declare_queue(
            f"{EXCHANGE}.{number}",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-delivery-limit": DELIVERIES_MAX,
                "x-dead-letter-exchange": DEAD,
            },
        )
        await queue.bind(exchange, str(number))
    return exchange
