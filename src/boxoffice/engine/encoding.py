"""Commands as the database reads them: JSON objects whose members are read by name.

The database ignores a member that it does not know, and reads a missing member as NULL. So a new field can be
added to the program first, or to the database first (docs/decisions/0032-commands-by-name.md).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec

from boxoffice.vocabulary.commands import Command

ATTRIBUTES: Final = frozenset(
    {
        *("command_no", "kind", "actor", "origin", "key_hash", "fingerprint"),
        *("show_id", "booking_id", "user_id", "owner_id", "seat_count", "seat_numbers"),
        *("hold_seconds", "lifetime_seconds_max", "late", "reason", "reference", "metadata"),
        *("caps", "details", "not_after"),
    }
)
"""The attributes of the type ``engine_command`` in the database. Every other field of a command goes into the
member ``details``, where its SQL function reads it. So a command may have any field."""

_NO_PART_OF_A_FINGERPRINT: Final = frozenset(
    {
        *("actor", "idempotency_key", "origin", "owner_id", "caps"),  # the caller, and the caller's rights
        "email_verified",  # whether the caller vouches for the address
        "not_after",  # the same request with more time is the same request
        *("late", "lifetime_seconds_max"),  # settings: a retry must not fail because a setting has changed
    }
)


def encoded_batch(commands: Sequence[Command[Any]]) -> str:
    """The commands as ``run_batch`` reads them: an array of objects, whose ``command_no`` counts from 0."""
    return msgspec.json.encode([_object(no, command) for no, command in enumerate(commands)]).decode()


def encoded(command: Command[Any]) -> str:
    """The command as ``run_desk_command`` reads it: one object.

    A command without an idempotency key gets a random number for one. Otherwise a retry after a lost answer
    could take effect a second time.
    """
    told = _object(0, command)
    if command.idempotency_key is None:
        told |= {"key_hash": f"\\x{uuid4().hex}", "fingerprint": "\\x"}
    return msgspec.json.encode(told).decode()


_KEPT: Final = " "
"""Begins an idempotency key of which only the hash is known. A client's key has no space."""


def kept_key(digest: bytes) -> str:
    """The idempotency key of a command that was kept for a while: only the hash of its key was kept."""
    return _KEPT + digest.hex()


def key_hash(actor: str, key: str) -> bytes:
    """What stands for an actor's idempotency key in the database. The text itself is the client's choice and
    may name a person, so it is stored nowhere: it need not be found when the person is erased.
    """
    if key.startswith(_KEPT):
        return bytes.fromhex(key)
    return sha256(f"{actor}\0{key}".encode()).digest()


def fingerprint(fields: dict[str, Any]) -> bytes:
    """A hash of what a command asks for, without its caller. If two commands have the same idempotency key
    and different fingerprints, the second is refused: a key stands for one request.

    A field that is None is left out, so that a field that a later version adds does not change the
    fingerprints of keys that are kept already.
    """
    asked = {
        name: value
        for name, value in fields.items()
        if value is not None and name not in _NO_PART_OF_A_FINGERPRINT
    }
    return sha256(msgspec.json.encode(asked, order="deterministic")).digest()


def _object(command_no: int, command: Command[Any]) -> dict[str, Any]:
    """The command as an object with the members of ``engine_command``."""
    fields: dict[str, Any] = msgspec.to_builtins(command)
    told: dict[str, Any] = {"command_no": command_no}
    key = fields.pop("idempotency_key")
    if key is not None:
        told["key_hash"] = f"\\x{key_hash(command.actor, key).hex()}"
        told["fingerprint"] = f"\\x{fingerprint(fields).hex()}"
    if seats := fields.get("seat_numbers"):
        fields["seat_numbers"] = sorted(seats)
    if fields.keys() <= ATTRIBUTES:
        return fields | told
    others = fields.keys() - ATTRIBUTES
    if details := {name: fields[name] for name in fields if name in others and fields[name] is not None}:
        told["details"] = details
    return {name: value for name, value in fields.items() if name not in others} | told
