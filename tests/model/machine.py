"""Commands over HTTP in any order: the answers, the events and the counters are those of the model."""

from base64 import urlsafe_b64encode
from typing import Any, Final, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from boxoffice.vocabulary.views import BookingStatus
from tests.model.both_sides import EXPIRE, HOLD_MAX_S, BothSides, Hall
from tests.model.looks import PATHS, seen_in
from tests.model.reference import Model
from tests.model.site import FROM_A_PAGE, LIFETIME_S, Call, Site
from tests.model.told import ModelBooking, ModelShow, Wish, as_told
from tests.support.engine.box import refused

SMALL_SEATS: Final = 12
BLOCKED_SEATS: Final = 4_085
"""Seats of the large show around the end of a chunk. The others are blocked, so the model is fast."""

SHOWS_MAX: Final = 4

shows = st.sampled_from([0] * 8 + [1] * 8 + [2] * 3 + [-1])
"""The index of a show; -1 stands for a show that does not exist. Users and bookings are chosen alike."""

users = st.sampled_from([0, 1] * 8 + [-1])
bookings = st.sampled_from([*range(8), *range(20), -1])
"""The index of a booking, counted back from the latest."""

keys = st.sampled_from([None] * 6 + list("abcdefghijkl"))
pages = st.booleans()
"""Whether a page of another origin asks: then the server takes the ordinary way, otherwise the short one."""

places = st.lists(st.integers(1, 16), min_size=1, max_size=4, unique=True)
matches = st.sampled_from([None, None, "any", "now", "before"])


class Ending(NamedTuple):
    """A way to end a booking."""

    method: str
    path: str
    status: BookingStatus
    reason: str | None


ENDINGS: Final = (
    Ending("DELETE", "/api/bookings/{}", BookingStatus.CANCELLED, None),
    Ending("POST", "/api/bookings/{}/fail", BookingStatus.FAILED, None),
    Ending("POST", "/api/bookings/{}/fail", BookingStatus.FAILED, "Payment was declined"),
    Ending("POST", "/api/admin/bookings/{}/cancel", BookingStatus.CANCELLED, "The row is wet"),
)

_LABELS: Final[dict[str, dict[str, Any]]] = {
    "labels": {"reference": "season-7", "metadata": {"hall": "A"}},
    "no labels": {"reference": None, "metadata": {}},
}
"""Changes of a show of which its events say nothing."""

_ACTIVE: Final = (BookingStatus.PENDING, BookingStatus.CONFIRMED)
_HELD: Final = (BookingStatus.PENDING,)
_LATE: Final = (BookingStatus.EXPIRED,)
_ENDED: Final = (BookingStatus.EXPIRED, BookingStatus.FAILED, BookingStatus.CANCELLED)


