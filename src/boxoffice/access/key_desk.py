"""The key desk, where API keys are made, revoked and replaced."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import asyncpg

from boxoffice.access.callers import Role
from boxoffice.access.keys import digest_of, make_key
from boxoffice.database.rows import to_view
from boxoffice.database.store import Store
from boxoffice.vocabulary.views import ApiKey

ROTATION_OVERLAP: Final = timedelta(hours=24)
"""How long a replaced key is still good: time to bring the new one to every server."""

_ID_BYTES: Final = 6


class NewKey(NamedTuple):
    """A new key and its secret. The secret exists only here: the database keeps a hash of it."""

    key: ApiKey
    secret: str


class KeyDesk:
    """The writes of keys to the database. Each write has one effect, however often it is tried."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(
        self, name: str, role: Role, show_ids: Sequence[int] | None, lasts: timedelta | None
    ) -> NewKey:
        """A new key; for these shows alone, if they are given. ``lasts`` None: until it is revoked."""
        secret = make_key()
        shows = None if show_ids is None else list(show_ids)
        while True:  # another key may have the id: one in 2^48
            key_id = secrets.token_hex(_ID_BYTES)
            rows = await self._store.write(
                "create_key", key_id, name, role.value, shows, digest_of(secret), lasts
            )
            if rows:
                return NewKey(to_view(rows[0], ApiKey), secret)

    async def list(self) -> list[ApiKey]:
        """All keys, the oldest first."""
        return [to_view(row, ApiKey) for row in await self._store.read("api_keys")]

    async def revoke(self, key_id: str) -> ApiKey | None:
        """Ends a key at once, and gives the ended key. None if there is no such key."""
        return _key(await self._store.write("revoke_key", key_id))

    async def rotate(self, key_id: str) -> NewKey | None:
        """A new key with the rights of the old one, which ends after ``ROTATION_OVERLAP``.

        None if there is no such key, or if the old key was revoked.
        """
        old = next((key for key in await self.list() if key.key_id == key_id), None)
        if old is None or old.revoked_at is not None:
            return None
        new = await self.create(old.name, Role(old.role), old.show_ids, old.lasts)
        await self._store.write("expire_key", key_id, ROTATION_OVERLAP)
        return new


def _key(rows: "list[asyncpg.Record]") -> ApiKey | None:
    return to_view(rows[0], ApiKey) if rows else None
