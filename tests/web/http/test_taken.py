"""What an operation does not take is refused: unknown and doubled parameters and fields, bodies, codings."""

import gzip

import pytest
from httpx import AsyncClient

from tests.support.http.api import Api, Json, data_of, listed, problem_of

READS = ["/api/shows", "/api/shows/1", "/api/shows/1/stats", "/api/shows/1/available-seats", "/api/users/1"]
BODILESS = [
    ("GET", "/api/shows"),
    ("GET", "/api/shows/1"),
    ("GET", "/api/shows/1?consistent=true"),
    ("GET", "/api/shows/1/available-seats"),
    ("GET", "/api/users/1/export"),
    ("DELETE", "/api/shows/1"),
    ("DELETE", "/api/users/1"),
    ("DELETE", "/api/bookings/16777217"),
    ("POST", "/api/bookings/16777217/confirm"),
    ("POST", "/api/bookings/expire-old"),
]
PROBES = ["/health", "/healthz", "/readyz", "/metrics"]
A_PAGE = {"Origin": "http://localhost:5173"}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("x=1", ["x"]),
        ("CONSISTENT=true", ["CONSISTENT"]),
        ("consistent%20=true", ["consistent "]),
        ("=", [""]),
        ("z=1&email=a%40b.c", ["email", "z"]),
    ],
)
async def test_an_unknown_parameter_is_named_with_those_that_are_known(
    unserved: AsyncClient, path: str, query: str, names: list[str]
) -> None:
    problem = problem_of(await unserved.get(f"{path}?{query}"), 400, "invalid_request")
    assert [error["path"] for error in problem["errors"]] == names
    for error in problem["errors"]:
        assert (error["in"], error["problem"]) == ("query", "Unknown parameter")
        assert error["expected"].startswith(("no parameter but: ", "no parameters"))


async def test_a_misspelled_filter_does_not_list_everybody(api: Api) -> None:
    await api.user()
    problem = problem_of(await api.http.get("/api/users?emial=x"), 400, "invalid_request")
    [error] = problem["errors"]
    assert (error["in"], error["path"], error["problem"]) == ("query", "emial", "Unknown parameter")
    assert error["expected"].startswith("no parameter but: cursor, ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/bookings?dry_run=true"),
        ("POST", "/api/bookings/16777217/confirm?late=false"),
        ("DELETE", "/api/bookings/16777217?seat=41"),
        ("PUT", "/api/shows/1?name=x"),
    ],
)
@pytest.mark.parametrize("headers", [{}, A_PAGE], ids=["short way", "framework"])
async def test_a_change_takes_no_parameters(
    unserved: AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    body = b'{"user_id": 1, "show_id": 1, "seats_booked": 1}' if method != "DELETE" else b""
    answer = await unserved.request(method, path, content=body, headers=headers)
    [error] = problem_of(answer, 400, "invalid_request")["errors"]
    assert (error["in"], error["expected"]) == ("query", "no parameters")


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "limit=1&limit=1", "limit=5&%6Cimit=6", "limit=1&cursor=&limit=2"]
)
async def test_a_parameter_that_comes_twice_is_refused(unserved: AsyncClient, query: str) -> None:
    problem = problem_of(await unserved.get(f"/api/shows?{query}"), 400, "invalid_request")
    assert [(error["in"], error["path"]) for error in problem["errors"]] == [("query", "limit")]


async def test_a_space_may_be_written_in_both_ways(api: Api) -> None:
    await api.show(name="A B")
    await api.show(name="A+B")
    for query, names in (("A+B", ["A B"]), ("A%20B", ["A B"]), ("A%2BB", ["A+B"])):
        assert [show["name"] for show in listed(await api.http.get(f"/api/shows?text={query}&"))] == names


@pytest.mark.parametrize("path", PROBES)
async def test_a_probe_takes_what_load_balancers_add(api: Api, path: str) -> None:
    answer = await api.http.request("GET", f"{path}?x=1&x=2", content=b"ping")
    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path"), BODILESS)
