"""Every refusal, with its status and what it tells; and every fault."""

import pytest
from httpx import Response
from structlog.testing import capture_logs

from boxoffice.serve.operations import DOMAINS, kinds_of
from boxoffice.vocabulary import faults
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.web.http.troubles import fault_code
from tests.support.http.api import Api, Json, data_of, problem_of
from tests.support.http.fixtures import app_without_database, client_of
from tests.support.settings import settings_of

NOWHERE = 9007199254740991
FAULTS = [
    kind
    for kind in vars(faults).values()
    if isinstance(kind, type) and issubclass(kind, faults.Fault) and kind is not faults.Fault
]


async def sold_out(api: Api) -> tuple[Json, Json, Json]:
    """A user, a show of two seats, and the booking that has both."""
    user, show = await api.user(), await api.show(seats=2)
    return user, show, await api.booking(show["id"], user["id"], seats_booked=2)


async def test_insufficient_seats_says_how_many_are_left(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=2)
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 3}
    problem = problem_of(await api.http.post("/api/bookings", json=body), 409, "insufficient_seats")
    assert (problem["requested"], problem["available"]) == (3, 2)


async def test_taken_seats_are_named(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=5)
    await api.booking(show["id"], user["id"], seat_numbers=[2, 3])
    body = {"user_id": user["id"], "show_id": show["id"], "seat_numbers": [3, 4]}
    problem = problem_of(await api.http.post("/api/bookings", json=body), 409, "seats_taken")
    assert (problem["seats"], problem["available"]) == ([3], 3)
    assert "3" in problem["detail"]


async def test_seats_outside_the_show_are_named(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=5)
    body = {"user_id": user["id"], "show_id": show["id"], "seat_numbers": [5, 6]}
    problem = problem_of(await api.http.post("/api/bookings", json=body), 422, "seats_outside_show")
    assert (problem["seats"], problem["total_seats"]) == ([6], 5)


@pytest.mark.parametrize("action", ["confirm", "fail"])
async def test_a_booking_in_the_wrong_state_says_which(api: Api, action: str) -> None:
    *_, booking = await sold_out(api)
    response = await api.http.post(f"/api/bookings/{booking['id']}/{action}")
    assert problem_of(response, 409, "invalid_state")["state"] == "CONFIRMED"


async def test_a_cancelled_booking_cannot_be_cancelled(api: Api) -> None:
    *_, booking = await sold_out(api)
    data_of(await api.http.delete(f"/api/bookings/{booking['id']}"))
    response = await api.http.delete(f"/api/bookings/{booking['id']}")
    assert problem_of(response, 409, "invalid_state")["state"] == "CANCELLED"


async def test_a_show_with_active_bookings_is_not_deleted(api: Api) -> None:
    _, show, _ = await sold_out(api)
    response = await api.http.delete(f"/api/shows/{show['id']}")
    assert problem_of(response, 409, "active_bookings")["count"] == 1


async def test_a_show_does_not_shrink_over_seats_in_use(api: Api) -> None:
    _, show, _ = await sold_out(api)
    response = await api.http.put(f"/api/shows/{show['id']}", json={"total_seats": 1})
    assert problem_of(response, 409, "seats_in_use")["seats"] == [2]


async def test_only_blocked_seats_are_unblocked(api: Api) -> None:
    _, show, _ = await sold_out(api)
    path = f"/api/admin/shows/{show['id']}/seats"
    response = await api.http.post(f"{path}/unblock", json={"seat_numbers": [1]})
    assert problem_of(response, 409, "seats_not_blocked")["seats"] == [1]
    response = await api.http.post(f"{path}/block", json={"seat_numbers": [1], "reason": "Camera"})
    assert problem_of(response, 409, "seats_taken")["seats"] == [1]


async def test_only_seats_of_the_booking_are_returned(api: Api) -> None:
    *_, booking = await sold_out(api)
    response = await api.http.post(f"/api/bookings/{booking['id']}/return", json={"seat_numbers": [2, 99]})
    assert problem_of(response, 409, "seats_not_in_booking")["seats"] == [99]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/shows/{}", "show_not_found"),
        ("GET", "/api/shows/{}/available-seats", "show_not_found"),
        ("GET", "/api/shows/{}/stats", "show_not_found"),
        ("GET", "/api/shows/{}/stats?consistent=true", "show_not_found"),
        ("GET", "/api/shows/{}/changes", "show_not_found"),
        ("DELETE", "/api/shows/{}", "show_not_found"),
        ("GET", "/api/users/{}", "user_not_found"),
        ("GET", "/api/bookings/{}", "booking_not_found"),
        ("DELETE", "/api/bookings/{}", "booking_not_found"),
        ("POST", "/api/bookings/{}/confirm", "booking_not_found"),
        ("POST", "/api/bookings/{}/fail", "booking_not_found"),
        ("GET", "/api/bookings/user/{}", "user_not_found"),
        ("GET", "/api/bookings/show/{}", "show_not_found"),
        ("GET", "/api/admin/shows/{}/seats", "show_not_found"),
    ],
)
async def test_what_does_not_exist_is_not_found(api: Api, method: str, path: str, code: str) -> None:
    for number in (4711, NOWHERE):
        problem_of(await api.http.request(method, path.format(number)), 404, code)


async def test_a_booking_needs_a_show_and_a_user(api: Api) -> None:
    user, show = await api.user(), await api.show()
    for show_id, user_id, code in (
        (show["id"], NOWHERE, "user_not_found"),
        (NOWHERE, user["id"], "show_not_found"),
        ("9999999999999999", "9999999999999999", "show_not_found"),
    ):
        body = {"user_id": user_id, "show_id": show_id, "seats_booked": 1}
        problem_of(await api.http.post("/api/bookings", json=body), 404, code)


def test_every_refusal_and_every_fault_has_a_status() -> None:
    kinds = kinds_of(DOMAINS)
    assert set(RefusalCode) <= set(kinds)
    assert {kinds[fault_code(kind())].status for kind in FAULTS} == {503}


class BrokenEngine:
    """A stand-in for the engine, which fails with a given error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def execute(self, _: object) -> object:
        """Fails with this error."""
        raise self._error


async def answer_to(error: Exception) -> Response:
    """The answer to a booking when the engine fails with this error."""
    app = app_without_database(settings_of(), engine=BrokenEngine(error))
    async with client_of(app) as client:
        body = {"user_id": 1, "show_id": 1, "seats_booked": 1}
        return await client.post("/api/bookings", json=body, headers={"X-Request-Id": "req-1"})


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_asks_to_come_back(kind: type[faults.Fault]) -> None:
    response = await answer_to(kind("a secret"))
    problem_of(response, 503, fault_code(kind()))
    assert response.headers["retry-after"] == "1"
    assert "secret" not in response.text


async def test_the_time_to_come_back_is_rounded_up() -> None:
    fault = faults.Overloaded()
    fault.retry_after_s = 2.1
    assert (await answer_to(fault)).headers["retry-after"] == "3"


async def test_an_unknown_error_shows_nothing_of_the_inside() -> None:
    with capture_logs() as logs:
        response = await answer_to(RuntimeError("password=hunter2 at /etc/secret"))
    problem = problem_of(response, 500, "internal_error")
    assert problem["request_id"] == "req-1"
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    assert "Traceback" not in response.text
    [failure] = [entry for entry in logs if entry["event"] == "request failed"]
    assert str(failure["exc_info"]).startswith("password=hunter2")
