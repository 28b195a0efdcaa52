"""Bookings: seats of one user in one show, held or sold."""

from typing import Annotated, Final

import msgspec
from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter

from boxoffice.access import policies
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import CancelBooking, ConfirmBooking
from boxoffice.vocabulary.outcomes import BookingDone, RefusalCode
from boxoffice.vocabulary.views import BookingStatus, show_of
from boxoffice.web.api.booking_lists import StatusFilter
from boxoffice.web.http import refusals
from boxoffice.web.http.answers import (
    BookingAnswer,
    BookingDetailsAnswer,
    BookingListAnswer,
    BookingRequestAnswer,
    ExpiredCount,
    ExpiredCountAnswer,
    counted,
)
from boxoffice.web.http.booking_bodies import Extension, Failure, NewBooking, SeatsToReturn
from boxoffice.web.http.caller import Requester
from boxoffice.web.http.costs import PAGE
from boxoffice.web.http.operation import CommandOperation, ReadOperation, Success
from boxoffice.web.http.paging import listed, number_after
from boxoffice.web.http.parameters import (
    BookingId,
    BookingToCancel,
    BookingToConfirm,
    BookingToExtend,
    BookingToFail,
    BookingToReturnFrom,
    Consistent,
    Cursor,
    IdempotencyKey,
    Limit,
    Prefer,
    ReferenceInQuery,
    chosen,
)
from boxoffice.web.http.refusals import found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import (
    BOOKING,
    CANCELLED,
    DETAILS,
    FAILED,
    HOLD,
    LISTED,
    ONE_PAGE,
    RETURNED,
    WAITS,
)
from boxoffice.web.http.strict_json import decoded

_NEW = [
    Example(
        id="any",
        summary="Three seats, picked together where that is possible",
        value={"user_id": 1, "show_id": 1, "seats_booked": 3},
    ),
    Example(
        id="these",
        summary="Exactly these seats, all or none",
        value={"user_id": 1, "show_id": 1, "seat_numbers": [44, 45]},
    ),
    Example(
        id="hold",
        summary="Hold two seats for a minute",
        value={
            "user_id": 1,
            "show_id": 1,
            "seats_booked": 2,
            "status": "PENDING",
            "hold_seconds": 60,
        },
    ),
]
_EXTENSION = [Example(id="minute", summary="A minute from now", value={"hold_seconds": 60})]
_RETURN = [Example(id="one", summary="One seat", value={"seat_numbers": [17]})]
_FAILURE = [Example(id="declined", summary="With a reason", value={"reason": "Payment was declined"})]
_CONFIRMED = "Booking confirmed successfully"
_LATE = "The hold had run out; its seats were still free and were booked again as a new booking"

_OfUser = Annotated[
    int | None,
    QueryParameter(ge=1, le=limits.ID_MAX, description="Only bookings of this user: an integer from 1 on."),
]
_InShow = Annotated[
    int | None,
    QueryParameter(ge=1, le=limits.ID_MAX, description="Only bookings in this show: an integer from 1 on."),
]

_decode: Final = msgspec.json.Decoder(NewBooking).decode


def _confirm(who: Requester, booking_id: int) -> ConfirmBooking:
    return who.asks(
        ConfirmBooking,
        show_id=show_of(booking_id),
        booking_id=booking_id,
        owner_id=who.access.owner_id,
        late=who.access.allowance.late_confirm,
        caps=who.access.owner_caps,
    )


def _cancel(who: Requester, booking_id: int) -> CancelBooking:
    return who.asks(
        CancelBooking, show_id=show_of(booking_id), booking_id=booking_id, owner_id=who.access.owner_id
    )


def _booked(done: BookingDone) -> Success[BookingAnswer]:
    booking = done.booking
    is_sold = booking.status is BookingStatus.CONFIRMED
    message = _CONFIRMED if is_sold else "Seats held: confirm before expires_at"
    headers = {"Location": f"/api/bookings/{booking.id}"}
    return Success(BookingAnswer(data=booking, message=message), 201, headers)


def _confirmed(done: BookingDone) -> Success[BookingAnswer]:
    message = _CONFIRMED if done.booking.retaken_from is None else _LATE
    return Success(BookingAnswer(data=done.booking, message=message))


def _cancelled(done: BookingDone) -> Success[BookingAnswer]:
    return Success(BookingAnswer(data=done.booking, message="Booking cancelled successfully"))


