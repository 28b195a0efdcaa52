"""Endpoints of webhooks on this machine, with moods: they fail, hang, throttle, break off, and come back."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from boxoffice.settings.texts import Secret
from boxoffice.webhooks.signing import Signer
from tests.chaos.told import Message
from tests.support.webhooks.receiver import Got, Receiver, Reply
from tests.support.webhooks.site import KEY

POISONED: Final = 5
"""The number of the event that a poisoned endpoint does not take, in one show of twelve: if nothing else
arrived, the endpoint would count as broken, and nothing is parked then."""

FINE: Final = Reply(204)

Mood = Callable[[Got], Reply]


def fails(_got: Got) -> Reply:
    """Nothing works."""
    return Reply(500)


def hangs(_got: Got) -> Reply:
    """The answer comes when nobody waits for it any more."""
    return Reply(503, held=True)


def throttles(_got: Got) -> Reply:
    """Too much; come back in a second."""
    return Reply(429, headers=("retry-after: 1",))


def breaks_off(_got: Got) -> Reply:
    """The connection ends without an answer."""
    raise ConnectionResetError


def is_gone(_got: Got) -> Reply:
    """It was here."""
    return Reply(410)


def is_fine(_got: Got) -> Reply:
    """It works."""
    return FINE


def is_poisoned(got: Got) -> Reply:
    """One event is too much."""
    return Reply(500) if got.seq == POISONED and got.show_id % 12 == 0 else FINE


MOODS: Final[Sequence[Mood]] = (fails, hangs, throttles, breaks_off, is_gone, is_fine)


class Endpoint:
    """An endpoint by its webhook. ``taken``: what it has answered with success, in the order of arrival.

    ``letters``: ids of events that were parked. ``gone_at``: the moment (``time.monotonic``) from which
    nothing may come any more; None: it may.
    """

    def __init__(self, receiver: Receiver, name: str, mood: Mood) -> None:
        self.name: Final = name
        self.webhook_id = 0
        self.mood = mood
        self.taken: Final[list[Message]] = []
        self.letters: Final[set[str]] = set()
        self.gone_at: float | None = None
        self._previous: Final[dict[str, int]] = {}
        self._last_at = 0.0
        self._receiver: Final = receiver
        receiver.hold()
        receiver.decide = self._decide

    @property
    def url(self) -> str:
        """Where messages are sent."""
        return self._receiver.url

    @property
    def count(self) -> int:
        """How many messages came, taken or not."""
        return len(self._receiver.got)

    def feel(self, mood: Mood) -> None:
        """From now on it answers so. What hangs is let go."""
        self._receiver.let_go()
        self._receiver.hold()
        self._receiver.decide = self._decide
        self.mood = mood

    def _decide(self, got: Got) -> Reply:
        self._last_at = time.monotonic()
        reply = self.mood(got)
        if reply is FINE:
            self.taken.append(Message(got.show_id, got.id, got.body))
            self._previous.setdefault(got.id, int(got.json["previous"]))
        return reply

    def forged(self) -> list[str]:
        """Messages that are not signed as they must be."""
        key = Webhook(Signer(Secret(KEY), self.webhook_id, 1).secret)
        return [f"{self.name}: {got.id} is not signed" for got in self._receiver.got if not _fits(key, got)]

    def holes(self) -> list[str]:
        """Messages with a ``previous`` that is not so: what lies between must be letters."""
        letters = {show_and_seq(one) for one in self.letters}
        broken = []
        for event_id, previous in self._previous.items():
            show, seq = show_and_seq(event_id)
            if not letters.issuperset((show, between) for between in range(previous + 1, seq)):
                broken.append(f"{self.name}: {event_id} tells a hole after {previous} that is no letter")
        return broken

    def late(self) -> list[str]:
        """What came after the webhook was dropped."""
        if self.gone_at is None or self._last_at <= self.gone_at:
            return []
        return [
            f"{self.name}: a message came {self._last_at - self.gone_at:.1f} s too late after it was dropped"
        ]


def show_and_seq(event_id: str) -> tuple[int, int]:
    """The show and the number of an event."""
    show_id, seq, _ = event_id.split("-")
    return int(show_id), int(seq)


def _fits(key: Webhook, got: Got) -> bool:
    try:
        key.verify(got.body, got.headers)
    except WebhookVerificationError:
        return False
    return True
