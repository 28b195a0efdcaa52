"""API keys: their form, and how a process remembers keys."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boxoffice.access import keys
from boxoffice.access.callers import Role, Unauthenticated
from boxoffice.access.keys import KEY_CACHE_S, KEY_OUTAGE_S, KnownKeys, digest_of, is_well_formed, make_key
from boxoffice.vocabulary.faults import Unavailable
from boxoffice.vocabulary.views import ApiKey

NOW = datetime.now(UTC)


def kept(role: str = "service", **changes: Any) -> ApiKey:
    fields: dict[str, Any] = {"show_ids": None, "lasts": None, "expires_at": None, "revoked_at": None}
    return ApiKey(key_id="k1", name="test", role=role, created_at=NOW, **fields | changes)


class Table:
    """The keys in the database, with a count of how often they are asked for."""

    def __init__(self, **known: ApiKey) -> None:
        self.known = {digest_of(secret): key for secret, key in known.items()}
        self.asked = 0
        self.now = 0.0
        self.away = False

    async def find(self, digest: bytes) -> ApiKey | None:
        """A key by the hash of its secret."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("the database is away")
        return self.known.get(digest)

    def keys(self) -> KnownKeys:
        """The keys as a process with an empty memory knows them."""
        return KnownKeys(self.find, clock=lambda: self.now)


def test_a_key_has_a_form_that_tools_can_find() -> None:
    made = {make_key() for _ in range(100)}
    assert len(made) == 100
    assert all(len(key) == 42 and key.startswith("box_") and key[4:].isalnum() for key in made)
    assert all(is_well_formed(key.encode()) for key in made)


def test_a_typing_error_is_seen_without_the_database() -> None:
    key = make_key()
    for place in range(4, len(key)):
        for other in ("0", "z"):
            wrong = key[:place] + other + key[place + 1 :]
            assert is_well_formed(wrong.encode()) is (wrong == key)


@pytest.mark.parametrize(
    "text", ["", "box_", "box_" + "a" * 37, "box_" + "a" * 39, "BOX_" + "a" * 38, "box_" + "ä" * 38]
)
def test_what_is_no_key_is_seen_without_the_database(text: str) -> None:
    assert not is_well_formed(text.encode())
    assert not is_well_formed(make_key().encode() + text.encode()) or not text


async def test_a_malformed_key_is_not_looked_up() -> None:
    table = Table()
    with pytest.raises(Unauthenticated, match="malformed"):
        await table.keys().look_up(b"box_" + b"a" * 38)
    assert table.asked == 0


async def test_a_known_key_is_looked_up_once_in_a_while() -> None:
    secret = make_key()
    table = Table(**{secret: kept(show_ids=[3, 5])})
    known = table.keys()
    assert known.remembered(secret.encode()) is None
    caller = await known.look_up(secret.encode())
    assert (caller.actor, caller.role, caller.show_ids) == ("key:k1", Role.SERVICE, frozenset({3, 5}))
    assert caller.reaches(3)
    assert not caller.reaches(4)
    for _ in range(10):
        assert known.remembered(secret.encode()) == caller
    assert table.asked == 1
    table.now += KEY_CACHE_S
    assert known.remembered(secret.encode()) is None
    assert known.was_known(secret.encode())


async def test_many_who_bring_one_key_ask_once() -> None:
    secret = make_key()
    table = Table(**{secret: kept()})
    known = table.keys()
    first, *others = await asyncio.gather(*(known.look_up(secret.encode()) for _ in range(50)))
    assert all(other == first for other in others)
    assert table.asked == 1


async def test_the_first_who_asks_may_go() -> None:
    secret = make_key()
    known = Table(**{secret: kept()}).keys()
    first = asyncio.create_task(known.look_up(secret.encode()))
    await asyncio.sleep(0)
    second = asyncio.create_task(known.look_up(secret.encode()))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).actor == "key:k1"


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"revoked_at": NOW}, "revoked"),
        ({"expires_at": NOW}, "expired"),
        ({"revoked_at": NOW, "expires_at": NOW}, "revoked"),
    ],
)
async def test_a_key_that_has_ended_is_refused_from_memory_too(changes: dict[str, Any], doubt: str) -> None:
    secret = make_key()
    table = Table(**{secret: kept(**changes)})
    known = table.keys()
    with pytest.raises(Unauthenticated, match=doubt):
        await known.look_up(secret.encode())
    with pytest.raises(Unauthenticated, match=doubt):
        known.remembered(secret.encode())
    assert table.asked == 1


async def test_a_key_that_ends_while_it_is_remembered_is_refused() -> None:
    secret = make_key()
    table = Table(**{secret: kept(expires_at=datetime.now(UTC) + timedelta(seconds=0.05))})
    known = table.keys()
    await known.look_up(secret.encode())
    await asyncio.sleep(0.06)  # time must pass here; no race waits for it
    with pytest.raises(Unauthenticated, match="expired"):
        known.remembered(secret.encode())


async def test_while_the_database_is_away_a_key_that_was_good_is_believed_for_a_while() -> None:
    secret, other = make_key(), make_key()
    table = Table(**{secret: kept(), other: kept()})
    known = table.keys()
    caller = await known.look_up(secret.encode())
    table.away = True
    table.now += KEY_CACHE_S
    assert await known.look_up(secret.encode()) == caller
    with pytest.raises(Unavailable):
        await known.look_up(other.encode())
    table.now += KEY_OUTAGE_S + 1
    with pytest.raises(Unavailable):
        await known.look_up(secret.encode())


async def test_an_unknown_key_is_remembered_too() -> None:
    secret, table = make_key(), Table()
    known = table.keys()
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="unknown"):
            known.remembered(secret.encode()) or await known.look_up(secret.encode())
    assert table.asked == 1
    table.now += KEY_CACHE_S
    assert known.remembered(secret.encode()) is None
    assert not known.was_known(secret.encode())


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEYS_CACHED_MAX", 3)
    secrets = [make_key() for _ in range(10)]
    known = Table(**{secret: kept() for secret in secrets[:5]}).keys()
    for secret in secrets[:5]:
        await known.look_up(secret.encode())
    for secret in secrets[5:]:
        with pytest.raises(Unauthenticated):
            await known.look_up(secret.encode())
    assert (len(known._known), len(known._unknown)) == (3, 3)
    assert known.was_known(secrets[4].encode())
    assert not known.was_known(secrets[0].encode())


async def test_staff_have_no_caps_and_services_have() -> None:
    made = {role: make_key() for role in ("service", "operator", "admin")}
    known = Table(**{secret: kept(role) for role, secret in made.items()}).keys()
    capped = {role: (await known.look_up(secret.encode())).capped for role, secret in made.items()}
    assert capped == {"service": True, "operator": False, "admin": False}
