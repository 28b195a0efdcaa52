"""Nothing that webhooks keep is about a person, before an erasure or after it."""

from tests.support.engine.databases import Connection
from tests.support.webhooks.receiver import Receiver
from tests.support.webhooks.site import Site

KEPT = """
    SELECT concat_ws(' ', e, (SELECT string_agg(l::text, ' ') FROM webhook_lanes AS l),
           (SELECT string_agg(l::text, ' ') FROM webhook_letters AS l),
           (SELECT string_agg(a::text, ' ') FROM webhook_attempts AS a)) FROM webhook_endpoints AS e
"""


async def test_no_table_of_webhooks_has_a_person_or_a_reason(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    receiver.answer(500, body=b"no")
    hook = await site.hook(receiver.url, order="none", personal=True)
    show = await site.box.show()
    booking = await site.box.book(show)
    await site.box.cancel(booking.id, "Ada Lovelace was ill")
    await site.until(hook, lambda one: one.failures >= 3, "all have failed")
    kept = await connection.fetchval(KEPT)
    assert "500" in kept
    for private in ("Ada", "ill", "@", "reason", "tests"):
        assert private not in kept
    for got in receiver.got:
        assert b"ill" not in got.body
        assert b"origin" not in got.body
