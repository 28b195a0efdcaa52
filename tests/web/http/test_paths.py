"""Every path has one spelling, for whatever answers it: the short way, the kept answers, the framework."""

from typing import cast

import httpx
import pytest
from httpx import AsyncClient
from litestar import Litestar

from boxoffice.serve.settings import ProgramSettings
from boxoffice.web.http.paths import is_plain
from boxoffice.web.http.services import services_of
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.fixtures import client_of, running

PLAIN = [
    b"/",
    b"/api/shows/1",
    b"/api/shows/1/",
    b"/a-b_c.d~e",
    b"/a/..",
    b"/%C3%A4",
    b"/%c3%a4",
    b"/a%20b",
    b"/a%2Cb",
]
OTHERS = [
    b"//",
    b"//api/shows/1",
    b"/api//shows/1",
    b"/api/shows/1//",
    b"/api/shows%2F1",
    b"/api%2fshows/1",
    b"/%61pi/shows/1",
    b"/api/shows/%31",
    b"/api/shows/1/%2e%2e/2",
    b"/api/%2e/shows/1",
    b"/a%",
    b"/a%zz",
    b"/a%7e",
]


@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_path_is_looked_at(path: bytes) -> None:
    assert is_plain(path)


@pytest.mark.parametrize("path", OTHERS)
def test_another_spelling_is_no_path(path: bytes) -> None:
    assert not is_plain(path)


def raw(path: bytes) -> httpx.URL:
    """The address of a path that is sent as it is spelt here."""
    return httpx.URL("http://localhost").copy_with(raw_path=path)


@pytest.mark.parametrize("path", OTHERS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_is_there_under_another_spelling(api: Api, path: bytes, method: str) -> None:
    await api.show()
    problem_of(await api.http.request(method, raw(path)), 404, "not_found")


@pytest.mark.parametrize("path", [b"//metrics", b"/%6Detrics", b"/metric%73", b"/api/admin%2Fshows/1/seats"])
async def test_a_rule_of_a_proxy_is_not_passed_by(unserved: AsyncClient, path: bytes) -> None:
    problem_of(await unserved.get(raw(path)), 404, "not_found")


async def test_a_slash_at_the_end_changes_nothing(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    booking = data_of(await api.http.post("/api/bookings/", json=body), 201)
    for path in (f"/api/shows/{show['id']}", f"/api/bookings/{booking['id']}"):
        assert data_of(await api.http.get(f"{path}/"))["id"] == data_of(await api.http.get(path))["id"]
    data_of(await api.http.delete(f"/api/bookings/{booking['id']}/"))


@pytest.mark.parametrize(
    "number",
    ["01", "+1", "-1", "1.0", "1e0", "1_0", "0x1", "٣", "\uff11", "%201", "1%0A", "1;", "¹", "true", "null"],
)
@pytest.mark.parametrize("path", ["/api/shows/{}", "/api/shows/{}/stats", "/api/shows/{}?consistent=true"])
async def test_a_number_has_one_spelling(unserved: AsyncClient, path: str, number: str) -> None:
    problem = problem_of(await unserved.get(path.format(number)), 400, "invalid_request")
    assert [(error["in"], error["path"]) for error in problem["errors"]] == [("path", "show_id")]


@pytest.mark.parametrize("number", ["01", "+1", "1.0", "٣", "\uff11", "1e0", "%201"])
async def test_a_number_of_a_booking_has_one_spelling_on_both_ways(
    unserved: AsyncClient, number: str
) -> None:
    for method, path in (("DELETE", "/api/bookings/{}"), ("POST", "/api/bookings/{}/confirm")):
        problem_of(await unserved.request(method, path.format(number)), 400, "invalid_request")


@pytest.mark.parametrize("value", ["yes", "2", "", "truee", "%20true", "null", "on"])
async def test_a_boolean_is_one(unserved: AsyncClient, value: str) -> None:
    problem = problem_of(await unserved.get(f"/api/shows/1?consistent={value}"), 400, "invalid_request")
    assert [(error["in"], error["path"]) for error in problem["errors"]] == [("query", "consistent")]


@pytest.mark.parametrize("value", ["٣", "1e3", "+5", "05", "5.0", "%205"])
async def test_a_number_in_a_query_has_one_spelling(unserved: AsyncClient, value: str) -> None:
    problem = problem_of(await unserved.get(f"/api/shows?limit={value}"), 400, "invalid_request")
    assert [(error["in"], error["path"]) for error in problem["errors"]] == [("query", "limit")]


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL"])
async def test_no_header_changes_what_is_asked_for(api: Api, name: str) -> None:
    show = await api.show()
    for value in ("DELETE", "/api/users"):
        answer = await api.http.get(f"/api/shows/{show['id']}", headers={name: value})
        assert data_of(answer)["id"] == show["id"]


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "1"])
async def test_a_boolean_may_be_written_as_programs_write_it(app: Litestar, api: Api, value: str) -> None:
    """Such a read is exact, and not one of the kept answers, however it is written."""
    user, show = await api.user(), await api.show()
    path = f"/api/shows/{show['id']}"
    data_of(await api.http.get(path))
    async with (
        running(cast(ProgramSettings, services_of(app).settings)) as other,
        client_of(other) as elsewhere,
    ):
        await Api(elsewhere).booking(show["id"], user["id"])
    assert data_of(await api.http.get(path, params={"consistent": value}))["available_seats"] == 9
