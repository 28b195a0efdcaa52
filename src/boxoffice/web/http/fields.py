"""The fields that several request bodies have: their types, limits and meanings, each told once."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from boxoffice.vocabulary import limits

# A text has no control characters and at least one visible character. Python's `$` alone would accept a line
# break at the end; `(?!\n)$` does not, and JSON Schema reads it as Python does.
_TEXT: Final = (
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*(?!\n)$"
)
_EMAIL: Final = r"^[^\s@\u0000-\u001f]{1,64}@[^\s@.\u0000-\u001f]+(\.[^\s@.\u0000-\u001f]+)+(?!\n)$"
SLUG: Final = r"^[a-z0-9][a-z0-9_-]{0,49}(?!\n)$"

Id = (
    Annotated[int, Meta(ge=1, le=limits.ID_MAX)]
    | Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,15}(?!\n)$", examples=["1"])]
)
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=limits.NAME_CHARS_MAX,
        pattern=_TEXT,
        description=f"A name: 1 to {limits.NAME_CHARS_MAX} characters without control characters; spaces "
        "around it are cut off.",
        examples=["Movie XYZ"],
    ),
]
Email = Annotated[
    str,
    Meta(
        max_length=limits.EMAIL_CHARS_MAX,
        pattern=_EMAIL,
        description="An e-mail address such as john@example.com, "
        f"at most {limits.EMAIL_CHARS_MAX} characters.",
        examples=["john@example.com"],
    ),
]
Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=limits.REASON_CHARS_MAX,
        pattern=_TEXT,
        description=f"The reason: 1 to {limits.REASON_CHARS_MAX} characters without control characters.",
        examples=["Payment was declined"],
    ),
]
StartTime = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it starts: a date and time as in RFC 3339 with an offset, such as "
        "2030-12-15T18:30:00Z.",
        examples=["2030-12-15T18:30:00Z"],
    ),
]
TotalSeats = Annotated[
    int,
    Meta(
        ge=1,
        le=limits.SEATS_PER_SHOW_MAX,
        description=f"How many seats the show has: an integer from 1 to {limits.SEATS_PER_SHOW_MAX}.",
        examples=[100],
    ),
]
ShowType = Annotated[
    str,
    Meta(
        pattern=SLUG,
        description="What kind of show it is: 1 to 50 of a-z, 0-9, - and _, such as movie, bus or doctor.",
        examples=["movie"],
    ),
]
SeatNumbers = Annotated[
    list[Annotated[int, Meta(ge=1, le=limits.SEATS_PER_SHOW_MAX)]],
    Meta(
        min_length=1,
        max_length=limits.SEATS_PER_BOOKING_MAX,
        description="Exactly these seats, all or none: "
        f"1 to {limits.SEATS_PER_BOOKING_MAX} different numbers, "
        f"each an integer from 1 to {limits.SEATS_PER_SHOW_MAX}.",
        extra_json_schema={"uniqueItems": True},
        examples=[[4, 5]],
    ),
]


HoldSeconds = Annotated[
    float,
    Meta(
        ge=limits.HOLD_SECONDS_MIN,
        description="How long a hold lasts, in seconds from now, fractions allowed. Without it: the longest "
        "time, which is a setting of the server.",
        examples=[120],
    ),
]
