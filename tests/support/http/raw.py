"""Bytes to a server and back, for requests that no client library would send."""

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any, Final, Self, cast

from msgspec import Struct

ANSWER_MAX_S: Final = 30.0
"""Longest wait for a part of an answer, in seconds."""


class Heard(Struct, frozen=True):
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def connection_to(port: int) -> Iterator[socket.socket]:
    """A connection to a server of this machine."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_MAX_S) as connection:
        yield connection


def answer_on(connection: socket.socket, method: str = "GET") -> Heard:
    """The next answer. Raises ``http.client.HTTPException`` or ``OSError`` when there is none."""
    [answer] = answers_on(connection, method)
    return answer


def answers_on(connection: socket.socket, *methods: str) -> list[Heard]:
    """The next answers, one for each method, however they are cut into packets. Raises as ``answer_on``."""
    with connection.makefile("rb", buffering=0) as raw:
        reader = _Reader(raw)
        return [_answer(reader, method) for method in methods]


class _Reader(io.BufferedReader):
    def makefile(self, *_: object) -> Self:
        """The same reader for the next response: a reader of its own would take bytes of the next answer."""
        return self

    def close(self) -> None:
        """Does nothing: a response closes its reader, but the next response still needs this one."""


def _answer(reader: _Reader, method: str) -> Heard:
    response = HTTPResponse(cast(Any, reader), method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Heard(response.status, headers, response.read())
