"""The gate: who calls, how often, and whether they may. Everything behind it can rely on the answer.

It stands before the short way and the kept answers, and finds the operation as the framework itself
does, so that no path leads around it. An operation without a policy is an error when the gate is built.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from litestar.utils import normalize_path

from boxoffice.access.allowances import TermsBook
from boxoffice.access.callers import OPEN, Caller, Forbidden, Unauthenticated
from boxoffice.access.identify import LOOK_UPS_PER_MINUTE, Identities
from boxoffice.access.policies import Policy, RateClass, policies
from boxoffice.access.profiles import ProfileRefused
from boxoffice.access.proxies import Proxies
from boxoffice.access.rates import WINDOW_S, RateLimited, Rates, Spent
from boxoffice.settings.settings import Settings
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.edge.raw_answers import Answer, plain_problem, send_plain
from boxoffice.web.edge.shelter import Shelter
from boxoffice.web.http.bodiless import show_of
from boxoffice.web.http.caller import Access, add_headers, let_in
from boxoffice.web.http.problems import (
    Refusal,
    fault_code,
    forbidden_as,
    log_failure,
    log_fault,
    refusal_headers,
    retry_after,
)

ME: Final = "me"
"""What a person may write for the own user id in a path."""

RawHeaders = Iterable[tuple[bytes, bytes]]


class _Operation(NamedTuple):
    """What is asked for: its policy, its path's template, and what its path names."""

    policy: Policy
    template: str
    named: Mapping[str, str]


class Gate:
    """Lets requests in, or answers why not."""

    def __init__(
        self, app: ASGIApp, owner: Litestar, settings: Settings, identities: Identities | None
    ) -> None:
        """``identities`` None: all are let in whom the shelter does not keep out.

        Raises ``ValueError`` for an operation without policy.
        """
        self._app = app
        self._owner = owner
        self._identities = identities
        self._proxies = Proxies(settings.access.trusted_proxies, settings.access.trusted_proxy_header)
        self._shelter = Shelter(owner.cors_config, own_machine=settings.access.auth is None)
        self._terms = TermsBook(settings)
        self._policies = _by_handler(owner, policies(customers_confirm=settings.access.customers_confirm))
        self._per_minute: Final[dict[str, int]] = {
            "look-ups": LOOK_UPS_PER_MINUTE,
            "reads": settings.rates.reads_per_minute,
            "writes": settings.rates.writes_per_minute,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        peer = scope["client"]
        origin = self._proxies.client(peer[0] if peer else None, scope["headers"])
        if (refused := await self._refused(scope, origin)) is not None:
            refused[1].extend(self._for_pages(scope["headers"]))
            await send_plain(refused, send)
            return
        await self._app(scope, receive, send)

    async def _refused(self, scope: HTTPScope, origin: str | None) -> Answer | None:
        """The answer to somebody who is not let in."""
        try:
            if self._identities is None:
                self._shelter.check(scope)
                let_in(scope, Access(OPEN, origin, None, self._terms.of(OPEN)))
            else:
                await self._check(self._identities, scope, origin)
        except Unauthenticated as doubt:
            metrics.AUTHENTICATION_FAILURES.labels(doubt.doubt).inc()
            return plain_problem("unauthenticated", {}, {"WWW-Authenticate": _challenge(doubt)})
        except RateLimited as limited:
            metrics.RATE_LIMITED.labels(limited.rate).inc()
            return self._limited(limited)
        except Forbidden as forbidden:
            return plain_problem(*forbidden_as(forbidden), {})
        except (Refusal, ProfileRefused) as refusal:
            refused = refusal.refused
            return plain_problem(refused.code, refused.details, refusal_headers(refused))
        except Fault as fault:
            log_fault(fault)
            return plain_problem(fault_code(fault), {}, {"Retry-After": retry_after(fault)})
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody gets in by it
            log_failure(error)
            return plain_problem("internal_error", {}, {})
        return None

    async def _check(self, identities: Identities, scope: HTTPScope, origin: str | None) -> None:
        """Lets the request in. Raises what ``_refused`` tells."""
        operation = self._find(scope)
        if operation is None:  # nothing will run: the framework says 404 or 405, or lists the methods
            return
        scope["path_template"] = operation.template
        policy = operation.policy
        who = await identities.recognise(scope["headers"], origin)
        if policy.rate is not None and who.rate_key is not None:
            await self._count(scope, identities.rates, policy.rate, who.rate_key)
        caller = who if policy.open else await identities.with_profile(who, origin)
        owner_id = _checked(operation, caller)
        if owner_id is not None or operation.named.get("user_id") == ME:
            _check_user(operation, caller, owner_id, scope)
        let_in(scope, Access(caller, origin, owner_id, self._terms.of(caller)))

    async def _count(self, scope: HTTPScope, rates: Rates, rate: RateClass, name: str) -> None:
        spent = await rates.take(f"{rate} {name}", self._per_minute[rate])
        if not spent.allowed:
            raise RateLimited(rate, spent)
        headers = self._rate_headers(rate, spent)
        add_headers(scope, [(name.lower().encode(), value.encode()) for name, value in headers.items()])

    def _find(self, scope: HTTPScope) -> _Operation | None:
        """What the framework would run; None if that is nothing of ours."""
        if scope["method"] == "OPTIONS":
            return None
        try:
            _, handler, _, named, template = self._owner.asgi_router.handle_routing(
                path=normalize_path(scope["path"]), method=scope["method"]
            )
        except HTTPException:
            return None
        return _Operation(self._policies[id(handler)], template, named)

    def _limited(self, limited: RateLimited) -> Answer:
        wait_s = max(1, math.ceil(limited.spent.retry_in_s))
        headers = self._rate_headers(limited.rate, limited.spent) | {"Retry-After": str(wait_s)}
        return plain_problem("rate_limited", {"retry_after_s": wait_s}, headers)

    def _rate_headers(self, rate: str, spent: Spent) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"{rate}";q={self._per_minute[rate]};w={WINDOW_S:.0f}',
            "RateLimit": f'"{rate}";r={spent.left};t={math.ceil(spent.full_in_s)}',
        }

    def _for_pages(self, headers: RawHeaders) -> list[tuple[bytes, bytes]]:
        """What a browser needs to show the answer to the page that asked."""
        cors = self._owner.cors_config
        page = next((value.decode("latin-1") for name, value in headers if name == b"origin"), None)
        if cors is None or page is None or not cors.is_origin_allowed(page):
            return []
        allowed = {"Access-Control-Allow-Origin": page, "Vary": "Origin"} | cors.simple_headers
        return [(name.lower().encode(), value.encode()) for name, value in allowed.items()]


