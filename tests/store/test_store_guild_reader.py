"""What the Guild page is told of skills and plans, read from a real database."""

from __future__ import annotations

import pytest
from store_helpers import CAMPAIGN, T0

from actors.guild import GuildReader
from realm.rules.campaign import Campaign, CampaignLife, Momentum
from skills import get_engine


@pytest.fixture
def campaign():
    return Campaign(CAMPAIGN, "mote", 1, CampaignLife.ACTIVE, Momentum.GO, "", "exam", T0)


def test_the_limits_are_those_of_the_rules(db, campaign):
    assert GuildReader(db, get_engine()).read(campaign)["limits"] == {
        "priorities": [1, 2, 3, 4, 5, 6, 7, 8, 9],
        "sparring_problems": 1000,
        "window": 3,
        "pooled_runs": 10,
        "pooled_problems": 50,
    }
