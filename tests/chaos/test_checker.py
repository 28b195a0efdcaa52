"""The checker of storms accepts every history that the rules allow, and finds a single false answer."""

import random
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.chaos.checker import check
from tests.support.proof.pretended import Pretended
from tests.support.proof.stories import Story


def wrongs(story: Story) -> list[str]:
    return check(story.history()).violations


def test_what_overlaps_may_have_happened_in_either_order() -> None:
    story = Story()
    story.book(1, 4, 7, [1, 2])
    story.look(2, 3, {2: "sold 7"})  # each seat is judged alone
    story.refuse("book", 2, 3, "seats_taken", seats=[1, 3], taken=[1])
    story.act("cancel", 3.5, 6, 7)
    story.book(5, 6, 8, [1])
    assert wrongs(story) == []


def test_a_hold_may_be_sold_over_once_it_is_over() -> None:
    story = Story()
    story.book(1, 2, 7, [1], hold_s=3)
    story.book(3, 5, 8, [1], user=2)
    story.expire(7)
    assert wrongs(story) == []


def test_a_late_confirm_takes_the_seats_again() -> None:
    story = Story()
    story.book(1, 2, 7, [1, 2], hold_s=2)
    story.expire(7)
    story.late(2.5, 4, 7, 8, [1, 2])
    story.refuse("confirm", 5, 6, "invalid_state", booking=7, state="EXPIRED")
    story.look(7, 8, {1: "sold 8", 2: "sold 8"})
    assert wrongs(story) == []


def test_a_request_without_an_answer_may_take_effect_late() -> None:
    story = Story()
    story.unknown("book", 1, seats=[1])
    story.look(2, 3)
    story.look(4, 5, {1: "sold 7"})
    story.book(1, 2, 7, [1])
    story.operations.pop()  # the booking is in the final list, and no answer named it
    assert wrongs(story) == []


def test_a_request_without_an_answer_may_never_take_effect() -> None:
    story = Story()
    story.book(1, 2, 7, [1])
    story.unknown("cancel", 3, booking=7)
    story.unknown("book", 3, count=2)
    story.unknown("block", 3, seats=[5])
    story.look(5, 6, {1: "sold 7"})
    assert wrongs(story) == []


def test_a_cancel_without_an_answer_may_take_effect_late() -> None:
    story = Story()
    story.book(1, 2, 7, [1])
    story.act("cancel", 3, 4, 7)
    story.operations.pop()
    story.unknown("cancel", 3, booking=7)
    story.look(5, 6, {1: "sold 7"})
    story.book(7, 8, 8, [1])
    assert wrongs(story) == []


def test_a_late_confirm_without_an_answer_may_have_taken_the_seats_again() -> None:
    story = Story()
    story.book(1, 2, 7, [1], hold_s=2)
    story.expire(7)
    story.late(4, 5, 7, 8, [1])
    story.operations.pop()
    story.unknown("confirm", 4, booking=7)
    story.look(6, 7, {1: "sold 8"})
    assert wrongs(story) == []


def test_a_request_for_certain_seats_leaves_the_other_request_to_the_other_booking() -> None:
    story = Story()
    story.book(1, 2, 7, [1])
    story.book(1, 2, 8, [2])
    story.operations.clear()
    story.unknown("book", 1, count=1)
    story.unknown("book", 3, seats=[1])
    assert wrongs(story) == []


def test_a_key_sent_again_is_told_the_same() -> None:
    story = Story()
    story.unknown("book", 1, seats=[1], key="k")
    story.book(3, 4, 7, [1], key="k")
    story.book(5, 6, 7, [1], key="k")
    story.look(2, 2.5, {1: "sold 7"})  # the first try had the effect
    assert wrongs(story) == []


def test_a_key_that_was_done_may_meet_a_busy_server() -> None:
    story = Story()
    story.book(1, 2, 7, [1], key="k")
    story.refuse("book", 3, 4, "timed_out", seats=[1], key="k")
    assert wrongs(story) == []


