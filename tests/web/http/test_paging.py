"""Every list in pages: all items once, in order, by cursor and by link."""

import pytest

from tests.support.http.api import Api, Json, data_of, listed

ITEMS = 5


async def filled(api: Api) -> Json:
    """An application with five items in every list."""
    users = [await api.user(f"user{i}@example.com") for i in range(ITEMS)]
    shows = [await api.show(seats=ITEMS) for _ in range(ITEMS)]  # all at the same time: ties
    for _ in range(ITEMS):
        await api.booking(shows[0]["id"], users[0]["id"])
    return {"user": users[0]["id"], "show": shows[0]["id"]}


LISTS = {
    "shows": ("/api/shows", "id", False),
    "shows by type": ("/api/shows/type/movie", "id", False),
    "users": ("/api/users", "id", False),
    "bookings of a user": ("/api/bookings/user/{user}", "id", True),
    "bookings of a show": ("/api/bookings/show/{show}?status=CONFIRMED", "id", True),
    "seats": ("/api/admin/shows/{show}/seats", "seat_number", False),
    "changes": ("/api/shows/{show}/changes", "seq", False),
}


@pytest.mark.parametrize(("path", "key", "newest_first"), LISTS.values(), ids=LISTS)
async def test_pages_have_every_item_once_in_order(api: Api, path: str, key: str, newest_first: bool) -> None:
    path = path.format(**await filled(api))
    everything = [item[key] for item in listed(await api.http.get(path))]
    assert everything == sorted(everything, reverse=newest_first)
    assert len(everything) >= ITEMS

    found, following = [], f"{path}{'&' if '?' in path else '?'}limit=2"
    while following:
        response = await api.http.get(following)
        items = listed(response)
        assert 1 <= len(items) <= 2
        found += [item[key] for item in items]
        assert ("next" in response.links) == (response.json()["meta"]["next_cursor"] is not None)
        following = response.links.get("next", {}).get("url", "")
    assert found == everything


async def test_a_cursor_works_as_a_parameter(api: Api) -> None:
    await filled(api)
    first = await api.http.get("/api/users", params={"limit": 3})
    cursor = first.json()["meta"]["next_cursor"]
    rest = listed(await api.http.get("/api/users", params={"cursor": cursor}))
    assert len(listed(first)) + len(rest) == ITEMS


async def test_a_page_keeps_the_filters_in_its_link(api: Api) -> None:
    await filled(api)
    response = await api.http.get("/api/shows", params={"type": "movie", "text": "XYZ & more", "limit": 1})
    assert listed(response) == []
    response = await api.http.get("/api/shows", params={"type": "movie", "text": "vie X", "limit": 1})
    assert "type=movie&text=vie+X&limit=1&cursor=" in response.links["next"]["url"]


async def test_a_full_last_page_has_no_next(api: Api) -> None:
    await filled(api)
    response = await api.http.get("/api/users", params={"limit": ITEMS})
    assert response.json()["meta"] == {"count": ITEMS, "next_cursor": None}
    assert "link" not in response.headers


async def test_items_that_come_while_paging_disturb_nothing(api: Api) -> None:
    ids = await filled(api)
    path = f"/api/bookings/user/{ids['user']}"
    first = await api.http.get(path, params={"limit": 2})
    other = await api.show()
    newest = await api.booking(other["id"], ids["user"])
    rest = listed(await api.http.get(path, params={"cursor": first.json()["meta"]["next_cursor"]}))
    assert len(rest) == ITEMS - 2
    assert newest["id"] not in [booking["id"] for booking in rest]


async def test_an_empty_list_is_a_page(api: Api) -> None:
    assert listed(await api.http.get("/api/shows")) == []
    assert data_of(await api.http.post("/api/bookings/expire-old")) == {"expired_count": 0}