def _extended(done: BookingDone) -> Success[BookingAnswer]:
    return Success(BookingAnswer(data=done.booking, message="Hold extended: confirm before expires_at"))


def _returned(done: BookingDone) -> Success[BookingAnswer]:
    kept = "the rest stays booked" if done.booking.seats else "none is left, so the booking is cancelled"
    return Success(BookingAnswer(data=done.booking, message=f"Seats returned: {kept}"))


def _failed(done: BookingDone) -> Success[BookingAnswer]:
    return Success(BookingAnswer(data=done.booking, message="Booking marked as failed"))


BOOK = CommandOperation(
    id="bookSeats",
    method="POST",
    path="/api/bookings",
    summary="Book seats",
    policy=policies.BOOKING,
    refusals=refusals.OF_BOOKING,
    answer=_booked,
    examples={"The new booking": BookingDone(BOOKING)},
    short=lambda asked: decoded(_decode, asked.body).command(asked.who),
    later=BookingRequestAnswer(data=WAITS, message="Taken for later: ask at Location"),
)
CANCEL = CommandOperation(
    id="cancelBooking",
    method="DELETE",
    path="/api/bookings/{booking_id:str}",
    summary="Cancel a booking",
    policy=policies.BOOKING,
    refusals=refusals.OF_ENDING_A_BOOKING,
    answer=_cancelled,
    examples={"Cancelled": BookingDone(CANCELLED)},
    short=lambda asked: _cancel(asked.who, asked.id),
)
CONFIRM = CommandOperation(
    id="confirmBooking",
    method="POST",
    path="/api/bookings/{booking_id:str}/confirm",
    summary="Confirm a hold",
    policy=policies.CONFIRMATION,
    refusals=refusals.OF_CONFIRMING,
    answer=_confirmed,
    examples={"Confirmed": BookingDone(BOOKING)},
    short=lambda asked: _confirm(asked.who, asked.id),
)
EXTEND = CommandOperation(
    id="extendHold",
    method="POST",
    path="/api/bookings/{booking_id:str}/extend",
    summary="Extend a hold",
    policy=policies.BOOKING,
    refusals=refusals.OF_EXTENDING,
    answer=_extended,
    examples={"Extended": BookingDone(HOLD)},
)
RETURN = CommandOperation(
    id="returnSeats",
    method="POST",
    path="/api/bookings/{booking_id:str}/return",
    summary="Return seats of a booking",
    policy=policies.BOOKING,
    refusals=refusals.OF_RETURNING,
    answer=_returned,
    examples={"The booking with the other seats": BookingDone(RETURNED)},
)
FAIL = CommandOperation(
    id="failBooking",
    method="POST",
    path="/api/bookings/{booking_id:str}/fail",
    summary="Fail a hold",
    policy=policies.PAYMENT,
    refusals=refusals.OF_ENDING_A_BOOKING,
    answer=_failed,
    examples={"Failed": BookingDone(FAILED)},
)


