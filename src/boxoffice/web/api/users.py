"""Users: who books."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import UNSET

from boxoffice.access.callers import Forbidden
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.web.http.answers import UserAnswer, UserExportAnswer, UserListAnswer, counted, done
from boxoffice.web.http.bodies import NewUser, UserChanges
from boxoffice.web.http.bodiless import erase_command
from boxoffice.web.http.paging import listed, number_after
from boxoffice.web.http.parameters import Cursor, IdempotencyKey, Limit, UserId, UserToErase
from boxoffice.web.http.problems import accepted, command_errors, found, read_errors
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import ERASED, EXPORT, ONE_PAGE, USER, shown

_NEW = [
    Example(id="john", summary="A user", value={"name": "John Doe", "email": "john@example.com"}),
]
_CHANGES = [
    Example(id="jane", summary="Another name", value={"name": "Jane Doe"}),
    Example(id="both", summary="Both", value={"name": "Jane Doe", "email": "jane.doe@example.com"}),
]


_ERASED = "User erased"
_EXPORTED = "Everything that is kept"


class UsersController(Controller):
    """Operations on users."""

    path = "/api/users"
    tags = ("Users",)

    @post(
        operation_id="createUser",
        summary="Create or get a user",
        responses={
            201: shown(UserAnswer(data=USER, message="User created successfully"), "The new user"),
            200: shown(UserAnswer(data=USER, message="User exists already"), "The user with this address"),
            **command_errors(),
        },
    )
    async def create_user(
        self,
        request: ApiRequest,
        data: Annotated[NewUser, Body(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[UserAnswer]:
        """Registers a user.

        A customer is registered by the first call already, and gets the own user here. Otherwise
        whoever has the e-mail address already, in upper or lower case, is returned unchanged.
        """
        if request.access.owner_id is not None:
            return await _own_user(request, request.access.owner_id, data)
        outcome = accepted(await request.engine.execute(data.command(request.asking(idempotency_key))))
        user = outcome.user
        if not outcome.created:
            return done(UserAnswer(data=user, message="User exists already"), outcome)
        answer = UserAnswer(data=user, message="User created successfully")
        return done(answer, outcome, 201, Location=f"/api/users/{user.id}")

    @get(
        operation_id="listUsers",
        summary="List users",
        responses={
            200: shown(UserListAnswer(data=[USER], message="1 user", meta=ONE_PAGE), "One page of users"),
            **read_errors(),
        },
    )
    async def list_users(
        self, request: ApiRequest, cursor: Cursor = None, limit: Limit = limits.PAGE_ITEMS_MAX
    ) -> Response[UserListAnswer]:
        """All users by id."""
        page = await request.reads.users(after=number_after(cursor) or 0, limit=limit)
        message = counted(len(page.items), "user")
        return listed(request, UserListAnswer, page, lambda user: user.id, message)

    @get(
        "/{user_id:str}",
        operation_id="getUser",
        summary="Get a user",
        responses={
            200: shown(UserAnswer(data=USER, message="User found"), "The user"),
            **read_errors(RefusalCode.USER_NOT_FOUND),
        },
    )
    async def get_user(self, request: ApiRequest, user_id: UserId) -> Response[UserAnswer]:
        """A user by id."""
        user = found(await request.reads.user(user_id), RefusalCode.USER_NOT_FOUND)
        return Response(UserAnswer(data=user, message="User found"))

    @put(
        "/{user_id:str}",
        operation_id="updateUser",
        summary="Update a user",
        responses={
            200: shown(UserAnswer(data=USER, message="User updated successfully"), "The user as it is now"),
            **command_errors(RefusalCode.USER_NOT_FOUND, RefusalCode.EMAIL_TAKEN),
        },
    )
    async def update_user(
        self,
        request: ApiRequest,
        user_id: UserId,
        data: Annotated[UserChanges, Body(examples=_CHANGES)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[UserAnswer]:
        """Changes what is given and leaves the rest. Customers cannot change their e-mail address."""
        if request.access.owner_id is not None and data.email is not UNSET:
            raise Forbidden("The e-mail address comes from the login, and is changed there.")
        command = data.command(request.asking(idempotency_key), user_id)
        outcome = accepted(await request.engine.execute(command))
        return done(UserAnswer(data=outcome.user, message="User updated successfully"), outcome)

    @delete(
        "/{user_id:str}",
        operation_id="eraseUser",
        summary="Erase a user",
        status_code=200,
        responses={
            200: shown(UserAnswer(data=ERASED, message=_ERASED), "What is left of the user"),
            **command_errors(
                RefusalCode.USER_NOT_FOUND,
                RefusalCode.ACTIVE_BOOKINGS,
                RefusalCode.HOLD_COOLDOWN,
                body=False,
            ),
        },
    )
    async def erase_user(
        self, request: ApiRequest, user_id: UserToErase, idempotency_key: IdempotencyKey = None
    ) -> Response[UserAnswer]:
        """Removes what is known of a person, for good.

        The bookings stay for the audit, of nobody in particular; active ones must be cancelled before.
        Who pauses after a hold that was not bought waits for its end.
        """
        command = erase_command(request.asking(idempotency_key), user_id)
        outcome = accepted(await request.engine.execute(command))
        request.app.state.people.forget(user_id)
        return done(UserAnswer(data=outcome.user, message=_ERASED), outcome)

    @get(
        "/{user_id:str}/export",
        operation_id="exportUser",
        summary="Export what is kept about a user",
        responses={
            200: shown(UserExportAnswer(data=EXPORT, message=_EXPORTED), "Everything"),
            **read_errors(RefusalCode.USER_NOT_FOUND),
        },
    )
    async def export_user(self, request: ApiRequest, user_id: UserId) -> Response[UserExportAnswer]:
        """The profile, the logins, all bookings, what happened to them and from where the user asked."""
        export = found(await request.reads.export_user(user_id), RefusalCode.USER_NOT_FOUND)
        export.hide_others()
        return Response(UserExportAnswer(data=export, message=_EXPORTED))


async def _own_user(request: ApiRequest, user_id: int, data: NewUser) -> Response[UserAnswer]:
    """The caller's own user, whatever address the login brings by now.

    Customers learn about nobody else: not even whether an address is registered. Raises ``Forbidden``.
    """
    user = found(await request.reads.user(user_id), RefusalCode.USER_NOT_FOUND)
    person = request.access.caller.person
    verified = person.email if person is not None and person.email is not None else user.email
    if _folded(data.email) not in (_folded(user.email), _folded(verified)):
        raise Forbidden("Customers register with the verified e-mail address of their login only.")
    return Response(UserAnswer(data=user, message="User exists already"), status_code=200)


def _folded(address: str) -> bytes:
    """Equal for addresses that are one to the database: upper and lower case, of ASCII alone."""
    return address.encode().lower()
