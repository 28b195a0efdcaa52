"""An Idempotency-Key has at most one effect, and the same request gets the same answer."""

import asyncio

import pytest
from msgspec.structs import replace

from boxoffice.vocabulary.commands import CreateShow, CreateUser, UpdateUser
from boxoffice.vocabulary.outcomes import BookingDone
from tests.support.engine.box import ACTOR, START, Box, done, in_one_batch, open_box, refused
from tests.support.engine.clock import Clock

REUSED = refused("idempotency_key_reused")
SHOW = CreateShow(actor=ACTOR, idempotency_key="k", name="New", start_time=START, total_seats=5)
USER = CreateUser(actor=ACTOR, idempotency_key="k", name="Jane", email="jane@example.com")


async def test_the_same_key_gives_the_same_answer_even_after_a_change(box: Box, clock: Clock) -> None:
    show = await box.show()
    first = done(await box.try_book(show, 2, hold=60, key="k"))
    assert first.replayed is False
    again = replace(first, replayed=True)
    assert await box.try_book(show, 2, hold=60, key="k") == again
    await box.cancel(first.booking.id)
    await clock.advance(100)
    assert await box.try_book(show, 2, hold=60, key="k") == again
    assert len(await box.events(show)) == 3


async def test_another_question_with_the_same_key_is_refused(box: Box) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=60, key="k")
    assert await box.try_book(show, 3, key="k") == REUSED
    assert await box.confirm(held.id, key="k") == REUSED
    assert await box.block(show, 9, key="k") == REUSED
    assert await box.try_book(show, 99, user=77, key="k") == REUSED  # this refusal comes before all others


async def test_a_refusal_is_not_remembered(box: Box) -> None:
    show = await box.show(1)
    sold = await box.book(show)
    assert await box.try_book(show, key="k") == refused("insufficient_seats", requested=1, available=0)
    await box.cancel(sold.id)
    booked = done(await box.try_book(show, key="k"))
    assert (booked.booking.seats, booked.replayed) == ([1], False)
    done(await box.try_book(show, key="k"))
    assert await box.try_book(show, 1, hold=5, key="k") == REUSED


async def test_a_key_is_of_one_caller_and_one_show(box: Box) -> None:
    show, other = await box.show(), await box.show()
    outcomes = [
        await box.try_book(show, key="k"),
        await box.try_book(show, key="k", actor="another"),
        await box.try_book(other, key="k"),
    ]
    assert [done(outcome).replayed for outcome in outcomes] == [False] * 3


async def test_every_kind_of_command_can_be_repeated(box: Box, clock: Clock) -> None:
    show = await box.show()
    held, late, sold = [await box.book(show, hold=60) for _ in range(3)]
    confirmed = done(await box.confirm(held.id, key="1"))
    assert await box.confirm(held.id, key="1") == replace(confirmed, replayed=True)
    cancelled = done(await box.cancel(sold.id, "ill", key="2"))
    assert await box.cancel(sold.id, "ill", key="2") == replace(cancelled, replayed=True)
    blocked = done(await box.block(show, 9, 10, key="3"))
    assert await box.block(show, 9, 10, key="3") == replace(blocked, replayed=True)
    resized = done(await box.resize(show, 20, key="5"))
    assert await box.resize(show, 20, key="5") == replace(resized, replayed=True)
    await clock.advance(60)
    retaken = done(await box.confirm(late.id, key="4"))
    assert await box.confirm(late.id, key="4") == replace(retaken, replayed=True)
    assert await box.violations() == {}


async def test_a_replay_needs_no_show_any_more(box: Box) -> None:
    show = await box.show()
    blocked = done(await box.block(show, 9, 10, key="k"))
    done(await box.delete(show))
    assert await box.block(show, 9, 10, key="k") == replace(blocked, replayed=True)
    assert await box.try_book(show, key="new") == refused("show_not_found")


@pytest.mark.both_isolations
async def test_two_with_one_key_at_once_have_one_effect(box: Box) -> None:
    show = await box.show()
    first, second = await asyncio.gather(*(box.try_book(show, key="k") for _ in range(2)))
    assert second == replace(done(first), replayed=True)


