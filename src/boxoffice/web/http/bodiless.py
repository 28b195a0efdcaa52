"""The commands of requests that take no body: all that they say is in the path and the headers."""

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import CancelBooking, ConfirmBooking, DeleteShow, EraseUser, LateConfirm
from boxoffice.web.http.caller import Asking


def confirm_command(who: Asking, booking_id: int, late: LateConfirm) -> ConfirmBooking:
    """To confirm a hold; it takes no body."""
    return ConfirmBooking(
        actor=who.actor,
        idempotency_key=who.key,
        origin=who.origin,
        show_id=show_of(booking_id),
        booking_id=booking_id,
        owner_id=who.owner_id,
        late=late,
        caps=who.caps,
    )


def cancel_command(who: Asking, booking_id: int) -> CancelBooking:
    """To cancel a booking; it takes no body."""
    return CancelBooking(
        actor=who.actor,
        idempotency_key=who.key,
        origin=who.origin,
        show_id=show_of(booking_id),
        booking_id=booking_id,
        owner_id=who.owner_id,
    )


def delete_command(who: Asking, show_id: int, expected_seq: int | None) -> DeleteShow:
    """To delete a show; it takes no body."""
    return DeleteShow(
        actor=who.actor,
        idempotency_key=who.key,
        origin=who.origin,
        show_id=show_id,
        expected_seq=expected_seq,
    )


def erase_command(who: Asking, user_id: int) -> EraseUser:
    """To erase a user; it takes no body."""
    return EraseUser(
        actor=who.actor, idempotency_key=who.key, origin=who.origin, user_id=user_id, caps=who.caps
    )


def show_of(booking_id: int) -> int:
    """The show that a booking's id carries."""
    return booking_id >> limits.BOOKING_NUMBER_BITS
