"""Endpoints that fail: their show waits, and nobody else; what failed for too long is parked; nothing is
lost.
"""

import random
from functools import partial

import pytest

from boxoffice.webhooks import limits
from boxoffice.webhooks.views import Webhook
from tests.support.engine.box import Box
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.webhooks.receiver import Got, Receiver, Reply, open_receiver
from tests.support.webhooks.site import Site, open_site

HOUR_S = 3600.0


async def test_a_show_that_fails_waits_alone_and_comes_in_order(
    site: Site, receiver: Receiver, clock: Clock
) -> None:
    bad, *good = [await site.box.show() for _ in range(40)]
    receiver.decide = lambda got: Reply(500 if got.show_id == bad else 200)
    hook = await site.hook(receiver.url, from_start=True)
    await site.box.book(bad)
    for show in good:
        await site.box.book(show)
    for show in good:
        await site.told(hook, show, 2)
    await site.until(hook, lambda one: one.shows_blocked == 1, "the show waits")
    assert set(receiver.seqs(bad)) == {1}
    before = len(receiver.seqs(bad))
    receiver.answer(200)
    await clock.advance(10)
    await site.told(hook, bad, 2)
    assert receiver.seqs(bad)[before:] == [1, 2]
    healed = await site.until(hook, lambda one: one.shows_blocked == 0, "no show waits")
    assert (healed.failures, healed.failing_since, healed.parked) == (0, None, 0)


async def test_after_an_hour_it_is_parked_the_hole_shows_and_it_can_be_had_later(
    site: Site, receiver: Receiver, clock: Clock
) -> None:
    show, other = await site.box.show(), await site.box.show()
    hook = await site.hook(receiver.url)
    await site.box.book(show)
    await site.told(hook, show, 2)
    receiver.decide = lambda got: Reply(500 if (got.show_id, got.seq) == (show, 3) else 200)
    await site.box.book(show)
    await site.box.book(show)
    tries = 0
    while (await site.view(hook)).parked == 0:
        tries += 1
        assert tries < 12
        before = len(receiver.seqs(show))
        await clock.advance(HOUR_S / 4)
        await site.box.book(other)  # the endpoint works: it is not the endpoint that fails

        async def tried() -> bool:
            noted = len((await site.desk.attempts(hook.id, before=None, limit=100)).items)
            return len(receiver.seqs(show)) > before and noted == receiver.seqs(show).count(3)  # noqa: B023 - it is awaited at once

        await eventually(tried, "another attempt")
    await site.told(hook, show, 4)
    after = receiver.got[-1]
    assert (after.seq, int(after.json["previous"])) == (4, 2)
    await site.box.book(show)
    await site.told(hook, show, 5)
    assert int(receiver.got[-1].json["previous"]) == 4
    assert await site.box.violations() == {}
    [letter] = (await site.desk.letters(hook.id, after=0, limit=10)).items
    assert (letter.show_id, letter.seq, letter.cause, letter.next_try_at) == (show, 3, "lane", None)
    failed = next(got for got in receiver.got if got.seq == 3 and got.show_id == show)
    receiver.answer(200)
    assert await site.desk.retry(hook.id, letter.id)
    await eventually(lambda: _no_letters(site, hook.id), "the letter has arrived")
    assert (receiver.got[-1].id, receiver.got[-1].json["data"]) == (failed.id, failed.json["data"])
    assert (await site.view(hook)).parked == 0
    page = await site.desk.attempts(hook.id, before=None, limit=100)
    assert page.items[0].status == 200
    assert {attempt.status for attempt in page.items[1:]} == {500}


async def _no_letters(site: Site, hook_id: int) -> bool:
    return (await site.desk.letters(hook_id, after=0, limit=10)).items == []