async def test_new_and_repeated_commands_mix_in_a_batch(box: Box) -> None:
    show = await box.show()
    first = done(await box.try_book(show, key="k"))
    new, repeated, other, wrong = await in_one_batch(
        box.try_book(show),
        box.try_book(show, key="k"),
        box.try_book(show, key="l"),
        box.try_book(show, 2, key="k", actor="another"),
    )
    assert repeated == replace(first, replayed=True)
    seats = [done(outcome).booking.seats for outcome in (new, other, wrong)]
    assert seats == [[2], [3], [4, 5]]
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_rivals_with_one_key_on_two_engines_have_one_effect(box: Box, isolation: str) -> None:
    show = await box.show(100)
    async with open_box(box.dsn, isolation) as other:
        for no in range(20):
            outcomes = await asyncio.gather(
                *(rival.try_book(show, 2, key=f"k{no}") for rival in (box, other, box, other))
            )
            bookings = [done(outcome).booking for outcome in outcomes]
            assert bookings == [bookings[0]] * 4
            assert sorted(done(outcome).replayed for outcome in outcomes) == [False, True, True, True]
    assert (await box.view(show)).available_seats == 60
    assert await box.violations() == {}


async def test_a_show_is_opened_once(box: Box) -> None:
    opened = done(await box.do(SHOW))
    await box.book(opened.show.id)
    assert await box.do(SHOW) == replace(opened, replayed=True)
    assert await box.do(replace(SHOW, total_seats=6)) == REUSED
    assert done(await box.do(replace(SHOW, actor="another"))).show.id == opened.show.id + 1


async def test_a_user_is_registered_once(box: Box) -> None:
    registered = done(await box.do(USER))
    assert (registered.created, registered.replayed) == (True, False)
    assert await box.do(USER) == replace(registered, replayed=True)
    found = done(await box.do(replace(USER, idempotency_key=None, email="JANE@example.com", name="J")))
    assert (found.created, found.user) == (False, registered.user)
    assert await box.do(SHOW) == REUSED  # commands without a show share one space of keys


async def test_a_user_is_changed_once(box: Box) -> None:
    user = done(await box.do(USER)).user
    change = UpdateUser(actor=ACTOR, idempotency_key="c", user_id=user.id, name="Janet")
    changed = done(await box.do(change))
    assert (changed.user.name, changed.user.email) == ("Janet", user.email)
    assert await box.do(change) == replace(changed, replayed=True)
    taken = UpdateUser(actor=ACTOR, idempotency_key="d", user_id=user.id, email="John@Example.com")
    assert await box.do(taken) == refused("email_taken")
    own = replace(taken, email="JANE@example.com")
    assert done(await box.do(own)).user.email == "JANE@example.com"


@pytest.mark.both_isolations
@pytest.mark.parametrize("key", [None, "k"])
async def test_rivals_at_the_desk_register_one_user(box: Box, isolation: str, key: str | None) -> None:
    async with open_box(box.dsn, isolation) as other:
        command = replace(USER, idempotency_key=key)
        outcomes = await asyncio.gather(*(rival.do(command) for rival in (box, other) * 10))
    users = [done(outcome) for outcome in outcomes]
    assert {user.user.id for user in users} == {users[0].user.id}
    assert [user.created and not user.replayed for user in users].count(True) == 1


@pytest.mark.both_isolations
async def test_rivals_for_an_e_mail_address_get_it_once(box: Box) -> None:
    users = [await box.user(f"user{no}@example.com") for no in range(10)]
    outcomes = await asyncio.gather(
        *(box.do(UpdateUser(actor=ACTOR, user_id=user, email="new@example.com")) for user in users)
    )
    assert outcomes.count(refused("email_taken")) == 9


async def test_a_key_of_any_kind_is_taken(box: Box) -> None:
    show = await box.show()
    key = "å' \"\\ ☂" * 28
    first = done(await box.try_book(show, key=key))
    assert isinstance(first, BookingDone)
    assert done(await box.try_book(show, key=key)).replayed
