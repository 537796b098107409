"""How a campaign stands, read from a database and a disk: each blocker has its rows."""

from __future__ import annotations

import pytest
from store_helpers import CAMPAIGN, T0, at, make_checkpoint, new_attempt

from actors.momentum import MomentumReader, standing_row
from realm.config import RealmConfig
from realm.errors import NotFoundError
from realm.home import RealmHome
from realm.rules.battle import BattleState, DesiredState
from realm.rules.campaign import CampaignLife, Momentum
from realm.rules.job import FailureKind
from realm.rules.momentum import BlockerCode
from realm.store.battles import BattleStore
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.jobs import JobStore
from realm.store.momentum import MomentumReads
from realm.store.quests import QuestStore
from skills import get_engine

DOWN = {"worker": {"healthy": False, "state": "down", "url": None, "restarts": 1, "detail": "no answer"}}


@pytest.fixture
def campaign(db):
    return CampaignStore(db).ensure_campaign("mote", "v1", T0)


@pytest.fixture
def stands(db, tmp_path, campaign):
    """How the campaign stands now."""
    reader = MomentumReader(RealmHome(tmp_path), db, get_engine())

    def read(config=None, services=None, of=campaign.id):
        return reader.read(CampaignStore(db).get(of), config or RealmConfig(), services)

    return read


def post(board, number=1, now=T0):
    found = board.add(CAMPAIGN, f"{number:064x}", f"q{number}", now, shape="messages", examples=9, size_bytes=1)
    return found.quest.id


def codes(found):
    return [each.code for each in found.blockers]


def test_an_empty_board_a_quest_a_battle_and_a_persons_pause(db, stands, campaign):
    assert stands().momentum is Momentum.IDLE
    assert stands(RealmConfig(**{"auto_quest": {"enabled": False}})).suggested.command == "realm quest post FILE"
    post(QuestStore(db))
    assert stands().momentum is Momentum.GO
    new_attempt(db)
    battle = BattleStore(db).current(CAMPAIGN)
    BattleStore(db).set_desired(battle.id, DesiredState.PAUSE, at(1))
    assert (stands().momentum, stands().suggested.command) == (Momentum.IDLE, "realm battle resume")
    CampaignLives(db).leave(CAMPAIGN, CampaignLife.PAUSED, at(2))
    BattleStore(db).finish(battle.id, BattleState.FINISHED, at(3))
    CampaignLives(db).complete(at(4))
    assert CampaignStore(db).get(campaign.id).life is CampaignLife.PAUSED
    assert stands().suggested.command == "realm campaign activate mote-1"


def test_a_failed_battle_has_its_attempts_and_its_reason(db, stands):
    attempt, fights = new_attempt(db, 40), BattleStore(db)
    fights.end_attempt(attempt, "failed", at(5), "CUDA out of memory")
    battle = fights.current(CAMPAIGN)
    fights.finish(battle.id, BattleState.FAILED, at(6), "3 attempts in a row failed")
    found = stands(services=DOWN)
    assert codes(found) == [BlockerCode.BATTLE_FAILED, BlockerCode.SERVICE_DOWN]
    row = standing_row(found)
    assert (row["momentum"], row["reason"]) == ("blocked", "3 attempts in a row failed")
    assert row["blockers"][0] == {
        "code": "battle_failed",
        "severity": "blocking",
        "subject": battle.id,
        "what": "Battle 1 failed at step 40.",
        "tried": "1 attempt, the last at 2026-01-01 12:00 UTC. No other battle begins by itself.",
        "why": "3 attempts in a row failed",
        "fix": "Put right what it names, then begin another.",
        "command": "realm battle resume",
    }
    assert row["suggested"]["command"] == "realm battle resume"


def test_since_when_no_quest_can_be_generated(db, stands):
    store = CampaignStore(db)
    store.set_trouble(CAMPAIGN, "No enabled skill can be trained.", at(60))
    store.set_trouble(CAMPAIGN, "No enabled skill can be trained.", at(120))
    [found] = stands().blockers
    assert (found.code, found.tried) == (
        BlockerCode.QUEST_GENERATION_FAILED,
        "It is tried every second since 2026-01-01 12:01 UTC.",
    )
    store.set_trouble(CAMPAIGN, "", at(130))
    assert (stands().blockers, store.get(CAMPAIGN).trouble_at) == ((), None)


def test_a_quest_that_fails_again_and_again_is_counted_over_its_tries(db, stands):
    board = QuestStore(db)
    quest = post(board)
    board.fail(quest, "its files are gone", at(1))
    board.fail(quest, "its files are gone", at(2))
    assert (board.get(quest).failures, stands().blockers) == (1, ())
    board.retry(quest, at(3))
    board.fail(quest, "row 3 is no JSON", at(4))
    [found] = stands().blockers
    assert (found.code, found.subject, found.why) == (BlockerCode.QUEST_FAILING, quest, "row 3 is no JSON")
    assert found.what == "Quest q1 failed 2 times and is not trained."
    post(board, now=at(5))
    assert stands().blockers == (), "queued anew"


def test_evaluations_that_fail_in_a_row_until_one_does_not(db, stands):
    master = JobStore(db)
    master.register_worker("w", "here", ("eval",), T0)

    def ended(campaign=CAMPAIGN, error=None):
        master.submit("eval", {"skill_id": "bin", "campaign_id": campaign, "checkpoint_id": "c", "step": 1}, T0)
        job = master.claim("w", ("eval",), T0)
        master.start(job.id, "w", T0)
        if error is None:
            master.complete(job.id, "w", {}, at(2))
        else:
            master.fail(job.id, "w", FailureKind.BAD_PAYLOAD, error, at(2))
        return job.id

    ended()
    ended(error="first")
    assert stands().blockers == ()
    ended("dio-1")
    last = ended(error="no such skill")
    [found] = stands().blockers
    assert (found.code, found.subject, found.why) == (BlockerCode.EVALUATIONS_FAILING, str(last), "no such skill")
    assert found.command == f"realm job show {last}"
    ended()
    assert stands().blockers == ()


def test_a_starting_checkpoint_that_is_gone_blocks_until_its_folder_is_back(db, stands, tmp_path):
    ledger, lives = CheckpointStore(db), CampaignLives(db)
    folder = tmp_path / "checkpoint-90"
    start = ledger.record(make_checkpoint(90, folder=""), T0).checkpoint
    ledger.set_path(start.id, str(folder))
    begun = lives.create("mote", "v1", at(1), start.id)
    lives.activate(begun.id, at(2))
    [found] = stands(of=begun.id).blockers
    assert (found.code, found.subject) == (BlockerCode.STARTING_CHECKPOINT_GONE, start.id)
    assert found.why == f"No copy of {start.id} can be found; it was at {folder}."
    folder.mkdir()
    assert stands(of=begun.id).blockers == ()


def test_no_campaign_of_that_id(db):
    with pytest.raises(NotFoundError, match="mote-7"):
        MomentumReads(db).facts("mote-7")
