"""The settings of holds."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from boxoffice.settings.group import Group
from boxoffice.vocabulary import limits


class HoldSettings(Group, frozen=True, kw_only=True):
    """How long seats are kept for a buyer, and what happens afterwards."""

    booking_expiry_minutes: Annotated[
        float,
        Meta(gt=0, le=1440),
        "Minutes that a hold lasts at most, and by default; fractions allowed. Long enough to pay, short "
        "enough to give the seats back.",
    ] = 2.0
    hold_lifetime_minutes_max: Annotated[
        float,
        Meta(gt=0, le=1440),
        "Minutes after which a hold ends for good, however often it is extended. Default: "
        "`BOOKING_EXPIRY_MINUTES` if that is longer.",
    ] = 10.0
    hold_seconds_min: Annotated[
        float,
        Meta(ge=limits.HOLD_SECONDS_MIN, le=3600),
        "Seconds that a hold of customers and services lasts at least; but no longer than the longest hold. "
        "Nobody buys within less, and each hold is work for the show.",
    ] = 10.0
    staff_hold_minutes_max: Annotated[
        float,
        Meta(gt=0, le=1440),
        "Minutes that a hold of staff lasts at most, extensions included: until the evening. Never less than "
        "`HOLD_LIFETIME_MINUTES_MAX`.",
    ] = 720.0
    late_confirm: Annotated[
        Literal["retake", "refuse"],
        "What becomes of a confirmation after the hold ran out: `retake` takes the same seats again if they "
        "are free, `refuse` refuses it.",
    ] = "retake"
    sweep_interval_seconds: Annotated[
        float,
        Meta(ge=0.01, le=3600),
        "Seconds between two sweeps of holds that ran out. Sales do not wait for a sweep: they take such "
        "seats back themselves.",
    ] = 1.0

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> dict[str, object]:
        """The default for the longest lifetime does not shorten an expiry that the operator set."""
        expiry = given.get("booking_expiry_minutes", 0)
        return {"hold_lifetime_minutes_max": expiry} if expiry > cls().hold_lifetime_minutes_max else {}

    @property
    def seconds_max(self) -> float:
        """The longest hold without an extension, in seconds: never beyond its lifetime."""
        return min(self.booking_expiry_minutes, self.hold_lifetime_minutes_max) * 60

    @property
    def staff_seconds_max(self) -> float:
        """The longest hold of staff, in seconds, extensions included: no hold lives longer."""
        return max(self.staff_hold_minutes_max, self.hold_lifetime_minutes_max) * 60
