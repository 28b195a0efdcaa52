"""The short version of every campaign: in seconds, what ``make chaos`` does in minutes."""

import random

import pytest

from tests.chaos.campaign import Campaign, Stage, carry_out
from tests.chaos.campaigns import CAMPAIGNS
from tests.support.process.folders import public_folder

SHORT = [campaign for campaign in CAMPAIGNS if campaign.short_s]


@pytest.mark.parametrize("campaign", SHORT, ids=lambda campaign: campaign.name)
async def test_no_promise_is_broken(campaign: Campaign) -> None:
    seed = random.randrange(10**9)
    with public_folder() as folder:
        findings = await carry_out(campaign, Stage(folder, campaign.short_s, seed))
    assert findings.violations == [], f"seed {seed}: {findings.figures}"
    assert findings.figures
