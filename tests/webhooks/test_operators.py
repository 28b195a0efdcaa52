"""What operators do while messages wait: they pause, archive, skip, drop, and change an endpoint."""

import asyncio
from typing import Any

import pytest

from boxoffice.feed.cursors import Cursors
from boxoffice.settings.texts import Secret
from boxoffice.vocabulary.faults import Unavailable
from boxoffice.webhooks import limits
from boxoffice.webhooks.desk import Wanted
from boxoffice.webhooks.signing import Signer
from boxoffice.webhooks.views import Webhook
from tests.support.engine.archiving import AGE, archived
from tests.support.engine.box import START as START_OF_SHOWS
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.webhooks.receiver import Got, Receiver, Reply, open_receiver
from tests.support.webhooks.site import KEY, Site

REWOUND = "boxoffice.feed.rewound.v1"


async def blocked(site: Site, receiver: Receiver) -> tuple[Webhook, int]:
    """An endpoint, and a show of which it was told the first event and refuses the second."""
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.told(hook, show, 1)
    receiver.answer(500)
    await site.box.book(show)
    await site.until(hook, lambda one: one.shows_blocked == 1, "the show waits")
    return hook, show


async def test_a_pause_is_seen_in_the_feed_and_ends_with_the_resumption(
    site: Site, receiver: Receiver
) -> None:
    hook = await site.hook(receiver.url)

    async def states() -> tuple[str, str]:
        lag = await site.feed.cursors.lag(f"webhook:{hook.id}")
        assert lag is not None
        return lag.state, (await site.view(hook)).state

    await site.desk.pause(hook.id)
    assert await states() == ("paused", "paused")
    await site.desk.resume(hook.id, skip=False)
    assert await states() == ("active", "active")


async def test_a_disabled_endpoint_that_is_paused_stays_disabled(site: Site, receiver: Receiver) -> None:
    receiver.answer(410)
    hook = await site.hook(receiver.url)
    await site.box.show()
    await site.until(hook, lambda one: one.state == "disabled", "the endpoint is disabled")
    paused = await site.desk.pause(hook.id)
    assert paused is not None
    assert (paused.state, paused.disabled_because) == ("disabled", "gone")


async def test_a_show_that_is_archived_while_an_endpoint_is_behind_is_told_whole(
    site: Site, receiver: Receiver, clock: Clock
) -> None:
    hook, show = await blocked(site, receiver)
    await site.box.book(show)
    await site.desk.pause(hook.id)
    await site.worker.look()
    await clock.set(START_OF_SHOWS + 2 * AGE)
    assert (await archived(site.box.dsn)).shows == 1
    failed = len(receiver.got)
    receiver.answer(200)
    await site.desk.resume(hook.id, skip=False)
    await site.told(hook, show, 4)
    assert receiver.seqs(show)[failed:] == [2, 3, 4]
    assert receiver.got[-1].json["type"] == "boxoffice.show.archived.v1"
    assert await site.box.violations() == {}


