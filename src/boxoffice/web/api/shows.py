"""Shows: what is sold by the seat."""

import re
from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter

from boxoffice.engine.reads import Page
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.vocabulary.views import SeatMap, Show
from boxoffice.web.http.answers import (
    AvailableSeats,
    AvailableSeatsAnswer,
    EventListAnswer,
    ShowAnswer,
    ShowListAnswer,
    StatsAnswer,
    counted,
    done,
)
from boxoffice.web.http.bodies import NewShow, ShowChanges, instant
from boxoffice.web.http.bodiless import delete_command
from boxoffice.web.http.caching import conditional, etag, expected_seq
from boxoffice.web.http.paging import listed, listed_from, moment_after
from boxoffice.web.http.parameters import (
    Consistent,
    Cursor,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    Limit,
    SeatFormat,
    ShowId,
    ShowToDelete,
    ShowTypeInPath,
    ShowTypeInQuery,
)
from boxoffice.web.http.problems import accepted, command_errors, found, read_errors
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import EVENT, NOT_MODIFIED, ONE_PAGE, SHOW, STATS, shown

_From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        description="Only shows that start then or later: RFC 3339 with an offset, such as "
        "2030-01-01T00:00:00Z.",
        schema_extra={"format": "date-time"},
    ),
]
_To = Annotated[
    str | None,
    QueryParameter(
        name="to",
        description="Only shows that start before: RFC 3339 with an offset, such as 2031-01-01T00:00:00Z.",
        schema_extra={"format": "date-time"},
    ),
]
_Text = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=255,
        pattern=r"^[^\u0000-\u001f\u007f-\u009f]*(?!\n)$",
        description="Only shows with this text in their name, in upper or lower case: 1 to 255 characters "
        "without control characters.",
    ),
]
_OnlyFree = Annotated[bool, QueryParameter(description="true: only shows that have a free seat.")]
_After = Annotated[
    int,
    QueryParameter(
        ge=0, le=limits.ID_MAX, description="Only events with a `seq` above this: an integer from 0 on."
    ),
]

_NEW = [
    Example(
        id="movie",
        summary="A movie with 100 seats",
        value={
            "name": "Movie XYZ",
            "start_time": "2030-12-15T18:30:00Z",
            "total_seats": 100,
            "show_type": "movie",
        },
    )
]
_CHANGES = [
    Example(
        id="later",
        summary="Another name and time",
        value={"name": "Updated Name", "start_time": "2030-12-15T19:00:00Z"},
    )
]