@pytest.mark.parametrize("headers", [{}, A_PAGE], ids=["short way", "framework"])
async def test_a_body_is_refused_where_none_is_taken(
    unserved: AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    for body in (b'{"seat_numbers":[41]}', b"x", b"[]", b"null", b"seat=41", b"\0"):
        answer = await unserved.request(method, path, content=body, headers=headers)
        [error] = problem_of(answer, 400, "invalid_request")["errors"]
        assert (error["in"], error["expected"]) == ("body", "no body")


@pytest.mark.parametrize("headers", [{}, A_PAGE], ids=["short way", "framework"])
async def test_a_part_of_a_booking_is_not_cancelled_as_a_whole(api: Api, headers: dict[str, str]) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"], seat_numbers=[1, 2, 3])
    path = f"/api/bookings/{booking['id']}"
    answer = await api.http.request("DELETE", path, json={"seat_numbers": [1]}, headers=headers)
    [error] = problem_of(answer, 400, "invalid_request")["errors"]
    assert (error["path"], error["expected"]) == ("seat_numbers", "no body")
    assert data_of(await api.http.get(path))["seats"] == [1, 2, 3]


@pytest.mark.parametrize("headers", [{}, A_PAGE], ids=["short way", "framework"])
async def test_an_empty_object_is_as_good_as_no_body(api: Api, headers: dict[str, str]) -> None:
    """Some client libraries send one with every POST."""
    user, show = await api.user(), await api.show()
    hold = await api.hold(show["id"], user["id"])
    confirm = f"/api/bookings/{hold['id']}/confirm"
    assert data_of(await api.http.post(confirm, json={}, headers=headers))["status"] == "CONFIRMED"


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x"])
@pytest.mark.parametrize("headers", [{}, A_PAGE], ids=["short way", "framework"])
async def test_a_body_in_a_coding_is_refused(
    unserved: AsyncClient, coding: str, headers: dict[str, str]
) -> None:
    body = b'{"user_id": 1, "show_id": 1, "seats_booked": 1}'
    for content in (body, gzip.compress(body)):
        answer = await unserved.post(
            "/api/bookings", content=content, headers=headers | {"Content-Encoding": coding}
        )
        problem_of(answer, 415, "unsupported_coding")
        assert answer.headers["accept-encoding"] == "identity"


async def test_a_coding_that_says_nothing_is_taken(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    for coding in ("identity", "Identity", ""):
        data_of(await api.http.post("/api/bookings", json=body, headers={"Content-Encoding": coding}), 201)
    data_of(await api.http.get(f"/api/shows/{show['id']}", headers={"Content-Encoding": "gzip"}))


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_a_body_is_json_in_utf_8_whatever_its_type_says(api: Api, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    body = '{"name": "Jürgen", "email": "j@example.com"}'.encode()
    assert data_of(await api.http.post("/api/users", content=body, headers=headers), 201)["name"] == "Jürgen"
    answer = await api.http.post("/api/users", content=body.decode().encode("utf-16"), headers=headers)
    problem_of(answer, 400, "invalid_request")


DOUBLED = [
    ('{"user_id": 1, "show_id": 1, "seats_booked": 1, "seats_booked": 2}', "seats_booked"),
    ('{"user_id": 1, "user_id": 1, "show_id": 1, "seats_booked": 1}', "user_id"),
    (r'{"user_id": 1, "show_id": 1, "seats_booked": 1, "\u0073how_id": 2}', "show_id"),
    ('{"show_id": 1, "user_id": 1, "seats_booked": 1, "show_id" : 1}', "show_id"),
]


@pytest.mark.parametrize(("body", "field"), DOUBLED)
@pytest.mark.parametrize("headers", [{}, A_PAGE], ids=["short way", "framework"])
async def test_a_field_that_comes_twice_is_refused(
    unserved: AsyncClient, body: str, field: str, headers: dict[str, str]
) -> None:
    answer = await unserved.post("/api/bookings", content=body.encode(), headers=headers)
    [error] = problem_of(answer, 400, "invalid_request")["errors"]
    assert (error["path"], error["problem"]) == (field, "It comes twice")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "name", "show_type": "name"},
        {"name": 'show_type": "x', "show_type": "show_type"},
        {"name": "\\", "show_type": "x"},
    ],
)
async def test_a_value_that_looks_like_a_field_is_none(api: Api, changes: Json) -> None:
    show = await api.show()
    assert data_of(await api.http.put(f"/api/shows/{show['id']}", json=changes))["name"] == changes["name"]


@pytest.mark.parametrize(("method", "path"), BODILESS)
async def test_a_coded_body_is_none_the_less_a_body(unserved: AsyncClient, method: str, path: str) -> None:
    coded = {"Content-Encoding": "gzip"}
    answer = await unserved.request(method, path, content=gzip.compress(b"{}"), headers=coded)
    [error] = problem_of(answer, 400, "invalid_request")["errors"]
    assert (error["in"], error["expected"], error["problem"]) == ("body", "no body", "It is in a coding")


@pytest.mark.parametrize(
    "query", ["text=%FF", "text=%ED%A0%80", "text=%C0%AE", "text=a%", "text=%zz", "text=%u0041", "%ff=1"]
)
@pytest.mark.parametrize("path", ["/api/shows", "/api/users"])
async def test_a_query_that_is_no_text_is_refused(unserved: AsyncClient, path: str, query: str) -> None:
    """The framework would search for U+FFFD, or for the escape itself; another program reads other bytes."""
    [error] = problem_of(await unserved.get(f"{path}?{query}"), 400, "invalid_request")["errors"]
    assert (error["in"], error["path"]) == ("query", "")
