"""The shows and users of one example, on both sides: the server's and the model's."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from boxoffice.vocabulary.outcomes import Refused
from boxoffice.vocabulary.views import BookingStatus
from tests.model.looks import seen_in
from tests.model.reference import Answer, Model
from tests.model.site import FROM_A_PAGE, KEY, Call, Site
from tests.model.told import ModelEvent, ModelSeats, ModelShow, Replayed, Told, as_told
from tests.support.engine.box import START, refused

ACTOR: Final = "anonymous"
HOLD_MAX_S: Final = 120.0
"""Seconds of the longest hold, which is the default, too: two minutes, as the server's settings have it."""

EXPIRE: Final = Call(method="POST", path="/api/bookings/expire-old")
BLOCKED_AT_ONCE: Final = 1_000
UNKNOWN_SHOW: Final = 2**29 - 1
UNKNOWN_USER: Final = 2**53 - 1


class Hall(NamedTuple):
    """A show, and the number of the last seat before those that this example uses."""

    model: Model
    before: int

    @property
    def id(self) -> int:
        """The show's id."""
        return self.model.show().id

    def seats(self, places: Sequence[int]) -> list[int]:
        """The numbers of the seats at these positions, which count from 1."""
        return [self.before + place for place in places]


class Asked(NamedTuple):
    """An HTTP call, the same command to the model, and the show that may change; None: any show may."""

    call: Call
    model: Callable[[], Answer]
    hall: Hall | None


