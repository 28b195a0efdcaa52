"""The fields that several request bodies have: their types, limits and meanings, each told once."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.texts import EMAIL_PATTERN, FACT_PATTERN, TEXT_PATTERN

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
        pattern=TEXT_PATTERN,
        description=f"A name: 1 to {limits.NAME_CHARS_MAX} visible characters, none of which turns the "
        "direction of writing; spaces around it are cut off, and it is kept in NFC.",
        examples=["Movie XYZ"],
    ),
]
Email = Annotated[
    str,
    Meta(
        max_length=limits.EMAIL_CHARS_MAX,
        pattern=EMAIL_PATTERN,
        description="An e-mail address such as john@example.com, "
        f"at most {limits.EMAIL_CHARS_MAX} characters: letters, digits and "
        "!#$%&'*+-/=?^_`{|}~ with single dots between them, and a domain; both may be beyond ASCII.",
        examples=["john@example.com"],
    ),
]
Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=limits.REASON_CHARS_MAX,
        pattern=TEXT_PATTERN,
        description=f"The reason: 1 to {limits.REASON_CHARS_MAX} visible characters, none of which turns "
        "the direction of writing. It is kept in NFC.",
        examples=["Payment was declined"],
    ),
]
StartTime = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it starts: a date and time as in RFC 3339 with an offset, such as "
        f"2030-12-15T18:30:00Z, within the years {limits.YEAR_MIN} to {limits.YEAR_MAX}.",
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


REFERENCE: Final = rf"^[\x21-\x7e]{{1,{limits.REFERENCE_CHARS_MAX}}}(?!\n)$"
_FACT: Final = rf"^[A-Za-z0-9_.-]{{1,{limits.METADATA_KEY_CHARS_MAX}}}(?!\n)$"
Reference = Annotated[
    Annotated[str, Meta(pattern=REFERENCE)] | None,
    Meta(
        description="Your own name for it, such as an order number: 1 to "
        f"{limits.REFERENCE_CHARS_MAX} visible ASCII characters; null: none. It need not be unique.",
        examples=["order-4711"],
    ),
]
Metadata = Annotated[
    dict[
        Annotated[str, Meta(pattern=_FACT)],
        Annotated[
            str,
            Meta(
                max_length=limits.METADATA_VALUE_CHARS_MAX,
                pattern=FACT_PATTERN,
            ),
        ],
    ],
    Meta(
        max_length=limits.METADATA_ENTRIES_MAX,
        description=f"Your own facts about it: at most {limits.METADATA_ENTRIES_MAX} texts by name. A name "
        f"has 1 to {limits.METADATA_KEY_CHARS_MAX} of A-Z, a-z, 0-9, _, . and -, a text at most "
        f"{limits.METADATA_VALUE_CHARS_MAX} characters in NFC, none of them unseen.",
        examples=[{"channel": "app"}],
    ),
]
Live = Annotated[
    bool,
    Meta(
        description="Whether everybody may watch which seats are free, as it changes; false: as for a diary, "
        "where a seat that is taken says that somebody has a visit.",
    ),
]
HoldSeconds = Annotated[
    float,
    Meta(
        ge=limits.HOLD_SECONDS_MIN,
        description="How long a hold lasts, in seconds from now, fractions allowed. Without it: the usual "
        "time. The shortest, the usual and the longest time are settings of the server; staff may hold for "
        "longer than buyers.",
        examples=[120],
    ),
]
