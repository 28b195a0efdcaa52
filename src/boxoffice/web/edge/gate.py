"""The gate finds out who calls, counts the call, and checks whether the caller may do this.

The gate stands before the short way and the shared reads; everything behind the gate relies on its answer.
"""

from typing import Final, NoReturn

from litestar.config.cors import CORSConfig
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from boxoffice.access.allowances import Allowances
from boxoffice.access.callers import NOBODY, OPEN, Caller, Forbidden, Unauthenticated
from boxoffice.access.identify import Identities
from boxoffice.access.policies import RateClass
from boxoffice.access.proxies import Proxies
from boxoffice.access.rates import RateLimited
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.vocabulary.views import show_of
from boxoffice.web.edge.pages import PageRates
from boxoffice.web.edge.routing import Asked, Routing
from boxoffice.web.edge.shelter import Shelter
from boxoffice.web.http.caller import Access, add_headers, grant, note_dependence
from boxoffice.web.http.head import RequestHead, head_of
from boxoffice.web.http.paths import is_plain
from boxoffice.web.http.raw_answers import RawAnswer, raw_headers, send_raw
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.services import Services
from boxoffice.web.http.troubles import rate_headers, recorded

OWN_ID: Final = "me"
"""The word that a person may write in a path in the place of the own user id."""


