"""The rules of caps once more, in plain Python: what one user may have and make, in which shows it counts."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from boxoffice.vocabulary.commands import Caps
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.vocabulary.views import BookingStatus
from tests.support.engine.box import refused


class Made(Struct):
    """A booking that counts. ``counts_in``: the only shows in which; None: all."""

    show_id: int
    user_id: int
    began: datetime
    ends: datetime | None
    counts_in: tuple[int, ...] | None
    status: BookingStatus
    ended: datetime | None = None
    bought_late: bool = False

    def active(self, now: datetime) -> bool:
        """Whether the booking keeps its seats."""
        if self.status is BookingStatus.PENDING:
            return self.ends is not None and self.ends > now
        return self.status is BookingStatus.CONFIRMED

    def held(self, now: datetime) -> bool:
        """Whether the booking is a hold that keeps its seats."""
        return self.status is BookingStatus.PENDING and self.active(now)

    def unsold_at(self, now: datetime) -> datetime | None:
        """When a hold ended that was not bought; None: it was bought, or has not ended."""
        if self.ends is None or self.bought_late or self.active(now):
            return None
        return self.ended or self.ends


class CapModel:
    """All bookings that count, of all users in all shows."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.made: dict[int, Made] = {}

    def refusal(self, show_id: int, user_id: int, caps: Caps, *, hold: bool) -> Refused | None:
        """Why the user may not book in the show, or None."""
        here = [made for made in self._of(user_id) if made.show_id == show_id]
        bookings = sum(made.active(self.now) for made in here)
        if bookings >= caps.bookings_per_show_max:
            return refused("too_many_bookings", limit=caps.bookings_per_show_max, active=bookings)
        window = timedelta(seconds=caps.made_seconds)
        lately = sorted(made.began for made in here if made.began > self.now - window)
        if len(lately) >= caps.made_max:
            left = self._left(lately[len(lately) - caps.made_max] + window)
            return refused(
                "too_many_bookings_made", limit=caps.made_max, made=len(lately), retry_after_s=left
            )
        return self._refusal_of_hold(show_id, user_id, caps, here) if hold else None

    def _refusal_of_hold(self, show_id: int, user_id: int, caps: Caps, here: list[Made]) -> Refused | None:
        holds = sum(made.held(self.now) for made in here)
        if holds >= caps.holds_per_show_max:
            return refused("too_many_holds", limit=caps.holds_per_show_max, active=holds, scope="show")
        holds += sum(self._counts_from_elsewhere(made, show_id, caps) for made in self._of(user_id))
        if holds >= caps.holds_max:
            return refused("too_many_holds", limit=caps.holds_max, active=holds, scope="all")
        free_at = max((self._free_at(made, caps) for made in here), default=self.now)
        if free_at > self.now:
            return refused("hold_cooldown", retry_after_s=self._left(free_at))
        return None

    def _counts_from_elsewhere(self, made: Made, show_id: int, caps: Caps) -> bool:
        """Whether a hold in another show counts for a command in this show."""
        return (
            made.show_id != show_id
            and made.held(self.now)
            and (made.counts_in is None or show_id in made.counts_in)
            and (caps.within is None or made.show_id in caps.within)
        )

    def _free_at(self, made: Made, caps: Caps) -> datetime:
        ended = made.unsold_at(self.now)
        if ended is None:
            return self.now
        return ended + (ended - made.began) * (caps.cooldown_seconds / caps.hold_seconds_max)

    def _of(self, user_id: int) -> Iterator[Made]:
        return (made for made in self.made.values() if made.user_id == user_id)

    def _left(self, free_at: datetime) -> float:
        return round((free_at - self.now).total_seconds(), 3)