class BookingMachine(RuleBasedStateMachine):
    """Two users, a small show, perhaps a show that is larger than a chunk, and shows that come and go."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._both = BothSides(site)

    @initialize(large=st.booleans(), late=st.booleans())
    def open_shows(self, large: bool, late: bool) -> None:
        """Sell and hold some seats. ``late``: then let the holds run out."""
        self._both.open(SMALL_SEATS)
        before = BLOCKED_SEATS if large else 0
        self._both.open(before + 2 * SMALL_SEATS, before)
        self._both.block_before(self._both.halls[-1])
        # Gaps, so that not every buyer who wants seats next to each other gets them.
        for show, seats in ((0, [3]), (0, [6]), (0, [9, 10]), (1, [10, 12])):
            self.book_these(show, 0, seats, held=len(seats) == 1, counted=False, key=None, page=False)
        self.hold(1, 1, 3, seconds=30, key="first", page=False, labels={"reference": "order-0"})
        if late:
            self.time_passes(HOLD_MAX_S)

    @rule(show=shows, user=users, count=st.integers(1, 7), key=keys, page=pages)
    def book(self, show: int, user: int, count: int, key: str | None, page: bool) -> None:
        self._book(show, Wish(self._both.user(user), count), {"seats_booked": count}, key, page)

    @rule(
        show=shows,
        user=users,
        count=st.integers(1, 5),
        seconds=st.sampled_from([30, 60.0, None]),
        key=keys,
        page=pages,
        labels=st.sampled_from([{}, {"reference": "order-1"}, {"metadata": {"b": "2", "a": "1"}}]),
    )
    def hold(
        self,
        show: int,
        user: int,
        count: int,
        seconds: float | None,
        key: str | None,
        page: bool,
        labels: dict[str, Any],
    ) -> None:
        wish = Wish(self._both.user(user), count, hold=seconds or HOLD_MAX_S, **labels)
        given = {"seats_booked": count, "status": "PENDING"} | labels
        self._book(show, wish, given | ({"hold_seconds": seconds} if seconds else {}), key, page)

    @rule(show=shows, user=users, chosen=places, held=st.booleans(), counted=pages, key=keys, page=pages)
    def book_these(
        self, show: int, user: int, chosen: list[int], held: bool, counted: bool, key: str | None, page: bool
    ) -> None:
        seats = self._both.hall(show).seats(chosen)
        wish = Wish(self._both.user(user), len(seats), tuple(seats), HOLD_MAX_S if held else None)
        given: dict[str, Any] = {"seat_numbers": seats, "status": "PENDING" if held else "CONFIRMED"}
        self._book(show, wish, given | ({"seats_booked": len(seats)} if counted else {}), key, page)

    @rule(which=bookings, late=st.booleans(), key=keys, page=pages)
    def confirm(self, which: int, late: bool, key: str | None, page: bool) -> None:
        hall, booking_id = self._both.booking(which, _LATE if late else ())
        call = Call(method="POST", path=f"/api/bookings/{booking_id}/confirm", kind=ModelBooking)
        self._both.ask(_from(page, call), lambda: hall.model.confirm(booking_id, "retake", key), hall, key)

    @rule(
        which=bookings,
        held=st.sampled_from([True] * 5 + [False]),
        seconds=st.sampled_from([30, 90.0, None]),
        waits=st.lists(st.sampled_from([0.0, 30.0, 30.0]), min_size=1, max_size=3),
        key=keys,
    )
    def extend(
        self, which: int, held: bool, seconds: float | None, waits: list[float], key: str | None
    ) -> None:
        """Extend a hold once or more often, with pauses, so that it reaches its longest lifetime."""
        hall, booking_id = self._both.booking(which, _HELD if held else ())
        call = Call(
            method="POST",
            path=f"/api/bookings/{booking_id}/extend",
            body={"hold_seconds": seconds} if seconds else None,
            kind=ModelBooking,
        )
        asked = seconds or HOLD_MAX_S
        for wait in waits:
            self.time_passes(wait)
            self._both.ask(call, lambda: hall.model.extend(booking_id, asked, LIFETIME_S, key), hall, key)

    @rule(which=bookings, ended=st.booleans(), how=st.sampled_from(ENDINGS), key=keys, page=pages)
    def end(self, which: int, ended: bool, how: Ending, key: str | None, page: bool) -> None:
        hall, booking_id = self._both.booking(which, _ENDED if ended else _ACTIVE)
        call = Call(
            method=how.method,
            path=how.path.format(booking_id),
            body={"reason": how.reason} if how.reason else None,
            kind=ModelBooking,
        )
        self._both.ask(
            _from(page, call),
            lambda: hall.model.end(booking_id, how.status, how.reason, key),
            hall,
            key,
        )

    @rule(
        which=bookings,
        ended=st.sampled_from([False] * 4 + [True]),
        how_many=st.integers(1, 4),
        other=st.sampled_from([None] * 4 + [1, 12]),
        key=keys,
    )
    def give_back(self, which: int, ended: bool, how_many: int, other: int | None, key: str | None) -> None:
        """Returns some seats of a booking, or all; with ``other`` a seat that is perhaps another's, too."""
        hall, booking_id = self._both.booking(which, _ENDED if ended else _ACTIVE)
        known = hall.model.bookings.get(booking_id)
        seats = (known.seats or known.released_seats)[-how_many:] if known else [1]
        seats = sorted({*seats, *(hall.seats([other]) if other else [])})
        call = Call(
            method="POST",
            path=f"/api/bookings/{booking_id}/return",
            body={"seat_numbers": seats},
            kind=ModelBooking,
        )
        self._both.ask(call, lambda: hall.model.give_back(booking_id, seats, key), hall, key)

    @rule(show=shows, chosen=places, key=keys, what=st.sampled_from(["block", "unblock", "unblock blocked"]))
    def house(self, show: int, chosen: list[int], key: str | None, what: str) -> None:
        """Blocks seats, unblocks any seats, or those of them that are blocked."""
        hall = self._both.hall(show)
        seats = hall.seats(chosen)
        if what == "block":
            self._both.house(hall, "block", seats, "Camera", key)
            return
        if what == "unblock blocked":
            seats = [seat for seat in seats if hall.model.state(seat) == "blocked"] or seats
        self._both.house(hall, "unblock", seats, None, key)

    @rule(
        show=shows,
        place=st.integers(1, 30),
        name=st.sampled_from([None, None, "Hamlet", "Faust", *_LABELS]),
        key=keys,
        match=matches,
    )
    def update(self, show: int, place: int, name: str | None, key: str | None, match: str | None) -> None:
        """Gives a show another name and type, reference and metadata, or else another size."""
        hall = self._both.hall(show)
        changes = (
            _LABELS.get(name, {"name": name, "show_type": name.lower()})
            if name
            else {"total_seats": hall.seats([place])[0]}
        )
        headers, seq = _if_match(hall.model, match)
        call = Call(method="PUT", path=f"/api/shows/{hall.id}", body=changes, headers=headers, kind=ModelShow)
        self._both.ask(call, lambda: hall.model.update(changes, seq, key), hall, key)

    @rule(show=st.sampled_from([-1, 0, 1, 2, 2, 2, 3, 3]), key=keys, match=matches)
    def delete_show(self, show: int, key: str | None, match: str | None) -> None:
        hall = self._both.hall(show)
        headers, seq = _if_match(hall.model, match)
        call = Call(method="DELETE", path=f"/api/shows/{hall.id}", headers=headers, kind=ModelShow)
        self._both.ask(call, lambda: hall.model.delete(seq, key), hall, key)

    @precondition(lambda self: len(self._both.halls) < SHOWS_MAX)
    @rule(seats=st.integers(1, SMALL_SEATS), key=keys)
    def open_another(self, seats: int, key: str | None) -> None:
        self._both.open(seats, key=key)

    @rule(seconds=st.sampled_from([1.0, 30.0, 30.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self._both.time_passes(seconds)

    @rule()
    def end_what_ran_out(self) -> None:
        self._both.ask(EXPIRE, self._both.expire_all, None)

    @rule(back=st.integers(0, 20), keyed=st.booleans(), page=pages)
    def ask_again(self, back: int, keyed: bool, page: bool) -> None:
        """Send the very same command again, with its key if it had one, by the same way or the other."""
        self._both.ask_again(back, keyed=keyed, page=page)

    @rule(show=shows, path=st.sampled_from(PATHS))
    def look_at_a_show(self, show: int, path: str) -> None:
        """An exact look ends the holds that have run out."""
        hall = self._both.hall(show)
        hall.model.expire()
        exact = f"/api/shows/{hall.id}{path}{'&' if '?' in path else '?'}consistent=true"
        self._both.look(exact, seen_in(hall.model, path), None if path else ModelShow, hall)

    @rule(show=shows)
    def look_at_the_seats(self, show: int) -> None:
        hall = self._both.hall(show)
        hall.model.expire()
        cursor = urlsafe_b64encode(b"%d" % hall.before).decode().rstrip("=")
        self._both.look(
            f"/api/admin/shows/{hall.id}/seats?consistent=true&cursor={cursor}",
            refused("show_not_found") if hall.model.deleted else _seats_after(hall),
            hall=hall,
            short=lambda seats: [(seat["seat_number"], seat["state"], seat["booking_id"]) for seat in seats],
        )

    @rule(which=bookings)
    def look_at_a_booking(self, which: int) -> None:
        hall, booking_id = self._both.booking(which)
        hall.model.expire()
        booking = hall.model.bookings.get(booking_id)
        self._both.look(
            f"/api/bookings/{booking_id}?consistent=true",
            (booking, hall.model.show().name, booking.user_id, hall.model.successor(booking))
            if booking
            else refused("booking_not_found"),
            hall=hall,
            short=_booking_and_names,
        )

    @rule(show=st.sampled_from([0, 1]))
    def glance(self, show: int) -> None:
        """Check a read that may be a moment old: it was true once."""
        self._both.glance(self._both.hall(show))

    @invariant()
    def events_and_sums_are_those_of_the_model(self) -> None:
        self._both.compare()

    def teardown(self) -> None:
        if self._both.agreed:
            self._both.end()

    def _book(self, show: int, wish: Wish, given: dict[str, Any], key: str | None, page: bool) -> None:
        hall = self._both.hall(show)
        body = {"show_id": hall.id, "user_id": wish.user_id} | given
        call = Call(method="POST", path="/api/bookings", body=body, status=201, kind=ModelBooking)
        self._both.ask(_from(page, call), lambda: hall.model.book(wish, key), hall, key)


def compare(site: Site, *, examples: int, steps: int = 50, seed: int | None = None) -> None:
    """Let Hypothesis look for a difference. The notes of the error have the shortest example.

    With ``seed`` Hypothesis makes the same choices again; without, it begins with the last failure.
    """

    def machine() -> BookingMachine:
        return BookingMachine(site)

    chosen = settings(
        settings() if seed is None else settings(database=None),
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    factory: Any = machine if seed is None else with_seed(seed)(machine)
    run_state_machine_as_test(factory, settings=chosen)


def _from(page: bool, call: Call) -> Call:
    return replace(call, headers=call.headers | FROM_A_PAGE) if page else call


def _if_match(model: Model, match: str | None) -> tuple[dict[str, str], int | None]:
    """The header If-Match and the version that it asks for."""
    if match is None or match == "any":
        return {"If-Match": "*"} if match else {}, None
    seq = len(model.events) - (match == "before")
    return {"If-Match": f'"{seq}"'}, seq


def _seats_after(hall: Hall) -> list[tuple[int, str, int | None]]:
    model = hall.model
    return [
        (seat, model.state(seat), model.owners.get(seat) or None)
        for seat in range(hall.before + 1, model.show().total_seats + 1)
    ]


def _booking_and_names(told: dict[str, Any]) -> tuple[ModelBooking, str, int, int | None]:
    name, user, successor = told.pop("show_name"), told.pop("user"), told.pop("retaken_by")
    del told["show_start_time"]
    return as_told(ModelBooking, told), name, user["id"], successor
