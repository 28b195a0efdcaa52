"""How much a caller may ask for at once: the limits on bookings and holds, by the kind of caller."""

from typing import Final

from msgspec import Struct

from boxoffice.access.callers import Caller, Role
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import Caps, LateConfirm


class Allowance(Struct, frozen=True):
    """The limits on a caller's bookings and holds. ``caps`` None: the number of active ones is not limited.

    ``sells``: whether a booking may be sold at once, without a hold and a payment. ``late_confirm``: what a
    confirm does with a hold that has run out.
    """

    hold_seconds_max: float
    lifetime_seconds_max: float
    seats_max: int
    caps: Caps | None
    sells: bool
    late_confirm: LateConfirm


class Allowances:
    """The allowance of every caller under these settings."""

    def __init__(self, settings: Settings) -> None:
        self._staff: Final = _allowance(settings, capped=False, sells=True)
        self._service: Final = _allowance(settings, capped=True, sells=True)
        self._customer: Final = _allowance(settings, capped=True, sells=settings.access.customers_confirm)

    def of(self, caller: Caller) -> Allowance:
        """The allowance of this caller."""
        if not caller.capped:
            return self._staff
        return self._customer if caller.role is Role.CUSTOMER else self._service


def _allowance(settings: Settings, *, capped: bool, sells: bool) -> Allowance:
    caps = Caps(
        holds_max=settings.caps.holds_per_user_max,
        holds_per_show_max=settings.caps.holds_per_user_and_show_max,
        bookings_per_show_max=settings.caps.bookings_per_user_and_show_max,
        cooldown_seconds=settings.caps.hold_cooldown_seconds,
        hold_seconds_max=settings.holds.seconds_max,
        lifetime_seconds_max=settings.holds.hold_lifetime_minutes_max * 60,
    )
    return Allowance(
        hold_seconds_max=settings.holds.seconds_max,
        lifetime_seconds_max=settings.holds.hold_lifetime_minutes_max * 60,
        seats_max=settings.caps.seats_per_booking_max if capped else limits.SEATS_PER_BOOKING_MAX,
        caps=caps if capped else None,
        sells=sells,
        late_confirm=settings.holds.late_confirm,
    )
