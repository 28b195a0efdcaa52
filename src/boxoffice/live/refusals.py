"""The refusals of live seats."""

from collections.abc import Mapping
from typing import Final

from boxoffice.live.house import NOT_LIVE
from boxoffice.web.http.kinds import Kind

REFUSALS: Final[Mapping[str, Kind]] = {
    NOT_LIVE: Kind(
        409,
        "The seats of this show are not told",
        "The house keeps the states of its seats to itself (`live` is false).",
    ),
}
