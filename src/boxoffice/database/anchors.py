"""Anchors: the last link of each show, signed, in a file outside of the database.

Whoever rewrites a history or cuts its end off in the database must also change this file, and its signature.
The file only grows. Each run adds a line for each show that changed since the run before, and then a line
that signs them together with the run before: JSON lines, and the signature Ed25519 (RFC 8032).
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from msgspec import Struct

from boxoffice.database.chain import Link
from boxoffice.vocabulary.faults import Fault

_NEW_KEY: Final = "make one with: openssl genpkey -algorithm ed25519 -out FILE"


class AnchorsUnusable(Fault):
    """The key or the file of anchors cannot be read, or is not what it should be."""


class Anchor(Struct, frozen=True, forbid_unknown_fields=True):
    """That a show had this event, with this link."""

    show: int
    seq: int
    link: str
    at: str


class Signed(Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a run. ``before``: the signature of the run before it, empty for the first."""

    anchored_at: str
    anchors: int
    before: str
    signature: str


class Anchors:
    """The anchors of a file whose signatures hold. ``before``: the last signature."""

    def __init__(self, path: Path, key: Ed25519PublicKey) -> None:
        """Reads the file; one that is not there has no anchors. Raises ``AnchorsUnusable``."""
        self._path: Final = path
        self.before = ""
        self._bytes = 0  # of the file, as far as it was read
        self.by_show: dict[int, dict[int, Anchor]] = {}
        if path.exists():
            self._read(key)

    def lost(self, show_id: int, seq: int, link: bytes) -> bool:
        """Whether this event was anchored with another link."""
        known = self.by_show.get(show_id, {}).get(seq)
        return known is not None and known.link != link.hex()

    def count(self) -> int:
        """How many anchors there are."""
        return sum(map(len, self.by_show.values()))

    def beyond(self, ends: Iterable[Link]) -> Iterator[Anchor]:
        """The anchors of events that are not there any more."""
        last = {end.show_id: end.seq for end in ends}
        for show_id, anchors in self.by_show.items():
            yield from (anchor for seq, anchor in anchors.items() if seq > last.get(show_id, 0))

    def append(self, ends: Iterable[Link], key: Ed25519PrivateKey, now: datetime) -> int:
        """Adds the shows that changed since, and signs them; how many. Raises ``AnchorsUnusable``."""
        changed = [
            Anchor(end.show_id, end.seq, end.link.hex(), end.at)
            for end in ends
            if end.seq not in self.by_show.get(end.show_id, {})
        ]
        text = b"".join(msgspec.json.encode(anchor) + b"\n" for anchor in changed)
        told = Signed(now.isoformat(), len(changed), self.before, "")
        signature = key.sign(_digest(text, told)).hex()
        line = msgspec.json.encode(msgspec.structs.replace(told, signature=signature)) + b"\n"
        try:
            self._write(text + line)
        except OSError as error:
            raise AnchorsUnusable(f"{self._path} cannot be written: {error.strerror}") from error
        self._note(changed, signature)
        return len(changed)

    def _write(self, lines: bytes) -> None:
        """Adds the lines for good. Two runs at once would sign the same run before them: one begins anew."""
        with self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_size != self._bytes:
                raise AnchorsUnusable(f"{self._path} was changed while this run looked; run it once more")
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            self._bytes += len(lines)

    def _read(self, key: Ed25519PublicKey) -> None:
        run: list[bytes] = []
        try:
            with self._path.open("rb") as file:
                for line in file:
                    run.append(line)
                    self._bytes += len(line)
                    if b'"signature"' in line:
                        self._take(run, key)
                        run = []
        except OSError as error:
            raise AnchorsUnusable(f"{self._path} cannot be read: {error.strerror}") from error
        if run:
            raise AnchorsUnusable(f"{self._path} ends with {len(run)} lines that are not signed")

    def _take(self, run: list[bytes], key: Ed25519PublicKey) -> None:
        try:
            anchors = [msgspec.json.decode(line, type=Anchor) for line in run[:-1]]
            told = msgspec.json.decode(run[-1], type=Signed)
            key.verify(bytes.fromhex(told.signature), _digest(b"".join(run[:-1]), told))
        except (InvalidSignature, msgspec.MsgspecError, ValueError):
            raise AnchorsUnusable(f"{self._path} was changed: a signature is not that of the key") from None
        if told.before != self.before or told.anchors != len(anchors):
            raise AnchorsUnusable(
                f"{self._path} was changed: a run of {told.anchored_at} is not where it was"
            )
        self._note(anchors, told.signature)

    def _note(self, anchors: Iterable[Anchor], signature: str) -> None:
        self.before = signature
        for anchor in anchors:
            self.by_show.setdefault(anchor.show, {})[anchor.seq] = anchor


def _digest(lines: bytes, told: Signed) -> bytes:
    said = json.dumps([told.anchored_at, told.anchors, told.before])
    return sha256(lines + said.encode()).digest()


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file. Raises ``AnchorsUnusable``."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise AnchorsUnusable(f"{path} has no private key that can be read; {_NEW_KEY}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AnchorsUnusable(f"{path} has a key of another kind than Ed25519; {_NEW_KEY}")
    return key


def checking_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file, or that of the private key there. Raises ``AnchorsUnusable``."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return signing_key(path).public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise AnchorsUnusable(f"{path} has a key of another kind than Ed25519; {_NEW_KEY}")
    return key
