"""The settings of caps."""

from typing import Annotated

from msgspec import Meta

from boxoffice.settings.group import Group


class CapSettings(Group, frozen=True, kw_only=True):
    """How much one user may have at a time, so that nobody hoards seats."""

    seats_per_booking_max: Annotated[
        int, Meta(ge=1, le=1_000), "Seats of one booking by customers and services; staff: 1000."
    ] = 10
    holds_per_user_max: Annotated[
        int, Meta(ge=1, le=10_000), "Holds of one user at a time, in all shows together."
    ] = 6
    holds_per_user_and_show_max: Annotated[
        int, Meta(ge=1, le=10_000), "Holds of one user at a time in one show."
    ] = 2
    bookings_per_user_and_show_max: Annotated[
        int, Meta(ge=1, le=10_000), "Bookings of one user in one show, holds included."
    ] = 10
    bookings_made_per_user_and_show_max: Annotated[
        int,
        Meta(ge=1, le=100_000),
        "Bookings and holds that one user makes in one show within a day, whatever becomes of them. A buyer "
        "needs a few; without a bound a bot uses up the show's 16 million booking numbers.",
    ] = 50
    hold_cooldown_seconds: Annotated[
        float,
        Meta(ge=0, le=86_400),
        "Seconds that a user waits after a hold that was not bought, before the next hold in the same show. "
        "A hold of full length costs the whole pause, a shorter hold its part.",
    ] = 30.0
