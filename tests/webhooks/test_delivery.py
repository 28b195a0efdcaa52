"""What happens is told: in order, signed, in three modes, and only to those who may see it."""

from standardwebhooks.webhooks import Webhook as Standard

from boxoffice.settings.texts import Secret
from boxoffice.webhooks import limits
from boxoffice.webhooks.signing import Signer
from tests.support.engine.databases import Connection
from tests.support.webhooks.receiver import Receiver
from tests.support.webhooks.site import KEY, Site


async def test_events_come_in_order_under_their_ids_and_signed(site: Site, receiver: Receiver) -> None:
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    for _ in range(3):
        await site.box.book(show)
    got = await receiver.has(4)
    assert receiver.seqs(show) == [1, 2, 3, 4]
    assert [one.json["type"] for one in got][:2] == [
        "boxoffice.show.created.v1",
        "boxoffice.booking.booked.v1",
    ]
    signer = Signer(Secret(KEY), hook.id, 1)
    for one in got:
        assert one.id == one.json["id"]
        assert one.headers["content-type"] == "application/cloudevents+json"
        assert int(one.json["previous"]) == one.seq - 1
        Standard(signer.secret).verify(one.body, one.headers)
    await site.told(hook, show, 4)
    assert await site.box.violations() == {}


async def test_a_success_leaves_a_cursor_and_no_row(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.told(hook, show, 1)
    assert await connection.fetch("SELECT show_id FROM webhook_lanes") == []
    assert await connection.fetch("SELECT show_id FROM webhook_letters") == []
    assert await connection.fetch("SELECT show_id FROM webhook_attempts") == []


async def test_nothing_of_before_is_told_unless_it_is_asked_for(site: Site, receiver: Receiver) -> None:
    show = await site.box.show()
    await site.box.book(show)
    hook = await site.hook(receiver.url)
    await site.box.book(show)
    await site.told(hook, show, 3)
    assert receiver.seqs(show) == [3]
    assert receiver.got[0].json["previous"] == f"{2:016}"
    everything = await site.hook(receiver.url + "/all", from_start=True)
    await site.told(everything, show, 3)
    assert [one.seq for one in receiver.got if one.path.endswith("/all")] == [1, 2, 3]


async def test_a_batch_has_the_events_of_one_show(site: Site, receiver: Receiver) -> None:
    shows = [await site.box.show(), await site.box.show()]
    for show in shows:
        for _ in range(5):
            await site.box.book(show)
    hook = await site.hook(receiver.url, mode="batch", from_start=True)
    for show in shows:
        await site.told(hook, show, 6)
    for one in receiver.got:
        assert one.headers["content-type"] == "application/cloudevents-batch+json"
        assert len({event["partitionkey"] for event in one.json}) == 1
        first, last = one.json[0], one.json[-1]
        assert one.id.startswith(f"{one.show_id}-{int(first['sequence'])}-{int(last['sequence'])}-")
    for show in shows:
        seqs = [e["data"]["seq"] for one in receiver.got if one.show_id == show for e in one.json]
        assert seqs == [1, 2, 3, 4, 5, 6]


async def test_a_batch_has_100_events_at_most(site: Site, receiver: Receiver) -> None:
    show = await site.box.show(200)
    for _ in range(120):
        await site.box.book(show)
    hook = await site.hook(receiver.url, mode="batch", from_start=True)
    await site.told(hook, show, 121)
    assert [len(one.json) for one in receiver.got] == [limits.TAIL_EVENTS, 21]


async def test_hints_tell_the_newest_event_alone(site: Site, receiver: Receiver) -> None:
    show = await site.box.show(100)
    for _ in range(40):
        await site.box.book(show)
    hook = await site.hook(receiver.url, mode="hint", from_start=True)
    await site.told(hook, show, 41)
    assert [one.json for one in receiver.got] == [{"show_id": show, "seq": 41, "previous": 0}]
    receiver.hold()
    await site.box.book(show)
    await receiver.has(2)
    for _ in range(10):
        await site.box.book(show)
    receiver.answer(200)
    receiver.let_go()
    await site.told(hook, show, 52)
    assert [one.json["seq"] for one in receiver.got] == [41, 42, 52]


async def test_kinds_and_shows_that_were_not_asked_for_are_passed_over(
    site: Site, receiver: Receiver
) -> None:
    show, other = await site.box.show(), await site.box.show()
    hook = await site.hook(receiver.url, kinds=("cancelled",), show_ids=(show,))
    booking = await site.box.book(show)
    await site.box.cancel((await site.box.book(other)).id)
    await site.box.cancel(booking.id)
    await site.box.book(show)
    await site.told(hook, show, 4)
    assert [(one.show_id, one.seq, int(one.json["previous"])) for one in receiver.got] == [(show, 3, 2)]


async def test_persons_are_told_to_those_who_may_see_them_alone(site: Site, receiver: Receiver) -> None:
    await site.hook(receiver.url + "/plain")
    await site.hook(receiver.url + "/personal", personal=True)
    show = await site.box.show()
    await site.box.book(show)
    for one in await receiver.has(4):
        told = {"user_id", "actor"} & one.json["data"].keys()
        assert told == ({"user_id", "actor"} if one.path.endswith("/personal") else set())


async def test_an_endpoint_that_goes_slowly_has_eight_messages_under_way_at_most(
    site: Site, receiver: Receiver
) -> None:
    shows = [await site.box.show() for _ in range(30)]
    receiver.hold()
    hook = await site.hook(receiver.url, from_start=True)
    await receiver.has(limits.SENDING_PER_ENDPOINT_MAX)
    receiver.answer(200)
    receiver.let_go()
    for show in shows:
        await site.told(hook, show, 1)
    assert receiver.most_under_way == limits.SENDING_PER_ENDPOINT_MAX
