"""What the operations on webhooks demand of their callers."""

from typing import Final

from boxoffice.access.callers import Role
from boxoffice.access.policies import Policy

_ADMIN: Final = frozenset({Role.ADMIN})

WEBHOOK: Final = Policy(may=_ADMIN, narrowed="shows")
WEBHOOK_READ: Final = Policy(may=_ADMIN, rate="reads", narrowed="shows")
WEBHOOK_KEYS: Final = Policy(open=True, rate="reads", narrowed="any")
