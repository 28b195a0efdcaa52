"""The rules of one seat: a seat is free, held until a moment, sold, blocked, or not in the show at all."""

from typing import NamedTuple

from tests.chaos.linearize import NEVER, Action


class Seat(NamedTuple):
    """A seat's state. ``booking`` owns the seat, until ``until_us`` if the seat is held."""

    state: str
    booking: int = 0
    until_us: int = NEVER


FREE, ABSENT, BLOCKED = Seat("free"), Seat("absent"), Seat("blocked")


def boundary(seat: Seat) -> int:
    """The moment at which the seat becomes free by itself."""
    return seat.until_us


def step(seat: Seat, action: Action, moment: int) -> tuple[Seat, int] | None:  # noqa: C901 - a table
    """The seat's state after the action, and the earliest moment of that; None if the rules forbid it."""
    held = seat.state == "held" and moment < seat.until_us
    freed_at = max(moment, seat.until_us) if seat.state == "held" else moment
    may_be_free = seat.state in ("free", "held")
    match action.verb, action.facts:
        case "acquire", (state, booking, until_us):
            fits = may_be_free and freed_at < until_us
            return (Seat(state, booking, until_us), freed_at) if fits else None
        case "confirm", (booking,):
            return (Seat("sold", booking), moment) if held and seat.booking == booking else None
        case "release", (booking,):
            owned = (held or seat.state == "sold") and seat.booking == booking
            return (FREE, moment) if owned else None
        case "block", _:
            return (BLOCKED, freed_at) if may_be_free else None
        case "unblock", _:
            return (FREE, moment) if seat == BLOCKED else None
        case "resize", (inside,):
            return _resize(seat, moment, freed_at, inside=inside)
        case "free", _:
            return (seat, freed_at) if may_be_free else None
        case "seen", (state, booking, exact):
            fits = seat.state == state and seat.booking == booking and (held or not exact or state != "held")
            return (seat, moment) if fits else None
        case "taken", _:
            return (seat, moment) if held or seat.state in ("sold", "blocked") else None
        case "gone", _:
            return (seat, moment) if held or seat.state in ("sold", "blocked", "absent") else None
        case "absent", _:
            return (seat, moment) if seat == ABSENT else None
        case "not blocked", _:
            return (seat, moment) if seat != BLOCKED else None
    raise ValueError(action.verb)


def _resize(seat: Seat, moment: int, freed_at: int, *, inside: bool) -> tuple[Seat, int] | None:
    if inside:
        return (FREE if seat == ABSENT else seat, moment)
    if seat == ABSENT:
        return seat, moment
    return (ABSENT, freed_at) if seat.state in ("free", "held") else None