async def test_a_letter_of_a_show_that_was_archived_meanwhile_arrives(
    site: Site, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LANE_BLOCKED_MAX_S", 0.0)
    hook = await site.hook(receiver.url)
    receiver.decide = lambda got: Reply(500 if got.seq == 1 else 200)
    show = await site.box.show()
    await site.until(hook, lambda one: one.parked == 1, "the message is parked")
    await clock.set(START_OF_SHOWS + 2 * AGE)
    assert (await archived(site.box.dsn)).shows == 1
    await site.told(hook, show, 2)
    receiver.answer(200)
    [letter] = (await site.desk.letters(hook.id, after=0, limit=10)).items
    assert await site.desk.retry(hook.id, letter.id)
    await receiver.has(3)
    assert receiver.seqs(show) == [1, 2, 1]


async def test_a_webhook_that_is_dropped_as_a_consumer_leaves_nothing(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    receiver.answer(500)
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.until(hook, lambda one: one.shows_blocked == 1, "the show waits")
    assert await site.feed.cursors.drop(f"webhook:{hook.id}")
    await site.worker.look()
    for table in ("webhook_endpoints", "webhook_lanes", "webhook_letters", "webhook_attempts"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 - our names
    assert await connection.fetchval("SELECT count(*) FROM feed_cursors") == 0
    assert await site.desk.list() == []
    count = len(receiver.got)
    await site.box.book(show)
    await site.worker.look()
    assert len(receiver.got) == count


async def test_what_is_skipped_as_a_consumer_is_no_hindrance_and_a_hole(
    site: Site, receiver: Receiver
) -> None:
    hook = await site.hook(receiver.url)
    show, other = await site.box.show(), await site.box.show()
    await site.told(hook, show, 1)
    await site.told(hook, other, 1)
    receiver.answer(500)
    for each in (show, other):
        await site.box.book(each)
    await site.until(hook, lambda one: one.shows_blocked == 2, "both shows wait")
    await site.feed.cursors.skip(f"webhook:{hook.id}", show)
    assert (await site.view(hook)).shows_blocked == 1
    receiver.answer(200)
    await site.box.book(show)
    await site.told(hook, show, 3)
    assert int(receiver.got[-1].json["previous"]) == 1


async def test_a_skip_after_a_rewound_history_ends_what_had_failed(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    hook, show = await blocked(site, receiver)
    # As after a restore: the endpoint has events that are not there any more.
    await connection.execute("UPDATE feed_cursors SET seq = 9 WHERE show_id = $1", show)
    await site.feed.cursors.skip(f"webhook:{hook.id}", show)
    assert (await site.view(hook)).shows_blocked == 0


async def test_another_history_of_the_same_length_is_noticed_without_news(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.told(hook, show, 1)
    await connection.execute("UPDATE feed_cursors SET link = '\\x00' WHERE show_id = $1", show)
    site.worker._compare()
    await receiver.has(2)
    assert receiver.got[-1].json["type"] == REWOUND


async def test_a_broken_endpoint_is_told_of_a_fork_by_the_next_attempt(
    site: Site, receiver: Receiver, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BREAKER_FAILURES", 1)
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.told(hook, show, 1)
    await connection.execute(
        "UPDATE webhook_endpoints SET failures = 1, probes = 1, not_before = now() - interval '1 day'"
    )
    await connection.execute(
        "INSERT INTO feed_forks SELECT show_id, consumer, seq, link, now() FROM feed_cursors"
    )
    await receiver.has(2)
    assert receiver.got[-1].json["type"] == REWOUND
    await site.until(hook, lambda one: one.failures == 0, "the endpoint works again")


async def test_an_attempt_at_a_broken_endpoint_passes_over_what_it_did_not_ask_for(
    site: Site, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BREAKER_FAILURES", 1)
    shows = [await site.box.show() for _ in range(6)]
    hook = await site.hook(receiver.url, kinds=("booked",))
    receiver.answer(500)
    await site.box.book(shows[-1])
    await site.until(hook, lambda one: one.waits_until is not None, "the endpoint counts as broken")
    await eventually(lambda: _is(site.worker._couriers[hook.id].target.broken), "the worker knows")
    for show in shows[:-1]:
        await site.box.block(show, 1)
    receiver.answer(200)
    count = len(receiver.got)
    await clock.advance(10)
    await receiver.has(count + 1)
    await site.until(hook, lambda one: one.failures == 0, "one attempt was enough")


async def test_what_is_due_at_an_endpoint_that_is_paused_or_slow_hides_no_other(
    site: Site, receiver: Receiver, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DUE_MAX", 2)
    show = await site.box.show()
    await site.box.book(show)
    async with open_receiver() as slow:
        slow.hold()
        hooks = [await site.hook(slow.url) for _ in range(2)]
        for hook in hooks:
            await connection.execute(
                "INSERT INTO webhook_letters (show_id, endpoint_id, cause, seq, last_seq, link, attempts, "
                "next_try_at, written_at) SELECT $1, $2, 'replay', 1, 1, e.link, 0, '2000-01-01', now() "
                "FROM show_events AS e, generate_series(1, 20) WHERE e.show_id = $1 AND e.seq = 1",
                show,
                hook.id,
            )
        await site.desk.pause(hooks[0].id)
        quick = await site.hook(receiver.url)
        assert await site.desk.replay(quick.id, show, 1, 2) == 2
        await receiver.has(2)
        slow.let_go()


async def test_a_replay_that_is_asked_for_twice_is_one(site: Site, receiver: Receiver) -> None:
    """The answer to the first was lost."""
    hook = await site.hook(receiver.url, from_start=True)
    show = await site.box.show()
    await site.told(hook, show, 1)
    await site.desk.pause(hook.id)
    for _ in range(2):
        assert await site.desk.replay(hook.id, show, 1, 1) == 1
    assert len((await site.desk.letters(hook.id, after=0, limit=10)).items) == 1


@pytest.mark.parametrize("change", ["url", "personal", "generation"])
async def test_what_is_changed_holds_for_the_next_message_of_a_run(
    site: Site, receiver: Receiver, change: str
) -> None:
    """A run has up to a hundred messages: none of the rest goes out as the operator does not want it."""
    show = await site.box.show()
    for _ in range(5):
        await site.box.book(show)
    async with open_receiver() as elsewhere:
        receiver.hold()
        hook = await site.hook(receiver.url, from_start=True, personal=True)
        await receiver.has(1)
        wanted: dict[str, Any] = {"name": "Shop", "url": receiver.url, "personal": True}
        if change == "generation":
            await site.desk.rotate(hook, at_once=True)
        else:
            new = {"url": elsewhere.url, "personal": False}
            await site.desk.change(hook.id, Wanted(**wanted | {change: new[change]}))
        await site.worker.look()
        secret = [got.headers["webhook-signature"] for got in receiver.got]
        receiver.answer(200)
        receiver.let_go()
        await site.told(hook, show, 6)
        assert len(secret) == 1
        rest = elsewhere.got if change == "url" else receiver.got[1:]
        assert [got.seq for got in rest] == [2, 3, 4, 5, 6]
        if change == "personal":
            assert not any("actor" in got.json["data"] for got in rest)
        if change == "generation":
            [now] = await site.desk.list()
            signer = Signer(Secret(KEY), now.id, now.generation)
            assert all(_is_signed(got, signer) for got in rest)


async def test_while_nothing_can_be_noted_a_message_is_not_sent_again_and_again(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FAULT_PAUSE_S", 3_600.0)
    failed = asyncio.Event()

    async def fails(*_: object) -> set[int]:
        failed.set()
        raise Unavailable("the disk is full")

    monkeypatch.setattr(Cursors, "move", fails)
    await site.hook(receiver.url)
    await site.box.show()
    await failed.wait()
    for _ in range(5):
        await site.worker.look()
    assert len(receiver.got) == 1


def _is_signed(got: Got, signer: Signer) -> bool:
    stamp = int(got.headers["webhook-timestamp"])
    return signer.signatures(got.id, stamp, got.body) == got.headers["webhook-signature"]


async def _is(value: bool) -> bool:
    return value
