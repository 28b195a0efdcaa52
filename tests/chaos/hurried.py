"""``boxoffice`` with leases and pauses that are a small part of the real ones: a minute has many takeovers.

python -P tests/chaos/hurried.py serve
"""

from typing import Final

from boxoffice.cli.main import main
from boxoffice.feed import leases, pump
from boxoffice.webhooks import limits, retries

LEASE_S: Final = 2.0
"""Seconds for which a lease lasts. It is renewed each third of that, as the real one."""

LOOK_EVERY_S: Final = 0.2
"""Seconds between two looks of webhooks at what is due."""

BLOCKED_MAX_S: Final = 3.0
"""Seconds for which a webhook's message may hold up its show."""


def hurry() -> None:
    """Shorten what this process waits for."""
    vars(leases).update(LEASE_S=LEASE_S, RENEW_EVERY_S=LEASE_S / 3)
    vars(pump).update(PAUSE_MAX_S=1.0)
    vars(retries).update(STEPS_S=(0.0, 0.2, 0.4, 0.8, 1.5))
    vars(limits).update(LANE_BLOCKED_MAX_S=BLOCKED_MAX_S, LOOK_EVERY_S=LOOK_EVERY_S, PROBE_LEASE_S=2.0)


if __name__ == "__main__":
    hurry()
    main()
