"""The settings of asynchronous booking."""

from typing import Annotated

from msgspec import Meta

from boxoffice.settings.group import Group
from boxoffice.settings.texts import Secret


class RequestSettings(Group, frozen=True, kw_only=True):
    """Whether bookings may be asked for by ticket, for how long they wait, and where."""

    async_bookings: Annotated[
        bool,
        "Whether a booking with `Prefer: respond-async` gets a ticket. If not, the server ignores the wish "
        "and answers as ever; tickets that were given before are still decided and told.",
    ] = True
    async_booking_seconds: Annotated[
        float,
        Meta(ge=1, le=3600),
        "Seconds within which a ticket is decided, or never: a buyer who gave up must not be booked. No "
        "longer than the longest hold.",
    ] = 30.0
    booking_queue_url: Annotated[
        Secret | None,
        "RabbitMQ that takes bookings by ticket, `amqp://user:password@host:port/vhost`, also while "
        "PostgreSQL is away. Without it they wait in PostgreSQL. Needs the extra `rabbitmq`. All instances "
        "need the same.",
    ] = None
