"""What the API promises about its answers, written a second time and not taken from the program."""

from typing import Final

PROBLEM: Final = "application/problem+json"

STATUS_OF: Final = {
    "invalid_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "no_profile": 403,
    "not_found": 404,
    "show_not_found": 404,
    "booking_not_found": 404,
    "user_not_found": 404,
    "method_not_allowed": 405,
    "request_timed_out": 408,
    "email_taken": 409,
    "subject_taken": 409,
    "show_archived": 409,
    "invalid_state": 409,
    "hold_expired": 409,
    "hold_lifetime_over": 409,
    "seats_taken": 409,
    "insufficient_seats": 409,
    "seats_not_blocked": 409,
    "seats_not_in_booking": 409,
    "seats_in_use": 409,
    "active_bookings": 409,
    "too_many_bookings": 409,
    "too_many_holds": 409,
    "booking_numbers_used_up": 409,
    "version_mismatch": 412,
    "precondition_failed": 412,
    "unsupported_coding": 415,
    "body_too_large": 413,
    "target_too_long": 414,
    "idempotency_key_reused": 422,
    "seats_outside_show": 422,
    "too_many_bookings_made": 429,
    "hold_cooldown": 429,
    "rate_limited": 429,
    "headers_too_large": 431,
}
"""The status of every code below 500."""

MEMBERS: Final = frozenset(
    {"type", "title", "status", "detail", "code", "success", "error", "request_id", "errors"}
)
"""The members of every problem; ``errors`` only if the request is wrong. Other members are its details."""

FOREIGN_PREFLIGHT: Final = b"Disallowed CORS "
"""The beginning of the framework's 400, in plain text, if a browser asks whether a foreign page may call."""
