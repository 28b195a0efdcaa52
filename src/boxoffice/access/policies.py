"""Policies: what an operation demands of its caller. The declaration of each operation names one of them.

The web layer refuses to start with an operation that names none.
"""

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from boxoffice.access.callers import Caller, Role

RateClass = Literal["reads", "writes", "pages"]
Grant = Literal["any", "own", "no"]


class Policy(Struct, frozen=True):
    """Which callers may use an operation, and under which rate limit a use is counted.

    ``may``: roles that may use the operation for any user. ``own``: roles that may use it for themselves
    only. ``own_by_setting``: roles that are added to ``own`` where customers confirm by themselves.
    ``open``: every caller may, even without a credential. ``rate`` None: uses are not counted. ``narrowed``:
    whether a key for some shows may use the operation for these shows (``shows``), for anything (``any``),
    or not at all (``no``).
    """

    may: frozenset[Role] = frozenset()
    own: frozenset[Role] = frozenset()
    own_by_setting: frozenset[Role] = frozenset()
    open: bool = False
    rate: RateClass | None = "writes"
    narrowed: Literal["shows", "any", "no"] = "no"

    def grants(self, caller: Caller) -> Grant:
        """Whether this caller may use the operation: for any user, only for themselves, or not."""
        if self.open or caller.role in self.may:
            return "any"
        return "own" if caller.role in self.own else "no"

    def where(self, *, customers_confirm: bool) -> "Policy":
        """The policy under this setting."""
        return replace(self, own=self.own | self.own_by_setting) if customers_confirm else self


_CUSTOMER: Final = frozenset({Role.CUSTOMER})
_ADMIN: Final = frozenset({Role.ADMIN})
_PEOPLE: Final = frozenset(Role) - _ADMIN
_STAFF: Final = frozenset({Role.OPERATOR, Role.ADMIN})
_SERVERS: Final = frozenset({Role.SERVICE, Role.OPERATOR, Role.ADMIN})

PUBLIC: Final = Policy(open=True, rate="pages", narrowed="any")
PROBE: Final = Policy(open=True, rate=None, narrowed="any")
CATALOGUE: Final = Policy(open=True, rate="reads", narrowed="any")
MONITORING: Final = Policy(may=_SERVERS, rate="pages")
NEW_SHOW: Final = Policy(may=_ADMIN)
SHOW: Final = Policy(may=_ADMIN, narrowed="shows")
HOUSE: Final = Policy(may=_STAFF, narrowed="shows")
HOUSE_READ: Final = Policy(may=_STAFF, rate="reads", narrowed="shows")
ALL_SHOWS: Final = Policy(may=_STAFF)
BOOKING: Final = Policy(may=_SERVERS, own=_CUSTOMER, narrowed="shows")
BOOKING_READ: Final = Policy(may=_SERVERS, own=_CUSTOMER, rate="reads", narrowed="shows")
BOOKINGS_FOUND: Final = Policy(may=_SERVERS, rate="reads", narrowed="shows")
FEED: Final = Policy(may=_SERVERS, rate="reads", narrowed="shows")
FEEDS: Final = Policy(may=_SERVERS, narrowed="shows")
PAYMENT: Final = Policy(may=_SERVERS, narrowed="shows")
CONFIRMATION: Final = Policy(may=_SERVERS, own_by_setting=_CUSTOMER, narrowed="shows")
USER: Final = Policy(may=_SERVERS, own=_CUSTOMER)
USER_READ: Final = Policy(may=_SERVERS, own=_CUSTOMER, rate="reads")
ALL_USERS_READ: Final = Policy(may=_STAFF, rate="reads")
PERSONAL_DATA: Final = Policy(may=_ADMIN, own=_PEOPLE)
PERSONAL_DATA_READ: Final = Policy(may=_ADMIN, own=_PEOPLE, rate="reads")
