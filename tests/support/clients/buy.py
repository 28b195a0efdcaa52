"""Buys with the client that openapi-python-client generates: ``buy.py URL KEY``. Prints what it was told."""

import sys
from datetime import UTC, datetime
from typing import Any, Final

from boxoffice_client import AuthenticatedClient  # type: ignore[import-not-found]
from boxoffice_client.api.bookings import (  # type: ignore[import-not-found]
    book_seats,
    confirm_booking,
    list_bookings,
    return_seats,
)
from boxoffice_client.api.shows import create_show, list_show_changes  # type: ignore[import-not-found]
from boxoffice_client.api.users import create_user  # type: ignore[import-not-found]
from boxoffice_client.models import (  # type: ignore[import-not-found]
    BookingStatus,
    EventKind,
    NewBooking,
    NewBookingMetadata,
    NewBookingStatus,
    NewShow,
    NewUser,
    Problem,
    ProblemCode,
    SeatsToReturn,
)

START: Final = datetime(2030, 12, 15, 18, 30, tzinfo=UTC)


def buy(client: Any) -> None:
    """Holds, confirms, returns, finds, and meets a refusal; each answer is an object with types."""
    show = create_show.sync(client=client, body=NewShow(name="Hamlet", start_time=START, total_seats=9)).data
    assert show.start_time == START
    user = create_user.sync(client=client, body=NewUser(name="Ada", email="ada@example.com")).data
    facts = NewBookingMetadata()
    facts["channel"] = "python"
    wish = NewBooking(
        user_id=user.id,
        show_id=show.id,
        seat_numbers=[4, 5],
        status=NewBookingStatus.PENDING,
        reference="order-1",
        metadata=facts,
    )
    held = book_seats.sync(client=client, body=wish, idempotency_key="order-1-hold").data
    assert held.status is BookingStatus.PENDING
    assert isinstance(held.expires_at, datetime)
    assert held.metadata["channel"] == "python"
    assert confirm_booking.sync(held.id, client=client).data.status is BookingStatus.CONFIRMED
    left = return_seats.sync(held.id, client=client, body=SeatsToReturn(seat_numbers=[5])).data
    assert left.seats == [4]
    [found] = list_bookings.sync(client=client, reference="order-1").data
    assert (found.id, found.show_name) == (held.id, "Hamlet")
    refused = book_seats.sync(client=client, body=NewBooking(user.id, show.id, seat_numbers=[4]))
    assert isinstance(refused, Problem)
    assert (refused.code, refused.seats) == (ProblemCode.SEATS_TAKEN, [4])
    events = list_show_changes.sync(show.id, client=client).data
    assert events[-1].kind is EventKind.RETURNED


if __name__ == "__main__":
    url, key = sys.argv[1:]
    buy(AuthenticatedClient(base_url=url, token=key))
    sys.stdout.write("bought\n")
