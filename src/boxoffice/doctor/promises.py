"""Combinations of settings that undo what is promised about holds, answers and the end of a server."""

from typing import Final

from boxoffice.doctor.verdicts import Rule, warning
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits

KILLED_AFTER_S: Final = 30.0
"""Seconds from SIGTERM after which Kubernetes kills a process, unless it is told otherwise."""

RETRIES_LAST_DAYS: Final = 3
"""Days for which payment providers repeat a message that was not acknowledged."""

HOARD_SEATS_MAX: Final = 200
"""Seats that one user may hold at a time. A hall has hundreds; a few such users would hold it all."""

PAUSE_SHARE_MIN: Final = 0.1
"""The pause after a hold, as a share of the longest hold. With less, one user has the seats more than nine
tenths of the time."""

HOLD_SECONDS_OF_A_BUYER: Final = 1.0
"""Seconds that a buyer's hold lasts at least."""

BOOKINGS_MADE_BY_A_BUYER: Final = 1_000
"""Bookings and holds that one user makes in a show within a day, and far more than a buyer does."""

HOLD_SECONDS_TO_PAY: Final = 30.0
"""Seconds that a buyer needs at least to pay."""


def _may_hoard(settings: Settings) -> bool:
    return settings.caps.seats_per_booking_max * settings.caps.holds_per_user_and_show_max > HOARD_SEATS_MAX


def _may_take_for_nothing(settings: Settings) -> bool:
    most = settings.caps.seats_per_booking_max * settings.caps.bookings_per_user_and_show_max
    return settings.access.customers_confirm and most > HOARD_SEATS_MAX


def _caps_that_are_never_met(settings: Settings) -> bool:
    caps = settings.caps
    return (
        caps.holds_per_user_and_show_max > caps.holds_per_user_max
        or caps.holds_per_user_and_show_max > caps.bookings_per_user_and_show_max
        or caps.bookings_per_user_and_show_max > caps.bookings_made_per_user_and_show_max
    )


def _ends_too_late(settings: Settings) -> bool:
    return settings.server.drain_delay_seconds + limits.DRAIN_MAX_S > KILLED_AFTER_S


def _reads_older_than_holds(settings: Settings) -> bool:
    return settings.replica.url is not None and settings.replica.lag_seconds_max > settings.holds.seconds_max


PROMISES: Final = (
    Rule(
        lambda settings: settings.holds.booking_expiry_minutes > settings.holds.hold_lifetime_minutes_max,
        warning(
            "BOOKING_EXPIRY_MINUTES is above HOLD_LIFETIME_MINUTES_MAX, which ends every hold before",
            "raise HOLD_LIFETIME_MINUTES_MAX, or lower BOOKING_EXPIRY_MINUTES",
        ),
    ),
    Rule(
        lambda settings: settings.holds.seconds_max < HOLD_SECONDS_TO_PAY,
        warning(
            "holds run out before anybody can pay", "set BOOKING_EXPIRY_MINUTES to the time of a payment"
        ),
    ),
    Rule(
        lambda settings: settings.holds.staff_hold_minutes_max < settings.holds.hold_lifetime_minutes_max,
        warning(
            "STAFF_HOLD_MINUTES_MAX is below HOLD_LIFETIME_MINUTES_MAX, and so of no effect",
            "raise it, or lower HOLD_LIFETIME_MINUTES_MAX",
        ),
    ),
    Rule(
        lambda settings: settings.caps.hold_cooldown_seconds < settings.holds.seconds_max * PAUSE_SHARE_MIN,
        warning(
            "HOLD_COOLDOWN_SECONDS is under a tenth of the longest hold: who holds again and again keeps "
            "seats from others for ever",
            "set it to a quarter of BOOKING_EXPIRY_MINUTES",
        ),
    ),
    Rule(
        lambda settings: settings.holds.hold_seconds_min < HOLD_SECONDS_OF_A_BUYER,
        warning(
            "HOLD_SECONDS_MIN is below a second: such holds are work for the show, and nobody buys within",
            "set it to ten seconds",
        ),
    ),
    Rule(
        lambda settings: settings.caps.bookings_made_per_user_and_show_max > BOOKINGS_MADE_BY_A_BUYER,
        warning(
            "BOOKINGS_MADE_PER_USER_AND_SHOW_MAX bounds nobody: some users use up a show's booking numbers",
            "set it to what a buyer needs within a day, some dozens",
        ),
    ),
    Rule(
        _may_hoard,
        warning(
            "one user may hold so many seats of a show that a few of them hold the hall",
            "lower SEATS_PER_BOOKING_MAX or HOLDS_PER_USER_AND_SHOW_MAX",
        ),
    ),
    Rule(
        _may_take_for_nothing,
        warning(
            "CUSTOMERS_CONFIRM: customers sell to themselves without a payment, and the caps leave much",
            "leave it unset where seats cost money; else lower BOOKINGS_PER_USER_AND_SHOW_MAX",
        ),
    ),
    Rule(
        _caps_that_are_never_met,
        warning(
            "a cap is above one that is always met first",
            "keep HOLDS_PER_USER_AND_SHOW_MAX below HOLDS_PER_USER_MAX and BOOKINGS_PER_USER_AND_SHOW_MAX, "
            "and the latter below BOOKINGS_MADE_PER_USER_AND_SHOW_MAX",
        ),
    ),
    Rule(
        _reads_older_than_holds,
        warning(
            "REPLICA_LAG_SECONDS_MAX is above the length of a hold: lists show holds that were over long ago",
            "lower it to a few seconds",
        ),
    ),
    Rule(
        lambda settings: settings.retention.idempotency_keys_kept_days < RETRIES_LAST_DAYS,
        warning(
            "IDEMPOTENCY_KEYS_KEPT_DAYS is shorter than payment providers repeat: a repeat is a new request",
            f"set it to {RETRIES_LAST_DAYS} or more",
        ),
    ),
    Rule(
        _ends_too_late,
        warning(
            f"DRAIN_DELAY_SECONDS and {limits.DRAIN_MAX_S:g} s for what waits are more than the "
            f"{KILLED_AFTER_S:g} s after which most platforms kill a process",
            "lower DRAIN_DELAY_SECONDS, or raise the platform's grace period",
        ),
    ),
    Rule(
        lambda settings: settings.database.slow_query_seconds * 1000 > limits.STATEMENT_TIMEOUT_MS,
        warning(
            "SLOW_QUERY_SECONDS is above the longest statement: no slow query is ever logged",
            "lower it to a second or less",
        ),
    ),
)
