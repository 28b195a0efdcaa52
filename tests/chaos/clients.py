"""The clients of a storm. Each sends one request at a time, and records the answer."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from tests.chaos.asking import Asker, Lost, NotSent, ending
from tests.chaos.history import EFFECTS, Kind, Operation

KEYED: Final = 0.8
"""The share of changes that are sent with an Idempotency-Key."""

HOT: Final = 0.5
"""The share of operations that go to the hot show."""

BOUND: Final = 0.5
"""The share of clients that stay with one server as long as that server answers."""

AGAIN: Final = 0.04
"""The share of operations that repeat the client's last request with a key."""

BOOKINGS_KNOWN_MAX: Final = 200
"""How many of the latest bookings the clients choose from. They are few, so that clients meet at one
booking."""

_WEIGHTS: Final[dict[str, int]] = {
    "book": 12,
    "book these": 14,
    "hold": 24,
    "confirm": 14,
    "cancel": 16,
    "fail": 5,
    "block": 3,
    "unblock": 3,
    "resize": 1,
    "seats": 5,
    "stats": 8,
    "show": 5,
    "booking": 4,
}


class Recorder:
    """A list of all operations, which numbers their beginnings and ends."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._order = 0

    def begin(self, operation: Operation) -> Operation:
        """Add the operation; it begins now."""
        self._order += 1
        begun = replace(
            operation,
            number=len(self.operations) + 1,
            began_us=time.time_ns() // 1_000,
            began_order=self._order,
        )
        self.operations.append(begun)
        return begun

    def end(self, operation: Operation) -> None:
        """Record that the operation ends now, or ends a second time after a repeated request."""
        self._order += 1
        operation.ended_us = time.time_ns() // 1_000 + 1  # the division rounds down
        operation.ended_order = self._order


class Hall:
    """The state that all clients share: the shows, the hot one first, and the latest bookings."""

    def __init__(self, shows: Sequence[tuple[int, int]]) -> None:
        self.shows = list(shows)
        self.bookings: deque[tuple[int, int]] = deque(maxlen=BOOKINGS_KNOWN_MAX)
        self.hot_bookings: deque[tuple[int, int]] = deque(maxlen=BOOKINGS_KNOWN_MAX // 5)

    def note(self, operation: Operation) -> None:
        """Remember the booking that an answer named."""
        booking = operation.told_booking
        if booking is not None and operation.kind in ("book", "confirm"):
            hot = booking.show == self.shows[0][0]
            (self.hot_bookings if hot else self.bookings).append((booking.show, booking.id))


class Client:
    """One client with its own user. ``server``: the server that it prefers, if any."""

    def __init__(
        self, number: int, user: int, asker: Asker, servers: int, hall: Hall, recorder: Recorder, seed: int
    ) -> None:
        self._number, self._user, self._servers = number, user, servers
        self._asker, self._hall, self._recorder = asker, hall, recorder
        self._random = random.Random(f"{seed} {number}")
        self._home = number % servers if self._random.random() < BOUND else None
        self._keys = f"{seed}-{number}"
        self._last: Operation | None = None

    async def work(self, going_on: Callable[[], bool]) -> None:
        """Send one operation after another until the storm is over."""
        while going_on():
            operation = self._choice()
            if operation is None:
                await asyncio.sleep(0)
                continue
            await self._ask(self._recorder.begin(operation))
            if operation.key:
                self._last = operation

    async def _ask(self, operation: Operation) -> None:
        server = self._home if self._home is not None else self._random.randrange(self._servers)
        for following in range(self._servers):
            try:
                answer = await self._asker.ask((server + following) % self._servers, operation)
            except NotSent:
                continue
            except Lost:
                break
            ending(operation, *answer)
            self._recorder.end(operation)
            self._hall.note(operation)
            break
        else:
            operation.outcome = "fail"  # the request was never sent
            self._recorder.end(operation)

    def _choice(self) -> Operation | None:
        if self._last is not None and self._random.random() < AGAIN:
            return self._last
        hot = self._random.random() < HOT
        show, total = self._hall.shows[0] if hot else self._random.choice(self._hall.shows[1:])
        [what] = self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        operation = Operation(0, self._number, self._user, "book", show, 0, 0)
        if what in ("confirm", "cancel", "fail", "booking"):
            return self._about_a_booking(operation, _kind(what), hot=hot)
        self._fill(operation, what, total)
        return self._keyed(operation)

    def _about_a_booking(self, operation: Operation, kind: Kind, *, hot: bool) -> Operation | None:
        known = self._hall.hot_bookings if hot else self._hall.bookings
        if not known:
            return None
        operation.kind = kind
        operation.show, operation.booking = self._random.choice(known)
        operation.consistent = kind == "booking" and self._random.random() < 0.5
        return self._keyed(operation)

    def _fill(self, operation: Operation, what: str, total: int) -> None:
        chance = self._random
        match what:
            case "book":
                operation.count = chance.choice((1, 1, 2, 3, 4))
            case "book these":
                operation.seats = self._some_seats(total)
            case "hold":
                operation.hold_s = chance.choice((0.3, 0.5, 1.0, 2.0, 30.0, 60.0))
                if chance.random() < 0.5:
                    operation.seats = self._some_seats(total)
                else:
                    operation.count = chance.choice((1, 2, 3))
            case "block" | "unblock":
                operation.kind, operation.seats = _kind(what), self._some_seats(total)[:2]
            case "resize":
                operation.kind, operation.total = "resize", total + chance.randrange(-2, 4)
            case _:
                operation.kind = _kind(what)
                operation.consistent = chance.random() < 0.7

    def _some_seats(self, total: int) -> list[int]:
        first = self._random.randint(1, total)
        return [seat for seat in range(first, first + self._random.choice((1, 2, 3))) if seat <= total]

    def _keyed(self, operation: Operation) -> Operation:
        if operation.kind in EFFECTS and self._random.random() < KEYED:
            operation.key = f"{self._keys}-{self._random.getrandbits(40):x}"
        return operation


async def ask_at_last(operation: Operation, asker: Asker, recorder: Recorder, *, wait_max_s: float) -> bool:
    """Send the operation, or repeat it with its key, after all faults; whether its outcome is known now."""
    try:
        answer = await asker.ask(0, operation, wait_max_s=wait_max_s)
    except (Lost, NotSent):
        return False
    ending(operation, *answer)
    recorder.end(operation)
    return operation.outcome != "info"


def _kind(what: str) -> Kind:
    kind: Kind = msgspec.convert(what, Kind)
    return kind
