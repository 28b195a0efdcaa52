"""An operation of the API: everything about an operation is declared once, beside its handler.

The gate reads the policy from this declaration, the short way and the shared reads what they need, and the
description of the API all of it. A handler stays a function with typed parameters. An import registers
nothing: the list of controllers alone says what is served.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, Literal, TypeVar

from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.routes import HTTPRoute
from msgspec import Struct

from boxoffice.access.policies import Policy
from boxoffice.vocabulary.commands import Command
from boxoffice.vocabulary.faults import Overloaded
from boxoffice.vocabulary.outcomes import Done, RefusalCode, Refused
from boxoffice.web.http.caller import Requester
from boxoffice.web.http.costs import PLAIN, Cost
from boxoffice.web.http.deferral import deferred, hinted
from boxoffice.web.http.documents import as_it_is
from boxoffice.web.http.raw_answers import as_response
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import NOT_MODIFIED, shown
from boxoffice.web.http.troubles import ENGINE_FAULTS

A = TypeVar("A", bound=Struct)
D = TypeVar("D", bound=Done)

_POLICY: Final = "policy"
_OPERATION: Final = "operation"
_OF_READS: Final = ("internal_error", "overloaded", "unavailable")


class Success(Struct, Generic[A], frozen=True):
    """The answer to a command that was done."""

    envelope: A
    status: int = 200
    headers: Mapping[str, str] = {}


class PlainRequest(Struct, frozen=True):
    """A request with nothing unusual, as the short way reads it. ``id``: the number in the path, or 0."""

    id: int
    body: bytes
    who: Requester


ReadCommand = Callable[[PlainRequest], Command[Any]]
"""A function that reads the command of a plain request. Raises what ``msgspec`` and the bodies raise."""


class Operation(Struct, frozen=True, kw_only=True):
    """The declaration of a described operation.

    ``refusals``: codes of problems that it can answer. ``cost``: what a request takes of its caller's rate.
    ``is_probe``: load balancers ask this, and may add parameters of their own.
    """

    id: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    policy: Policy
    refusals: tuple[str, ...] = ()
    is_probe: bool = False
    cost: Cost = PLAIN

    def cost_of(self, query: bytes, *, alone: bool = False) -> int:  # noqa: ARG002 - see reads
        """What a request with this query takes of its caller's rate.

        ``alone``: its answer is not shared with others, whatever the query.
        """
        return self.cost.of(query)

    @property
    def template(self) -> str:
        """The path as logs, metrics and the description have it."""
        return re.sub(r"\{(\w+):\w+\}", r"{\1}", self.path)

    def successes(self) -> dict[int, ResponseSpec]:
        """The success answers by status, each with an example; the usual answer stands first."""
        raise NotImplementedError

    def errors(self, *, has_body: bool) -> tuple[str, ...]:
        """The codes of all problems of this operation, except those that the gate answers."""
        raise NotImplementedError

    def route(self, handler: Callable[..., Any]) -> HTTPRouteHandler:
        """Decorates the handler."""
        successes = self.successes()
        decorate = HTTPRouteHandler(
            self.path,
            http_method=self.method,
            operation_id=self.id,
            summary=self.summary,
            status_code=next(iter(successes)),
            responses=successes,
            opt=self.opt(),
        )
        return decorate(handler)

    def opt(self) -> dict[str, Any]:
        """What the framework keeps with the route."""
        return {_POLICY: self.policy, _OPERATION: self}


class ReadOperation(Operation, frozen=True, kw_only=True):
    """An operation that only reads, or that changes nothing more when it is repeated.

    ``example``: an answer. ``meaning``: a few words that say what the example is. ``revalidates``: the answer
    has an ETag. ``shared``: the query strings for which all clients that ask at once share one answer;
    that answer must be the same for every caller.
    """

    method: Literal["GET", "POST", "DELETE"] = "GET"
    example: Struct
    meaning: str
    revalidates: bool = False
    shared: tuple[str, ...] = ()

    def cost_of(self, query: bytes, *, alone: bool = False) -> int:
        """An answer that all who ask at once share costs a unit."""
        is_shared = not alone and query.decode("latin-1") in self.shared
        return 1 if is_shared else self.cost.of(query)

    def successes(self) -> dict[int, ResponseSpec]:
        """The example, and with an ETag also 304: the client has the current version."""
        found = {200: shown(self.example, self.meaning)}
        return found | {304: NOT_MODIFIED} if self.revalidates else found

    def errors(self, *, has_body: bool) -> tuple[str, ...]:  # noqa: ARG002 - a read has none
        """The operation's own codes, and those of all reads."""
        unmet = () if self.method == "GET" else ("precondition_failed",)
        return ("invalid_request", *unmet, *self.refusals, *_OF_READS)


