"""The short way for bookings answers as the framework's way does; a page's request takes the latter."""

import pytest
from httpx import Response

from tests.support.http.api import Api, Json

A_PAGE = {"Origin": "http://localhost:5173"}
VARYING = ("id", "request_id", "created_at", "updated_at", "expires_at", "seats")


async def both(api: Api, body: Json, **headers: str) -> tuple[Response, Response]:
    """The same request the short way and the long way."""
    short = await api.http.post("/api/bookings", json=body, headers=headers)
    long = await api.http.post("/api/bookings", json=body, headers=headers | A_PAGE)
    return short, long


def stable(answer: Response) -> Json:
    """What must not depend on the way."""
    body: Json = answer.json()
    data: Json = body.get("data", {})
    return {name: value for name, value in (body | data).items() if name not in VARYING and name != "data"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"seats_booked": 1},
        {"seats_booked": 1, "status": "PENDING", "hold_seconds": 60},
        {"seats_booked": 1000},
        {"seat_numbers": [2000]},
        {"seats_booked": 0},
        {"seats_booked": 1, "show_id": 4711},
        {"seats_booked": 1, "user_id": 4711},
        {"seats": 3},
    ],
)
async def test_both_ways_answer_alike(api: Api, wanted: Json) -> None:
    user, show = await api.user(), await api.show()
    short, long = await both(api, {"user_id": user["id"], "show_id": show["id"]} | wanted)
    assert (short.status_code, stable(short)) == (long.status_code, stable(long))
    for header in ("content-type", "cache-control", "content-security-policy", "retry-after"):
        assert short.headers.get(header) == long.headers.get(header)
    assert ("location" in short.headers) == ("location" in long.headers)


async def test_a_key_holds_across_both_ways(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    short, long = await both(api, body, **{"Idempotency-Key": "order-4711"})
    assert short.json() == long.json()
    assert ("idempotency-replayed" in short.headers, long.headers["idempotency-replayed"]) == (False, "true")


async def test_confirm_and_cancel_answer_alike_on_both_ways(api: Api) -> None:
    user, show = await api.user(), await api.show()
    answers = {}
    for way, headers in (("short", {}), ("long", A_PAGE)):
        hold = await api.hold(show["id"], user["id"])
        path = f"/api/bookings/{hold['id']}"
        confirmed = await api.http.post(f"{path}/confirm", headers=headers)
        again = await api.http.post(f"{path}/confirm", headers=headers)
        cancelled = await api.http.delete(path, headers=headers)
        missing = await api.http.delete("/api/bookings/16777999", headers=headers)
        answers[way] = [
            (
                answer.status_code,
                stable(answer).get("status"),
                stable(answer).get("message"),
                stable(answer).get("code"),
            )
            for answer in (confirmed, again, cancelled, missing)
        ]
    assert answers["short"] == answers["long"]
    assert [status for status, *_ in answers["short"]] == [200, 409, 200, 404]
