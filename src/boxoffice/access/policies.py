"""What each operation asks of its caller: one policy for each, and nothing without one.

An operation is known by its operation id, or by its path if it is not part of the described API. The web
layer refuses to start with an operation that has no policy here.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct

from boxoffice.access.callers import Caller, Role

RateClass = Literal["reads", "writes"]
Grant = Literal["any", "own", "no"]


class Policy(Struct, frozen=True):
    """Who may do something, and what is counted when they do.

    ``may``: these roles, about anybody. ``own``: these only about themselves. ``open``: everybody, even
    without a credential. ``rate`` None is not counted. ``narrowed``: whether a key for some shows may,
    about these (``shows``), about anything (``any``), or not at all.
    """

    may: frozenset[Role] = frozenset()
    own: frozenset[Role] = frozenset()
    open: bool = False
    rate: RateClass | None = "writes"
    narrowed: Literal["shows", "any", "no"] = "no"

    def grants(self, caller: Caller) -> Grant:
        """What this caller may."""
        if self.open or caller.role in self.may:
            return "any"
        return "own" if caller.role in self.own else "no"


_CUSTOMER: Final = frozenset({Role.CUSTOMER})
_ADMIN: Final = frozenset({Role.ADMIN})
_PEOPLE: Final = frozenset(Role) - _ADMIN
_STAFF: Final = frozenset({Role.OPERATOR, Role.ADMIN})
_SERVERS: Final = frozenset({Role.SERVICE, Role.OPERATOR, Role.ADMIN})

_CATALOGUE: Final = Policy(open=True, rate="reads", narrowed="any")
_PUBLIC: Final = Policy(open=True, rate=None, narrowed="any")
_BOOKING: Final = Policy(may=_SERVERS, own=_CUSTOMER, narrowed="shows")
_PAYMENT: Final = Policy(may=_SERVERS, narrowed="shows")
_HOUSE_READ: Final = Policy(may=_STAFF, rate="reads", narrowed="shows")
_HOUSE: Final = Policy(may=_STAFF, narrowed="shows")
_USER: Final = Policy(may=_SERVERS, own=_CUSTOMER)
_USER_READ: Final = Policy(may=_SERVERS, own=_CUSTOMER, rate="reads")

POLICIES: Final[Mapping[str, Policy]] = {
    "listShows": _CATALOGUE,
    "listShowsByType": _CATALOGUE,
    "getShow": _CATALOGUE,
    "getAvailableSeats": _CATALOGUE,
    "createShow": Policy(may=_ADMIN),
    "updateShow": Policy(may=_ADMIN, narrowed="shows"),
    "deleteShow": Policy(may=_ADMIN, narrowed="shows"),
    "getShowStats": _HOUSE_READ,
    "listShowChanges": _HOUSE_READ,
    "createUser": _USER,
    "listUsers": Policy(may=_STAFF, rate="reads"),
    "getUser": _USER_READ,
    "updateUser": _USER,
    "eraseUser": Policy(may=_ADMIN, own=_PEOPLE),
    "exportUser": Policy(may=_ADMIN, own=_PEOPLE, rate="reads"),
    "bookSeats": _BOOKING,
    "getBooking": Policy(may=_SERVERS, own=_CUSTOMER, rate="reads", narrowed="shows"),
    "cancelBooking": _BOOKING,
    "extendHold": _BOOKING,
    "confirmBooking": _PAYMENT,
    "failBooking": _PAYMENT,
    "listBookingsOfUser": _USER_READ,
    "listBookingsOfShow": _HOUSE_READ,
    "expireOldBookings": Policy(may=_STAFF),
    "listSeats": _HOUSE_READ,
    "blockSeats": _HOUSE,
    "unblockSeats": _HOUSE,
    "forceCancelBooking": _HOUSE,
    "getHealth": _CATALOGUE,
    "/": _PUBLIC,
    "/healthz": _PUBLIC,
    "/readyz": _PUBLIC,
    "/api-docs": _PUBLIC,
    "/api-docs/assets/{file_path}": _PUBLIC,
    "/api/openapi.json": _PUBLIC,
    "/metrics": Policy(may=_SERVERS, rate=None, narrowed="any"),
}

CUSTOMERS_CONFIRM: Final[Mapping[str, Policy]] = {"confirmBooking": _BOOKING}
"""What changes where customers confirm by themselves."""


def policies(*, customers_confirm: bool) -> Mapping[str, Policy]:
    """The policy of each operation under this setting."""
    return {**POLICIES, **CUSTOMERS_CONFIRM} if customers_confirm else POLICIES


def policy_rows() -> Iterator[tuple[str, str, str, str]]:
    """The table of the documentation: operation, who may, what a key for some shows may, rate."""
    for operation, policy in POLICIES.items():
        who = [
            role.value if role in policy.may else f"{role.value} (own)" for role in Role if _may(policy, role)
        ]
        if operation in CUSTOMERS_CONFIRM:
            who.insert(0, "customer (own, by setting)")
        narrowed = {"shows": "its shows", "any": "yes", "no": "no"}[policy.narrowed]
        yield f"`{operation}`", "everybody" if policy.open else ", ".join(who), narrowed, policy.rate or ""


def _may(policy: Policy, role: Role) -> bool:
    return role in policy.may or role in policy.own
