"""The states of a show's places, as watchers see them: one byte a place here, two bits on the wire."""

from collections.abc import Iterable
from typing import Final, NamedTuple

FREE: Final = 0
"""The state of a place that can be booked."""

TAKEN: Final = 1
"""The state of a place that is held or sold."""

BLOCKED: Final = 2
"""The state of a place that the house keeps."""

NOT_FOR_YOU: Final = 3
"""Reserved: the state of a place that is free, and not for this watcher. No show has such a place yet."""

_BITS: Final = 2
_PER_BYTE: Final = 4

EFFECTS: Final[dict[str, int | None]] = {
    **dict.fromkeys(("booked", "held", "extended", "confirmed"), TAKEN),
    **dict.fromkeys(("returned", "failed", "expired", "cancelled", "unblocked"), FREE),
    "blocked": BLOCKED,
    **dict.fromkeys(("show_created", "show_updated", "show_deleted", "show_archived"), None),
}
"""The state of an event's places after it, by the event's kind; None: the event is about no places. A test
compares this table with ``event_kinds``."""

Run = tuple[int, int]


class Runs(NamedTuple):
    """Places by their state, as runs: the first and the last place of each."""

    taken: list[Run]
    free: list[Run]
    blocked: list[Run]


class SeatStates:
    """The working map of a show. ``available``: how many places are free."""

    __slots__ = ("_states", "available")

    def __init__(self, states: bytearray) -> None:
        self._states = states
        self.available = states.count(FREE)

    @classmethod
    def of(cls, taken: str, blocked: Iterable[int]) -> "SeatStates":
        """The map of which ``taken`` has '0' or '1' for each place, and ``blocked`` those of the house."""
        states = bytearray(taken.encode().translate(_STATE_OF_DIGIT))
        for place in blocked:
            states[place - 1] = BLOCKED
        return cls(states)

    @property
    def total(self) -> int:
        """How many places the show has."""
        return len(self._states)

    def set(self, places: Iterable[int], state: int) -> list[int]:
        """Sets the state of these places, and returns those that had another. What is beyond the last place
        is passed over.
        """
        states, total = self._states, len(self._states)
        changed = [place for place in places if 0 < place <= total and states[place - 1] != state]
        for place in changed:
            self.available += (state == FREE) - (states[place - 1] == FREE)
            states[place - 1] = state
        return changed

    def resize(self, total: int) -> range:
        """Makes it the map of ``total`` places; new places are free. Returns the new places."""
        before = len(self._states)
        if total < before:
            self.available -= self._states.count(FREE, total)
            del self._states[total:]
        else:
            self._states.extend(bytes(total - before))
            self.available += total - before
        return range(before + 1, total + 1)

    def packed(self) -> bytes:
        """Two bits a place: place 1 in the two lowest bits of the first byte, place 5 in those of the second.

        The sums are of whole numbers, because four slices are packed faster than a million places.
        """
        length = -(-len(self._states) // _PER_BYTE)
        slices = (self._states[first::_PER_BYTE] for first in range(_PER_BYTE))
        numbers = (int.from_bytes(part, "little") << _BITS * no for no, part in enumerate(slices))
        return sum(numbers).to_bytes(length, "little")

    def runs(self, places: Iterable[int]) -> Runs:
        """These places by the state that they have now; a place that the show no longer has is left out."""
        states, total = self._states, len(self._states)
        told = Runs([], [], [])
        lists: Final = (told.free, told.taken, told.blocked)
        first, last, state = 0, -1, FREE
        for place in sorted(places):
            if place > total or place == last:
                continue
            now = states[place - 1]
            if place == last + 1 and now == state:
                last = place
                continue
            if first:
                lists[state].append((first, last))
            first = last = place
            state = now
        if first:
            lists[state].append((first, last))
        return told


_STATE_OF_DIGIT: Final = bytes.maketrans(b"01", bytes((FREE, TAKEN)))
