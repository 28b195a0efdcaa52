"""The refusals of webhooks."""

from collections.abc import Mapping
from typing import Final

from boxoffice.web.http.kinds import Kind

OFF: Final = "webhooks_off"
NOT_FOUND: Final = "webhook_not_found"
LETTER_NOT_FOUND: Final = "letter_not_found"
TOO_MANY: Final = "too_many_webhooks"
ROTATING: Final = "secret_is_replaced"
NOTHING_TO_REPLAY: Final = "nothing_to_replay"

REFUSALS: Final[Mapping[str, Kind]] = {
    OFF: Kind(
        409, "There are no webhooks here", "The operator of the service has set no WEBHOOK_SECRET_KEY."
    ),
    NOT_FOUND: Kind(404, "There is no such webhook", "No webhook has this id, or it was deleted."),
    LETTER_NOT_FOUND: Kind(
        404, "There is no such letter", "The webhook has no letter with this id; it may have arrived."
    ),
    TOO_MANY: Kind(409, "Too many webhooks", "There are {limit} already. Delete one first.", {"limit": 200}),
    ROTATING: Kind(
        409,
        "The secret is being replaced",
        "The secret before is good until {until}. Wait, or ask with at_once: true, which ends it.",
        {"until": "2030-12-11T10:40:00Z"},
    ),
    NOTHING_TO_REPLAY: Kind(
        409, "There is nothing to tell again", "None of these events was told yet; they come by themselves."
    ),
}
