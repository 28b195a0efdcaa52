"""Further reads of shows: free seats, figures, events, and the shows of a type."""

import re
from typing import Annotated

from litestar import Controller, Response
from litestar.params import QueryParameter

from boxoffice.access import policies
from boxoffice.engine.reads import Page
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.vocabulary.views import SeatMap, Show
from boxoffice.web.http.answers import (
    AvailableSeats,
    AvailableSeatsAnswer,
    EventListAnswer,
    ShowListAnswer,
    StatsAnswer,
    counted,
)
from boxoffice.web.http.caching import conditional, etag
from boxoffice.web.http.costs import PAGE, SEATS
from boxoffice.web.http.invalid import InvalidInput, invalid_field
from boxoffice.web.http.operation import ReadOperation
from boxoffice.web.http.paging import listed, listed_from, moment_after
from boxoffice.web.http.parameters import (
    Consistent,
    Cursor,
    FirstSeat,
    IfNoneMatch,
    Limit,
    SeatFormat,
    SeatLimit,
    ShowId,
    ShowTypeInPath,
)
from boxoffice.web.http.refusals import found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import EVENT, ONE_PAGE, SHOW, STATS

_After = Annotated[
    int,
    QueryParameter(
        ge=0, le=limits.ID_MAX, description="Only events with a `seq` above this: an integer from 0 on."
    ),
]


class ShowReadsController(Controller):
    """Further reads of shows."""

    tags = ("Shows",)

    @ReadOperation(
        id="getAvailableSeats",
        path="/api/shows/{show_id:str}/available-seats",
        summary="List the free seats of a show",
        policy=policies.CATALOGUE,
        cost=SEATS,
        refusals=(RefusalCode.SHOW_NOT_FOUND,),
        example=AvailableSeatsAnswer(
            data=AvailableSeats(available_seats=[4, 5], count=2), message="2 seats free"
        ),
        meaning="The free seats; as `ranges` with `format=ranges`",
        revalidates=True,
        shared=("", "format=list", "format=ranges"),
    ).route
    async def get_available_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        seat_format: SeatFormat = "list",
        first_seat: FirstSeat = 1,
        seat_limit: SeatLimit = None,
        consistent: Consistent = False,
        if_none_match: IfNoneMatch = None,
    ) -> Response[AvailableSeatsAnswer | None]:
        """The free seats, each, or as runs for big halls; of halls of more than 20,000 seats in parts."""
        limit = seat_limit or limits.SEATS_LISTED_MAX
        seat_map = found(
            await request.reads.seat_map(show_id, first=first_seat, limit=limit, consistent=consistent),
            RefusalCode.SHOW_NOT_FOUND,
        )
        if seat_limit is None and seat_map.total_seats >= first_seat + limit:
            raise _too_many(seat_map)
        data = _available(seat_map, first_seat, as_ranges=seat_format == "ranges")
        answer = AvailableSeatsAnswer(data=data, message=f"{counted(data.count, 'seat')} free")
        form = "" if seat_format == "list" else seat_format
        return conditional(answer, etag(seat_map.seq, form), if_none_match)

    @ReadOperation(
        id="getShowStats",
        path="/api/shows/{show_id:str}/stats",
        summary="Get the statistics of a show",
        policy=policies.HOUSE_READ,
        refusals=(RefusalCode.SHOW_NOT_FOUND,),
        example=StatsAnswer(data=STATS, message="Statistics found"),
        meaning="The show in figures",
        revalidates=True,
        shared=("",),
    ).route
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

    @ReadOperation(
        id="listShowChanges",
        path="/api/shows/{show_id:str}/changes",
        summary="List what happened to a show",
        policy=policies.HOUSE_READ,
        cost=PAGE,
        refusals=(RefusalCode.SHOW_NOT_FOUND,),
        example=EventListAnswer(data=[EVENT], message="1 event", meta=ONE_PAGE),
        meaning="One page of events",
    ).route
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

    @ReadOperation(
        id="listShowsByType",
        path="/api/shows/type/{show_type:str}",
        summary="List shows of one type",
        policy=policies.CATALOGUE,
        cost=PAGE,
        example=ShowListAnswer(data=[SHOW], message="1 show", meta=ONE_PAGE),
        meaning="One page of shows",
    ).route
    async def list_shows_by_type(
        self,
        request: ApiRequest,
        show_type: ShowTypeInPath,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[ShowListAnswer]:
        """The shows of one type, by start time."""
        page = await request.reads.shows(show_type=show_type, after=moment_after(cursor), limit=limit)
        return listed_shows(request, page)


def listed_shows(request: ApiRequest, page: Page[Show]) -> Response[ShowListAnswer]:
    """One page of a list of shows."""
    message = counted(len(page.items), "show")
    return listed(request, ShowListAnswer, page, lambda show: (show.start_time, show.id), message)


def _too_many(seat_map: SeatMap) -> InvalidInput:
    expected = f"a limit of at most {limits.SEATS_LISTED_MAX} seats, and the other seats by `from`"
    return invalid_field("limit", expected, f"This show has {seat_map.total_seats} seats", "query")


def _available(seat_map: SeatMap, first_seat: int, *, as_ranges: bool) -> AvailableSeats:
    taken = seat_map.taken
    ranges = [(first_seat + run.start(), first_seat + run.end() - 1) for run in re.finditer("0+", taken)]
    following = first_seat + len(taken)
    told = AvailableSeats(count=taken.count("0"))
    if taken and following <= seat_map.total_seats:
        told.next_from = following
    if as_ranges:
        told.ranges = ranges
    else:
        told.available_seats = [seat for first, last in ranges for seat in range(first, last + 1)]
    return told
