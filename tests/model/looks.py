"""What a read of a show must return: the model's state in the words of the API."""

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

from boxoffice.vocabulary.views import BookingStatus
from tests.model.reference import Answer, Model
from tests.support.engine.box import refused


def seen_in(model: Model, path: str) -> Answer:
    """What the API must return at this path below the show's own path."""
    return refused("show_not_found") if model.deleted else _LOOKS[path](model)


def _free_seats(model: Model) -> Answer:
    return {"available_seats": model.free, "count": len(model.free)}


def _free_ranges(model: Model) -> Answer:
    runs = [list(run) for _, run in groupby(enumerate(model.free), lambda item: item[1] - item[0])]
    return {"ranges": [[run[0][1], run[-1][1]] for run in runs], "count": len(model.free)}


def _stats(model: Model) -> Answer:
    show, counts = model.show(), model.counts()
    taken, on_sale = counts["held"] + counts["sold"], show.total_seats - counts["blocked"]
    statuses = [booking.status for booking in model.bookings.values()]
    return {
        "show_id": show.id,
        "show_name": show.name,
        "total_seats": show.total_seats,
        "available_seats": counts["free"],
        "held_seats": counts["held"],
        "sold_seats": counts["sold"],
        "blocked_seats": counts["blocked"],
        "occupancy": round(taken / max(on_sale, 1), 4),
        "bookings": {status.value: statuses.count(status) for status in BookingStatus},
        "seq": show.seq,
    }


_LOOKS: Final[dict[str, Callable[[Model], Any]]] = {
    "": Model.show,
    "/stats": _stats,
    "/available-seats": _free_seats,
    "/available-seats?format=ranges": _free_ranges,
}
PATHS: Final = tuple(_LOOKS)
"""The paths of the reads of a show, below the show's own path."""
