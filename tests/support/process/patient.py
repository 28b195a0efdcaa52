"""``boxoffice`` for tests that send thousands of made-up requests from one address: it does not limit failed
logins, and it reaches no endpoint of a webhook, for the endpoints are made up, too.

python -P tests/support/process/patient.py serve
"""

from typing import Any

import httpcore

from boxoffice.access import identify
from boxoffice.cli.main import main
from boxoffice.webhooks import worker
from boxoffice.webhooks.addresses import Judge


class Nowhere(httpcore.AsyncNetworkBackend):
    """A network without anybody in it."""

    def __init__(self, judge: Judge) -> None:
        """``judge``: never asked."""

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Reaches nobody."""
        raise httpcore.ConnectError(f"nobody is at {host}:{port}")


if __name__ == "__main__":
    assert hasattr(identify, "LOOK_UPS_PER_MINUTE")
    vars(identify)["LOOK_UPS_PER_MINUTE"] = 1_000_000
    assert hasattr(worker, "JudgingBackend")
    vars(worker)["JudgingBackend"] = Nowhere
    main()
