"""ETags of answers about a show, conditional reads, and changes that are refused if the show has changed."""

import pytest

from tests.support.http.api import Api, data_of, problem_of

READS = ["", "/available-seats", "/available-seats?format=ranges", "/stats"]


@pytest.mark.parametrize("read", READS)
async def test_a_read_is_not_sent_again_until_the_show_changes(api: Api, read: str) -> None:
    user, show = await api.user(), await api.show()
    path = f"/api/shows/{show['id']}{read}"
    first = await api.http.get(path)
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    same = await api.http.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    await api.booking(show["id"], user["id"])
    changed = await api.http.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_forms_of_the_same_seats_have_different_tags(api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}/available-seats"
    listed, ranges = await api.http.get(path), await api.http.get(path, params={"format": "ranges"})
    assert (listed.headers["etag"], ranges.headers["etag"]) == ('"1"', '"1-ranges"')
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
    data_of(await api.http.delete(path, headers={"If-Match": f"W/{changed.headers['etag']}"}))


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
