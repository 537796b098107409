"""A double of the realm's actors whose campaigns are real: CampaignDesk, CampaignBooks and the stores over a database.

`python tests/browser/campaign_fixture.py full 8899` serves it for a look. Scenarios: full, new, none.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from guild_fixture import serving
from sqlalchemy import insert, update
from tavern_fixture import TavernDouble

import actors.campaign_desk
from actors.campaign_books import CampaignBooks
from actors.campaign_desk import CampaignDesk
from actors.curriculum import Curriculum
from actors.honour_books import HonourBooks
from realm.catalog.honours import shipped_honours
from realm.config import RealmConfig
from realm.rules.battle import BattlePoint, BattleState
from realm.rules.campaign import CampaignLife
from realm.rules.campaign_warnings import CampaignWarning, WarningKind
from realm.rules.cap_evidence import Effect, Evidence
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.rules.climb import CapRule, InterventionKind
from realm.rules.level_cap import CapKind, Verdict
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.rules.record import Score
from realm.rules.trend import Trend
from realm.store.battles import BattleStore
from realm.store.campaign_lives import CampaignLives
from realm.store.campaign_warnings import WarningStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.honours import HonourStore
from realm.store.skills import SkillStore
from realm.store.tables import attempts, climbs, interventions, milestones, verdicts
from serve.tavern.host import CAMPAIGN_ACTIONS
from skills import get_engine

Json = dict[str, Any]
NOW = datetime(2026, 11, 24, 9, 41, 7, tzinfo=UTC)
TOKENS_PER_STEP, EXAMPLES_PER_STEP, STEPS_PER_SECOND = 1_800, 32, 12.0
COURSES = {
    # hero, days ago, levels of BIN, steps a level, its growth, noise of the loss
    "mote-1": ("mote", 30, 17, 900, 1.06, 0.05),
    "mote-2": ("mote", 20, 12, 700, 1.12, 0.08),
    "mote-3": ("mote", 9, 21, 620, 1.05, 0.05),
    "dio-1": ("dio", 5, 9, 1100, 1.02, 0.03),
    "mote-4": ("mote", 3, 0, 0, 1.0, 0.0),
}
VERDICTS = {"mote-1": CapKind.CAPACITY, "dio-1": CapKind.GENERALIZATION}
OVERRIDES = {"training.batch_size": 64, "training.learning_rate": 0.0015, "auto_quest.steps": 480}


class CampaignDouble(TavernDouble):
    """Five campaigns (`full`), one that has not begun (`new`), or `none`. `battle_on` and `battle_saved` are what
    Arena does."""

    def __init__(self, folder: Path, scenario: str = "full") -> None:
        super().__init__("running")
        shutil.copy(_seeded(scenario), folder / "realm.db")
        self.db = Database.open(folder / "realm.db")
        service: Any = SimpleNamespace(
            database=self.db,
            campaigns=CampaignStore(self.db),
            skills=SkillStore(self.db),
            checkpoints=CheckpointStore(self.db),
            engine=get_engine(),
            config=RealmConfig(),
            curriculum=Curriculum(self.db, get_engine()),
            ticker=SimpleNamespace(nudge=lambda: None),
            peer=lambda _: SimpleNamespace(
                book=SimpleNamespace(remote=self._book), require_start=SimpleNamespace(remote=lambda _: None)
            ),
        )
        actors.campaign_desk.ask = lambda found, *_: found  # no Ray: what `remote` gives is the answer
        self.desk = CampaignDesk(service)
        self.books = CampaignBooks(self.db, service.engine)
        self.honour_books = HonourBooks(self.db)
        self.battles = BattleStore(self.db)
        self.lives = CampaignLives(self.db)

    def _book(self, name: str) -> Json:
        campaign, _, alias = name.rpartition("/")
        if alias == "champion":
            return {"checkpoint_id": self.desk.store.get(campaign or "mote-3").champion_id}
        return {"checkpoint_id": self.desk.service.checkpoints.get(name).id}

    def battle_on(self, campaign: str) -> str:
        """An attempt of the campaign's battle is under way: its id."""
        battle = self.battles.create_battle(campaign, 0, datetime.now(UTC))
        attempt = self.battles.start_attempt(battle.id, 0, datetime.now(UTC))
        self.battles.set_state(battle.id, BattleState.RUNNING, datetime.now(UTC))
        return attempt.id

    def battle_saved(self, attempt: str) -> None:
        """The attempt ends, and the director makes the change that waited for it."""
        self.battles.end_attempt(attempt, "paused", datetime.now(UTC))
        self.lives.complete(datetime.now(UTC))

    def lives_now(self) -> dict[str, str]:
        return {row["id"]: row["life"].value for row in self.desk.rows(None)}

    async def campaigns(self) -> Json:
        return self.desk.overview()

    async def campaign(self, campaign_id: str) -> Json:
        return {**self.desk.show(campaign_id), **self.books.record(campaign_id)}

    async def compare_campaigns(self, campaign_ids: list[str]) -> list[Json]:
        return self.desk.compare(campaign_ids)

    async def begin_campaign(self, hero_id: str | None, starting_checkpoint: str | None, note: str) -> Json:
        return self.desk.begin(hero_id, starting_checkpoint, note)

    async def change_campaign(self, campaign_id: str, action: str) -> Json:
        method, *arguments = CAMPAIGN_ACTIONS[action]
        return getattr(self.desk, method)(campaign_id, *arguments)

    async def reopen_campaign(self, campaign_id: str, skill_id: str | None) -> Json:
        return self.desk.reopen(campaign_id, skill_id)

    async def note_milestone(self, campaign_id: str, key: str | None, title: str, note: str | None) -> Json:
        return self.desk.note(campaign_id, key, title, note)

    async def honours(self, campaign_id: str | None = None) -> list[Json]:
        return self.honour_books.rows(campaign_id or "mote-3")


