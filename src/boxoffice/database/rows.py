"""Rows of the database as views."""

from typing import Any, TypeVar

import asyncpg
import msgspec

from boxoffice.vocabulary.views import Booking, BookingDetails, BookingStatus, User

V = TypeVar("V")

_ACTIVE = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


def to_view(row: asyncpg.Record, view: type[V]) -> V:
    """The view whose fields are named as the row's columns."""
    return msgspec.convert(dict(row), view)


def to_booking(row: asyncpg.Record) -> Booking:
    """The booking in a row of table bookings."""
    return Booking(**_booking_fields(row))


def to_booking_details(row: asyncpg.Record) -> BookingDetails:
    """The booking in a row of ``booking.sql``."""
    user = User(
        id=row["user_id"],
        name=row["user_name"],
        email=row["user_email"],
        created_at=row["user_created_at"],
        updated_at=row["user_updated_at"],
    )
    return BookingDetails(**_booking_fields(row), show_name=row["show_name"], user=user)


def _booking_fields(row: asyncpg.Record) -> dict[str, Any]:
    status = BookingStatus(row["status"])
    seats: list[int] = row["places"]
    active = status in _ACTIVE
    return {
        "id": row["booking_id"],
        "user_id": row["user_id"],
        "show_id": row["show_id"],
        "seats_booked": len(seats),
        "status": status,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "seats": seats if active else [],
        "released_seats": [] if active else seats,
        "expires_at": row["expires_at"],
        "reason": row["reason"],
        "retaken_from": row["retaken_from"],
    }
