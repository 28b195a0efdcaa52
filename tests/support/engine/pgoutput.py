"""What a reader of PostgreSQL's log gets: messages of the plugin pgoutput, in version 1 of its protocol."""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from boxoffice.database.publication import PUBLICATION
from tests.support.engine.databases import Connection

SLOT: Final = "reader"
_PEEK: Final = """
    SELECT data FROM pg_logical_slot_peek_binary_changes(
        $1, NULL, NULL, 'proto_version', '1', 'publication_names', $2
    )
"""


class Told(Struct):
    """All that a reader was told: the kinds of messages, the rows by table, and every byte of it."""

    kinds: set[str]
    rows: dict[str, list[dict[str, str | None]]]
    everything: bytes


async def make_slot(connection: Connection) -> None:
    """Make a slot for a reader of this database."""
    await connection.execute("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", SLOT)


async def peek(connection: Connection) -> Told:
    """All that the slot has for its reader; the slot keeps it."""
    messages = [bytes(row["data"]) for row in await connection.fetch(_PEEK, SLOT, PUBLICATION)]
    told = Told({chr(message[0]) for message in messages}, {}, b"".join(messages))
    tables: dict[int, tuple[str, list[str]]] = {}
    for message in messages:
        if message[:1] == b"R":
            table, name, columns = _relation(message)
            tables[table] = name, columns
        elif message[:1] == b"I":
            [table] = struct.unpack_from("!I", message, 1)
            name, columns = tables[table]
            told.rows.setdefault(name, []).append(dict(zip(columns, _values(message), strict=True)))
    return told


def _relation(message: bytes) -> tuple[int, str, list[str]]:
    """Message R: the table's number, its schema and name, its replica identity, its columns."""
    [table] = struct.unpack_from("!I", message, 1)
    _schema, name, rest = message[5:].split(b"\0", 2)
    [count] = struct.unpack_from("!H", rest, 1)
    columns, rest = [], rest[3:]
    for _ in range(count):
        column, _, rest = rest[1:].partition(b"\0")  # a byte of flags, the name, its type
        columns.append(column.decode())
        rest = rest[8:]
    return table, name.decode(), columns


def _values(message: bytes) -> Iterator[str | None]:
    """Message I: the table's number, N, and each value as n (NULL) or t, its length and its text."""
    [count] = struct.unpack_from("!H", message, 6)
    at = 8
    for _ in range(count):
        kind, at = message[at : at + 1], at + 1
        if kind == b"n":
            yield None
            continue
        assert kind == b"t"
        [length] = struct.unpack_from("!I", message, at)
        yield message[at + 4 : at + 4 + length].decode()
        at += 4 + length
