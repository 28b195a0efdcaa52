"""The refusals of bells."""

from typing import Final

from boxoffice.web.http.kinds import Kind

REFUSALS: Final = {
    "bell_is_broken": Kind(409, "The bell is broken", "It has rung {times} times.", {"times": 1_000}),
}
