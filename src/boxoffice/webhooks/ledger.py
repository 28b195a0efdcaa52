"""What senders read and write in the database; each method raises ``Unavailable`` or another ``Fault``."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

import msgspec

from boxoffice.feed.cursors import Lease
from boxoffice.feed.events import Position
from boxoffice.webhooks import limits, retries
from boxoffice.webhooks.messages import Message
from boxoffice.webhooks.sender import GONE, Answer
from boxoffice.webhooks.tables import Tables, view_of
from boxoffice.webhooks.views import DueLetter, Standing, Target, UntoldFork

Verdict = Literal["waits", "parked", "works", "broken", "disabled", "lost"]
"""What follows a failure; see ``lane_failed.sql`` and ``endpoint_failed.sql``."""


class Ledger:
    """The state of endpoints, lanes and letters."""

    def __init__(self, store: Tables) -> None:
        self._store: Final = store

    async def targets(self) -> list[Target]:
        """The endpoints that are told."""
        rows = await self._store.read("webhook_targets", limits.BREAKER_FAILURES)
        return [view_of(row, Target) for row in rows]

    async def standings(self, endpoint_id: int, shows: Sequence[int]) -> list[Standing]:
        """Where the endpoint stands in those of these shows that it is told of."""
        rows = await self._store.read("webhook_standing", endpoint_id, list(shows))
        return [view_of(row, Standing) for row in rows]

    async def behind(
        self, endpoint_id: int, slices: Sequence[int], *, after: int, limit: int, probing: bool = False
    ) -> list[int]:
        """Shows with something to tell; ``probing``: also those that wait behind a failed message."""
        rows = await self._store.read("webhook_behind", endpoint_id, list(slices), after, limit, probing)
        return [row["show_id"] for row in rows]

    async def lanes_due(self, slices: Sequence[int]) -> list[tuple[int, int]]:
        """Endpoints and shows whose failed message is to be tried again."""
        rows = await self._store.read("webhook_lanes_due", list(slices), limits.DUE_MAX)
        return [(row["endpoint_id"], row["show_id"]) for row in rows]

    async def letters_due(self, slices: Sequence[int]) -> list[DueLetter]:
        """Letters that are to be sent."""
        rows = await self._store.read("webhook_letters_due", list(slices), limits.DUE_MAX)
        return [view_of(row, DueLetter) for row in rows]

    async def forks_untold(self, slices: Sequence[int]) -> list[UntoldFork]:
        """Forks of which the endpoint must be told."""
        rows = await self._store.read("webhook_forks_untold", list(slices), limits.DUE_MAX)
        return [view_of(row, UntoldFork) for row in rows]

    async def ends(self, shows: Sequence[int]) -> dict[int, Position]:
        """The last events of shows."""
        rows = await self._store.read("webhook_ends", list(shows))
        return {row["show_id"]: Position(row["seq"], row["link"]) for row in rows}

    async def claim_probe(self, endpoint_id: int) -> bool:
        """Takes the next attempt at a broken endpoint; False: another process has it, or it is not yet
        time.
        """
        lease = timedelta(seconds=limits.PROBE_LEASE_S)
        return bool(await self._store.write("claim_probe", endpoint_id, limits.BREAKER_FAILURES, lease))

    async def lane_failed(
        self,
        endpoint_id: int,
        lease: Lease,
        before: int,
        message: Message,
        acknowledged: int,
        answer: Answer,
        *,
        probing: bool,
    ) -> Verdict:
        """A message after the cursor ``before`` has not arrived."""
        told = {
            "before": before,
            "seq": message.first,
            "last_seq": message.end.seq,
            "link": message.end.link.hex(),
            "acknowledged": acknowledged,
        }
        held = {"duty": lease.duty, "slice": lease.slice, "epoch": lease.epoch}
        [row] = await self._store.write(
            "lane_failed",
            message.show_id,
            endpoint_id,
            _json(held),
            _json(told),
            attempt_of(message.id, answer),
            retries.pauses(),
            probing,
        )
        verdict: Verdict = row["verdict"]
        return verdict

    async def letter_failed(
        self, letter: DueLetter, seq: int, message_id: str, answer: Answer, *, probing: bool
    ) -> Verdict:
        """A letter has not arrived from event ``seq`` on."""
        [row] = await self._store.write(
            "letter_failed",
            letter.show_id,
            letter.letter_id,
            seq,
            attempt_of(message_id, answer),
            retries.pauses(),
            probing,
        )
        verdict: Verdict = row["verdict"]
        return verdict

    async def endpoint_failed(self, endpoint_id: int, message: Message, answer: Answer) -> Verdict:
        """A message that is of no lane has not arrived."""
        attempt = attempt_of(message.id, answer)
        await self._store.write("note_attempt", message.show_id, endpoint_id, attempt)
        [row] = await self._store.write("endpoint_failed", endpoint_id, attempt, retries.pauses(), False)
        verdict: Verdict = row["verdict"]
        return verdict

    async def works(self, endpoint_id: int) -> None:
        """A message has arrived after failures."""
        await self._store.write("endpoint_works", endpoint_id, limits.BREAKER_FAILURES)

    async def lane_is_clear(self, show_id: int, endpoint_id: int, seq: int) -> None:
        """Nothing of the show up to event ``seq`` is in trouble."""
        await self._store.write("lane_is_clear", show_id, endpoint_id, seq)

    async def letter_arrived(self, letter: DueLetter, seq: int) -> None:
        """A letter has arrived up to event ``seq``."""
        await self._store.write("letter_arrived", letter.show_id, letter.letter_id, seq)

    async def note_attempt(self, show_id: int, endpoint_id: int, message_id: str, answer: Answer) -> None:
        """Keeps an attempt that is worth to be seen."""
        await self._store.write("note_attempt", show_id, endpoint_id, attempt_of(message_id, answer))

    async def figures(self) -> Mapping[str, int]:
        """How many endpoints are disabled, lanes blocked, letters parked."""
        [row] = await self._store.read("webhook_figures")
        return dict(row)

    async def forget(self) -> None:
        """Deletes what is too old."""
        await self._store.write("forget_webhooks", limits.ATTEMPTS_KEPT_DAYS, limits.FORGOTTEN_MAX)


def attempt_of(message_id: str, answer: Answer) -> str:
    """An attempt as the functions of the database read it."""
    return _json(
        {
            "message_id": message_id,
            "status": answer.status,
            "trouble": answer.trouble,
            "excerpt": answer.excerpt,
            "milliseconds": round(answer.seconds * 1_000),
            "told": answer.told,
            "gone": answer.status == GONE,
            "wait_s": answer.retry_after_s if answer.throttles else None,
            "broken_after": limits.BREAKER_FAILURES,
            "disabled_after_s": limits.DISABLED_AFTER_S,
            "blocked_max_s": limits.LANE_BLOCKED_MAX_S,
        }
    )


def _json(told: dict[str, Any]) -> str:
    return msgspec.json.encode(told).decode()