@cache
def _seeded(scenario: str) -> Path:
    """A closed database of the scenario, made once a process."""
    path = Path(tempfile.mkdtemp(prefix="campaigns-")) / "realm.db"
    db = Database.open(path)
    db.create()
    if scenario == "new":
        CampaignStore(db).ensure_campaign("mote", "v1", NOW)
    if scenario == "full":
        for campaign, (hero, days, *_) in COURSES.items():
            start = CampaignStore(db).get("mote-1").champion_id if campaign == "mote-2" else None
            made = CampaignLives(db).create(hero, "v1", NOW - timedelta(days=days), start, _note(campaign))
            # The ids are those of COURSES, whatever the order they are made in.
            assert made.id == campaign, made.id
            _Course(db, campaign).run()
        _live(db)
    db.close()
    return path


def _note(campaign: str) -> str:
    return {"mote-2": "a higher learning rate", "mote-3": "batches of 64"}.get(campaign, "")


def _live(db: Database) -> None:
    lives = CampaignLives(db)
    lives.leave("mote-1", CampaignLife.ARCHIVED, NOW - timedelta(days=21))
    lives.trash("mote-4", NOW - timedelta(days=2))
    lives.activate("mote-3", NOW - timedelta(days=9))


class _Course:
    """What a campaign did, written by the stores."""

    def __init__(self, db: Database, campaign: str) -> None:
        self.db, self.campaign, self.random = db, campaign, Random(campaign)
        self.hero, days, self.levels, self.per_level, self.growth, self.noise = COURSES[campaign]
        self.begun = NOW - timedelta(days=days)

    def at(self, step: int) -> datetime:
        return self.begun + timedelta(minutes=1, seconds=step / STEPS_PER_SECOND)

    def run(self) -> None:
        if not self.levels:
            return
        mastered = [0]
        for level in range(self.levels):
            mastered.append(mastered[-1] + round(self.per_level * self.growth**level))
        capped = self.campaign in VERDICTS
        self.last = mastered[-1] + round(self.per_level * (14 if capped else 0.7))
        fights = BattleStore(self.db)
        battle = fights.create_battle(self.campaign, 0, self.begun)
        attempt = fights.start_attempt(battle.id, 0, self.begun)
        fights.set_state(battle.id, BattleState.RUNNING, self.begun)
        if self.campaign in ("mote-2", "mote-3"):
            with self.db.write() as connection:
                change = update(attempts).where(attempts.c.id == attempt.id)
                connection.execute(change.values(overrides=OVERRIDES if self.campaign == "mote-3" else {}))
        fights.add_points(attempt.id, self._points(mastered))
        self._evaluations(mastered)
        self._checkpoints()
        self._honours()
        if capped:
            self._verdict()
        fights.end_attempt(attempt.id, "paused", self.at(self.last))
        fights.finish(battle.id, BattleState.FINISHED, self.at(self.last))

    def _points(self, mastered: list[int]) -> list[BattlePoint]:
        rows: list[BattlePoint] = []
        for step in sorted({*range(5, self.last, max(5, self.last // 1500)), self.last}):
            since = step - max(each for each in mastered if each <= step)
            loss = 0.21 + 4.2 * 2.718 ** (-step / 260) + 0.24 * 2.718 ** (-since / (self.per_level / 3))
            loss = max(0.02, loss + self.random.gauss(0, self.noise))
            rows.append(
                BattlePoint(
                    step, self.at(step), loss, tokens_seen=TOKENS_PER_STEP * step,
                    examples_seen=EXAMPLES_PER_STEP * step, train_seconds=step / STEPS_PER_SECOND,
                )
            )  # fmt: skip
        return rows

    def _evaluations(self, mastered: list[int]) -> None:
        skills, number = SkillStore(self.db), 0
        rule = LevelRule(max_level=30)
        for level, reached in enumerate([*mastered[1:], self.last], 1):
            before = mastered[level - 1]
            shares = (0.3, 0.6, 0.9, 0.95, 1.0) if level <= self.levels else (0.2, 0.4, 0.6, 0.8, 1.0)
            for place, share in enumerate(shares):
                number += 1
                step = before + round((reached - before) * share)
                high = (40, 66, 83, 88, 92) if level <= self.levels else (31, 42, 52, 55, 54)
                correct = min(100, high[place] + self.random.randrange(7))
                one = Evaluation(
                    self.campaign, "bin", level, step, 100, correct, number, number, f"{self.campaign}-{number}",
                    self.at(step),
                )  # fmt: skip
                skills.record_evaluation(one, rule)
        if self.hero == "dio":
            for level, share in ((1, 0.3), (2, 0.8)):
                for place in range(3):
                    number += 1
                    step = round(self.last * share) + place
                    one = Evaluation(
                        self.campaign, "sy", level, step, 100, 84 + place, number, number,
                        f"{self.campaign}-{number}", self.at(step),
                    )  # fmt: skip
                    skills.record_evaluation(one, LevelRule(max_level=50))

    def _checkpoints(self) -> None:
        ledger, campaigns, skills = CheckpointStore(self.db), CampaignStore(self.db), SkillStore(self.db)
        for place in range(1, 7):
            step, accuracy = self.last * place // 6, 0.09 * place + self.levels / 100
            name = canonical_name(step, self.at(step))
            made = Checkpoint(
                id=checkpoint_id(self.campaign, name), campaign_id=self.campaign, hero_id=self.hero, step=step,
                saved_at=self.at(step), canonical_name=name, path=f"/c/{name}", sha256=f"{place:064x}", size_bytes=1000,
                has_optimizer=True, created_by=CreatedBy.INTERVAL, tokens_seen=TOKENS_PER_STEP * step,
                examples_seen=EXAMPLES_PER_STEP * step, exam_accuracy=accuracy, exam_version="v1",
            )  # fmt: skip
            ledger.record(made, self.at(step))
            campaigns.move_champion(self.campaign, made.id, accuracy, "v1", self.at(step))
            exam = Exam(
                self.campaign, step, "v1", accuracy, {"bin": accuracy}, 120, f"{self.campaign}-x{place}", self.at(step),
                val_loss=0.9 / place, checkpoint_id=made.id,
            )  # fmt: skip
            skills.record_exam(exam)

    def _honours(self) -> None:
        known, store = shipped_honours(), HonourStore(self.db)
        step = self.last // 2
        store.award(self.campaign, known.titles[1:4], known.achievements[:8], step, self.at(step))
        if self.campaign == "mote-3":
            with self.db.write() as connection:
                row = {"key": "own:1", "at": self.at(self.last // 3), "step": self.last // 3, "note": "from 2e-3"}
                connection.execute(insert(milestones).values(campaign_id=self.campaign, title="rate halved", **row))
            text = "BIN level 6: 71.0 % of 100, 14.0 points below its best of 85.0 % of 100; the intervals overlap."
            latest, peak = Score(71, 100), Score(85, 100)
            found = CampaignWarning(WarningKind.REGRESSION, "bin", 6, "BIN level 6", latest, peak, True, text)
            WarningStore(self.db).settle(self.campaign, [found], self.at(self.last))

    def _verdict(self) -> None:
        kind = VERDICTS[self.campaign]
        tokens, since = TOKENS_PER_STEP * self.last, TOKENS_PER_STEP * self.per_level * 14
        effects = tuple(
            Effect(each, tokens - since // 2, tokens - since // 3, 500, 262, 500, 266 + place, -0.05, 0.07, True)
            for place, each in enumerate(InterventionKind)
        )
        evidence = Evidence(
            level=self.levels + 1, threshold=0.8, step=self.last, tokens=tokens, tokens_since=since,
            level_tokens=since // 4, levels_counted=10, window_tokens=tokens - since // 2, observations=24, n=2400,
            correct=1290, slope=Trend(0.004, -0.011, 0.016, 0.53, 24, 0.9), reach=0.571, train_observations=24,
            train_n=2400, train_correct=1312, train_slope=Trend(0.003, -0.01, 0.02, 0.53, 24, 0.9), review_n=600,
            review_correct=561, maintenance=0.4, effects=effects,
        )  # fmt: skip
        found = Verdict(kind, "BIN", self.levels, self.levels, self.last, tokens, evidence, CapRule())
        head = {"campaign_id": self.campaign, "skill_id": "bin", "step": self.last, "tokens": tokens}
        span = {"level": self.levels + 1, "span_tokens": since // 4}
        began = {
            "began_step": self.last - 900,
            "began_tokens": tokens - since // 2,
            "began_at": self.at(self.last - 900),
        }
        ended = {
            "ended_step": self.last - 300,
            "ended_tokens": tokens - since // 3,
            "ended_at": self.at(self.last - 300),
        }
        with self.db.write() as connection:
            told = {"kind": kind, "mastered_level": self.levels, "cap_level": self.levels, "words": found.words}
            more = {"at": self.at(self.last), "body": found.to_json(), "withdrawn_why": ""}
            connection.execute(insert(verdicts).values(**head, **told, **more))
            climb = {"state": "capped", "evaluation_id": 1, "at": self.at(self.last), "ask_training": True}
            connection.execute(insert(climbs).values(**head, **climb, missing=[], evidence=found.to_json()["evidence"]))
            for each in InterventionKind:
                row = {"campaign_id": self.campaign, "skill_id": "bin", "kind": each, **span, **began, **ended}
                connection.execute(insert(interventions).values(**row))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        double = CampaignDouble(Path(folder), sys.argv[1])
        with serving(double, int(sys.argv[2])) as url:
            print(url, flush=True)
            threading.Event().wait()
