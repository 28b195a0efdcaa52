"""Who asks."""

from typing import Any, Final

from litestar.connection import ASGIConnection

ANONYMOUS: Final = "anonymous"
"""Everybody, until there is authentication."""


def actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:  # noqa: ARG001 - authentication will need it
    """The name under which the caller's commands are recorded, and the scope of its idempotency keys."""
    return ANONYMOUS