class Gate:
    """The layer that lets a request in, or answers why not.

    With authentication off, the form of the request and the shelter decide.
    """

    def __init__(
        self,
        app: ASGIApp,
        routing: Routing,
        cors: CORSConfig | None,
        services: Services,
        pages: PageRates,
    ) -> None:
        settings = services.settings
        self._app = app
        self._routing = routing
        self._cors = cors
        self._rates = services.rates
        self._pages = pages
        self._problems = services.problems
        self._identities = services.identities
        self._proxies = Proxies(settings.access.trusted_proxies, settings.access.trusted_proxy_header)
        self._shelter = Shelter(cors, own_machine=settings.access.auth is None)
        self._allowances = Allowances(settings)
        self._per_minute: Final[dict[RateClass, int]] = {
            "reads": settings.rates.reads_per_minute,
            "writes": settings.rates.writes_per_minute,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        peer, head = scope["client"], head_of(scope)
        origin = self._proxies.client(peer[0] if peer else None, head.x_forwarded_for, head.forwarded)
        if (refused := await self._refused(scope, head, origin)) is not None:
            refused.headers.extend(self._for_pages(head.origin))
            await send_raw(refused, send)
            return
        await self._app(scope, receive, send)

    async def _refused(self, scope: HTTPScope, head: RequestHead, origin: str | None) -> RawAnswer | None:
        """The answer to a request that is refused; None: the request is let in."""
        try:
            if head.doubled is not None or not is_plain(scope["raw_path"]):
                self._refuse_form(head, origin)
            if self._identities is None:
                self._check_open(scope, head, origin)
            else:
                await self._check(self._identities, scope, head, origin)
        except Exception as error:  # noqa: BLE001 - a check that fails lets no request in
            if self._identities is not None:
                note_dependence(scope)  # with another credential the answer may be another
            return self._problems.raw(recorded(error))
        return None

    def _refuse_form(self, head: RequestHead, origin: str | None) -> NoReturn:
        """Refuses a request that has two readings; it is counted as a page."""
        self._pages.count(origin)
        head.check()
        raise NotFoundException

    def _check_open(self, scope: HTTPScope, head: RequestHead, origin: str | None) -> None:
        """Lets the request in, if the shelter does; what it refuses is counted as a page."""
        try:
            self._shelter.check(scope, head)
        except Forbidden:
            self._pages.count(origin)
            raise
        grant(scope, Access(OPEN, origin, None, self._allowances.of(OPEN)))

    async def _check(
        self, identities: Identities, scope: HTTPScope, head: RequestHead, origin: str | None
    ) -> None:
        """Lets the request in, or raises an exception, which ``trouble_of`` puts into words."""
        asked = self._routing.find(scope)
        if asked is None:  # no handler will run: the framework says 404 or 405, or lists the methods
            grant(scope, Access(NOBODY, origin, None, self._allowances.of(NOBODY)))
            return
        scope["path_template"] = asked.template
        policy = asked.policy
        if not policy.open:
            note_dependence(scope)
        who = await identities.recognise(head.authorization, head.x_api_key, origin)
        if policy.rate is not None and policy.rate in self._per_minute and who.rate_key is not None:
            cost = _cost(asked, scope["query_string"], alone=head.has_body)
            await self._count(scope, cost, policy.rate, who.rate_key)
        caller = who if policy.open else await identities.with_profile(who, origin)
        if policy.rate == "pages" and policy.grants(caller) == "no":
            self._pages.count(origin)
        owner_id = _owner_id(asked, caller)
        if owner_id is not None or asked.named.get("user_id") == OWN_ID:
            _check_user(asked, caller, owner_id, scope)
        grant(scope, Access(caller, origin, owner_id, self._allowances.of(caller)))

    async def _count(self, scope: HTTPScope, cost: int, rate: RateClass, name: str) -> None:
        per_minute = self._per_minute[rate]
        spent = await self._rates.take(f"{rate} {name}", per_minute, cost)
        if not spent.allowed:
            raise RateLimited(rate, per_minute, spent)
        add_headers(scope, raw_headers(rate_headers(rate, per_minute, spent)))

    def _for_pages(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """The headers without which a browser hides the answer from the page that asked."""
        cors = self._cors
        if cors is None or origin is None or not cors.is_origin_allowed(page := origin.decode("latin-1")):
            return []
        return raw_headers({"Access-Control-Allow-Origin": page} | cors.simple_headers)


def _cost(asked: Asked, query: bytes, *, alone: bool) -> int:
    return 1 if asked.operation is None else asked.operation.cost_of(query, alone=alone)


def _owner_id(asked: Asked, caller: Caller) -> int | None:
    """The only user whose things the caller may touch; None: any user's.

    Raises ``Unauthenticated``, ``Forbidden``, ``Refusal``.
    """
    granted = asked.policy.grants(caller)
    if granted == "no":
        if caller.role is None:
            raise Unauthenticated("missing")
        raise Forbidden(f"The role {caller.role.value} may not do this.")
    if caller.show_ids is not None and asked.policy.narrowed != "any":
        _check_shows(asked, caller)
    if granted == "any":
        return None
    if caller.user_id is None:
        raise Forbidden("Only a person has something of their own.")
    return caller.user_id


def _check_shows(asked: Asked, caller: Caller) -> None:
    """Refuses shows that the caller's key is not for. A show in a body is checked where the body is read."""
    if asked.policy.narrowed == "no":
        raise Forbidden("This key is for some shows only, and this is not about one of them.")
    for name, code in (
        ("show_id", RefusalCode.SHOW_NOT_FOUND),
        ("booking_id", RefusalCode.BOOKING_NOT_FOUND),
    ):
        if (text := asked.named.get(name)) is None:
            continue
        number = _number(text)
        if number is None or not caller.reaches(number if name == "show_id" else show_of(number)):
            raise Refusal(Refused(code))


def _check_user(asked: Asked, caller: Caller, owner_id: int | None, scope: HTTPScope) -> None:
    """Puts the caller's own id in the place of ``me``; the id of another user is refused as not found."""
    named = asked.named.get("user_id")
    if named == OWN_ID and caller.user_id is None:
        raise Forbidden("Only a person is `me`: name the user's id.")
    if named == OWN_ID:
        scope["path"] = asked.template.replace("{user_id}", str(caller.user_id))
    elif named is not None and owner_id is not None and _number(named) != owner_id:
        raise Refusal(Refused(RefusalCode.USER_NOT_FOUND))


def _number(text: str) -> int | None:
    """The number in a path; None if the path has anything but 1 to 16 ASCII digits there."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None
