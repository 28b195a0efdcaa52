"""Rows of the database as views."""

from typing import Any, TypeVar

import asyncpg
import msgspec

from boxoffice.vocabulary.views import (
    Booking,
    BookingDetails,
    BookingStatus,
    ListedBooking,
    Show,
    User,
)

V = TypeVar("V")

_ACTIVE = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


def to_view(row: asyncpg.Record, view: type[V]) -> V:
    """The view whose fields are named as the row's columns."""
    return msgspec.convert(dict(row), view)


def to_show(row: asyncpg.Record) -> Show:
    """The show in a row of ``show.sql`` or ``shows.sql``."""
    return msgspec.convert(dict(row) | {"metadata": _metadata(row)}, Show)


def to_booking(row: asyncpg.Record) -> Booking:
    """The booking in a row of table bookings."""
    return Booking(**_booking_fields(row))


def to_listed_booking(row: asyncpg.Record) -> ListedBooking:
    """The booking in a row of table bookings that has columns of its show, too."""
    return ListedBooking(**_booking_fields(row), **_show_fields(row))


def to_booking_details(row: asyncpg.Record) -> BookingDetails:
    """The booking in a row of ``booking.sql``."""
    user = User(
        id=row["user_id"],
        name=row["user_name"],
        email=row["user_email"],
        email_verified=row["email_verified"],
        created_at=row["user_created_at"],
        updated_at=row["user_updated_at"],
    )
    retaken_by = row["retaken_by"]
    return BookingDetails(**_booking_fields(row), **_show_fields(row), retaken_by=retaken_by, user=user)


def _show_fields(row: asyncpg.Record) -> dict[str, Any]:
    return {"show_name": row["show_name"], "show_start_time": row["show_start_time"]}


def _metadata(row: asyncpg.Record) -> dict[str, str]:
    told = row["metadata"]
    return {} if told is None else msgspec.json.decode(told, type=dict[str, str])


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
        "reference": row["reference"],
        "metadata": _metadata(row),
    }