def test_an_inexact_read_may_show_a_hold_that_is_over() -> None:
    story = Story()
    story.book(1, 2, 7, [1], hold_s=2)
    story.look(4, 5, {1: "held 7"}, exact=False)
    story.expire(7)
    assert wrongs(story) == []


def test_a_show_may_shrink_to_the_seats_in_use_and_grow_again() -> None:
    story = Story()
    story.book(1, 2, 7, [4])
    story.add("resize", 3, 4, total=4)
    story.refuse("book", 5, 6, "seats_outside_show", seats=[4, 5], taken=[5])
    story.refuse("resize", 5, 6, "seats_in_use", total=3, taken=[4])
    story.add("resize", 7, 8, total=5)
    story.book(9, 10, 8, [5])
    assert wrongs(story) == []


def test_blocked_seats_are_given_back_once() -> None:
    story = Story()
    story.house("block", 1, 2, [1, 2])
    story.look(3, 4, {1: "blocked", 2: "blocked"})
    story.house("unblock", 5, 6, [1])
    story.refuse("unblock", 7, 8, "seats_not_blocked", seats=[1, 2], taken=[1])
    assert wrongs(story) == []


def test_a_search_that_takes_too_long_is_told() -> None:
    story = Story()
    for number in range(20):
        story.house("block", 1, 30, [1])
        story.house("unblock", 1.5 + number / 100, 31, [1])
    judgement = check(story.history(), steps_max=50)
    assert judgement.undecided == 1
    assert judgement.violations == ["show 1 seat 1: undecided after 50 steps"]


@given(seed=st.integers(), spread=st.sampled_from((0.1, 0.45, 1.5, 4.0, 9.0)))
def test_whatever_a_sound_box_office_tells_passes(seed: int, spread: float) -> None:
    story = Pretended(random.Random(seed), spread).live(60)
    assert wrongs(story) == []


T = TypeVar("T")


def one_of(candidates: list[T], chance: random.Random) -> T:
    assume(candidates)
    return chance.choice(candidates)


def other_owner(story: Story, chance: random.Random) -> None:
    """A list of seats that shows a seat with an owner that the seat never had."""
    look = one_of([o for o in story.operations if o.told_seats], chance)
    seat = chance.choice(look.told_seats or [])
    seat.state, seat.booking = "sold", 999


def other_seat(story: Story, chance: random.Random) -> None:
    """A refusal that names a free seat, or leaves out a taken one."""
    refusals = [o for o in story.operations if o.refusal and o.refusal.code == "seats_taken"]
    operation = one_of(refusals, chance)
    assert operation.refusal is not None
    seat = chance.choice(operation.seats)
    left = [other for other in operation.refusal.seats if other != seat]
    operation.refusal.seats = left if seat in operation.refusal.seats else [*left, seat]


def lost_in_the_end(story: Story, chance: random.Random) -> None:
    told = [o.told_booking for o in story.operations if o.told_booking]
    del story.finals[one_of(told, chance).id]


def other_end(story: Story, chance: random.Random) -> None:
    """A booking with an end that it cannot have had."""
    booking = one_of([b for b in story.finals.values() if b.status != "PENDING"], chance)
    booking.status = {"CONFIRMED": "FAILED", "FAILED": "CONFIRMED"}.get(booking.status, "CONFIRMED")


@pytest.mark.parametrize("corrupt", [other_owner, other_seat, lost_in_the_end, other_end])
@settings(max_examples=50)
@given(seed=st.integers())
def test_one_false_answer_is_found(corrupt: Callable[[Story, random.Random], None], seed: int) -> None:
    chance = random.Random(seed)
    story = Pretended(chance, 0.1, lost=0).live(120)  # no answer is lost, so a false one shows
    corrupt(story, chance)
    assert wrongs(story) != []