class BothSides:
    """Sends each command to the server and to the model, and compares the answers."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.clear()
        self.halls: list[Hall] = []
        self.asked: list[Asked] = []
        self.agreed = True  # whether the two sides have agreed in everything until now
        self._users = [self._register("ada"), self._register("bob")]
        self._nowhere = Hall(Model(UNKNOWN_SHOW, 1, site.now, actor=ACTOR), 0)
        self._nowhere.model.deleted = True
        self._opened: dict[str, tuple[object, ModelShow]] = {}
        self._touched: list[Hall] = []
        self._seen: dict[int, int] = {}
        self._versions: dict[int, list[ModelShow]] = {}

    def hall(self, index: int) -> Hall:
        """One of the shows; for a negative index a show that does not exist."""
        return self.halls[index % len(self.halls)] if index >= 0 else self._nowhere

    def user(self, index: int) -> int:
        """The id of one of the users; for a negative index a user that does not exist."""
        return self._users[index] if index >= 0 else UNKNOWN_USER

    def booking(self, back: int, among: Collection[BookingStatus] = ()) -> tuple[Hall, int]:
        """A booking, counted back from the latest, and its show; for -1 a booking that does not exist.

        ``among``: only bookings in these states are counted, if there are any.
        """
        if back < 0:
            return self._nowhere, (self._nowhere.id << 24) + 1
        known = [(hall, booking) for hall in self.halls for booking in hall.model.bookings.values()]
        known = [one for one in known if one[1].status in among] or known
        known.sort(key=lambda one: (one[1].created_at, one[1].id))
        hall, booking = known[-1 - back % len(known)]
        return hall, booking.id

    def ask(self, call: Call, model: Callable[[], Answer], hall: Hall | None, key: str | None = None) -> None:
        """Send the command to both sides. ``hall``: the only show that it may change; None: any show."""
        self.asked.append(Asked(_keyed(call, key), model, hall))
        self._ask(self.asked[-1])

    def ask_again(self, back: int, *, keyed: bool, page: bool) -> None:
        """Send an earlier command again, with its key. ``keyed``: only a command that had a key."""
        asked = [asked for asked in self.asked if KEY in asked.call.headers or not keyed]
        call, model, hall = asked[-1 - back % len(asked)]
        headers = {name: text for name, text in call.headers.items() if name not in FROM_A_PAGE}
        call = replace(call, headers=headers | (FROM_A_PAGE if page else {}))
        self._ask(Asked(call, model, hall))

    def end(self) -> None:
        """Let all holds run out; then ``verify`` must find nothing."""
        self.time_passes(HOLD_MAX_S)
        self.ask(EXPIRE, self.expire_all, None)
        self.compare()
        violations = self.site.violations()
        assert violations == {}, violations

    def same(self, call: Call, told: Answer, expected: Answer) -> None:
        """Check that both sides gave the same answer."""
        self.agreed = told == expected
        if not self.agreed:
            raise AssertionError(f"{call}\n  the server: {told}\n  the model:  {expected}")

    def look(
        self,
        path: str,
        expected: Answer,
        kind: type[Told] | None = None,
        hall: Hall | None = None,
        short: Callable[[Any], Answer] | None = None,
    ) -> None:
        """Check that a read gives what the model has. ``short`` picks what is compared from the answer."""
        call = Call(method="GET", path=path, kind=kind)
        told = self._told(call)
        if short is not None and not isinstance(told, Refused):
            told = short(told)
        self.same(call, told, expected)
        self._touched += [hall] if hall else []

    def glance(self, hall: Hall) -> None:
        """Check a read that may come from a kept answer: it may be old, but must have been true once."""
        call = Call(method="GET", path=f"/api/shows/{hall.id}", kind=ModelShow)
        told = self._told(call)
        gone = hall.model.deleted and told == refused("show_not_found")
        known = self._versions[hall.id]
        self.same(call, told, told if gone or told in known else known[-1])

    def open(self, seats: int, before: int = 0, key: str | None = None) -> None:
        """Open a new show on both sides."""
        body = {"name": "Movie", "start_time": START.isoformat(), "total_seats": seats, "show_type": "show"}
        call = Call(method="POST", path="/api/shows", body=body, status=201, kind=ModelShow)
        call = _keyed(call, key)
        told = self._told(call)
        if key in self._opened:
            asked, first = self._opened[key]
            self.same(call, told, Replayed(first) if asked == seats else refused("idempotency_key_reused"))
            return
        hall = Hall(Model(getattr(told, "id", 0), seats, self.site.now, actor=ACTOR), before)
        self.same(call, told, hall.model.show())
        hall.model.users = self._users
        self.halls.append(hall)
        self._touched.append(hall)
        if key is not None:
            self._opened[key] = seats, told

    def block_before(self, hall: Hall) -> None:
        """Block the seats before those that the example uses."""
        for first in range(1, hall.before + 1, BLOCKED_AT_ONCE):
            seats = list(range(first, min(first + BLOCKED_AT_ONCE, hall.before + 1)))
            self.house(hall, "block", seats, "Not built yet", None)

    def house(self, hall: Hall, what: str, seats: list[int], reason: str | None, key: str | None) -> None:
        """Blocks or unblocks seats."""
        path = f"/api/admin/shows/{hall.id}/seats/{what}"
        body: dict[str, Any] = {"seat_numbers": seats} | ({"reason": reason} if reason else {})
        call = Call(method="POST", path=path, body=body, kind=ModelSeats)
        act = hall.model.block if what == "block" else hall.model.unblock
        self.ask(call, lambda: act(seats, reason, key), hall, key)

    def compare(self) -> None:
        """Compare the events and counters of the shows that may have changed, without ending any hold."""
        for hall in {hall.id: hall for hall in self._touched if hall is not self._nowhere}.values():
            self._compare_events(hall)
            self.look(f"/api/shows/{hall.id}/stats?consistent=false", seen_in(hall.model, "/stats"))
            self._versions.setdefault(hall.id, []).append(hall.model.show())
        self._touched.clear()

    def time_passes(self, seconds: float) -> None:
        """Moves both clocks on."""
        self.site.advance(seconds)
        for hall in self.halls:
            hall.model.now = self.site.now

    def expire_all(self) -> dict[str, int]:
        """The model's answer to a command that ends the holds that have run out."""
        return {"expired_count": sum(hall.model.expire() for hall in self.halls)}

    def _ask(self, asked: Asked) -> None:
        told = self._told(asked.call)
        self.same(asked.call, told, asked.model())
        self._touched += self.halls if asked.hall is None else [asked.hall]

    def _told(self, call: Call) -> Answer:
        self.agreed = False  # until the answer is known to keep the contract
        told = self.site.ask(call)
        self.agreed = True
        return told

    def _compare_events(self, hall: Hall) -> None:
        seen = self._seen.get(hall.id, 0)
        call = Call(method="GET", path=f"/api/shows/{hall.id}/changes?after={seen}")
        told = [as_told(ModelEvent, event) for event in self._told(call)]
        self.same(call, told, hall.model.events[seen:])
        self._seen[hall.id] = len(hall.model.events)

    def _register(self, name: str) -> int:
        body = {"name": name, "email": f"{name}@example.com"}
        told = self.site.ask(Call(method="POST", path="/api/users", body=body, status=201))
        user_id: int = told["id"]
        return user_id


def _keyed(call: Call, key: str | None) -> Call:
    return call if key is None else replace(call, headers=call.headers | {KEY: key})
