"""Answers without the framework: bytes, as the server sends them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar.types import Send

from boxoffice.web.http.problems import MEDIA_TYPE, members

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body."""

_PROBLEM: Final = (b"content-type", MEDIA_TYPE.encode())

encode: Final = msgspec.json.Encoder().encode


def plain_problem(code: str, details: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """The answer for a code of ``KINDS``."""
    body = members(code, details)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return body["status"], [_PROBLEM, *raw], encode(body)


async def send_plain(answer: Answer, send: Send) -> None:
    """Sends the answer."""
    status, headers, body = answer
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
