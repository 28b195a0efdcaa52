"""API keys: how one is made, kept and recognised.

A key is ``box_``, 32 random characters and a checksum of 6 characters. By the checksum a made-up key is
refused without asking the database. By the form a tool that looks for leaked secrets finds a key. The
database has only the SHA-256 of a key: a slow hash would add nothing to 190 random bits.
"""

import asyncio
import re
import secrets
import string
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from hashlib import sha256
from time import monotonic
from typing import Any, Final, TypeVar
from zlib import crc32

from boxoffice.access.callers import Caller, Role, Unauthenticated
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.views import ApiKey

KEY_CACHE_S: Final = 5.0
"""Seconds for which a key is not looked up again: a revoked key ends within them."""

KEY_OUTAGE_S: Final = 300.0
"""Further seconds for which a known key is good while the database is away: monitoring also has a key, and
must see the outage."""

KEYS_CACHED_MAX: Final = 10_000
"""Keys that a process remembers, a few megabytes; it remembers as many unknown ones."""

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PREFIX: Final = "box_"
_RANDOM_CHARS: Final = 32
_CHECK_CHARS: Final = 6
_FORM: Final = re.compile(rb"box_[0-9A-Za-z]{%d}" % (_RANDOM_CHARS + _CHECK_CHARS))

V = TypeVar("V")
FindKey = Callable[[bytes], Coroutine[Any, Any, ApiKey | None]]


def make_key() -> str:
    """A new key."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return f"{_PREFIX}{random}{_checksum(random)}"


def digest_of(key: str | bytes) -> bytes:
    """The hash of a key, which is all that is kept of a key."""
    return sha256(key.encode() if isinstance(key, str) else key).digest()


def is_well_formed(key: bytes) -> bool:
    """Whether a key has our form and the right checksum."""
    if not _FORM.fullmatch(key):
        return False
    random, check = key[len(_PREFIX) : -_CHECK_CHARS], key[-_CHECK_CHARS:]
    return _checksum(random.decode()).encode() == check


def _checksum(random: str) -> str:
    number, text = crc32(random.encode()), ""
    for _ in range(_CHECK_CHARS):
        number, digit = divmod(number, len(_ALPHABET))
        text = _ALPHABET[digit] + text
    return text


class KnownKeys:
    """The keys that this process has looked up; each is remembered for a moment. ``find`` looks one up."""

    def __init__(self, find: FindKey, clock: Callable[[], float] = monotonic) -> None:
        self._find = find
        self._clock = clock
        self._known: dict[bytes, tuple[float, ApiKey, Caller]] = {}
        self._unknown: dict[bytes, float] = {}
        self._asked: dict[bytes, asyncio.Future[ApiKey | None]] = {}

    def remembered(self, key: bytes) -> Caller | None:
        """The caller with this key; None if the key was not looked up a moment ago.

        Raises ``Unauthenticated``.
        """
        digest = digest_of(key)
        found = self._known.get(digest)
        if found is not None and found[0] > self._clock():
            return _valid(found[1], found[2])
        if self._unknown.get(digest, 0.0) > self._clock():
            raise Unauthenticated("unknown")
        return None

    def was_known(self, key: bytes) -> bool:
        """Whether the key was ours when it was last looked up. Such a key is not counted as a guess."""
        return digest_of(key) in self._known

    async def look_up(self, key: bytes) -> Caller:
        """The caller with this key. Raises ``Unauthenticated``, or the fault of the database."""
        if not is_well_formed(key):
            raise Unauthenticated("malformed")
        digest = digest_of(key)
        asked = self._asked.get(digest)
        if asked is None:
            asked = self._asked[digest] = asyncio.create_task(self._find(digest))
            asked.add_done_callback(lambda _: self._asked.pop(digest, None))
        # Shielded: the request that asked first may be cancelled while others with this key still wait.
        try:
            return self._learn(digest, await asyncio.shield(asked))
        except Fault:
            known = self._known.get(digest)
            if known is None or self._clock() > known[0] + KEY_OUTAGE_S:
                raise
            return _valid(known[1], known[2])

    def _learn(self, digest: bytes, found: ApiKey | None) -> Caller:
        until = self._clock() + KEY_CACHE_S
        if found is None:
            self._known.pop(digest, None)
            _put(self._unknown, digest, until)
            raise Unauthenticated("unknown")
        caller = _caller(found)
        _put(self._known, digest, (until, found, caller))
        return _valid(found, caller)


def _put(kept: dict[bytes, V], key: bytes, value: V) -> None:
    kept.pop(key, None)
    if len(kept) >= KEYS_CACHED_MAX:
        del kept[next(iter(kept))]  # the oldest
    kept[key] = value


def _valid(key: ApiKey, caller: Caller) -> Caller:
    now = datetime.now(UTC)
    if key.revoked_at is not None and key.revoked_at <= now:
        raise Unauthenticated("revoked")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated("expired")
    return caller


def _caller(key: ApiKey) -> Caller:
    role = Role(key.role)
    shows = None if key.show_ids is None else frozenset(key.show_ids)
    return Caller(f"key:{key.key_id}", role, show_ids=shows, capped=role is Role.SERVICE)
