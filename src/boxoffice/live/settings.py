"""The settings of live seats."""

from typing import Annotated

from msgspec import Meta

from boxoffice.settings.group import Group, prefixed


class LiveSettings(Group, frozen=True, kw_only=True, rename=prefixed("LIVE_")):
    """How many clients may watch seats live, and how much they are sent."""

    connections_max: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        "Clients that may watch seats live at one time in each process of `serve`. One more is told 503; "
        "nobody who watches is sent away. A client takes some 15 KB. `boxoffice live` has an option of its "
        "own.",
    ] = 5_000
    bytes_per_second_max: Annotated[
        int,
        Meta(ge=10_000, le=10_000_000_000),
        "Bytes a second that each process sends to those who watch, about: with many of them, frames are "
        "sent less often, down to one in 5 s.",
    ] = 50_000_000