class ShowsController(Controller):
    """Operations on shows."""

    path = "/api/shows"
    tags = ("Shows",)

    @post(
        operation_id="createShow",
        summary="Create a show",
        responses={
            201: shown(ShowAnswer(data=SHOW, message="Show created successfully"), "The new show"),
            **command_errors(),
        },
    )
    async def create_show(
        self,
        request: ApiRequest,
        data: Annotated[NewShow, Body(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[ShowAnswer]:
        """Opens a show with seats 1 to `total_seats`, all free."""
        outcome = accepted(await request.engine.execute(data.command(request.asking(idempotency_key))))
        show = outcome.show
        answer = ShowAnswer(data=show, message="Show created successfully")
        return done(answer, outcome, 201, Location=f"/api/shows/{show.id}", ETag=etag(show.seq))

    @get(
        operation_id="listShows",
        summary="List shows",
        responses={
            200: shown(ShowListAnswer(data=[SHOW], message="1 show", meta=ONE_PAGE), "One page of shows"),
            **read_errors(),
        },
    )
    async def list_shows(
        self,
        request: ApiRequest,
        show_type: ShowTypeInQuery = None,
        starts_from: _From = None,
        starts_to: _To = None,
        text: _Text = None,
        only_free: _OnlyFree = False,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[ShowListAnswer]:
        """All shows that are not deleted, by start time. The filters narrow it down together."""
        page = await request.reads.shows(
            show_type=show_type,
            starts_from=instant(starts_from, "from"),
            starts_to=instant(starts_to, "to"),
            text=text,
            only_free=only_free,
            after=moment_after(cursor),
            limit=limit,
        )
        return _shows(request, page)

    @get(
        "/type/{show_type:str}",
        operation_id="listShowsByType",
        summary="List shows of one type",
        responses={
            200: shown(ShowListAnswer(data=[SHOW], message="1 show", meta=ONE_PAGE), "One page of shows"),
            **read_errors(),
        },
    )
    async def list_shows_by_type(
        self,
        request: ApiRequest,
        show_type: ShowTypeInPath,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[ShowListAnswer]:
        """The shows of one type, by start time."""
        page = await request.reads.shows(show_type=show_type, after=moment_after(cursor), limit=limit)
        return _shows(request, page)

    @get(
        "/{show_id:str}",
        operation_id="getShow",
        summary="Get a show",
        responses={
            200: shown(ShowAnswer(data=SHOW, message="Show found"), "The show"),
            304: NOT_MODIFIED,
            **read_errors(RefusalCode.SHOW_NOT_FOUND),
        },
    )
    async def get_show(
        self,
        request: ApiRequest,
        show_id: ShowId,
        consistent: Consistent = False,
        if_none_match: IfNoneMatch = None,
    ) -> Response[ShowAnswer | None]:
        """A show with its free seats. Its `seq` is its version, and its ETag."""
        show = found(await request.reads.show(show_id, consistent=consistent), RefusalCode.SHOW_NOT_FOUND)
        return conditional(ShowAnswer(data=show, message="Show found"), etag(show.seq), if_none_match)

    @put(
        "/{show_id:str}",
        operation_id="updateShow",
        summary="Update a show",
        responses={
            200: shown(ShowAnswer(data=SHOW, message="Show updated successfully"), "The show as it is now"),
            **command_errors(
                RefusalCode.SHOW_NOT_FOUND,
                RefusalCode.SHOW_ARCHIVED,
                RefusalCode.VERSION_MISMATCH,
                RefusalCode.SEATS_IN_USE,
            ),
        },
    )
    async def update_show(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[ShowChanges, Body(examples=_CHANGES)],
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Response[ShowAnswer]:
        """Changes what is given and leaves the rest.

        `total_seats` can grow; it can shrink while the seats that go away are free.
        """
        command = data.command(request.asking(idempotency_key), show_id, expected_seq(if_match))
        outcome = accepted(await request.engine.execute(command))
        answer = ShowAnswer(data=outcome.show, message="Show updated successfully")
        return done(answer, outcome, ETag=etag(outcome.show.seq))

    @delete(
        "/{show_id:str}",
        operation_id="deleteShow",
        summary="Delete a show",
        status_code=200,
        responses={
            200: shown(ShowAnswer(data=SHOW, message="Show deleted successfully"), "The show as it was"),
            **command_errors(
                RefusalCode.SHOW_NOT_FOUND,
                RefusalCode.SHOW_ARCHIVED,
                RefusalCode.VERSION_MISMATCH,
                RefusalCode.ACTIVE_BOOKINGS,
                body=False,
            ),
        },
    )
    async def delete_show(
        self,
        request: ApiRequest,
        show_id: ShowToDelete,
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Response[ShowAnswer]:
        """Takes a show without active bookings off the lists; its bookings remain for the audit."""
        command = delete_command(request.asking(idempotency_key), show_id, expected_seq(if_match))
        outcome = accepted(await request.engine.execute(command))
        return done(ShowAnswer(data=outcome.show, message="Show deleted successfully"), outcome)

    @get(
        "/{show_id:str}/available-seats",
        operation_id="getAvailableSeats",
        summary="List the free seats of a show",
        responses={
            200: shown(
                AvailableSeatsAnswer(
                    data=AvailableSeats(available_seats=[4, 5], count=2), message="2 seats free"
                ),
                "The free seats; as `ranges` with `format=ranges`",
            ),
            304: NOT_MODIFIED,
            **read_errors(RefusalCode.SHOW_NOT_FOUND),
        },
    )
    async def get_available_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        seat_format: SeatFormat = "list",
        consistent: Consistent = False,
        if_none_match: IfNoneMatch = None,
    ) -> Response[AvailableSeatsAnswer | None]:
        """All free seats, each, or as runs for big halls."""
        seat_map = found(
            await request.reads.seat_map(show_id, consistent=consistent), RefusalCode.SHOW_NOT_FOUND
        )
        data = _available(seat_map, as_ranges=seat_format == "ranges")
        answer = AvailableSeatsAnswer(data=data, message=f"{counted(data.count, 'seat')} free")
        form = "" if seat_format == "list" else seat_format
        return conditional(answer, etag(seat_map.seq, form), if_none_match)

    @get(
        "/{show_id:str}/stats",
        operation_id="getShowStats",
        summary="Get the statistics of a show",
        responses={
            200: shown(StatsAnswer(data=STATS, message="Statistics found"), "The show in figures"),
            304: NOT_MODIFIED,
            **read_errors(RefusalCode.SHOW_NOT_FOUND),
        },
    )
    async def get_show_stats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        consistent: Consistent = False,
        if_none_match: IfNoneMatch = None,
    ) -> Response[StatsAnswer | None]:
        """Bookings by status, seats by state, and occupancy."""
        stats = found(await request.reads.stats(show_id, consistent=consistent), RefusalCode.SHOW_NOT_FOUND)
        return conditional(
            StatsAnswer(data=stats, message="Statistics found"), etag(stats.seq), if_none_match
        )

    @get(
        "/{show_id:str}/changes",
        operation_id="listShowChanges",
        summary="List what happened to a show",
        responses={
            200: shown(EventListAnswer(data=[EVENT], message="1 event", meta=ONE_PAGE), "One page of events"),
            **read_errors(RefusalCode.SHOW_NOT_FOUND),
        },
    )
    async def list_show_changes(
        self, request: ApiRequest, show_id: ShowId, after: _After = 0, limit: Limit = limits.PAGE_ITEMS_MAX
    ) -> Response[EventListAnswer]:
        """The show's events in order, without a gap. Go on with `after` = the last `seq` that you have."""
        page = found(
            await request.reads.changes(show_id, after=after, limit=limit), RefusalCode.SHOW_NOT_FOUND
        )
        following = str(page.items[-1].seq) if page.more else None
        message = counted(len(page.items), "event")
        return listed_from(request, EventListAnswer, page, ("after", following), message)


def _shows(request: ApiRequest, page: Page[Show]) -> Response[ShowListAnswer]:
    message = counted(len(page.items), "show")
    return listed(request, ShowListAnswer, page, lambda show: (show.start_time, show.id), message)


def _available(seat_map: SeatMap, *, as_ranges: bool) -> AvailableSeats:
    ranges = [(run.start() + 1, run.end()) for run in re.finditer("0+", seat_map.taken)]
    count = seat_map.taken.count("0")
    if as_ranges:
        return AvailableSeats(ranges=ranges, count=count)
    seats = [seat for first, last in ranges for seat in range(first, last + 1)]
    return AvailableSeats(available_seats=seats, count=count)
