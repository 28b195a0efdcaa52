"""The settings of the feed."""

from typing import Annotated

from msgspec import field

from boxoffice.settings.group import Group
from boxoffice.settings.texts import EventSource


class FeedSettings(Group, frozen=True, kw_only=True):
    """How events are told to other systems."""

    source: Annotated[
        EventSource,
        "Which installation events come from, as their `source` says (CloudEvents): a URI, such as the "
        "public address of this service.",
    ] = field(default="urn:boxoffice", name="EVENT_SOURCE")