async def test_a_letter_that_fails_again_stays_parked(
    site: Site, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LANE_BLOCKED_MAX_S", 0.0)
    hook = await site.hook(receiver.url)
    receiver.answer(500)
    show = await site.box.show()
    await site.until(hook, lambda one: one.parked == 1, "the message is parked")
    [letter] = (await site.desk.letters(hook.id, after=0, limit=10)).items
    await site.desk.retry(hook.id, letter.id)
    await receiver.has(2)
    await site.until(hook, lambda one: one.parked == 1, "it is parked again")
    await clock.advance(24 * HOUR_S)
    await site.worker.look()
    assert receiver.seqs(show) == [1, 1]


async def test_without_order_each_event_is_for_itself(site: Site, receiver: Receiver, clock: Clock) -> None:
    hook = await site.hook(receiver.url, order="none")
    receiver.decide = lambda got: Reply(500 if got.seq == 2 else 200)
    show = await site.box.show()
    for _ in range(3):
        await site.box.book(show)
    await site.told(hook, show, 4)
    assert receiver.seqs(show) == [1, 2, 3, 4]
    receiver.answer(200)
    await clock.advance(10)
    await receiver.has(5)
    assert receiver.seqs(show) == [1, 2, 3, 4, 2]
    assert receiver.got[4].id == receiver.got[1].id
    await eventually(lambda: _no_letters(site, hook.id), "the letter is gone")


async def test_a_batch_that_failed_comes_again_as_it_was(
    site: Site, receiver: Receiver, clock: Clock
) -> None:
    show = await site.box.show()
    await site.box.book(show)
    receiver.answer(500)
    hook = await site.hook(receiver.url, mode="batch", from_start=True)
    await site.until(hook, lambda one: one.shows_blocked == 1, "the batch waits")
    await site.box.book(show)
    receiver.answer(200)
    await clock.advance(10)
    await site.told(hook, show, 3)
    first, again, rest = receiver.got
    assert (first.id, first.body) == (again.id, again.body)
    assert [event["data"]["seq"] for event in rest.json] == [3]


@pytest.mark.parametrize("mode", ["events", "hint"])
async def test_after_ten_failures_there_is_one_attempt_at_each_step(
    site: Site, receiver: Receiver, clock: Clock, mode: str
) -> None:
    """However many shows wait."""
    for _ in range(60):
        await site.box.show()
    receiver.answer(500)
    hook = await site.hook(receiver.url, from_start=True, mode=mode)
    await site.until(
        hook, lambda one: one.failures >= limits.BREAKER_FAILURES, "the endpoint counts as broken"
    )

    async def quiet() -> bool:
        return (await site.view(hook)).failures == len(receiver.got)

    await eventually(quiet, "what was under way has failed, too")
    for step_s in (6, 72, 360, 2160, 8640):
        before = len(receiver.got)
        failures = (await site.view(hook)).failures
        await clock.advance(step_s)
        await receiver.has(before + 1)
        await site.until(hook, partial(_failed_since, failures), "the attempt has failed")
        for _ in range(3):
            await site.worker.look()
        assert len(receiver.got) == before + 1
    assert (await site.view(hook)).parked == 0
    receiver.answer(200)
    await clock.advance(6 * HOUR_S)
    healed = await site.until(hook, lambda one: one.shows_blocked == 0 and one.failures == 0, "all arrives")
    assert healed.state == "active"
    positions = await site.feed.cursors.positions(f"webhook:{hook.id}", range(1, 61))
    await eventually(lambda: _all_told(site, hook.id), "every show is told")
    assert len(positions) == 60


def _failed_since(failures: int, hook: Webhook) -> bool:
    return hook.failures > failures


async def _all_told(site: Site, hook_id: int) -> bool:
    return await site.feed.cursors.behind(f"webhook:{hook_id}", limit=1) == []


async def test_a_slow_endpoint_takes_nothing_from_a_fast_one(site: Site, receiver: Receiver) -> None:
    async with open_receiver() as slow:
        slow.hold()
        await site.hook(slow.url)
        fast = await site.hook(receiver.url)
        shows = [await site.box.show() for _ in range(30)]
        for show in shows:
            await site.told(fast, show, 1)
        assert len(receiver.got) == 30
        assert 1 <= len(slow.got) <= limits.SENDING_PER_ENDPOINT_MAX
        slow.let_go()


async def test_who_answers_410_is_told_nothing_more(site: Site, receiver: Receiver) -> None:
    receiver.answer(410)
    hook = await site.hook(receiver.url)
    await site.box.show()
    gone = await site.until(hook, lambda one: one.state == "disabled", "the endpoint is disabled")
    assert gone.disabled_because == "gone"
    await site.box.show()
    await site.worker.look()
    assert len(receiver.got) == 1


async def test_a_pause_that_is_asked_for_is_kept(site: Site, receiver: Receiver, clock: Clock) -> None:
    receiver.answer(429, "retry-after: 30")
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.until(hook, lambda one: one.waits_until is not None, "nothing is sent")
    receiver.answer(200)
    other = await site.box.show()
    await clock.advance(29)
    await site.worker.look()
    await site.worker.look()
    assert len(receiver.got) == 1
    await clock.advance(2)
    await site.told(hook, show, 1)
    await site.told(hook, other, 1)


async def test_five_days_without_success_disable_and_the_backlog_stays(
    site: Site, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer(500)
    hook = await site.hook(receiver.url)
    show = await site.box.show(20)
    await site.until(hook, lambda one: one.failures == 1, "the first failure")
    await clock.advance(limits.DISABLED_AFTER_S + 1)
    off = await site.until(hook, lambda one: one.state == "disabled", "the endpoint is disabled")
    assert off.disabled_because == "no_success"
    for _ in range(20):
        await site.box.book(show)
    receiver.answer(200)
    count = len(receiver.got)
    await site.desk.resume(hook.id, skip=False)
    await site.told(hook, show, 21)
    assert [one.seq for one in receiver.got[count:]] == list(range(1, 22))
    assert (await site.view(hook)).disabled_because is None


async def test_what_is_skipped_is_not_told_and_the_next_message_says_so(
    site: Site, receiver: Receiver
) -> None:
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.told(hook, show, 1)
    await site.desk.pause(hook.id)
    await site.worker.look()
    for _ in range(5):
        await site.box.book(show)
    await site.desk.resume(hook.id, skip=True)
    await site.box.book(show)
    await site.told(hook, show, 7)
    assert receiver.seqs(show) == [1, 7]
    assert int(receiver.got[-1].json["previous"]) == 1
    await site.box.book(show)
    await site.told(hook, show, 8)
    assert int(receiver.got[-1].json["previous"]) == 7


@pytest.mark.parametrize("kill_at", [1, 4])
async def test_killed_between_answer_and_cursor_it_is_sent_twice_and_never_thrice(
    box: Box, receiver: Receiver, kill_at: int
) -> None:
    """The process ends with the answers in its hands and the cursor not yet moved."""
    show = await box.show()
    for _ in range(4):
        await box.book(show)

    async def dies(*_: object) -> set[int]:
        raise RuntimeError("killed")

    async with open_site(box) as dying:
        dying.feed.cursors.move = dies  # type: ignore[method-assign, assignment]
        receiver.decide = lambda _: Reply(
            200 if len(receiver.got) < kill_at else 503, held=len(receiver.got) >= kill_at
        )
        await dying.hook(receiver.url, from_start=True)
        await receiver.has(kill_at)
    receiver.answer(200)
    receiver.let_go()
    async with open_site(box) as site:
        [hook] = await site.desk.list()
        await site.told(hook, show, 5)
    ids = [one.id for one in receiver.got]
    assert max(ids.count(one) for one in ids) == 2
    assert sorted(set(receiver.seqs(show))) == [1, 2, 3, 4, 5]
    by_id: dict[str, set[bytes]] = {}
    for one in receiver.got:
        by_id.setdefault(one.id, set()).add(one.body)
    assert all(len(bodies) == 1 for bodies in by_id.values())


async def test_a_replay_has_the_same_ids_in_order_with_new_times(site: Site, receiver: Receiver) -> None:
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    for _ in range(9):
        await site.box.book(show)
    await site.told(hook, show, 10)
    before = list(receiver.got)
    assert await site.desk.replay(hook.id, show, 3, 7) == 5
    again = (await receiver.has(15))[10:]
    assert [one.id for one in again] == [one.id for one in before[2:7]]
    assert [one.body for one in again] == [one.body for one in before[2:7]]
    assert await site.desk.replay(hook.id, show, 9, 99) == 2
    assert await site.desk.replay(hook.id, show, 11, 99) == 0
    assert await site.desk.replay(hook.id, 4711, 1, 1) == 0


async def test_random_failures_lose_nothing_and_keep_the_order(
    site: Site, receiver: Receiver, clock: Clock
) -> None:
    dice = random.Random(7)  # noqa: S311 - a game, played again by its seed
    receiver.decide = lambda _: Reply(dice.choice((200, 200, 200, 500, 503)))
    hook = await site.hook(receiver.url)
    shows = [await site.box.show(100) for _ in range(6)]
    for _ in range(60):
        await site.box.book(dice.choice(shows))
        await clock.advance(dice.choice((0, 1, 8)))
    receiver.answer(200)

    async def all_told() -> bool:
        await clock.advance(60)
        return await _all_told(site, hook.id)

    await eventually(all_told, "everything has arrived")
    assert (await site.view(hook)).parked == 0
    for show in shows:
        seqs = _first_times([one for one in receiver.got if one.show_id == show])
        assert seqs == list(range(1, len(seqs) + 1))
    assert await site.box.violations() == {}


def _first_times(got: list[Got]) -> list[int]:
    return list(dict.fromkeys(one.seq for one in got))


async def test_a_blocked_address_is_recorded(
    box: Box, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_site(box, WEBHOOK_ALLOW_NETWORKS="192.0.2.0/24") as site:
        hook = await site.hook("https://127.0.0.1/hook")
        await site.box.show()
        await site.until(hook, lambda one: one.failures == 1, "the attempt was refused")
        [attempt] = (await site.desk.attempts(hook.id, before=None, limit=10)).items
    assert (attempt.status, attempt.trouble) == (0, "blocked_address")
