"""The request bodies of shows, users and seats: checked in one strict pass, and turned into commands.

The ``description`` of a field stands on the API page, and an error shows it as what was expected.
"""

from typing import Any, ClassVar

from msgspec import UNSET, Struct, UnsetType, field

from boxoffice.vocabulary.commands import (
    BlockSeats,
    CreateShow,
    CreateUser,
    UnblockSeats,
    UpdateShow,
    UpdateUser,
)
from boxoffice.web.http.caller import Requester
from boxoffice.web.http.fields import (
    Email,
    Live,
    Metadata,
    Name,
    Reason,
    Reference,
    SeatNumbers,
    ShowType,
    StartTime,
    TotalSeats,
)
from boxoffice.web.http.invalid import invalid_field
from boxoffice.web.http.moments import in_utc
from boxoffice.web.http.texts import email_of, facts_of, name_of, reason_of


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of all bodies. Unknown fields are refused: a misspelled field must not book other seats."""

    together: ClassVar[dict[str, Any]] = {}
    """Rules of JSON Schema about several fields together, for the description of the API."""


class NewShow(Body):
    """A show to open."""

    name: Name
    start_time: StartTime
    total_seats: TotalSeats
    show_type: ShowType = "show"
    reference: Reference = None
    metadata: Metadata = field(default_factory=dict)
    live: Live = True

    def command(self, who: Requester) -> CreateShow:
        """Raises ``InvalidInput``."""
        return who.asks(
            CreateShow,
            name=name_of(self.name),
            start_time=in_utc(self.start_time, "start_time"),
            total_seats=self.total_seats,
            show_type=self.show_type,
            reference=self.reference,
            metadata=facts_of(self.metadata) or None,
            live=None if self.live else False,
        )


class ShowChanges(Body):
    """What to change of a show; what is not given stays as it is.

    A ``reference`` of null is removed; ``metadata`` takes the place of all that was there.
    """

    together: ClassVar[dict[str, Any]] = {"minProperties": 1}

    name: Name | UnsetType = UNSET
    start_time: StartTime | UnsetType = UNSET
    total_seats: TotalSeats | UnsetType = UNSET
    show_type: ShowType | UnsetType = UNSET
    reference: Reference | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    live: Live | UnsetType = UNSET

    def command(self, who: Requester, show_id: int, expected_seqs: tuple[int, ...] | None) -> UpdateShow:
        """Raises ``InvalidInput``."""
        _at_least_one(self)
        start_time = self.start_time
        return who.asks(
            UpdateShow,
            show_id=show_id,
            name=_name_or_unset(self.name),
            start_time=UNSET if start_time is UNSET else in_utc(start_time, "start_time"),
            total_seats=self.total_seats,
            show_type=self.show_type,
            reference="" if self.reference is None else self.reference,
            metadata=UNSET if self.metadata is UNSET else facts_of(self.metadata),
            live=self.live,
            expected_seqs=expected_seqs,
        )


class NewUser(Body):
    """A user to register, or to find by the e-mail address."""

    name: Name
    email: Email

    def command(self, who: Requester) -> CreateUser:
        """Staff vouches for the address that it writes."""
        vouched = who.access.caller.vouches
        return who.asks(
            CreateUser, name=name_of(self.name), email=email_of(self.email), email_verified=vouched
        )


class UserChanges(Body):
    """What to change of a user; what is not given stays as it is."""

    together: ClassVar[dict[str, Any]] = {"minProperties": 1}

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET

    def command(self, who: Requester, user_id: int) -> UpdateUser:
        """Raises ``InvalidInput``."""
        _at_least_one(self)
        email = UNSET if self.email is UNSET else email_of(self.email)
        vouched = who.access.caller.vouches
        return who.asks(
            UpdateUser, user_id=user_id, name=_name_or_unset(self.name), email=email, email_verified=vouched
        )


class SeatsToBlock(Body):
    """Free seats to keep for the house."""

    seat_numbers: SeatNumbers
    reason: Reason

    def command(self, who: Requester, show_id: int) -> BlockSeats:
        """Raises ``InvalidInput``."""
        seats = distinct(self.seat_numbers)
        return who.asks(BlockSeats, show_id=show_id, seat_numbers=seats, reason=reason_of(self.reason))


class SeatsToUnblock(Body):
    """Blocked seats to give back to sale."""

    seat_numbers: SeatNumbers
    reason: Reason | UnsetType = UNSET

    def command(self, who: Requester, show_id: int) -> UnblockSeats:
        """Raises ``InvalidInput``."""
        seats = distinct(self.seat_numbers)
        return who.asks(UnblockSeats, show_id=show_id, seat_numbers=seats, reason=reason_or_none(self.reason))


def distinct(seat_numbers: list[int]) -> tuple[int, ...]:
    """The seat numbers as they were given. Raises ``InvalidInput`` if a number comes twice."""
    if len(set(seat_numbers)) != len(seat_numbers):
        twice = next(seat for i, seat in enumerate(seat_numbers) if seat in seat_numbers[:i])
        raise invalid_field("seat_numbers", "different seat numbers", f"Seat {twice} comes twice")
    return tuple(seat_numbers)


def reason_or_none(text: str | UnsetType) -> str | None:
    """The reason as it is kept; None if no reason is given. Raises ``InvalidInput``."""
    return None if text is UNSET else reason_of(text)


def _name_or_unset(name: str | UnsetType) -> str | UnsetType:
    return UNSET if name is UNSET else name_of(name)


def _at_least_one(body: Body) -> None:
    fields: dict[str, Any] = {name: getattr(body, name) for name in body.__struct_fields__}
    if all(value is UNSET for value in fields.values()):
        raise invalid_field("", f"at least one of: {', '.join(fields)}", "Nothing is to be changed")
