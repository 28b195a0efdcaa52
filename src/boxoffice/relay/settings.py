"""The settings of the relay."""

from typing import Annotated, Final, Literal

from msgspec import field

from boxoffice.relay.targets import Target, targets_of
from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import Secret, Shape


def _relay_urls(text: str) -> Secret:
    targets_of(text)
    return Secret(text)


RelayUrls = Annotated[
    Secret,
    Shape(
        _relay_urls,
        "up to eight addresses amqp://, nats://, redis:// or kafka://, separated by commas, with what is "
        "special in a password escaped; a second broker of a kind needs a name: ?name=backup",
    ),
]

NOW: Final = "now"


class RelaySettings(Group, frozen=True, kw_only=True, rename=prefixed("RELAY_")):
    """Brokers that get every event ([relay.md](relay.md))."""

    urls: Annotated[
        RelayUrls | None,
        "Brokers that get every event: `amqp://` (RabbitMQ), `nats://` (NATS JetStream), `redis://` (Redis "
        "Streams), `kafka://`, separated by commas; each needs the extra of its kind. Every process of "
        "`serve` takes part in sending; `boxoffice relay run` sends without serving.",
    ] = None
    begin: Annotated[
        Literal["now", "start"],
        "Where a broker begins that is new in `RELAY_URLS`: with what happens from now on, or with the first "
        "event of each show. Afterwards its cursors say how far it is.",
    ] = field(default=NOW, name="RELAY_FROM")
    personal: Annotated[
        bool,
        "Brokers get who booked and who acted (`user_id`, `actor`). Origin and reasons are never sent.",
    ] = False

    @property
    def targets(self) -> tuple[Target, ...]:
        """The brokers."""
        return () if self.urls is None else targets_of(self.urls.reveal())
