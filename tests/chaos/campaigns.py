"""All campaigns, in the order in which they run."""

from typing import Final

from tests.chaos import (
    crashes,
    cuts,
    deadlines,
    faults_inside,
    hoarding,
    live,
    machine,
    outages,
    parsers,
    readers,
    relay,
    storm,
    tickets,
    webhooks,
)
from tests.chaos.campaign import Campaign

CAMPAIGNS: Final[tuple[Campaign, ...]] = (
    storm.CAMPAIGN,
    cuts.CAMPAIGN,
    crashes.CAMPAIGN,
    outages.CAMPAIGN,
    readers.CAMPAIGN,
    machine.CAMPAIGN,
    deadlines.CAMPAIGN,
    faults_inside.CAMPAIGN,
    parsers.CAMPAIGN,
    hoarding.CAMPAIGN,
    tickets.CAMPAIGN,
    relay.CAMPAIGN,
    webhooks.CAMPAIGN,
    live.CAMPAIGN,
)
