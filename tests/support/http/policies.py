"""The policies that operations declare: by the id of the operation, or by its path if it is not described."""

from boxoffice.access.policies import Policy
from boxoffice.serve.app import create_app
from boxoffice.settings.settings import Settings
from boxoffice.web.http.operation import handlers_of, policy_of


def declared() -> dict[str, Policy]:
    """What the operations declare."""
    policies = {name: policy_of(handler) for name, handler in handlers_of(create_app(Settings()))}
    return {name: policy for name, policy in policies.items() if policy is not None}


def effective(*, customers_confirm: bool) -> dict[str, Policy]:
    """What holds under this setting."""
    return {name: policy.where(customers_confirm=customers_confirm) for name, policy in declared().items()}
