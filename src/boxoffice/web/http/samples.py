"""One resource of each kind, for the examples of the API page. They look like the demo data."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from msgspec import Struct

from boxoffice.vocabulary.views import (
    Booking,
    BookingDetails,
    BookingRequest,
    BookingStatus,
    Event,
    KeptAnswer,
    KeptRequest,
    ListedBooking,
    Login,
    RequestAnswer,
    Seat,
    SeatState,
    Show,
    ShowStats,
    User,
    UserEvent,
    UserExport,
)
from boxoffice.web.http.answers import PageMeta
from boxoffice.web.http.parameters import FIRST_BOOKING

_NOW: Final = datetime(2030, 12, 11, 10, 30, tzinfo=UTC)
ONE_PAGE: Final = PageMeta(count=1, next_cursor=None)

SHOW: Final = Show(
    id=1,
    name="Movie XYZ",
    start_time=datetime(2030, 12, 15, 18, 30, tzinfo=UTC),
    total_seats=100,
    available_seats=97,
    show_type="movie",
    created_at=_NOW,
    updated_at=_NOW,
    seq=17,
)
USER: Final = User(
    id=1,
    name="John Doe",
    email="john@example.com",
    email_verified=True,
    created_at=_NOW,
    updated_at=_NOW,
)
ERASED: Final = msgspec.structs.replace(
    USER, name="erased", email="erased-1@erased.invalid", email_verified=False
)
BOOKING: Final = Booking(
    id=FIRST_BOOKING,
    user_id=1,
    show_id=1,
    seats_booked=3,
    status=BookingStatus.CONFIRMED,
    created_at=_NOW,
    updated_at=_NOW,
    seats=[1, 2, 3],
    released_seats=[],
    expires_at=None,
)
HOLD: Final = msgspec.structs.replace(
    BOOKING, status=BookingStatus.PENDING, expires_at=datetime(2030, 12, 11, 10, 32, tzinfo=UTC)
)
LISTED: Final = ListedBooking(
    **msgspec.structs.asdict(BOOKING), show_name=SHOW.name, show_start_time=SHOW.start_time
)
DETAILS: Final = BookingDetails(**msgspec.structs.asdict(LISTED), retaken_by=None, user=USER)
CANCELLED: Final = msgspec.structs.replace(
    BOOKING, status=BookingStatus.CANCELLED, seats=[], released_seats=[1, 2, 3]
)
RETURNED: Final = msgspec.structs.replace(BOOKING, seats_booked=2, seats=[1, 2])
FAILED: Final = msgspec.structs.replace(CANCELLED, status=BookingStatus.FAILED, reason="Payment was declined")
STATS: Final = ShowStats(
    show_id=1,
    show_name=SHOW.name,
    total_seats=100,
    available_seats=97,
    held_seats=0,
    sold_seats=3,
    blocked_seats=0,
    occupancy=0.03,
    bookings={status: int(status is BookingStatus.CONFIRMED) for status in BookingStatus},
    seq=17,
)
SEAT: Final = Seat(
    seat_number=1,
    state=SeatState.SOLD,
    booking_id=FIRST_BOOKING,
    user_id=1,
    user_name=USER.name,
    expires_at=None,
    reason=None,
)
EVENT: Final = Event(
    seq=17,
    kind="booked",
    booking_id=FIRST_BOOKING,
    user_id=1,
    seats=[1, 2, 3],
    actor="anonymous",
    at=_NOW,
    details={},
)
EXPORT: Final = UserExport(
    user=USER,
    logins=[Login(issuer="https://login.example", subject="4711", created_at=_NOW)],
    bookings=[BOOKING],
    events=[UserEvent(**msgspec.structs.asdict(EVENT), show_id=1, origin="192.0.2.7")],
    kept_answers=[KeptAnswer(show_id=1, created_at=_NOW)],
    requests=[KeptRequest(show_id=1, state="done", asked_at=_NOW, answered_at=_NOW)],
)
WAITS: Final = BookingRequest(
    ticket="r_1_019ac0f2a1b07c3d8e4f5a6b7c8d9e0f",
    show_id=1,
    state="queued",
    ahead=42,
    asked_at=_NOW,
    answer_by=datetime(2030, 12, 11, 10, 30, 30, tzinfo=UTC),
)
DECIDED: Final = msgspec.structs.replace(
    WAITS,
    state="done",
    ahead=0,
    answered_at=_NOW,
    answer=RequestAnswer(
        201,
        {"Location": f"/api/bookings/{FIRST_BOOKING}"},
        {"success": True, "data": msgspec.to_builtins(BOOKING), "message": "Booking confirmed successfully"},
    ),
)
WITHDRAWN: Final = msgspec.structs.replace(WAITS, state="withdrawn", ahead=0, answered_at=_NOW)
NOT_MODIFIED: Final = ResponseSpec(None, False, "You have the current one")


def shown(answer: Struct, description: str) -> ResponseSpec:
    """The description of a success answer for OpenAPI; its example is this answer."""
    value: Any = msgspec.to_builtins(answer, str_keys=True)
    example = Example(id="success", summary=description, value=value)
    return ResponseSpec(type(answer), False, description, examples=[example])
