"""Histories of a few lines that no order of a seat's or a booking's operations explains."""

from collections.abc import Callable

import pytest

from tests.chaos.checker import check
from tests.support.proof.stories import Story


def sale_of_a_sold_seat_that_was_cancelled_later(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.book(3, 4, 8, [1], user=2)
    story.act("cancel", 5, 6, 7)
    return "show 1 seat 1: no order explains 'acquire sold 8"


def stale_exact_read(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.look(3, 4)
    return "show 1 seat 1: no order explains 'free"


def exact_read_of_a_hold_that_is_over(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=2)
    story.look(4, 5, {1: "held 7"})
    story.expire(7)
    return "show 1 seat 1: no order explains 'seen held 7"


def read_of_the_future(story: Story) -> str:
    story.look(1, 2, {1: "sold 7"})
    story.book(3, 4, 7, [1])
    return "show 1 seat 1: no order explains 'seen sold 7"


def confirm_in_time_when_the_hold_is_over(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=2)
    story.act("confirm", 4, 5, 7)
    return "booking 7: no order explains 'confirm"


def resale_before_the_hold_is_over(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=9)
    story.book(3, 4, 8, [1], user=2)
    story.expire(7)
    return "show 1 seat 1: no order explains 'acquire sold 8"


def hold_that_expired_too_early(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=9)
    story.refuse("confirm", 3, 4, "invalid_state", booking=7, state="EXPIRED")
    story.expire(7)
    return "booking 7: no order explains 'seen EXPIRED"


def seat_given_back_twice(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.act("cancel", 3, 4, 7)
    story.book(5, 6, 8, [1])
    story.act("fail", 7, 8, 7)
    return "show 1 seat 1: no order explains 'release 7"


def half_a_booking_on_the_map(story: Story) -> str:
    story.book(1, 2, 7, [1, 2])
    story.look(3, 4, {1: "sold 7"})
    return "show 1 seat 2: no order explains 'free"


def cancel_without_answer_that_works_twice(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.act("cancel", 3, 4, 7)
    story.operations.pop()
    story.unknown("cancel", 3, booking=7)
    story.look(4, 5)
    story.look(6, 7, {1: "sold 7"})
    return "show 1 seat 1: no order explains 'seen sold 7"


def sold_seat_that_somebody_finds_free(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.refuse("book", 3, 4, "seats_taken", seats=[1, 2], taken=[2])
    return "show 1 seat 1: no order explains 'free"


def taken_seat_that_nobody_has(story: Story) -> str:
    story.refuse("book", 1, 2, "seats_taken", seats=[1], taken=[1])
    return "show 1 seat 1: no order explains 'taken"


def end_that_is_left_again(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.act("cancel", 3, 4, 7)
    story.finals[7].status = "CONFIRMED"
    return "booking 7: no order explains 'seen CONFIRMED"


def confirmed_booking_that_expires(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=5)
    story.act("confirm", 3, 4, 7)
    story.expire(7)
    return "booking 7: no order explains 'seen EXPIRED"


def booking_that_is_not_found(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.refuse("cancel", 3, 4, "booking_not_found", booking=7)
    return "booking 7: no order explains 'seen none"


def lost_block(story: Story) -> str:
    story.house("block", 1, 2, [1])
    story.look(3, 4)
    return "show 1 seat 1: no order explains 'free"


def confirm_of_a_seat_that_is_no_longer_held(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=2)
    story.act("confirm", 4, 5, 7)
    return "show 1 seat 1: no order explains 'confirm 7"


def block_of_a_sold_seat(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.house("block", 3, 4, [1])
    return "show 1 seat 1: no order explains 'block"


def unblock_of_a_seat_that_was_not_blocked(story: Story) -> str:
    story.house("unblock", 1, 2, [1])
    return "show 1 seat 1: no order explains 'unblock"


def blocked_seat_that_is_called_not_blocked(story: Story) -> str:
    story.house("block", 1, 2, [1])
    story.refuse("unblock", 3, 4, "seats_not_blocked", seats=[1], taken=[1])
    return "show 1 seat 1: no order explains 'not blocked"


def seat_that_is_called_outside(story: Story) -> str:
    story.refuse("book", 1, 2, "seats_outside_show", seats=[5], taken=[5])
    return "show 1 seat 5: no order explains 'absent"


def used_seat_that_is_taken_away(story: Story) -> str:
    story.book(1, 2, 7, [5])
    story.add("resize", 3, 4, total=4)
    return "show 1 seat 5: no order explains 'resize"


def hold_that_was_over_before_it_was_made(story: Story) -> str:
    story.book(5, 6, 7, [1], hold_s=1, at=2)
    story.expire(7)
    return "booking 7: no order explains 'make PENDING"


def cancel_of_a_hold_that_is_over(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=2)
    story.act("cancel", 4, 5, 7)
    return "booking 7: no order explains 'cancel"


def inexact_read_of_a_hold_that_was_cancelled(story: Story) -> str:
    told = story.book(1, 2, 7, [1], hold_s=9).told_booking
    story.act("cancel", 3, 4, 7)
    story.add("booking", 5, 6, booking=7, told_booking=told)
    return "booking 7: no order explains 'seen PENDING"


def held_seat_that_is_shown_free(story: Story) -> str:
    story.book(1, 2, 7, [1], hold_s=9)
    story.look(3, 4)
    story.expire(7)
    return "show 1 seat 1: no order explains 'free"


def hold_that_nobody_was_told_of_on_a_sold_seat(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.book(3, 4, 8, [1], hold_s=2)
    story.expire(8)
    story.operations.pop()
    story.unknown("book", 3, seats=[1], hold_s=2)
    return "show 1 seat 1: no order explains 'acquire held 8"


def seat_freed_by_a_cancel_that_never_was(story: Story) -> str:
    story.book(1, 2, 7, [1])
    story.unknown("cancel", 3, booking=7)
    story.look(4, 5)
    return "show 1 seat 1: no order explains 'free"


def seat_that_is_called_blocked(story: Story) -> str:
    story.refuse("unblock", 1, 2, "seats_not_blocked", seats=[1, 2], taken=[2])
    return "show 1 seat 1: no order explains 'seen blocked"


def sale_outside_the_show(story: Story) -> str:
    story.add("resize", 1, 2, total=4)
    story.book(3, 4, 7, [5])
    return "show 1 seat 5: no order explains 'acquire sold 7"


@pytest.mark.parametrize(
    "tell",
    [
        sale_of_a_sold_seat_that_was_cancelled_later,
        stale_exact_read,
        exact_read_of_a_hold_that_is_over,
        read_of_the_future,
        confirm_in_time_when_the_hold_is_over,
        resale_before_the_hold_is_over,
        hold_that_expired_too_early,
        seat_given_back_twice,
        half_a_booking_on_the_map,
        cancel_without_answer_that_works_twice,
        sold_seat_that_somebody_finds_free,
        taken_seat_that_nobody_has,
        end_that_is_left_again,
        confirmed_booking_that_expires,
        booking_that_is_not_found,
        lost_block,
        confirm_of_a_seat_that_is_no_longer_held,
        block_of_a_sold_seat,
        unblock_of_a_seat_that_was_not_blocked,
        blocked_seat_that_is_called_not_blocked,
        seat_that_is_called_outside,
        used_seat_that_is_taken_away,
        hold_that_was_over_before_it_was_made,
        cancel_of_a_hold_that_is_over,
        inexact_read_of_a_hold_that_was_cancelled,
        held_seat_that_is_shown_free,
        hold_that_nobody_was_told_of_on_a_sold_seat,
        seat_freed_by_a_cancel_that_never_was,
        seat_that_is_called_blocked,
        sale_outside_the_show,
    ],
    ids=lambda tell: tell.__name__,
)
def test_what_no_order_explains_is_found(tell: Callable[[Story], str]) -> None:
    story = Story()
    sentence = tell(story)
    told = check(story.history()).violations
    assert any(sentence in violation for violation in told), told
