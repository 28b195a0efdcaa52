"""ETags of answers about a show, conditional reads, and changes that are refused if the show has changed."""

from typing import TYPE_CHECKING

import pytest
from httpx import Response

from tests.support.http.api import Api, data_of, problem_of

if TYPE_CHECKING:
    from tests.support.http.callers import Callers

READS = ["", "/available-seats", "/available-seats?format=ranges", "/stats"]


@pytest.mark.parametrize("read", READS)
async def test_a_read_is_not_sent_again_until_the_show_changes(api: Api, read: str) -> None:
    user, show = await api.user(), await api.show()
    path = f"/api/shows/{show['id']}{read}"
    first = await api.http.get(path)
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    same = await api.http.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    await api.booking(show["id"], user["id"])
    changed = await api.http.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_forms_of_the_same_seats_have_different_tags(api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}/available-seats"
    listed, ranges = await api.http.get(path), await api.http.get(path, params={"format": "ranges"})
    assert (listed.headers["etag"], ranges.headers["etag"]) == ('W/"1"', 'W/"1-ranges"')
    again = await api.http.get(path, params={"format": "ranges"}, headers={"If-None-Match": '"1"'})
    assert again.status_code == 200


async def test_any_tag_matches_what_exists(api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}"
    assert (await api.http.get(path, headers={"If-None-Match": "*"})).status_code == 304
    problem_of(await api.http.get("/api/shows/4711", headers={"If-None-Match": "*"}), 404, "show_not_found")


async def test_a_change_on_old_knowledge_is_refused(api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}"
    tag = (await api.http.get(path)).headers["etag"]
    changed = await api.http.put(path, json={"name": "First"}, headers={"If-Match": tag})
    data_of(changed)
    for late in (
        await api.http.put(path, json={"name": "Second"}, headers={"If-Match": tag}),
        await api.http.delete(path, headers={"If-Match": tag}),
    ):
        assert problem_of(late, 412, "version_mismatch")["seq"] == 2
    assert data_of(await api.http.get(path))["name"] == "First"
    data_of(await api.http.delete(path, headers={"If-Match": changed.headers["etag"]}))


async def test_any_version_may_be_asked_for(api: Api) -> None:
    show = await api.show()
    data_of(await api.http.put(f"/api/shows/{show['id']}", json={"name": "New"}, headers={"If-Match": "*"}))


