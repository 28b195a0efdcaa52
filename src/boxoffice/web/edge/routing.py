"""Which operation a request asks for, as the framework's own router finds it.

With a second reading of paths, one path could lead around the gate, or past a limit.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope
from litestar.utils import normalize_path

from boxoffice.access.policies import Policy
from boxoffice.web.http.operation import Operation, handlers_of, operation_of, policy_of


class Asked(NamedTuple):
    """What a request asks for: the operation's policy, its declaration (None: the operation is not
    described), the template of the path, and the path's values.
    """

    policy: Policy
    operation: Operation | None
    template: str
    named: Mapping[str, str]


class Routing:
    """The operations of an application, by their handlers."""

    def __init__(self, owner: Litestar, *, customers_confirm: bool) -> None:
        """Raises ``ValueError`` for an operation without policy."""
        self._owner = owner
        self._handlers: Final[dict[int, tuple[Policy, Operation | None]]] = {}
        for name, handler in handlers_of(owner):
            policy = policy_of(handler)
            if policy is None:
                raise ValueError(f"the operation {name} has no policy")
            policy = policy.where(customers_confirm=customers_confirm)
            self._handlers[id(handler)] = policy, operation_of(handler)

    def find(self, scope: HTTPScope) -> Asked | None:
        """What the framework would run for this request; None: no handler of ours would run."""
        if scope["method"] == "OPTIONS":
            return None
        try:
            _, handler, _, named, template = self._owner.asgi_router.handle_routing(
                path=normalize_path(scope["path"]), method=scope["method"]
            )
        except HTTPException:
            return None
        return Asked(*self._handlers[id(handler)], template, named)
