"""Notices of answered tickets: what they tell, and that nothing waits for them."""

import asyncio
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from prometheus_client import REGISTRY

from boxoffice.requests import bounds
from boxoffice.requests.notices import Notice, Notices, Send
from boxoffice.requests.tickets import Signer
from boxoffice.requests.told import Told

SIGNER: Final = Signer("secret")
ID: Final = UUID(int=7)
BOOKED: Final = Told(7, ID, "service:shop", "done", 201, {}, '{"data": {"user_id": 1}}', 5)
REFUSED: Final = Told(7, ID, "service:shop", "done", 409, {}, '{"code": "insufficient_seats", "detail": "x"}')
EXPIRED: Final = Told(7, ID, "service:shop", "expired")


async def sent(notices: Notices, send: Send) -> None:
    """Sends all that waits."""
    sending = asyncio.create_task(notices.send_all(send))
    await notices.settle()
    sending.cancel()
    await asyncio.wait([sending])


def count(result: str) -> float:
    """How many notices ended so."""
    return REGISTRY.get_sample_value("boxoffice_request_notices_total", {"result": result}) or 0


@pytest.mark.parametrize(
    ("told", "data"),
    [
        (BOOKED, {"state": "done", "status": 201, "code": None, "booking_id": 5}),
        (REFUSED, {"state": "done", "status": 409, "code": "insufficient_seats", "booking_id": None}),
        (EXPIRED, {"state": "expired", "status": None, "code": None, "booking_id": None}),
    ],
)
async def test_a_notice_names_the_ticket_and_its_end_and_no_person(told: Told, data: dict[str, Any]) -> None:
    got: list[Notice] = []

    async def send(notice: Notice) -> None:
        got.append(notice)

    notices = Notices("urn:test", SIGNER)
    notices.tell([told])
    await sent(notices, send)
    [notice] = got
    ticket = str(SIGNER.signed(7, ID, "service:shop"))
    event = msgspec.json.decode(notice.body)
    assert event["data"] == {"ticket": ticket, "show_id": 7} | data
    assert (event["id"], event["subject"], event["source"]) == (ticket, f"requests/{ticket}", "urn:test")
    assert event["type"] == notice.type == f"boxoffice.request.{told.state}.v1"
    assert (notice.ticket, notice.routing_key) == (ticket, f"show.7.{told.state}")
    assert b"shop" not in notice.body


async def test_what_fails_is_lost_and_the_next_is_sent() -> None:
    async def fail(notice: Notice) -> None:
        raise OSError(notice.ticket)

    async def send(_: Notice) -> None:
        return

    notices, before = Notices("urn:test", SIGNER), (count("lost"), count("confirmed"))
    notices.tell([BOOKED, REFUSED])
    await sent(notices, fail)
    notices.tell([EXPIRED])
    await sent(notices, send)
    assert (count("lost"), count("confirmed")) == (before[0] + 2, before[1] + 1)


async def test_while_rabbitmq_is_away_so_many_wait_and_further_ones_are_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "NOTICES_MAX", 2)
    monkeypatch.setattr(bounds, "SETTLE_MAX_S", 0.01)
    notices, before = Notices("urn:test", SIGNER), count("lost")
    notices.tell([BOOKED, REFUSED, EXPIRED])
    assert count("lost") == before + 1
    await notices.settle()  # ends, though nobody sends