class BookingsController(Controller):
    """Operations on bookings."""

    tags = ("Bookings",)

    @BOOK.route
    async def book_seats(
        self,
        request: ApiRequest,
        data: Annotated[NewBooking, Body(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
        prefer: Prefer = None,  # noqa: ARG002 - read from the head, as on the short way
    ) -> Response[BookingAnswer]:
        """Books seats, or holds them with `status` PENDING.

        With `seats_booked` alone the seats are picked, together where that is possible. With
        `seat_numbers` it is exactly these or none. With `Prefer: respond-async` the answer may be a ticket
        (202), at whose `Location` the decision is told.
        """
        return await BOOK.run(request, data.command(request.who(idempotency_key)))

    @ReadOperation(
        id="getBooking",
        path="/api/bookings/{booking_id:str}",
        summary="Get a booking",
        policy=policies.BOOKING_READ,
        refusals=(RefusalCode.BOOKING_NOT_FOUND,),
        example=BookingDetailsAnswer(data=DETAILS, message="Booking found"),
        meaning="The booking",
    ).route
    async def get_booking(
        self, request: ApiRequest, booking_id: BookingId, consistent: Consistent = False
    ) -> Response[BookingDetailsAnswer]:
        """A booking with its seats, its show's name and its user, whom keys for some shows do not see."""
        booking = await request.reads.booking(
            booking_id, owner_id=request.access.owner_id, consistent=consistent
        )
        booking = found(booking, RefusalCode.BOOKING_NOT_FOUND)
        if request.access.caller.show_ids is not None:
            booking.user = None
        return Response(BookingDetailsAnswer(data=booking, message="Booking found"))

    @ReadOperation(
        id="listBookings",
        path="/api/bookings",
        summary="Find bookings",
        policy=policies.BOOKINGS_FOUND,
        cost=PAGE,
        example=BookingListAnswer(data=[LISTED], message="1 booking", meta=ONE_PAGE),
        meaning="One page",
    ).route
    async def list_bookings(
        self,
        request: ApiRequest,
        reference: ReferenceInQuery = None,
        user_id: _OfUser = None,
        show_id: _InShow = None,
        status: StatusFilter = None,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[BookingListAnswer]:
        """Bookings by id, the highest first. The filters narrow it down together.

        A key for some shows finds the bookings of these shows.
        """
        page = await request.reads.bookings_found(
            reference=reference,
            user_id=user_id,
            show_id=show_id,
            among=request.access.caller.show_ids,
            status=chosen(BookingStatus, status),
            after=number_after(cursor),
            limit=limit,
        )
        message = counted(len(page.items), "booking")
        return listed(request, BookingListAnswer, page, lambda booking: booking.id, message)

    @CANCEL.route
    async def cancel_booking(
        self, request: ApiRequest, booking_id: BookingToCancel, idempotency_key: IdempotencyKey = None
    ) -> Response[BookingAnswer]:
        """Ends a hold or a sale; the seats are free again and the booking remains for the audit."""
        return await CANCEL.run(request, _cancel(request.who(idempotency_key), booking_id))

    @CONFIRM.route
    async def confirm_booking(
        self, request: ApiRequest, booking_id: BookingToConfirm, idempotency_key: IdempotencyKey = None
    ) -> Response[BookingAnswer]:
        """Turns a hold into a sale.

        A hold that has run out is refused, or (a setting of the server, and its default) its seats are
        booked again as a new booking if nobody has them: `retaken_from` then names the old one.
        """
        return await CONFIRM.run(request, _confirm(request.who(idempotency_key), booking_id))

    @EXTEND.route
    async def extend_hold(
        self,
        request: ApiRequest,
        booking_id: BookingToExtend,
        data: Annotated[Extension | None, Body(examples=_EXTENSION)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Lets a hold last longer, from now on, but never beyond its longest lifetime.

        That is a setting of the server. A hold never ends sooner than before.
        """
        command = (data or Extension()).command(request.who(idempotency_key), booking_id)
        return await EXTEND.run(request, command)

    @RETURN.route
    async def return_seats(
        self,
        request: ApiRequest,
        booking_id: BookingToReturnFrom,
        data: Annotated[SeatsToReturn, Body(examples=_RETURN)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Gives some seats of a hold or a sale back, all that are named or none; they are free at once.

        The booking goes on with the other seats. If none is left, it is cancelled.
        """
        return await RETURN.run(request, data.command(request.who(idempotency_key), booking_id))

    @FAIL.route
    async def fail_booking(
        self,
        request: ApiRequest,
        booking_id: BookingToFail,
        data: Annotated[Failure | None, Body(examples=_FAILURE)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Ends a hold because its payment or confirmation failed; the seats are free again."""
        command = (data or Failure()).command(request.who(idempotency_key), booking_id)
        return await FAIL.run(request, command)

    @ReadOperation(
        id="expireOldBookings",
        method="POST",
        path="/api/bookings/expire-old",
        summary="End the holds that have run out",
        policy=policies.ALL_SHOWS,
        refusals=("timed_out", "shutting_down"),
        example=ExpiredCountAnswer(data=ExpiredCount(3), message="3 holds ended"),
        meaning="How many",
    ).route
    async def expire_old_bookings(
        self,
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,  # noqa: ARG002 - checked, and of no further meaning
    ) -> Response[ExpiredCountAnswer]:
        """Ends them now. The server does so by itself all the time, and no sale waits for it.

        Doing it again changes nothing more, so an Idempotency-Key is accepted and has no meaning here.
        """
        expired = await request.services.engine.expire_due(request.access.caller.actor)
        message = f"{counted(expired, 'hold')} ended"
        return Response(ExpiredCountAnswer(data=ExpiredCount(expired), message=message))
