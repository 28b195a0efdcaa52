"""The request bodies of bookings: checked in one strict pass, and turned into commands."""

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType, field

from boxoffice.access.allowances import Allowance
from boxoffice.access.callers import Forbidden
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import BookSeats, CancelBooking, ExtendHold, FailBooking, ReturnSeats
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.vocabulary.views import show_of
from boxoffice.web.http.bodies import Body, distinct, reason_or_none
from boxoffice.web.http.caller import Requester
from boxoffice.web.http.fields import HoldSeconds, Id, Metadata, Reason, Reference, SeatNumbers
from boxoffice.web.http.invalid import invalid_field
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.texts import facts_of, reason_of

_BOOKER: Final = "Who books: the user's id, an integer from 1 on. A customer may leave it away."


class NewBooking(Body, kw_only=True):
    """Seats to book. One of ``seats_booked`` and ``seat_numbers`` is needed; with both they must agree."""

    together: ClassVar[dict[str, Any]] = {
        # Not anyOf, of which generators of clients would make two types.
        "if": {"not": {"required": ["seats_booked"]}},
        "then": {"required": ["seat_numbers"]},
        "dependentSchemas": {
            "hold_seconds": {"properties": {"status": {"const": "PENDING"}}, "required": ["status"]}
        },
    }

    user_id: Annotated[Id | UnsetType, Meta(description=_BOOKER, examples=[1])] = UNSET
    show_id: Annotated[Id, Meta(description="In which show: its id, an integer from 1 on.", examples=[1])]
    seats_booked: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=limits.SEATS_PER_BOOKING_MAX,
                description="How many seats, picked together where that is possible: an integer from 1 to "
                f"{limits.SEATS_PER_BOOKING_MAX}.",
                examples=[3],
            ),
        ]
        | UnsetType
    ) = UNSET
    seat_numbers: SeatNumbers | UnsetType = UNSET
    status: Annotated[
        Literal["CONFIRMED", "PENDING"],
        Meta(
            description="CONFIRMED sells the seats at once, PENDING holds them until they are confirmed. "
            "Whether customers may sell to themselves is a setting of the server."
        ),
    ] = "CONFIRMED"
    hold_seconds: HoldSeconds | UnsetType = UNSET
    reference: Reference = None
    metadata: Metadata = field(default_factory=dict)

    def command(self, who: Requester) -> BookSeats:
        """Raises ``InvalidInput``, ``Forbidden``, and ``Refusal`` for a show that is hidden."""
        access, show_id = who.access, int(self.show_id)
        seats = None if self.seat_numbers is UNSET else distinct(self.seat_numbers)
        command = who.asks(
            BookSeats,
            show_id=show_id,
            user_id=self._user_id(access.owner_id),
            seat_count=self._seat_count(seats, access.allowance.seats_max),
            seat_numbers=seats,
            hold_seconds=self._hold_seconds(access.allowance),
            reference=self.reference,
            metadata=facts_of(self.metadata) if self.metadata else None,
            caps=access.allowance.caps,
        )
        if access.owner_id is not None and (self.reference is not None or self.metadata):
            raise Forbidden("reference and metadata are the shop's: its server sets them, not a customer.")
        if not access.caller.reaches(show_id):
            raise Refusal(Refused(RefusalCode.SHOW_NOT_FOUND))
        if command.hold_seconds is None and not access.allowance.sells:
            raise Forbidden("Customers hold seats, with the status PENDING; they are sold after the payment.")
        return command

    def _user_id(self, owner_id: int | None) -> int:
        if self.user_id is UNSET:
            if owner_id is None:
                raise invalid_field("user_id", _BOOKER, "Missing")
            return owner_id
        if owner_id not in (None, int(self.user_id)):
            raise Forbidden("Customers book for themselves only: leave user_id away.")
        return int(self.user_id)

    def _seat_count(self, seats: tuple[int, ...] | None, most: int) -> int:
        if self.seats_booked is UNSET and seats is None:
            raise invalid_field("seats_booked", "seats_booked or seat_numbers", "Both are missing")
        if self.seats_booked is not UNSET and seats is not None and len(seats) != self.seats_booked:
            problem = f"seats_booked is {self.seats_booked}, and seat_numbers has {len(seats)}"
            raise invalid_field("seats_booked", "as many as seat_numbers has, or no seats_booked", problem)
        count = len(seats or ()) if self.seats_booked is UNSET else self.seats_booked
        if count > most:
            path = "seats_booked" if seats is None else "seat_numbers"
            raise invalid_field(path, f"at most {most} seats", f"{count} are too many")
        return count

    def _hold_seconds(self, allowance: Allowance) -> float | None:
        if self.status == "CONFIRMED":
            if self.hold_seconds is not UNSET:
                expected = "hold_seconds only with the status PENDING"
                raise invalid_field("hold_seconds", expected, "The status is CONFIRMED")
            return None
        return _within(self.hold_seconds, allowance)


class Extension(Body):
    """How much longer a hold shall last."""

    hold_seconds: HoldSeconds | UnsetType = UNSET

    def command(self, who: Requester, booking_id: int) -> ExtendHold:
        """Raises ``InvalidInput``."""
        allowance = who.access.allowance
        return who.asks(
            ExtendHold,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=who.access.owner_id,
            hold_seconds=_within(self.hold_seconds, allowance),
            lifetime_seconds_max=allowance.lifetime_seconds_max,
        )


class SeatsToReturn(Body):
    """Which seats of a booking are given back."""

    seat_numbers: SeatNumbers

    def command(self, who: Requester, booking_id: int) -> ReturnSeats:
        """Raises ``InvalidInput``."""
        return who.asks(
            ReturnSeats,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=who.access.owner_id,
            seat_numbers=distinct(self.seat_numbers),
        )


class Failure(Body):
    """Why a hold failed."""

    reason: Reason | UnsetType = UNSET

    def command(self, who: Requester, booking_id: int) -> FailBooking:
        """The command to end the hold."""
        return who.asks(
            FailBooking,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=who.access.owner_id,
            reason=reason_or_none(self.reason),
        )


class ForcedCancel(Body):
    """Why a booking is cancelled for its owner."""

    reason: Reason

    def command(self, who: Requester, booking_id: int) -> CancelBooking:
        """The command to cancel the booking."""
        return who.asks(
            CancelBooking,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=who.access.owner_id,
            reason=reason_of(self.reason),
        )


def _within(hold_seconds: float | UnsetType, allowance: Allowance) -> float:
    if hold_seconds is UNSET:
        return allowance.hold_seconds
    shortest, longest = allowance.hold_seconds_min, allowance.hold_seconds_max
    if hold_seconds > longest:
        raise invalid_field("hold_seconds", f"at most {longest:g} seconds", f"{hold_seconds:g} is too long")
    if hold_seconds < shortest:
        raise invalid_field(
            "hold_seconds", f"at least {shortest:g} seconds", f"{hold_seconds:g} is too short"
        )
    return hold_seconds
