"""The settings of retention."""

from typing import Annotated

from msgspec import Meta

from boxoffice.settings.group import Group


class RetentionSettings(Group, frozen=True, kw_only=True):
    """How long the database keeps what is needed only for a time."""

    idempotency_keys_kept_days: Annotated[
        int,
        Meta(ge=1, le=3650),
        "Days after which the answer to an `Idempotency-Key` may be forgotten; the same key is then a new "
        "request. Far longer than any client goes on trying.",
    ] = 30
