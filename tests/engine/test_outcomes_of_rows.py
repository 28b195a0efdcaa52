"""Rows as outcomes: each command, a domain's too, names the type that its row is read as."""

from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import pytest

from boxoffice.engine.outcomes_of_rows import to_outcome
from boxoffice.vocabulary import commands
from boxoffice.vocabulary.commands import (
    BlockSeats,
    Command,
    CreateUser,
    ExpireHolds,
    ShowCommand,
    UpdateShow,
)
from boxoffice.vocabulary.outcomes import Done, HoldsExpired, Refused, SeatsDone, ShowDone, UserDone
from boxoffice.vocabulary.views import Show, User

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SHOW = Show(7, "Movie", NOW, 10, 9, "movie", NOW, NOW, 2)
USER = User(3, "Ada", "ada@example.com", True, NOW, NOW)
COMMANDS = [
    kind
    for kind in vars(commands).values()
    if isinstance(kind, type) and issubclass(kind, Command) and kind not in (Command, ShowCommand)
]


class Rung(Done, frozen=True):
    """A made-up outcome of a domain: the bell that calls the audience to their seats."""

    times: int
    by: str | None = None


class RingBell(ShowCommand[Rung], frozen=True, kw_only=True, tag="ring_bell"):
    """A made-up command."""

    done = Rung


BELL = RingBell(actor="me", show_id=7)


def row(code: str = "done", *, replayed: bool = False, details: object = None, **columns: object) -> Any:
    """A row as the database gives it."""
    text = None if details is None else msgspec.json.encode(details).decode()
    return {"code": code, "replayed": replayed, "details": text} | columns


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_names_its_outcome_as_its_type_does(kind: type[Command[Any]]) -> None:
    [base] = [base for base in vars(kind)["__orig_bases__"] if get_args(base)]
    assert get_args(base) == (kind.done,)


@pytest.mark.parametrize("replayed", [False, True])
def test_what_is_done_is_read_as_the_command_says(replayed: bool) -> None:
    user = {"user": USER, "created": True}
    for command, answer, expected in (
        (ExpireHolds(actor="me", show_id=7), {"expired_count": 3}, HoldsExpired(3, replayed=replayed)),
        (
            CreateUser(actor="me", name="a", email="a@b.c"),
            user,
            UserDone(USER, created=True, replayed=replayed),
        ),
        (UpdateShow(actor="me", show_id=7), SHOW, ShowDone(SHOW, replayed=replayed)),
        (BELL, {"times": 3}, Rung(3, replayed=replayed)),
    ):
        assert to_outcome(command, row(replayed=replayed, details=answer)) == expected


def test_seats_are_told_in_a_column_and_their_show_by_the_command() -> None:
    block = BlockSeats(actor="me", show_id=7, seat_numbers=(4,), reason="house")
    assert to_outcome(block, row(places=[4], replayed=True)) == SeatsDone(7, [4], replayed=True)


@pytest.mark.parametrize(("code", "details"), [("seats_taken", {"seats": [4]}), ("bell_is_broken", {})])
def test_a_refusal_is_told_whatever_its_code(code: str, details: dict[str, Any]) -> None:
    assert to_outcome(BELL, row(code, details=details or None)) == Refused(code, details)


def test_a_command_leaves_one_event_unless_its_outcome_says_more() -> None:
    assert (Rung(3).event_count, HoldsExpired(3).event_count) == (1, 3)


def test_an_answer_that_is_not_what_the_command_names_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        to_outcome(BELL, row(details={"loud": True}))
