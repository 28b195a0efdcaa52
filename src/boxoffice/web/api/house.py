"""The box office's own operations: seats for the house, who sits where, forced cancels."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode, SeatsDone
from boxoffice.vocabulary.views import SeatState
from boxoffice.web.http.answers import (
    BlockedSeats,
    BlockedSeatsAnswer,
    BookingAnswer,
    SeatListAnswer,
    counted,
    done,
)
from boxoffice.web.http.bodies import ForcedCancel, SeatsToBlock, SeatsToUnblock
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
from boxoffice.web.http.problems import accepted, command_errors, found, read_errors
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import CANCELLED, ONE_PAGE, SEAT, shown

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


class AdminController(Controller):
    """Operations of the house."""

    path = "/api/admin"
    tags = ("Administration",)

    @get(
        "/shows/{show_id:str}/seats",
        operation_id="listSeats",
        summary="List the seats of a show with who has them",
        responses={
            200: shown(SeatListAnswer(data=[SEAT], message="1 seat", meta=ONE_PAGE), "One page of seats"),
            **read_errors(RefusalCode.SHOW_NOT_FOUND),
        },
    )
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

    @post(
        "/shows/{show_id:str}/seats/block",
        operation_id="blockSeats",
        summary="Block seats for the house",
        status_code=200,
        responses={
            200: shown(
                BlockedSeatsAnswer(data=BlockedSeats(1, [49, 50]), message="2 seats blocked"), "Blocked"
            ),
            **command_errors(
                RefusalCode.SHOW_NOT_FOUND,
                RefusalCode.SHOW_ARCHIVED,
                RefusalCode.SEATS_OUTSIDE_SHOW,
                RefusalCode.SEATS_TAKEN,
            ),
        },
    )
    async def block_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[SeatsToBlock, Body(examples=_BLOCK)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BlockedSeatsAnswer]:
        """Takes free seats out of sale, all or none."""
        command = data.command(request.asking(idempotency_key), show_id)
        return _seats(accepted(await request.engine.execute(command)), "blocked")

    @post(
        "/shows/{show_id:str}/seats/unblock",
        operation_id="unblockSeats",
        summary="Give blocked seats back to sale",
        status_code=200,
        responses={
            200: shown(
                BlockedSeatsAnswer(data=BlockedSeats(1, [49, 50]), message="2 seats unblocked"), "Unblocked"
            ),
            **command_errors(
                RefusalCode.SHOW_NOT_FOUND,
                RefusalCode.SHOW_ARCHIVED,
                RefusalCode.SEATS_OUTSIDE_SHOW,
                RefusalCode.SEATS_NOT_BLOCKED,
            ),
        },
    )
    async def unblock_seats(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[SeatsToUnblock, Body(examples=_UNBLOCK)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BlockedSeatsAnswer]:
        """Puts blocked seats on sale again, all or none."""
        command = data.command(request.asking(idempotency_key), show_id)
        return _seats(accepted(await request.engine.execute(command)), "unblocked")

    @post(
        "/bookings/{booking_id:str}/cancel",
        operation_id="forceCancelBooking",
        summary="Cancel somebody's booking",
        status_code=200,
        responses={
            200: shown(BookingAnswer(data=CANCELLED, message="Booking cancelled by the house"), "Cancelled"),
            **command_errors(
                RefusalCode.BOOKING_NOT_FOUND, RefusalCode.SHOW_ARCHIVED, RefusalCode.INVALID_STATE
            ),
        },
    )
    async def force_cancel_booking(
        self,
        request: ApiRequest,
        booking_id: BookingToForceCancel,
        data: Annotated[ForcedCancel, Body(examples=_CANCEL)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Cancels a booking for its owner; the reason stays with the booking."""
        command = data.command(request.asking(idempotency_key), booking_id)
        outcome = accepted(await request.engine.execute(command))
        return done(BookingAnswer(data=outcome.booking, message="Booking cancelled by the house"), outcome)


def _seats(outcome: SeatsDone, what: str) -> Response[BlockedSeatsAnswer]:
    data = BlockedSeats(outcome.show_id, outcome.seats)
    message = f"{counted(len(outcome.seats), 'seat')} {what}"
    return done(BlockedSeatsAnswer(data=data, message=message), outcome)
