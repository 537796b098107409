"""A double of the realm's actors whose absences, visits and notices are real: AwayDesk and the stores over a database.

`python tests/browser/away_fixture.py 8899` serves it for a look.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guild_fixture import GuildDouble, serving

from actors.away_desk import AwayDesk
from actors.rows import row_of
from actors.snapshot import event_row
from realm.rules.battle import BattlePoint, BattleState, DesiredState
from realm.rules.campaign import Momentum
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.rules.momentum import standing
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.momentum import MomentumReads
from realm.store.notices import NoticeStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore

Json = dict[str, Any]
CAMPAIGN = "mote-1"


class AwayDouble(GuildDouble):
    """A night of 8 h 30 min, at whose end the battle failed. `ahead` moves the clock on."""

    def __init__(self, folder: Path) -> None:
        super().__init__("busy")
        self.db = Database.open(folder / "realm.db")
        self.db.create()
        reads = MomentumReads(self.db)
        self.desk = AwayDesk(self.db, lambda campaign: standing(reads.facts(campaign.id)))
        self.notice_store = NoticeStore(self.db)
        self.event_store = EventStore(self.db)
        self.ahead = timedelta()
        self.morning = datetime.now(UTC)
        self._night()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def evening(self, hours: float) -> datetime:
        return self.morning - timedelta(hours=8.5) + timedelta(hours=hours)

    def happen(self, kind: str, title: str, detail: str = "", **data: Any) -> int:
        """An event; its seq."""
        return self.event_store.add(kind, title, self.now(), detail, data).seq

    def _night(self) -> None:
        at, db = self.evening, self.db
        fights, ledger, skills, board = BattleStore(db), CheckpointStore(db), SkillStore(db), QuestStore(db)
        campaigns = CampaignStore(db)
        campaigns.ensure_campaign("mote", "v1", at(-20))
        battle = fights.create_battle(CAMPAIGN, 0, at(-3))
        first = fights.start_attempt(battle.id, 0, at(-3)).id
        fights.set_state(battle.id, BattleState.RUNNING, at(-3))
        fights.add_points(
            first, [BattlePoint(step, at(step / 4000 - 3), 2.0 / (1 + step / 4000)) for step in range(200, 23_000, 200)]
        )
        fights.set_desired(battle.id, DesiredState.PAUSE, at(3))
        fights.end_attempt(first, "paused", at(3))
        fights.set_state(battle.id, BattleState.PAUSED, at(3))
        fights.set_desired(battle.id, DesiredState.RUN, at(4.2))
        second = fights.start_attempt(battle.id, 23_000, at(4.2)).id
        fights.set_state(battle.id, BattleState.RUNNING, at(4.2))
        fights.add_points(
            second,
            [
                BattlePoint(23_000 + step, at(4.2 + step / 4000), 0.28 - step / 200_000)
                for step in range(200, 13_000, 200)
            ],
        )
        for number, (step, hours, accuracy) in enumerate(((11_000, -0.2, 0.31), (36_000, 7.4, 0.46)), start=1):
            ledger.record(self._checkpoint(step, at(hours), accuracy), at(hours))
            campaigns.move_champion(CAMPAIGN, self._checkpoint(step, at(hours)).id, accuracy, "v1", at(hours))
            skills.record_exam(
                Exam(
                    CAMPAIGN,
                    step,
                    "v1",
                    accuracy,
                    {"bin": accuracy},
                    120,
                    f"x{number}",
                    at(hours),
                    val_loss=0.8 / number,
                )
            )
        for number in range(1, 16):
            one = Evaluation(CAMPAIGN, "bin", (number + 2) // 3, number, 100, 91, number, number, f"e{number}",
                             at(-1 + number / 3))  # fmt: skip
            skills.record_evaluation(one, LevelRule(max_level=30))
        for number in range(60):
            board.add(CAMPAIGN, f"{number:064x}", f"q{number}", at(-3), shape="messages", examples=9, size_bytes=1,
                      origin="auto")  # fmt: skip
            quest = board.claim(second, at(number / 8))
            board.begin(quest.id, second, number, 1, at(number / 8))
            board.finish(quest.id, second, at(number / 8), last_step=number, steps_fought=1, ended_by="exhausted")
            board.complete_through(CAMPAIGN, number, at(number / 8))
        bad = board.add(CAMPAIGN, "f" * 64, "my sums.jsonl", at(1), shape="messages", examples=9, size_bytes=1,
                        origin="user")  # fmt: skip
        board.fail(bad.quest.id, "its file is gone from the quests folder", at(2))
        reason = "3 attempts in a row failed before a step: the disk has 12 MB free, 512 MB are kept"
        fights.end_attempt(second, "failed", at(7.6), "its process is gone")
        fights.finish(battle.id, BattleState.FAILED, at(7.7), reason)
        campaigns.set_momentum(CAMPAIGN, Momentum.BLOCKED, at(7.7), reason, ["battle_failed"])

    def _checkpoint(self, step: int, when: datetime, accuracy: float | None = None) -> Checkpoint:
        name = canonical_name(step, when)
        version = None if accuracy is None else "v1"
        return Checkpoint(
            id=checkpoint_id(CAMPAIGN, name), campaign_id=CAMPAIGN, hero_id="mote", step=step, saved_at=when,
            canonical_name=name, path=f"/c/{name}", sha256=f"{step:064x}", size_bytes=100, has_optimizer=True,
            created_by=CreatedBy.INTERVAL, exam_accuracy=accuracy, exam_version=version,
        )  # fmt: skip

    async def state(self) -> Json:
        events = [event_row(each) for each in self.event_store.before(None, 12)]
        return await super().state() | {"events": events, "at": self.now().isoformat()}

    async def notices(self, after: int, limit: int) -> Json:
        found, upto = self.notice_store.after(after, limit)
        return {"notices": [row_of(each) for each in found], "next_after": upto}

    async def visit(self) -> Json:
        return self.desk.visit(self.now())

    async def away(self, since: str | None) -> Json:
        return self.desk.away(since, self.now())

    async def dismiss_away(self, visit: int) -> Json:
        return self.desk.dismiss(visit)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        double = AwayDouble(Path(folder))
        double.desk.visit(double.evening(0))
        with serving(double, int(sys.argv[1])) as url:
            print(url, flush=True)
            threading.Event().wait()
