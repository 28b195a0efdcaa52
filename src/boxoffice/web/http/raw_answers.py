"""Answers without the framework: bytes, as the server sends them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.types import Send
from msgspec import Struct

encode: Final = msgspec.json.Encoder().encode


class RawAnswer(Struct):
    """An answer as it goes out; names of headers in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as they go out."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def as_response(answer: RawAnswer) -> Response[Any]:
    """The answer as a handler of the framework gives it."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    kind = headers.pop("content-type")
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=kind)


async def send_raw(answer: RawAnswer, send: Send) -> None:
    """Sends the answer."""
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
