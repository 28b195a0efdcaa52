"""Makes an application fast to build: the framework reads the signatures of all handlers anew for each, tests
build a thousand, and the signatures are always the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from litestar._signature.model import SignatureModel
from litestar.utils.signature import ParsedSignature


@contextmanager
def signatures_kept() -> Iterator[None]:
    """Within the block, what was read of a handler's function is kept for the next application."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((ParsedSignature, "from_fn"), (SignatureModel, "create")):
            patch.setattr(owner, name, classmethod(_kept(getattr(owner, name).__func__)))
        yield


def _kept(read: Callable[..., Any]) -> Callable[..., Any]:
    kept: dict[Any, Any] = {}

    def read_once(owner: type, *arguments: Any, **named: Any) -> Any:
        bound = named["fn"] if named else arguments[0]
        function = getattr(bound, "__func__", bound)
        if function not in kept:
            kept[function] = read(owner, *arguments, **named)
        return kept[function]

    return read_once
