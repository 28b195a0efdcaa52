"""Users: the people for whom seats are booked."""

from typing import Annotated

from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import UNSET

from boxoffice.access import policies
from boxoffice.access.callers import Forbidden
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import EraseUser
from boxoffice.vocabulary.outcomes import RefusalCode, UserDone
from boxoffice.web.http import refusals
from boxoffice.web.http.answers import UserAnswer, UserExportAnswer, UserListAnswer, counted
from boxoffice.web.http.bodies import NewUser, UserChanges
from boxoffice.web.http.costs import PAGE, WHOLE
from boxoffice.web.http.operation import CommandOperation, ReadOperation, Success
from boxoffice.web.http.paging import listed, number_after
from boxoffice.web.http.parameters import (
    Cursor,
    IdempotencyKey,
    Limit,
    TextInQuery,
    UserId,
    UserToErase,
)
from boxoffice.web.http.refusals import found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import ERASED, EXPORT, ONE_PAGE, USER
from boxoffice.web.http.texts import email_of

_NEW = [
    Example(id="john", summary="A user", value={"name": "John Doe", "email": "john@example.com"}),
]
_CHANGES = [
    Example(id="jane", summary="Another name", value={"name": "Jane Doe"}),
    Example(id="both", summary="Both", value={"name": "Jane Doe", "email": "jane.doe@example.com"}),
]
_EXISTS = "User exists already"
_EXPORTED = "Everything that is kept"


def _created(done: UserDone) -> Success[UserAnswer]:
    if not done.created:
        return Success(UserAnswer(data=done.user, message=_EXISTS))
    answer = UserAnswer(data=done.user, message="User created successfully")
    return Success(answer, 201, {"Location": f"/api/users/{done.user.id}"})


def _updated(done: UserDone) -> Success[UserAnswer]:
    return Success(UserAnswer(data=done.user, message="User updated successfully"))


def _erased(done: UserDone) -> Success[UserAnswer]:
    return Success(UserAnswer(data=done.user, message="User erased"))


CREATE = CommandOperation(
    id="createUser",
    method="POST",
    path="/api/users",
    summary="Create or get a user",
    policy=policies.USER,
    answer=_created,
    examples={
        "The new user": UserDone(USER, created=True),
        "The user with this address": UserDone(USER),
    },
)
UPDATE = CommandOperation(
    id="updateUser",
    method="PUT",
    path="/api/users/{user_id:str}",
    summary="Update a user",
    policy=policies.USER,
    refusals=refusals.OF_CHANGING_A_USER,
    answer=_updated,
    examples={"The user as it is now": UserDone(USER)},
)
ERASE = CommandOperation(
    id="eraseUser",
    method="DELETE",
    path="/api/users/{user_id:str}",
    summary="Erase a user",
    policy=policies.PERSONAL_DATA,
    refusals=refusals.OF_ERASING_A_USER,
    answer=_erased,
    examples={"What is left of the user": UserDone(ERASED)},
)


class UsersController(Controller):
    """Operations on users."""

    tags = ("Users",)

    @CREATE.route
    async def create_user(
        self,
        request: ApiRequest,
        data: Annotated[NewUser, Body(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[UserAnswer]:
        """Registers a user.

        A customer is registered by the first call already, and gets the own user here. Otherwise
        whoever has the e-mail address already, in upper or lower case, is returned unchanged: the user for
        whom it is verified first. An address is verified by a login, or because staff writes it.
        """
        if request.access.owner_id is not None:
            return await _own_user(request, request.access.owner_id, data)
        return await CREATE.run(request, data.command(request.who(idempotency_key)))

    @ReadOperation(
        id="listUsers",
        path="/api/users",
        summary="List users",
        policy=policies.ALL_USERS_READ,
        cost=PAGE,
        example=UserListAnswer(data=[USER], message="1 user", meta=ONE_PAGE),
        meaning="One page of users",
    ).route
    async def list_users(
        self,
        request: ApiRequest,
        text: TextInQuery = None,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[UserListAnswer]:
        """All users by id, or those with a text in their name, e-mail address or id."""
        page = await request.reads.users(text=text, after=number_after(cursor) or 0, limit=limit)
        message = counted(len(page.items), "user")
        return listed(request, UserListAnswer, page, lambda user: user.id, message)

    @ReadOperation(
        id="getUser",
        path="/api/users/{user_id:str}",
        summary="Get a user",
        policy=policies.USER_READ,
        refusals=(RefusalCode.USER_NOT_FOUND,),
        example=UserAnswer(data=USER, message="User found"),
        meaning="The user",
    ).route
    async def get_user(self, request: ApiRequest, user_id: UserId) -> Response[UserAnswer]:
        """A user by id."""
        user = found(await request.reads.user(user_id), RefusalCode.USER_NOT_FOUND)
        return Response(UserAnswer(data=user, message="User found"))

    @UPDATE.route
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
        return await UPDATE.run(request, data.command(request.who(idempotency_key), user_id))

    @ERASE.route
    async def erase_user(
        self, request: ApiRequest, user_id: UserToErase, idempotency_key: IdempotencyKey = None
    ) -> Response[UserAnswer]:
        """Removes what is known of a person, for good.

        The bookings stay for the audit, of nobody in particular; active ones must be cancelled before.
        Who pauses after a hold that was not bought waits for its end.
        """
        who = request.who(idempotency_key)
        command = who.asks(EraseUser, user_id=user_id, caps=who.access.owner_caps)
        answer = await ERASE.run(request, command)
        request.services.profiles.forget(user_id)
        return answer

    @ReadOperation(
        id="exportUser",
        path="/api/users/{user_id:str}/export",
        summary="Export what is kept about a user",
        policy=policies.PERSONAL_DATA_READ,
        cost=WHOLE,
        refusals=(RefusalCode.USER_NOT_FOUND,),
        example=UserExportAnswer(data=EXPORT, message=_EXPORTED),
        meaning="Everything",
    ).route
    async def export_user(self, request: ApiRequest, user_id: UserId) -> Response[UserExportAnswer]:
        """The profile, the logins, all bookings, what happened to them and from where the user asked."""
        export = found(await request.reads.export_user(user_id), RefusalCode.USER_NOT_FOUND)
        export.hide_others()
        return Response(UserExportAnswer(data=export, message=_EXPORTED))


async def _own_user(request: ApiRequest, user_id: int, data: NewUser) -> Response[UserAnswer]:
    """The caller's own user, even if the address of the login has changed since.

    A customer learns nothing about other users, not even whether an address is registered: another address
    raises ``Forbidden``.
    """
    user = found(await request.reads.user(user_id), RefusalCode.USER_NOT_FOUND)
    person = request.access.caller.person
    verified = person.email if person is not None and person.email is not None else user.email
    if _folded(email_of(data.email)) not in (_folded(user.email), _folded(verified)):
        raise Forbidden("Customers register with the verified e-mail address of their login only.")
    return Response(UserAnswer(data=user, message=_EXISTS), status_code=200)


def _folded(address: str) -> bytes:
    """The address with its ASCII letters in lower case: the database compares addresses in this way."""
    return address.encode().lower()
