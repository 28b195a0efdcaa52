"""Bytes to a server and back, for what no client library would send."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Final

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
    response = HTTPResponse(connection, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Heard(response.status, headers, response.read())
