"""What the metrics tell about holds and limits."""

from prometheus_client import REGISTRY

from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.callers import callers_of, closed


def counted(name: str, **labels: str) -> float:
    """A counter's value."""
    return REGISTRY.get_sample_value(name, labels) or 0


def holds() -> dict[str, float]:
    """The number of holds so far, by event."""
    return {
        event: counted("boxoffice_holds_total", event=event)
        for event in ("made", "confirmed", "retaken", "failed")
    }


async def test_hold_to_sale_can_be_drawn(api: Api) -> None:
    show, user = await api.show(), await api.user()
    before = holds()
    bought, failed, _left = [await api.hold(show["id"], user["id"]) for _ in range(3)]
    await api.booking(show["id"], user["id"])  # no hold
    headers = {"Idempotency-Key": "pay-1"}
    for _ in range(2):  # the second is a replay
        data_of(await api.http.post(f"/api/bookings/{bought['id']}/confirm", headers=headers))
    data_of(await api.http.post(f"/api/bookings/{failed['id']}/fail"))
    problem_of(await api.http.post(f"/api/bookings/{failed['id']}/confirm"), 409, "invalid_state")
    late = await api.hold(show["id"], user["id"], hold_seconds=0.001)
    data_of(await api.http.post(f"/api/bookings/{late['id']}/confirm"))
    after = holds()
    assert {event: after[event] - before[event] for event in after} == {
        "made": 4,
        "confirmed": 1,
        "retaken": 1,
        "failed": 1,
    }


async def test_limited_requests_are_counted(database: str) -> None:
    before = counted("boxoffice_rate_limited_total", rate="reads")
    async with callers_of(closed(database, RATE_READS_PER_MINUTE=1)) as callers, callers.api("nobody") as api:
        for _ in range(4):
            await api.http.get("/api/shows")
    assert counted("boxoffice_rate_limited_total", rate="reads") == before + 3
