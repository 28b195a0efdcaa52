"""All campaigns, in the order in which they run."""

from typing import Final

from tests.chaos.campaign import Campaign

CAMPAIGNS: Final[tuple[Campaign, ...]] = ()
