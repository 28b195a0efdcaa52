"""Who asks."""

from typing import Any

from litestar.connection import ASGIConnection


def actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:  # noqa: ARG001 - authentication will need it
    """The name under which the caller's commands are recorded, and the scope of its idempotency keys."""
    return "anonymous"
