"""RabbitMQ before the database: requests that it has confirmed are safe, whether PostgreSQL is there or not.

The shows are cut into slices, each slice has a quorum queue, and one consumer at a time takes from a queue.
So requests of a show reach the database in the order in which they were confirmed. A request is acknowledged
when its row is committed. From then on the workers decide it like any other; one that comes twice finds its
row. Who asks, and what was judged of the caller, stand in the message: so RabbitMQ vouches for the user who
published it, and what another user has published is put aside.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

import aio_pika
import asyncpg
import msgspec
import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError
from msgspec.structs import replace

from boxoffice.database.store import Store
from boxoffice.engine.encoding import key_hash
from boxoffice.feed.envelopes import CONTENT_TYPE
from boxoffice.feed.leases import SLICES, slice_of
from boxoffice.requests import bounds, meters
from boxoffice.requests.asked import Asked, asked, print_of
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.notices import Notice, Notices
from boxoffice.requests.tickets import Signer, Ticket, new_id
from boxoffice.requests.told import Told
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.faults import Fault, Overloaded, Unavailable
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.troubles import Trouble

EXCHANGE: Final = "boxoffice.bookings"
DEAD: Final = "boxoffice.bookings.dead"
"""The exchange and the queue of messages that nobody can read, or that another user has published, for an
operator to look at."""

ANSWERS: Final = "boxoffice.answers"
"""The topic exchange of notices. Its queues and bindings are the readers'; what no queue takes is dropped."""

QUEUE_MAX: Final = bounds.QUEUED_MAX // SLICES
"""Messages that may wait in one queue: RabbitMQ then confirms no more. Together they are ``QUEUED_MAX``."""

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

GUEST: Final = "guest"
"""The user of an address that names none."""

_BROKEN: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
_decode: Final = msgspec.json.Decoder(Asked).decode
_encode: Final = msgspec.json.Encoder().encode

log = structlog.get_logger(__name__)

Inbox = asyncio.Queue[AbstractIncomingMessage]
"""Messages of a queue that have arrived, in the order of the queue."""