async def test_what_names_people_is_not_stored(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"])
    for path in (
        f"/api/users/{user['id']}",
        f"/api/bookings/{booking['id']}",
        f"/api/bookings/user/{user['id']}",
        f"/api/admin/shows/{show['id']}/seats",
    ):
        assert (await api.http.get(path)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("tags", ['"1"', 'W/"1"', '"7", W/"1"', '"x-1" , ,"1",', "*", '"a, b","1"'])
async def test_a_change_fits_one_of_the_versions_that_it_is_meant_for(
    api: Api, method: str, tags: str
) -> None:
    path = f"/api/shows/{(await api.show())['id']}"
    data_of(await changed(api, method, path, {"If-Match": tags}))


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    "tags", ['"2"', '"x"', '""', '"1-ranges"', '"01"x"', '"' + "9" * 30 + '"', '"2","3"']
)
async def test_a_change_that_is_meant_for_other_versions_is_refused(api: Api, method: str, tags: str) -> None:
    path = f"/api/shows/{(await api.show())['id']}"
    answer = await changed(api, method, path, {"If-Match": tags})
    if tags == '"01"x"':  # no list of tags
        problem_of(answer, 400, "invalid_request")
    else:
        problem_of(answer, 412, "version_mismatch")
    problem_of(await changed(api, method, "/api/shows/4711", {"If-Match": '"1"'}), 404, "show_not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_what_is_there_is_not_changed_for_those_who_want_it_not_to_be_there(
    api: Api, method: str
) -> None:
    path, header = f"/api/shows/{(await api.show())['id']}", {"If-None-Match": "*"}
    problem_of(await changed(api, method, path, header), 412, "version_mismatch")
    problem_of(await changed(api, method, "/api/shows/4711", header), 404, "show_not_found")
    answer = await changed(api, method, path, {"If-None-Match": '"1"'})
    assert problem_of(answer, 400, "invalid_request")["errors"][0]["path"] == "If-None-Match"


async def changed(api: Api, method: str, path: str, headers: dict[str, str]) -> Response:
    """The answer to a change of a show."""
    if method == "DELETE":
        return await api.http.delete(path, headers=headers)
    return await api.http.put(path, json={"name": "New"}, headers=headers)


async def test_a_condition_on_what_has_no_version_is_not_ignored(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"])
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    for headers in ({"If-Match": '"1"'}, {"If-None-Match": "*"}):
        for answer in (
            await api.http.delete(f"/api/bookings/{booking['id']}", headers=headers),
            await api.http.post("/api/bookings", json=body, headers=headers),
            await api.http.put(f"/api/users/{user['id']}", json={"name": "x"}, headers=headers),
        ):
            problem_of(answer, 412, "precondition_failed")
    read = await api.http.get(f"/api/shows/{show['id']}", headers={"If-Match": '"1"'})
    assert problem_of(read, 400, "invalid_request")["errors"][0]["path"] == "If-Match"
    true = {"If-Match": "*", "If-None-Match": '"1"'}
    data_of(await api.http.delete(f"/api/bookings/{booking['id']}", headers=true))


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_all_forms_of_a_version_have_its_tag(api: Api, coding: str) -> None:
    path, headers = f"/api/shows/{(await api.show(seats=5_000))['id']}/available-seats", {}
    headers = {"Accept-Encoding": coding}
    first = await api.http.get(path, headers=headers)
    assert (first.headers["etag"], first.headers.get("content-encoding", "identity")) == ('W/"1"', coding)
    for tag in ('"1"', 'W/"1"'):
        again = await api.http.get(path, headers=headers | {"If-None-Match": tag})
        assert (again.status_code, again.headers["etag"]) == (304, 'W/"1"')
        for header in ("vary", "cache-control"):
            assert again.headers.get_list(header) == first.headers.get_list(header)


@pytest.mark.parametrize("unread", ["1", '"1', "**", '"*"', '"1-ranges"', "W/1", ""])
async def test_what_is_no_tag_of_this_version_does_not_match(api: Api, unread: str) -> None:
    path = f"/api/shows/{(await api.show())['id']}"
    for query in ("", "?consistent=true"):
        answer = await api.http.get(path + query, headers={"If-None-Match": unread})
        assert answer.status_code == 200


async def test_who_asks_is_in_vary_where_the_answer_depends_on_it(callers: "Callers", house: Api) -> None:
    show = await house.show()
    path = f"/api/shows/{show['id']}"
    assert (await house.http.get(path)).headers.get_list("vary") == ["Accept-Encoding, Origin"]
    for headers in ({}, {"If-None-Match": "*"}, {"Origin": "http://localhost:5173"}):
        stats = await house.http.get(f"{path}/stats", headers=headers)
        assert stats.headers.get_list("vary") == ["Accept-Encoding, Origin, Authorization, X-Api-Key"]
    async with callers.api("nobody") as nobody:
        refused = await nobody.http.get(f"{path}/stats")
        assert refused.status_code == 401
        assert refused.headers.get_list("vary") == ["Accept-Encoding, Origin, Authorization, X-Api-Key"]


async def test_an_endless_list_of_tags_is_not_read(api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}"
    tags = '"a", ' * 1_000 + (await api.http.get(path)).headers["etag"]
    for query in ("", "?consistent=true"):
        answer = await api.http.get(path + query, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.json()["data"]["id"]) == (200, show["id"])
    answer = await api.http.put(path, json={"name": "x"}, headers={"If-Match": tags})
    [error] = problem_of(answer, 400, "invalid_request")["errors"]
    assert (error["in"], error["path"]) == ("header", "If-Match")
