"""Broken promises that need no search for an order, each in a history of a few lines."""

from collections.abc import Callable

import pytest

from tests.chaos.checker import check
from tests.support.proof.stories import Story


def double_sale(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.book(3, 4, 8, [1], user=2)
    return "double sale: show 1 seat 1 has bookings 7 and 8"


def lost_booking(story: Story) -> str:
    story.book(1, 2, 7, [1])
    del story.finals[7]
    return "lost: show 1 has no booking 7"


def version_that_goes_back(story: Story) -> str:
    story.count(1, 2, 5, 5, 0, 0, 0, seq=9)
    story.count(3, 4, 5, 5, 0, 0, 0, seq=8)
    return "stale: show 1 was at version 9"


def cancelled_twice(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.act("cancel", 3, 4, 7)
    story.act("cancel", 5, 6, 7)
    return "booking 7 was ended by two requests"


def half_a_booking(story: Story) -> str:
    story.book(1, 2, 7, [1]).seats = [1, 2]
    return "#1 book seats [1, 2] (ok booking 7 CONFIRMED) was told booking 7"


def half_a_booking_at_the_end(story: Story) -> str:
    story.book(1, 2, 7, [1, 2])
    story.finals[7].seats = [1]
    return "booking 7 of user 1 has seats [1] at the end"


def key_with_two_effects(story: Story) -> str:
    story.book(1, 2, 7, [1], key="k")
    story.book(3, 4, 8, [2], key="k", count=1)
    return "key k had two effects"


def key_that_was_done_and_then_not(story: Story) -> str:
    story.book(1, 2, 7, [1], key="k")
    story.refuse("book", 3, 4, "seats_taken", seats=[1], taken=[1], key="k")
    return "key k was done"


def internal_error(story: Story) -> str:
    story.unknown("book", 1, count=1, failed=True)
    return "#1 book 1 seats (info) was answered with an internal error"


def booking_told_to_two(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.book(1, 2, 7, [1])
    return "booking 7 was made by two requests"


def phantom(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.operations.pop()
    story.unknown("book", 1, user=2, seats=[1])  # the request of another user
    return "phantom: show 1 lists booking 7"


def one_request_for_two_bookings(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.book(1, 2, 8, [2])
    story.operations.clear()
    story.unknown("book", 1, count=1)
    return "phantom: show 1 lists booking 8"


def refused_without_effect_and_there(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.operations.clear()
    story.refuse("book", 1, 2, "timed_out", seats=[1])
    return "phantom: show 1 lists booking 7"


def sums_that_do_not_add_up(story: Story) -> str:
    story.count(1, 2, 5, 4, 1, 1, 0)
    return "was told 4 free, 1 held, 1 sold and 0 blocked seats of 5"


def booking_of_another_user(story: Story) -> str:
    operation = story.book(1, 2, 7, [1])
    operation.user = 2
    return "was told booking 7 of show 1, user 1"


def seat_told_twice_in_a_booking(story: Story) -> str:
    story.book(1, 2, 7, [3, 3]).seats, story.operations[0].count = [], 2
    return "was told booking 7 of show 1, user 1, with seats [3, 3]"


def answer_about_another_booking(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.act("cancel", 3, 4, 7).booking = 8
    return "#2 cancel booking 8 (ok booking 7 CANCELLED) was told booking 7"


def other_user_at_the_end(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.finals[7].user = 2
    return "booking 7 of user 2 has seats [1] at the end"


def booking_listed_twice(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.finals[8] = story.finals[7]
    return "booking 7 is listed 2 times at the end"


def refusal_though_there_are_seats(story: Story) -> str:
    operation = story.refuse("book", 1, 2, "insufficient_seats", count=2)
    assert operation.refusal is not None
    operation.refusal.requested, operation.refusal.available = 2, 3
    return "was refused 2 seats where 3 are free"


def phantom_on_other_seats(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.operations.clear()
    story.unknown("book", 1, seats=[2])
    return "phantom: show 1 lists booking 7"


def phantom_of_another_size(story: Story) -> str:
    story.book(1, 2, 7, [1, 2])
    story.operations.clear()
    story.unknown("book", 1, count=1)
    return "phantom: show 1 lists booking 7"


def phantom_hold(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=5)
    story.operations.clear()
    story.unknown("book", 1, seats=[1])
    return "phantom: show 1 lists booking 7"


@pytest.mark.parametrize(
    "tell",
    [
        double_sale,
        lost_booking,
        version_that_goes_back,
        cancelled_twice,
        half_a_booking,
        half_a_booking_at_the_end,
        key_with_two_effects,
        key_that_was_done_and_then_not,
        internal_error,
        booking_told_to_two,
        phantom,
        one_request_for_two_bookings,
        refused_without_effect_and_there,
        sums_that_do_not_add_up,
        booking_of_another_user,
        seat_told_twice_in_a_booking,
        answer_about_another_booking,
        other_user_at_the_end,
        booking_listed_twice,
        refusal_though_there_are_seats,
        phantom_on_other_seats,
        phantom_of_another_size,
        phantom_hold,
    ],
    ids=lambda tell: tell.__name__,
)
def test_a_broken_promise_is_found(tell: Callable[[Story], str]) -> None:
    story = Story()
    sentence = tell(story)
    told = check(story.history()).violations
    assert any(sentence in violation for violation in told), told
