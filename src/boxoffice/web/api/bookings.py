"""Bookings: seats of one user in one show, held or sold."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.openapi.spec import Example
from litestar.params import Body

from boxoffice.vocabulary.limits import PAGE_ITEMS_MAX
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.vocabulary.views import Booking, BookingStatus
from boxoffice.web.http.answers import (
    BookingAnswer,
    BookingDetailsAnswer,
    BookingListAnswer,
    ExpiredCount,
    ExpiredCountAnswer,
    counted,
    done,
)
from boxoffice.web.http.bodies import Extension, Failure, NewBooking
from boxoffice.web.http.bodiless import cancel_command, confirm_command
from boxoffice.web.http.paging import listed, moment_after, number_after
from boxoffice.web.http.parameters import (
    BookingId,
    BookingToCancel,
    BookingToConfirm,
    BookingToExtend,
    BookingToFail,
    Consistent,
    Cursor,
    IdempotencyKey,
    Limit,
    ShowId,
    UserId,
    chosen,
    one_of,
)
from boxoffice.web.http.problems import accepted, command_errors, found, read_errors
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import BOOKING, CANCELLED, DETAILS, FAILED, HOLD, ONE_PAGE, shown

_Status = Annotated[
    str | None,
    one_of(
        BookingStatus,
        "status",
        "Only those in this state: PENDING, CONFIRMED, FAILED, EXPIRED or CANCELLED.",
    ),
]
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
_FAILURE = [Example(id="declined", summary="With a reason", value={"reason": "Payment was declined"})]
_ENDS_BADLY = (RefusalCode.BOOKING_NOT_FOUND, RefusalCode.SHOW_ARCHIVED, RefusalCode.INVALID_STATE)
_CONFIRMED = "Booking confirmed successfully"
_EXTENDED = "Hold extended: confirm before expires_at"
_CANCELLED = "Booking cancelled successfully"

PATH = "/api/bookings"


class BookingsController(Controller):
    """Operations on bookings."""

    path = PATH
    tags = ("Bookings",)

    @post(
        operation_id="bookSeats",
        summary="Book seats",
        responses={
            201: shown(BookingAnswer(data=BOOKING, message=_CONFIRMED), "The new booking"),
            **command_errors(
                RefusalCode.SHOW_NOT_FOUND,
                RefusalCode.SHOW_ARCHIVED,
                RefusalCode.USER_NOT_FOUND,
                RefusalCode.TOO_MANY_BOOKINGS,
                RefusalCode.TOO_MANY_HOLDS,
                RefusalCode.HOLD_COOLDOWN,
                RefusalCode.SEATS_OUTSIDE_SHOW,
                RefusalCode.SEATS_TAKEN,
                RefusalCode.INSUFFICIENT_SEATS,
                RefusalCode.BOOKING_NUMBERS_USED_UP,
            ),
        },
    )
    async def book_seats(
        self,
        request: ApiRequest,
        data: Annotated[NewBooking, Body(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Books seats, or holds them with `status` PENDING.

        With `seats_booked` alone the seats are picked, together where that is possible. With
        `seat_numbers` it is exactly these or none.
        """
        command = data.command(request.access, idempotency_key)
        outcome = accepted(await request.engine.execute(command))
        return done(booked(outcome.booking), outcome, 201, Location=f"{PATH}/{outcome.booking.id}")

    @get(
        "/{booking_id:str}",
        operation_id="getBooking",
        summary="Get a booking",
        responses={
            200: shown(BookingDetailsAnswer(data=DETAILS, message="Booking found"), "The booking"),
            **read_errors(RefusalCode.BOOKING_NOT_FOUND),
        },
    )
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

    @delete(
        "/{booking_id:str}",
        operation_id="cancelBooking",
        summary="Cancel a booking",
        status_code=200,
        responses={
            200: shown(BookingAnswer(data=CANCELLED, message=_CANCELLED), "Cancelled"),
            **command_errors(*_ENDS_BADLY, body=False),
        },
    )
    async def cancel_booking(
        self, request: ApiRequest, booking_id: BookingToCancel, idempotency_key: IdempotencyKey = None
    ) -> Response[BookingAnswer]:
        """Ends a hold or a sale; the seats are free again and the booking remains for the audit."""
        command = cancel_command(request.asking(idempotency_key), booking_id)
        outcome = accepted(await request.engine.execute(command))
        return done(cancelled(outcome.booking), outcome)

    @post(
        "/{booking_id:str}/confirm",
        operation_id="confirmBooking",
        summary="Confirm a hold",
        status_code=200,
        responses={
            200: shown(BookingAnswer(data=BOOKING, message=_CONFIRMED), "Confirmed"),
            **command_errors(
                *_ENDS_BADLY, RefusalCode.HOLD_EXPIRED, RefusalCode.TOO_MANY_BOOKINGS, body=False
            ),
        },
    )
    async def confirm_booking(
        self, request: ApiRequest, booking_id: BookingToConfirm, idempotency_key: IdempotencyKey = None
    ) -> Response[BookingAnswer]:
        """Turns a hold into a sale.

        A hold that has run out is refused, or (a setting of the server, and its default) its seats are
        booked again as a new booking if nobody has them: `retaken_from` then names the old one.
        """
        late = request.settings.holds.late_confirm
        command = confirm_command(request.asking(idempotency_key), booking_id, late)
        outcome = accepted(await request.engine.execute(command))
        return done(confirmed(outcome.booking), outcome)

    @post(
        "/{booking_id:str}/extend",
        operation_id="extendHold",
        summary="Extend a hold",
        status_code=200,
        responses={
            200: shown(BookingAnswer(data=HOLD, message=_EXTENDED), "Extended"),
            **command_errors(*_ENDS_BADLY, RefusalCode.HOLD_EXPIRED, RefusalCode.HOLD_LIFETIME_OVER),
        },
    )
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
        command = (data or Extension()).command(request.access, idempotency_key, booking_id)
        outcome = accepted(await request.engine.execute(command))
        return done(BookingAnswer(data=outcome.booking, message=_EXTENDED), outcome)

    @post(
        "/{booking_id:str}/fail",
        operation_id="failBooking",
        summary="Fail a hold",
        status_code=200,
        responses={
            200: shown(BookingAnswer(data=FAILED, message="Booking marked as failed"), "Failed"),
            **command_errors(*_ENDS_BADLY),
        },
    )
    async def fail_booking(
        self,
        request: ApiRequest,
        booking_id: BookingToFail,
        data: Annotated[Failure | None, Body(examples=_FAILURE)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BookingAnswer]:
        """Ends a hold because its payment or confirmation failed; the seats are free again."""
        command = (data or Failure()).command(request.asking(idempotency_key), booking_id)
        outcome = accepted(await request.engine.execute(command))
        return done(BookingAnswer(data=outcome.booking, message="Booking marked as failed"), outcome)

    @get(
        "/user/{user_id:str}",
        operation_id="listBookingsOfUser",
        summary="List the bookings of a user",
        responses={
            200: shown(BookingListAnswer(data=[BOOKING], message="1 booking", meta=ONE_PAGE), "One page"),
            **read_errors(RefusalCode.USER_NOT_FOUND),
        },
    )
    async def list_bookings_of_user(
        self,
        request: ApiRequest,
        user_id: UserId,
        status: _Status = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_ITEMS_MAX,
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

    @get(
        "/show/{show_id:str}",
        operation_id="listBookingsOfShow",
        summary="List the bookings of a show",
        responses={
            200: shown(BookingListAnswer(data=[BOOKING], message="1 booking", meta=ONE_PAGE), "One page"),
            **read_errors(RefusalCode.SHOW_NOT_FOUND),
        },
    )
    async def list_bookings_of_show(
        self,
        request: ApiRequest,
        show_id: ShowId,
        status: _Status = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_ITEMS_MAX,
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

    @post(
        "/expire-old",
        operation_id="expireOldBookings",
        summary="End the holds that have run out",
        status_code=200,
        responses={
            200: shown(ExpiredCountAnswer(data=ExpiredCount(3), message="3 holds ended"), "How many"),
            **read_errors("timed_out", "shutting_down"),
        },
    )
    async def expire_old_bookings(
        self,
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,  # noqa: ARG002 - checked, and of no further meaning
    ) -> Response[ExpiredCountAnswer]:
        """Ends them now. The server does so by itself all the time, and no sale waits for it.

        Doing it again changes nothing more, so an Idempotency-Key is accepted and has no meaning here.
        """
        expired = await request.engine.expire_due(request.access.caller.actor)
        message = f"{counted(expired, 'hold')} ended"
        return Response(ExpiredCountAnswer(data=ExpiredCount(expired), message=message))


def booked(booking: Booking) -> BookingAnswer:
    """What a new booking is answered with."""
    confirmed = booking.status is BookingStatus.CONFIRMED
    message = _CONFIRMED if confirmed else "Seats held: confirm before expires_at"
    return BookingAnswer(data=booking, message=message)


def confirmed(booking: Booking) -> BookingAnswer:
    """What a confirmed hold is answered with, or the booking that was made for a late one."""
    late = "The hold had run out; its seats were still free and were booked again as a new booking"
    return BookingAnswer(data=booking, message=late if booking.retaken_from is not None else _CONFIRMED)


def cancelled(booking: Booking) -> BookingAnswer:
    """What a cancelled booking is answered with."""
    return BookingAnswer(data=booking, message=_CANCELLED)
