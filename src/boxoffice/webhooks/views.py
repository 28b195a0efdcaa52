"""What can be read of webhooks."""

from typing import Literal

from msgspec import Struct

from boxoffice.vocabulary.views import Moment

Mode = Literal["events", "batch", "hint"]
Order = Literal["show", "none"]
State = Literal["active", "paused", "disabled"]


class Webhook(Struct, kw_only=True):
    """An endpoint: where something is told, what, how, and how it stands.

    ``show_ids``, ``kinds`` null: all. ``personal``: it is told who booked and who acted.
    ``disabled_because``: ``gone`` (it answered 410) or ``no_success`` (for five days). ``failing_since``:
    since when no message has arrived. ``waits_until``: nothing is sent until then. ``shows_blocked``: shows
    that wait behind a message that failed. ``parked``: letters that are not tried by themselves any more.
    """

    id: int
    name: str
    url: str
    mode: Mode
    order: Order
    kinds: list[str] | None
    show_ids: list[int] | None
    personal: bool
    state: State
    disabled_because: str | None
    generation: int
    old_secret_until: Moment | None
    created_at: Moment
    failures: int
    failing_since: Moment | None
    waits_until: Moment | None
    shows_blocked: int
    parked: int


class WebhookSecret(Struct, kw_only=True):
    """A webhook with its secret. The secret is told when it is made, and nowhere else."""

    webhook: Webhook
    secret: str
    public_key: str


class WebhookKey(Struct, kw_only=True):
    """The public key with which messages of a webhook can be checked (``v1a``)."""

    webhook_id: int
    generation: int
    public_key: str


class Attempt(Struct, kw_only=True):
    """An attempt that failed, that followed a failure, or that was asked for by hand.

    ``show_id`` null: about no show. ``status`` 0: there was no answer, and ``trouble`` says why. ``excerpt``:
    the first 200 characters of a failed answer.
    """

    id: int
    show_id: int | None
    message_id: str
    at: Moment
    status: int
    trouble: str
    excerpt: str
    milliseconds: int


class Letter(Struct, kw_only=True):
    """Events that are told out of the order of their show: the message with them was parked (``lane``), comes
    from a webhook without order (``alone``), or was asked for (``replay``). ``next_try_at`` null: parked.
    """

    id: int
    show_id: int
    cause: Literal["lane", "alone", "replay"]
    seq: int
    last_seq: int
    attempts: int
    next_try_at: Moment | None
    last_status: str | None
    written_at: Moment


class Tested(Struct, kw_only=True):
    """What came of a test message. ``status`` 0: no answer, and ``trouble`` says why."""

    arrived: bool
    status: int
    trouble: str
    excerpt: str
    milliseconds: int


class Replayed(Struct, kw_only=True):
    """How many events are told again."""

    events: int


class Target(Struct, frozen=True, kw_only=True):
    """What senders must know of an endpoint (``webhook_targets.sql``)."""

    endpoint_id: int
    consumer: str
    url: str
    mode: Mode
    ordering: Order
    kinds: frozenset[str] | None
    show_ids: frozenset[int] | None
    personal: bool
    generation: int
    signs_old: bool
    failing: bool
    broken: bool
    waits: bool

    @property
    def wish(self) -> tuple[object, ...]:
        """What an operator decides about its messages. A run that began under another wish ends."""
        return (
            *(self.url, self.mode, self.ordering, self.kinds, self.show_ids),
            *(self.personal, self.generation, self.signs_old),
        )


class Standing(Struct, frozen=True, kw_only=True):
    """Where an endpoint stands in a show (``webhook_standing.sql``)."""

    show_id: int
    seq: int
    link: bytes
    failed_seq: int | None
    failed_last_seq: int | None
    in_trouble: bool
    waits: bool
    hole_from: int | None


class DueLetter(Struct, frozen=True, kw_only=True):
    """A letter that is to be sent (``webhook_letters_due.sql``). ``prior``: the link of the event before."""

    endpoint_id: int
    show_id: int
    letter_id: int
    cause: str
    seq: int
    last_seq: int
    link: bytes
    prior: bytes | None


class UntoldFork(Struct, frozen=True, kw_only=True):
    """A fork of which the endpoint must be told (``webhook_forks_untold.sql``)."""

    endpoint_id: int
    show_id: int
    seq: int
    link: bytes
    noticed_at: Moment
    last_seq: int
