"""The parameters that several operations share: checked and described once.

An error for a parameter shows its ``description`` as what was expected.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal, TypeVar

from litestar.openapi.spec import Example
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from boxoffice.vocabulary import limits
from boxoffice.web.http.fields import REFERENCE, SLUG

W = TypeVar("W", bound=StrEnum)


def _show(example: int) -> PathParameter:
    return PathParameter(
        ge=1,
        le=limits.ID_MAX,
        description="The show's id: an integer from 1 on.",
        examples=[Example(id="show", value=example)],
    )


def _booking(example: int) -> PathParameter:
    return PathParameter(
        ge=1,
        le=limits.ID_MAX,
        description="The booking's id: an integer from 1 on.",
        examples=[Example(id="booking", value=example)],
    )


def one_of(words: type[StrEnum], name: str, description: str) -> QueryParameter:
    """A query parameter that filters by one of these words.

    The handler declares the parameter as text: for an enum the framework would take ``null`` for no filter.
    """
    return QueryParameter(
        name=name,
        pattern=rf"^({'|'.join(words)})(?!\n)$",
        description=description,
        schema_extra={"enum": list(words)},
    )


def chosen(words: type[W], word: str | None) -> W | None:
    """The member of ``words`` that a filter of ``one_of`` names; None without a filter."""
    return None if word is None else words(word)


def _user(example: int) -> PathParameter:
    return PathParameter(
        ge=1,
        le=limits.ID_MAX,
        description="The user's id: an integer from 1 on; a person may write `me`.",
        examples=[Example(id="user", value=example)],
    )


# The examples are ids of the demo data; each show or booking is in the state that its operation needs.
FIRST_BOOKING: Final = (1 << limits.BOOKING_NUMBER_BITS) + 1
"""Id of the first booking of show 1."""

LAST_USER: Final = 6
"""Id of the demo's last user, who has no bookings."""

ShowId = Annotated[int, _show(1)]
ShowToDelete = Annotated[int, _show(10)]
BookingId = Annotated[int, _booking(FIRST_BOOKING)]
BookingToConfirm = Annotated[int, _booking(FIRST_BOOKING + 1)]
BookingToFail = Annotated[int, _booking(FIRST_BOOKING + 2)]
BookingToCancel = Annotated[int, _booking(FIRST_BOOKING + 3)]
BookingToForceCancel = Annotated[int, _booking(FIRST_BOOKING + 4)]
BookingToReturnFrom = Annotated[int, _booking(FIRST_BOOKING + 9)]
BookingToExtend = Annotated[int, _booking(FIRST_BOOKING + 8)]
UserId = Annotated[int, _user(1)]
UserToErase = Annotated[int, _user(LAST_USER)]
ShowTypeInPath = Annotated[
    str,
    PathParameter(
        pattern=SLUG,
        description="The type of show: 1 to 50 of a-z, 0-9, - and _.",
        examples=[Example(id="movie", value="movie")],
    ),
]
ShowTypeInQuery = Annotated[
    str | None,
    QueryParameter(
        name="type", pattern=SLUG, description="Only shows of this type: 1 to 50 of a-z, 0-9, - and _."
    ),
]
ReferenceInQuery = Annotated[
    str | None,
    QueryParameter(
        name="reference",
        pattern=REFERENCE,
        description="Only those with exactly this reference: 1 to "
        f"{limits.REFERENCE_CHARS_MAX} visible ASCII characters.",
    ),
]
TextInQuery = Annotated[
    str | None,
    QueryParameter(
        name="text",
        min_length=1,
        max_length=255,
        pattern=r"^[^\u0000-\u001f\u007f-\u009f]*(?!\n)$",
        description="Only those with this text in their name (users: or in their e-mail address or id), in "
        "upper or lower case and in any form of Unicode: 1 to 255 characters without control characters.",
    ),
]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        pattern=rf"^[\x21-\x7e]{{1,{limits.IDEMPOTENCY_KEY_CHARS_MAX}}}$",
        description="A name for this request, "
        f"1 to {limits.IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters: "
        "however often it is sent, it takes effect at most once per caller and show; later answers are the "
        "first one again, with the header Idempotency-Replayed. Answers are kept for 30 days, unless this "
        "server's `IDEMPOTENCY_KEYS_KEPT_DAYS` says otherwise; after that the key may be a new request's.",
    ),
]
Prefer = Annotated[
    str | None,
    HeaderParameter(
        name="Prefer",
        description="`respond-async`: if the booking cannot be decided at once, answer 202 with a ticket. "
        "`respond-async, wait=5`: only if it is not decided within five seconds. Any other wish is ignored.",
    ),
]
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description='The ETag of the show as you know it, such as W/"17", or several: the change is refused '
        "if the show has changed since. * is any.",
        schema_extra={"pattern": r'^(\*|(W/)?"[^"]*"([ \t]*,[ \t]*(W/)?"[^"]*")*)$'},
    ),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match",
        description='ETags that you have, such as W/"17": the answer is 304 without a body '
        "if one is current.",
    ),
]
Consistent = Annotated[
    bool,
    QueryParameter(description="true: exact as of now; false: it may be a moment old, and costs less."),
]
SeatFormat = Annotated[
    Literal["list", "ranges"],
    QueryParameter(
        name="format",
        description="list: every free seat; ranges: first and last seat of each run, for big halls.",
    ),
]
FirstSeat = Annotated[
    int,
    QueryParameter(
        name="from",
        ge=1,
        le=limits.SEATS_PER_SHOW_MAX,
        description=f"The first seat to look at: an integer from 1 to {limits.SEATS_PER_SHOW_MAX}.",
    ),
]
SeatLimit = Annotated[
    int | None,
    QueryParameter(
        name="limit",
        ge=1,
        le=limits.SEATS_LISTED_MAX,
        description=f"How many seats to look at: an integer from 1 to {limits.SEATS_LISTED_MAX}. A show with "
        "more seats than that is only told in such parts; go on with `from` = `next_from`.",
    ),
]
Limit = Annotated[
    int,
    QueryParameter(
        ge=1,
        le=limits.PAGE_ITEMS_MAX,
        description=f"The most items on a page: an integer from 1 to {limits.PAGE_ITEMS_MAX}.",
    ),
]
Cursor = Annotated[
    str | None,
    QueryParameter(
        pattern=r"^[A-Za-z0-9_-]+(?!\n)$",
        description="Where to go on: the `meta.next_cursor` of the page before.",
    ),
]