class BookingQueue:
    """Publishes requests. While ``run`` runs: notes what any process has published, and sends notices."""

    def __init__(self, url: str, store: Store, intake: Intake, problems: Problems, notices: Notices) -> None:
        self._url = url
        self._user = make_url(url).user or GUEST
        self._store = store
        self._intake = intake
        self._problems = problems
        self._notices = notices
        self._signer = Signer(url)
        self._exchange: AbstractExchange | None = None

    def vouches(self, ticket: Ticket, actor: str) -> bool:
        """Whether this ticket was given to this caller."""
        return self._signer.vouches(ticket, actor)

    async def publish(self, command: BookSeats, request_id: str, seconds: float) -> Taken:
        """The ticket, when RabbitMQ has the request on disk. Raises ``Unavailable`` or ``Overloaded``."""
        request, ticket = self._request(command, request_id, seconds)
        message = aio_pika.Message(
            _encode(request),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(ticket),
            app_id="boxoffice",
            user_id=self._user,
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
                answers = await publishing.declare_exchange(ANSWERS, ExchangeType.TOPIC, durable=True)
                meters.QUEUE_UP.set(1)
                await self._work(connection, answers)
        except _BROKEN as error:
            log.warning("RabbitMQ is gone", reason=str(error))
        finally:
            self._exchange = None

    async def _work(self, connection: AbstractConnection, answers: AbstractExchange) -> None:
        """Notes what comes and sends notices until the connection breaks. Raises the error of either."""
        inboxes = await self._inboxes(connection)
        broken = asyncio.ensure_future(connection.closed())
        working = {
            asyncio.create_task(self._notices.send_all(partial(_send_notice, answers))),
            *(asyncio.create_task(self._note(inbox)) for inbox in inboxes),
        }
        try:
            done, _ = await asyncio.wait({broken, *working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (broken, *working):
                task.cancel()
            await asyncio.wait(working)
        for task in done & working:
            await task

    async def _inboxes(self, connection: AbstractConnection) -> list[Inbox]:
        """Where the messages arrive from now on, one inbox for each queue."""
        inboxes: list[Inbox] = []
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=UNACKED_MAX)
        for number in range(SLICES):
            inbox: Inbox = asyncio.Queue()
            queue = await channel.get_queue(f"{EXCHANGE}.{number}")
            await queue.consume(inbox.put)
            inboxes.append(inbox)
        return inboxes

    async def _note(self, inbox: Inbox) -> None:
        """Notes the messages of a queue in their order, and acknowledges each when its row is there. While
        the database is away, or a show is full, they stay unacknowledged, and those behind them wait: who has
        asked first shall not come last. Other queues go on.
        """
        waiting: list[tuple[AbstractIncomingMessage, Asked]] = []
        while True:
            if waiting:
                await asyncio.sleep(bounds.PAUSE_S)
            else:
                waiting += await self._read(await inbox.get())
            while not inbox.empty() and len(waiting) < bounds.INTAKE.batch_max:
                waiting += await self._read(inbox.get_nowait())
            ended = await asyncio.gather(*(self._keep(message, request) for message, request in waiting))
            waiting = [one for one, is_over in zip(waiting, ended, strict=True) if not is_over]

    async def _keep(self, message: AbstractIncomingMessage, request: Asked) -> bool:
        """Whether nothing more is to be done for the message."""
        try:
            taken = await self._intake.take(request)
            if taken.fate == "full":
                return False
            if taken.fate == "reused":
                await self._refuse(request)
            await message.ack()
        except Fault as fault:
            log.warning("a request waits in RabbitMQ", reason=str(fault))
            return False
        except asyncpg.PostgresError as error:
            log.error("a request cannot be noted", ticket=message.message_id, reason=str(error))
            with suppress(*_BROKEN):
                await message.reject(requeue=False)
        except _BROKEN:
            log.info("a request comes again with the next connection", ticket=message.message_id)
        return True

    async def _read(self, message: AbstractIncomingMessage) -> list[tuple[AbstractIncomingMessage, Asked]]:
        """The message with its request. One that has none, or that another user sent, is put aside."""
        try:
            if message.user_id == self._user:
                return [(message, _decode(message.body))]
            reason = f"it was published by {message.user_id or 'nobody knows whom'}"
        except msgspec.DecodeError as error:
            reason = str(error)
        log.error("a message is no request of ours", message=message.message_id, reason=reason)
        with suppress(*_BROKEN):
            await message.reject(requeue=False)
        return []

    async def _refuse(self, request: Asked) -> None:
        """The key belongs to another request: this ticket is told so."""
        problem = self._problems.raw(Trouble(RefusalCode.IDEMPOTENCY_KEY_REUSED))
        body = problem.body.decode()
        rows = await self._store.write(
            "refuse_request",
            request.show_id,
            request.ticket_id,
            request.actor,
            request.user_id,
            bytes.fromhex(request.fingerprint.removeprefix("\\x")),
            request.asked_at,
            request.answer_seconds,
            problem.status,
            body,
        )
        if rows:
            told = Told(*request.ticket[:2], request.actor, "done", problem.status, answer=body)
            self._notices.tell([told])

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
            raise _fault(error) from error
        meters.PUBLISHED.labels("confirmed").inc()

    def _request(self, command: BookSeats, request_id: str, seconds: float) -> tuple[Asked, Ticket]:
        """The request, and its ticket: with a key always the same one."""
        key = command.idempotency_key or f"request:{new_id()}"
        digest = key_hash(command.actor, key)
        ticket = self._signer.ticket(command.show_id, command.actor, digest, print_of(command))
        request = asked(replace(command, idempotency_key=key), ticket.id, request_id, seconds)
        return replace(request, asked_at=datetime.now(UTC)), ticket


def _fault(error: BaseException) -> Fault:
    """What the caller is told of a request that RabbitMQ did not take."""
    if isinstance(error, DeliveryError) and not isinstance(error, PublishError):  # the queue refused
        return Overloaded(f"{QUEUE_MAX} requests wait in a queue of RabbitMQ already")
    return Unavailable("RabbitMQ did not confirm; the same key may be tried again")


async def _send_notice(exchange: AbstractExchange, notice: Notice) -> None:
    """Returns when RabbitMQ has confirmed the notice, or had no queue for it."""
    message = aio_pika.Message(
        notice.body,
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=notice.ticket,
        correlation_id=notice.ticket,
        type=notice.type,
        app_id="boxoffice",
    )
    async with asyncio.timeout(PUBLISH_MAX_S):
        await exchange.publish(message, notice.routing_key, mandatory=False)


async def _declared(channel: AbstractChannel) -> AbstractExchange:
    """The exchange, with its queues and the place for messages that nobody can read."""
    dead = await channel.declare_exchange(DEAD, ExchangeType.FANOUT, durable=True)
    aside = await channel.declare_queue(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
    await aside.bind(dead)
    exchange = await channel.declare_exchange(EXCHANGE, ExchangeType.DIRECT, durable=True)
    for number in range(SLICES):
        queue = await channel.declare_queue(
            f"{EXCHANGE}.{number}",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-delivery-limit": DELIVERIES_MAX,
                "x-max-length": QUEUE_MAX,
                "x-overflow": "reject-publish",
                "x-dead-letter-exchange": DEAD,
            },
        )
        await queue.bind(exchange, str(number))
    return exchange
