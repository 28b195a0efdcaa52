"""Which pages of other origins may call the API (CORS), and what they may send and see."""

import re
from typing import Final

from litestar.config.cors import CORSConfig

_REQUEST_HEADERS: Final = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Api-Key",
    "X-Request-Id",
    "traceparent",
]
_ANSWER_HEADERS: Final = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
]


def cors_of(origins: tuple[str, ...]) -> CORSConfig | None:
    """The rules for pages of these origins; None: no page of another origin may call."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=[origin for origin in origins if not origin.endswith(":*")],
        allow_origin_regex=_any_port([origin for origin in origins if origin.endswith(":*")]),
        allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_ANSWER_HEADERS,
    )


def _any_port(origins: list[str]) -> str | None:
    return "|".join(rf"{re.escape(origin.removesuffix(':*'))}(?::\d+)?" for origin in origins) or None
