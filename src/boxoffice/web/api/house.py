"""The box office's own operations: seats for the house, who sits where, forced cancels."""

from typing import Annotated

from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import Body

from boxoffice.access import policies
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import BookingDone, RefusalCode, SeatsDone
from boxoffice.vocabulary.views import SeatState
from boxoffice.web.http import refusals
from boxoffice.web.http.answers import (
    BlockedSeats,
    BlockedSeatsAnswer,
    BookingAnswer,
    SeatListAnswer,
    counted,
)
from boxoffice.web.http.bodies import SeatsToBlock, SeatsToUnblock
from boxoffice.web.http.booking_bodies import ForcedCancel
from boxoffice.web.http.costs import PAGE
from boxoffice.web.http.operation import CommandOperation, ReadOperation, Success
from boxoffice.web.http.paging import listed, number_after
from boxoffice.web.http.parameters import (
    BookingToForceCancel,
    Consistent,
    Cursor,
    IdempotencyKey,
    Limit,
    ShowId,
    chosen,
    one_of,
)
from boxoffice.web.http.refusals import found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import CANCELLED, ONE_PAGE, SEAT

_State = Annotated[
    str | None, one_of(SeatState, "state", "Only seats in this state: free, held, sold or blocked.")
]
_BLOCK = [
    Example(
        id="camera",
        summary="Two seats for the camera",
        value={"seat_numbers": [49, 50], "reason": "Camera position"},
    )
]
_UNBLOCK = [
    Example(id="camera", summary="Give them back", value={"seat_numbers": [49, 50]}),
]
_CANCEL = [
    Example(id="weather", summary="With the reason", value={"reason": "The row is being repaired"}),
]


def _blocked(done: SeatsDone) -> Success[BlockedSeatsAnswer]:
    return _seats(done, "blocked")


def _unblocked(done: SeatsDone) -> Success[BlockedSeatsAnswer]:
    return _seats(done, "unblocked")


def _seats(done: SeatsDone, what: str) -> Success[BlockedSeatsAnswer]:
    data = BlockedSeats(done.show_id, done.seats)
    return Success(BlockedSeatsAnswer(data=data, message=f"{counted(len(done.seats), 'seat')} {what}"))


def _cancelled(done: BookingDone) -> Success[BookingAnswer]:
    return Success(BookingAnswer(data=done.booking, message="Booking cancelled by the house"))


BLOCK = CommandOperation(
    id="blockSeats",
    method="POST",
    path="/api/admin/shows/{show_id:str}/seats/block",
    summary="Block seats for the house",
    policy=policies.HOUSE,
    refusals=refusals.OF_BLOCKING,
    answer=_blocked,
    examples={"Blocked": SeatsDone(1, [49, 50])},
)
UNBLOCK = CommandOperation(
    id="unblockSeats",
    method="POST",
    path="/api/admin/shows/{show_id:str}/seats/unblock",
    summary="Give blocked seats back to sale",
    policy=policies.HOUSE,
    refusals=refusals.OF_UNBLOCKING,
    answer=_unblocked,
    examples={"Unblocked": SeatsDone(1, [49, 50])},
)
FORCE_CANCEL = CommandOperation(
    id="forceCancelBooking",
    method="POST",
    path="/api/admin/bookings/{booking_id:str}/cancel",
    summary="Cancel somebody's booking",
    policy=policies.HOUSE,
    refusals=refusals.OF_ENDING_A_BOOKING,
    answer=_cancelled,
    examples={"Cancelled": BookingDone(CANCELLED)},
)


class HouseController(Controller):
    """Operations of the house."""

    tags = ("Administration",)

    @ReadOperation(
        id="listSeats",
        path="/api/admin/shows/{show_id:str}/seats",
        summary="List the seats of a show with who has them",
        policy=policies.HOUSE_READ,
        cost=PAGE,
        refusals=(RefusalCode.SHOW_NOT_FOUND,),
        example=SeatListAnswer(data=[SEAT], message="1 seat", meta=ONE_PAGE),
        meaning="One page of seats",
    ).route
    async def list_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        seat_state: _State = None,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
        consistent: Consistent = False,
    ) -> Response[SeatListAnswer]:
        """Every seat in order: free, held, sold or blocked, by whom, and until when or why.

        Keys for some shows do not see names.
        """
        reads, after = request.reads, number_after(cursor) or 0
        state = chosen(SeatState, seat_state)
        page = await reads.seats(show_id, state=state, after=after, limit=limit, consistent=consistent)
        page = found(page, RefusalCode.SHOW_NOT_FOUND)
        if request.access.caller.show_ids is not None:
            for seat in page.items:
                seat.user_name = None
        message = counted(len(page.items), "seat")
        return listed(request, SeatListAnswer, page, lambda seat: seat.seat_number, message)

    @BLOCK.route
    async def block_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[SeatsToBlock, Body(examples=_BLOCK)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BlockedSeatsAnswer]:
        """Takes free seats out of sale, all or none."""
        return await BLOCK.run(request, data.command(request.who(idempotency_key), show_id))

    @UNBLOCK.route
    async def unblock_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[SeatsToUnblock, Body(examples=_UNBLOCK)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BlockedSeatsAnswer]:
        """Puts blocked seats on sale again, all or none."""
        return await UNBLOCK.run(request, data.command(request.who(idempotency_key), show_id))

    @FORCE_CANCEL.route
    async def force_cancel_booking(
        self,
        request: ApiRequest,
        booking_id: BookingToForceCancel,
        data: Annotated[ForcedCancel, Body(examples=_CANCEL)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Cancels a booking for its owner; the reason stays with the booking."""
        return await FORCE_CANCEL.run(request, data.command(request.who(idempotency_key), booking_id))
