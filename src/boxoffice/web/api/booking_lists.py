"""Lists of bookings: those of a user, those of a show."""

from typing import Annotated

from litestar import Controller, Response

from boxoffice.access import policies
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.vocabulary.views import BookingStatus
from boxoffice.web.http.answers import BookingListAnswer, counted
from boxoffice.web.http.costs import PAGE
from boxoffice.web.http.operation import ReadOperation
from boxoffice.web.http.paging import listed, moment_after, number_after
from boxoffice.web.http.parameters import (
    Consistent,
    Cursor,
    Limit,
    ShowId,
    UserId,
    chosen,
    one_of,
)
from boxoffice.web.http.refusals import found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import BOOKING, ONE_PAGE

_Status = Annotated[
    str | None,
    one_of(
        BookingStatus,
        "status",
        "Only those in this state: PENDING, CONFIRMED, FAILED, EXPIRED or CANCELLED.",
    ),
]


class BookingListsController(Controller):
    """What can be asked about many bookings."""

    tags = ("Bookings",)

    @ReadOperation(
        id="listBookingsOfUser",
        path="/api/bookings/user/{user_id:str}",
        summary="List the bookings of a user",
        policy=policies.USER_READ,
        cost=PAGE,
        refusals=(RefusalCode.USER_NOT_FOUND,),
        example=BookingListAnswer(data=[BOOKING], message="1 booking", meta=ONE_PAGE),
        meaning="One page",
    ).route
    async def list_bookings_of_user(
        self,
        request: ApiRequest,
        user_id: UserId,
        status: _Status = None,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
        consistent: Consistent = False,
    ) -> Response[BookingListAnswer]:
        """A user's bookings in all shows, newest first."""
        reads, after = request.reads, moment_after(cursor)
        state = chosen(BookingStatus, status)
        page = await reads.bookings_of_user(
            user_id, status=state, after=after, limit=limit, consistent=consistent
        )
        page = found(page, RefusalCode.USER_NOT_FOUND)
        message = counted(len(page.items), "booking")
        return listed(
            request, BookingListAnswer, page, lambda booking: (booking.created_at, booking.id), message
        )

    @ReadOperation(
        id="listBookingsOfShow",
        path="/api/bookings/show/{show_id:str}",
        summary="List the bookings of a show",
        policy=policies.HOUSE_READ,
        cost=PAGE,
        refusals=(RefusalCode.SHOW_NOT_FOUND,),
        example=BookingListAnswer(data=[BOOKING], message="1 booking", meta=ONE_PAGE),
        meaning="One page",
    ).route
    async def list_bookings_of_show(
        self,
        request: ApiRequest,
        show_id: ShowId,
        status: _Status = None,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
        consistent: Consistent = False,
    ) -> Response[BookingListAnswer]:
        """A show's bookings, newest first."""
        reads, after = request.reads, number_after(cursor)
        state = chosen(BookingStatus, status)
        page = await reads.bookings_of_show(
            show_id, status=state, after=after, limit=limit, consistent=consistent
        )
        page = found(page, RefusalCode.SHOW_NOT_FOUND)
        message = counted(len(page.items), "booking")
        return listed(request, BookingListAnswer, page, lambda booking: booking.id, message)
