"""How much a caller may ask for at once: the limits on bookings and holds, by the kind of caller."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from boxoffice.access.callers import Caller, Role
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import Caps, LateConfirm


class Allowance(Struct, frozen=True):
    """The limits on a caller's bookings and holds. ``caps`` None: the number of them is not limited.

    ``hold_seconds``: how long a hold lasts if the caller does not say. ``sells``: whether a booking may be
    sold at once, without a hold and a payment. ``late_confirm``: what a confirm does with a hold that has run
    out.
    """

    hold_seconds: float
    hold_seconds_min: float
    hold_seconds_max: float
    lifetime_seconds_max: float
    seats_max: int
    caps: Caps | None
    sells: bool
    late_confirm: LateConfirm


class Allowances:
    """The allowance of every caller under these settings."""

    def __init__(self, settings: Settings) -> None:
        self._staff: Final = _of_staff(settings)
        self._service: Final = _of_buyers(settings, sells=True)
        self._customer: Final = _of_buyers(settings, sells=settings.access.customers_confirm)

    def of(self, caller: Caller) -> Allowance:
        """The allowance of this caller."""
        if not caller.capped:
            return self._staff
        allowance = self._customer if caller.role is Role.CUSTOMER else self._service
        return allowance if caller.show_ids is None else _within(allowance, caller.show_ids)


def _of_staff(settings: Settings) -> Allowance:
    return Allowance(
        hold_seconds=settings.holds.seconds_max,
        hold_seconds_min=limits.HOLD_SECONDS_MIN,
        hold_seconds_max=settings.holds.staff_seconds_max,
        lifetime_seconds_max=settings.holds.staff_seconds_max,
        seats_max=limits.SEATS_PER_BOOKING_MAX,
        caps=None,
        sells=True,
        late_confirm=settings.holds.late_confirm,
    )


def _of_buyers(settings: Settings, *, sells: bool) -> Allowance:
    holds = settings.holds
    return Allowance(
        hold_seconds=holds.seconds_max,
        hold_seconds_min=min(holds.hold_seconds_min, holds.seconds_max),
        hold_seconds_max=holds.seconds_max,
        lifetime_seconds_max=holds.hold_lifetime_minutes_max * 60,
        seats_max=settings.caps.seats_per_booking_max,
        caps=_caps(settings),
        sells=sells,
        late_confirm=holds.late_confirm,
    )


def _caps(settings: Settings) -> Caps:
    return Caps(
        holds_max=settings.caps.holds_per_user_max,
        holds_per_show_max=settings.caps.holds_per_user_and_show_max,
        bookings_per_show_max=settings.caps.bookings_per_user_and_show_max,
        made_max=settings.caps.bookings_made_per_user_and_show_max,
        made_seconds=limits.MADE_SECONDS,
        cooldown_seconds=settings.caps.hold_cooldown_seconds,
        hold_seconds_max=settings.holds.seconds_max,
        lifetime_seconds_max=settings.holds.staff_seconds_max,
    )


def _within(allowance: Allowance, show_ids: frozenset[int]) -> Allowance:
    """The allowance of a key for some shows."""
    assert allowance.caps is not None
    return replace(allowance, caps=replace(allowance.caps, within=tuple(sorted(show_ids))))
