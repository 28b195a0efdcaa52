"""A key that replaces another is made for the same time as the replaced key."""

from datetime import timedelta

import pytest

from boxoffice.access.callers import Role
from boxoffice.access.key_desk import ROTATION_OVERLAP, KeyDesk, NewKey
from boxoffice.engine.runtime import open_store
from boxoffice.vocabulary.views import ApiKey
from tests.support.settings import settings_for

YEAR = timedelta(days=365)


def rotated(key: NewKey | None) -> ApiKey:
    assert key is not None
    return key.key


def left(key: ApiKey) -> timedelta | None:
    """The time for which a new key is good."""
    return None if key.expires_at is None else key.expires_at - key.created_at


@pytest.mark.parametrize("lasts", [YEAR, None])
async def test_a_key_that_is_being_replaced_is_replaced_by_one_of_the_full_length(
    database: str, lasts: timedelta | None
) -> None:
    async with open_store(settings_for(database)) as store:
        desk = KeyDesk(store)
        first = (await desk.create("shop", Role.SERVICE, None, lasts)).key
        second = rotated(await desk.rotate(first.key_id))
        third = rotated(await desk.rotate(first.key_id))
        fourth = rotated(await desk.rotate(second.key_id))
        assert [left(key) for key in (first, second, third, fourth)] == [lasts] * 4
        ends = {key.key_id: left(key) for key in await desk.list()}
        assert all(
            end is not None and end < ROTATION_OVERLAP + timedelta(hours=1)
            for end in (ends[first.key_id], ends[second.key_id])
        )
        assert [ends[third.key_id], ends[fourth.key_id]] == [lasts] * 2