class StreamOperation(ReadOperation, frozen=True, kw_only=True):
    """An operation whose answer is a stream of events (SSE). ``example`` is the answer to a request that
    waits for the next events in the place of a stream. ``stream``: the text of a stream, as an example.
    """

    stream: str

    def opt(self) -> dict[str, Any]:
        """A stream must not be compressed, because its events would wait for each other."""
        return as_it_is(ReadOperation.opt(self))


class DeskOperation(Operation, frozen=True, kw_only=True):
    """An operation that changes something on which no sale depends: it goes to no lane of the engine.

    ``example``: an answer, with this ``status``. ``again``: the status of the same answer to a repetition.
    """

    example: Struct
    meaning: str
    status: int = 200
    again: int | None = None

    def successes(self) -> dict[int, ResponseSpec]:
        """The example, under each status that it may have."""
        statuses = (self.status,) if self.again is None else (self.status, self.again)
        return {status: shown(self.example, self.meaning) for status in statuses}

    def errors(self, *, has_body: bool) -> tuple[str, ...]:
        """The operation's own codes, and those of all that change something."""
        body = ("body_too_large", "unsupported_coding") if has_body else ()
        return (
            "invalid_request",
            "precondition_failed",
            *body,
            *self.refusals,
            "internal_error",
            *ENGINE_FAULTS,
        )


class CommandOperation(Operation, Generic[D, A], frozen=True, kw_only=True):
    """An operation that executes one command.

    ``answer``: makes the success answer out of the outcome. ``examples``: outcomes, each under its meaning,
    the usual one first. ``short``: reads the command of a plain request; None: the operation is too rare for
    the short way. ``later``: the answer to a client that prefers a ticket; None: there are no tickets for it.
    """

    answer: Callable[[D], Success[A]]
    examples: Mapping[str, D]
    short: ReadCommand | None = None
    later: Struct | None = None

    def successes(self) -> dict[int, ResponseSpec]:
        """The answers to the examples."""
        answers = {meaning: self.answer(done) for meaning, done in self.examples.items()}
        found = {success.status: shown(success.envelope, meaning) for meaning, success in answers.items()}
        return (
            found if self.later is None else found | {202: shown(self.later, "A ticket, if it was preferred")}
        )

    def errors(self, *, has_body: bool) -> tuple[str, ...]:
        """The operation's own codes, and those of all commands."""
        body = ("body_too_large", "unsupported_coding") if has_body else ()
        reused = RefusalCode.IDEMPOTENCY_KEY_REUSED
        unmet = "precondition_failed"
        return ("invalid_request", unmet, reused, *body, *self.refusals, "internal_error", *ENGINE_FAULTS)

    async def run(self, request: ApiRequest, command: Command[D]) -> Response[A]:
        """Gives the command to the engine, and answers its outcome. Raises ``Refusal``, or a ``Fault``."""
        deferral = None if self.later is None else request.services.deferral
        if (ticket := await deferred(deferral, request.head.prefer, command)) is not None:
            return as_response(ticket)
        try:
            outcome = await request.services.engine.execute(command)
        except Overloaded as fault:
            raise hinted(deferral, request.head.prefer, fault) from None
        if isinstance(outcome, Refused):
            raise Refusal(outcome)
        success = self.answer(outcome)
        replayed = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
        return Response(success.envelope, status_code=success.status, headers={**success.headers, **replayed})


def unlisted(policy: Policy) -> dict[str, Any]:
    """The ``opt`` of a route that is no part of the described API."""
    return {_POLICY: policy}


def policy_of(handler: HTTPRouteHandler) -> Policy | None:
    """The policy in the declaration of a route; None if the declaration has no policy."""
    policy: Policy | None = handler.opt.get(_POLICY)
    return policy


def operation_of(handler: HTTPRouteHandler) -> Operation | None:
    """The operation of a route; None if the route is no part of the described API."""
    operation: Operation | None = handler.opt.get(_OPERATION)
    return operation


def handlers_of(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """All handlers, each with its operation's id; a handler that is not described, with its path."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            raise ValueError(f"{route.path} is not of HTTP, and has no policy")
        for handler in route.route_handlers:
            if handler.http_methods != {"OPTIONS"}:  # the framework's own handler
                operation = operation_of(handler)
                yield route.path_format if operation is None else operation.id, handler


def operations_of(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, Operation]]:
    """All described operations with their handlers."""
    for _, handler in handlers_of(app):
        if operation := operation_of(handler):
            yield handler, operation
