"""The operations on bells."""

from typing import Annotated

from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import Body as RequestBody
from msgspec import Struct

from boxoffice.access import policies
from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.web.http.answers import Answer
from boxoffice.web.http.bodies import Body
from boxoffice.web.http.caller import Requester
from boxoffice.web.http.fields import Name
from boxoffice.web.http.operation import CommandOperation, Success
from boxoffice.web.http.parameters import IdempotencyKey, ShowId
from boxoffice.web.http.request import ApiRequest
from tests.support.bells.commands import BellNamed, NameBell
from tests.support.bells.refusals import REFUSALS


class Bell(Struct):
    """The bell of a show."""

    name: str


class BellAnswer(Answer[Bell]):
    """A bell."""


class NewName(Body):
    """A name for a bell."""

    name: Name

    def command(self, who: Requester, show_id: int) -> NameBell:
        return who.asks(NameBell, show_id=show_id, name=self.name.strip())


def _named(done: BellNamed) -> Success[BellAnswer]:
    return Success(BellAnswer(data=Bell(done.name), message="Bell named"))


NAME = CommandOperation(
    id="nameBell",
    method="PUT",
    path="/api/shows/{show_id:str}/bell",
    summary="Name the bell of a show",
    policy=policies.HOUSE,
    refusals=(RefusalCode.SHOW_NOT_FOUND, *REFUSALS),
    answer=_named,
    examples={"The bell": BellNamed("Big Ben", 2)},
)


class BellsController(Controller):
    """Operations on bells."""

    tags = ("Bells",)

    @NAME.route
    async def name_bell(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[NewName, RequestBody(examples=[Example(id="big", value={"name": "Big Ben"})])],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BellAnswer]:
        """Names the bell that calls to the seats."""
        return await NAME.run(request, data.command(request.who(idempotency_key), show_id))
