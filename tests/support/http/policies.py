"""The policies that operations declare: by the id of the operation, or by its path if it is not described."""

from functools import cache

from boxoffice.access.policies import Policy
from boxoffice.serve.app import create_app
from boxoffice.web.http.operation import handlers_of, policy_of
from tests.support.settings import settings_of


@cache
def declared() -> dict[str, Policy]:
    """The policies that the operations declare; read once, for an application takes long to build."""
    policies = {name: policy_of(handler) for name, handler in handlers_of(create_app(settings_of()))}
    return {name: policy for name, policy in policies.items() if policy is not None}


def effective(*, customers_confirm: bool) -> dict[str, Policy]:
    """The policies that hold under this setting."""
    return {name: policy.where(customers_confirm=customers_confirm) for name, policy in declared().items()}