def _by_handler(owner: Litestar, declared: Mapping[str, Policy]) -> dict[int, Policy]:
    found: dict[int, Policy] = {}
    for route in owner.routes:
        if not isinstance(route, HTTPRoute):
            raise ValueError(f"{route.path} is not of HTTP, and has no policy")
        for handler in route.route_handlers:
            if handler.http_methods == {"OPTIONS"}:
                continue
            name = operation_name(route, handler)
            if name not in declared:
                raise ValueError(f"the operation {name} has no policy")
            found[id(handler)] = declared[name]
    return found


def operation_name(route: HTTPRoute, handler: HTTPRouteHandler) -> str:
    """The name under which the policies know it."""
    return handler.operation_id if isinstance(handler.operation_id, str) else route.path_format


def _checked(operation: _Operation, caller: Caller) -> int | None:
    """The user that the caller is limited to. Raises ``Unauthenticated``, ``Forbidden``, ``Refusal``."""
    grant = operation.policy.grants(caller)
    if grant == "no":
        if caller.role is None:
            raise Unauthenticated("missing")
        raise Forbidden(f"The role {caller.role.value} may not do this.")
    if caller.show_ids is not None and operation.policy.narrowed != "any":
        _check_shows(operation, caller)
    if grant == "any":
        return None
    if caller.user_id is None:
        raise Forbidden("Only a person has something of their own.")
    return caller.user_id


def _check_shows(operation: _Operation, caller: Caller) -> None:
    """A key for some shows finds no others. What a body names is checked where the body is read."""
    if operation.policy.narrowed == "no":
        raise Forbidden("This key is for some shows only, and this is not about one of them.")
    for name, code in (
        ("show_id", RefusalCode.SHOW_NOT_FOUND),
        ("booking_id", RefusalCode.BOOKING_NOT_FOUND),
    ):
        if (text := operation.named.get(name)) is None:
            continue
        number = _number(text)
        if number is None or not caller.reaches(number if name == "show_id" else show_of(number)):
            raise Refusal(Refused(code))


def _check_user(operation: _Operation, caller: Caller, owner_id: int | None, scope: HTTPScope) -> None:
    """Puts the caller's own id in the place of ``me``; another's user is not found."""
    named = operation.named.get("user_id")
    if named == ME and caller.user_id is not None:
        scope["path"] = operation.template.replace("{user_id}", str(caller.user_id))
    elif named is not None and owner_id is not None and _number(named) != owner_id:
        raise Refusal(Refused(RefusalCode.USER_NOT_FOUND))


def _number(text: str) -> int | None:
    """The number that a path names, if it is written as one and in no other way."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None


def _challenge(doubt: Unauthenticated) -> str:
    scheme = 'Bearer realm="boxoffice"'
    return scheme if doubt.doubt == "missing" else f'{scheme}, error="invalid_token"'
