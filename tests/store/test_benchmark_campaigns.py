"""What the benchmark of campaigns reads of a realm's database, and its report."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from store_helpers import at

from benchmarks import campaigns
from benchmarks.campaign_reads import campaign_of, is_held, read_course
from benchmarks.campaign_report import draw, print_table, to_json
from realm.home import RealmHome
from realm.rules.battle import DesiredState
from realm.rules.cap_evidence import Effect, Evidence
from realm.rules.climb import CapRule, InterventionKind
from realm.rules.level_cap import CapKind, Verdict
from realm.store import tables
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore

EFFECT = Effect(InterventionKind.EASIER_MIX, 1500, 2500, 500, 300, 500, 310, -0.04, 0.08, True)
EVIDENCE = Evidence(3, 0.8, 60, 3000, 2000, 500, 2, 2000, 12, 1200, 720, None, 0.6, 12, 1200, 700, None, 0, 0, None)
VERDICT = Verdict(
    CapKind.CAPACITY, "BIN", 2, 2, 60, 3000, replace(EVIDENCE, effects=(EFFECT,)), CapRule(floor_tokens=500)
)


@pytest.fixture
def home(db, database_path):
    """Two heroes, of which the first has been at it for 100 s in two attempts; each has an attempt 1."""
    home = RealmHome(database_path.parent)
    store, battles = CampaignStore(db), BattleStore(db)
    small = store.ensure_campaign("mote-20k", "v1", at(0)).id
    battle = battles.create_battle(small, 0, at(0))
    first = battles.start_attempt(battle.id, 0, at(0))
    battles.end_attempt(first.id, "paused", at(40))
    second = battles.start_attempt(battle.id, 20, at(1000))
    battles.end_attempt(second.id, "stopped", at(1060))
    large = store.ensure_campaign("mote-100k", "v1", at(2000)).id
    other = battles.create_battle(large, 0, at(2000))
    battles.start_attempt(other.id, 0, at(2000))
    with db.write() as connection:
        for campaign, step, tokens, when in ((small, 20, 1000, 30), (small, 60, 3200, 1050), (large, 10, 800, 2030)):
            connection.execute(
                tables.battle_points.insert().values(
                    campaign_id=campaign,
                    step=step,
                    battle_id=battle.id,
                    attempt_number=1,
                    at=at(when),
                    train_loss=1,
                    tokens_seen=tokens,
                )
            )
        for number, (level, step, correct, when, mastered) in enumerate(
            ((1, 10, 80, 20, None), (1, 15, 90, 25, 1), (2, 30, 88, 1020, 2), (3, 60, 60, 1050, None))
        ):
            _evaluation(connection, small, number, level, step, correct, at(when), mastered)
    return home


def _evaluation(connection, campaign, number, level, step, correct, when, mastered):
    fixed = {"low": 0, "high": 1, "seed": 1, "fold": number, "duration_s": 0.1, "review_n": 0, "review_correct": 0}
    connection.execute(
        tables.evaluations.insert().values(
            campaign_id=campaign,
            skill_id="bin",
            level=level,
            step=step,
            n=100,
            correct=correct,
            job_id=f"job-{number}",
            created_at=when,
            train_n=0,
            train_correct=0,
            xp_gained=0,
            mastered_level=mastered,
            happenings=[],
            **fixed,
        )
    )


def _judge(db, withdrawn=False):
    with db.write() as connection:
        connection.execute(
            tables.verdicts.insert().values(
                campaign_id="mote-20k-1",
                skill_id="bin",
                kind=VERDICT.kind,
                mastered_level=2,
                cap_level=2,
                step=60,
                tokens=3000,
                at=at(1060),
                words=VERDICT.words,
                body=VERDICT.to_json(),
                withdrawn_at=at(1061) if withdrawn else None,
                withdrawn_why="a promotion" if withdrawn else "",
            )
        )
        connection.execute(
            tables.interventions.insert().values(
                campaign_id="mote-20k-1",
                skill_id="bin",
                kind=InterventionKind.EASIER_MIX,
                level=3,
                span_tokens=1000,
                began_step=35,
                began_tokens=1500,
                began_at=at(1025),
                ended_step=55,
                ended_tokens=2500,
                ended_at=at(1045),
            )
        )


def test_a_course_counts_its_own_campaigns_tokens_and_seconds_of_battle(home):
    course = read_course(home, campaign_of(home, "mote-20k"), "bin")
    assert [(each.level, each.tokens, each.seconds) for each in course.mastered] == [(1, 750, 25), (2, 1550, 60)]
    assert (course.tokens, course.seconds, course.verdict, course.climb) == (3200, 100, None, None)
    large = read_course(home, campaign_of(home, "mote-100k"), "bin")
    assert (large.tokens, large.seconds, large.evaluations) == (800, 30, [])
    assert campaign_of(home) == "mote-100k-1"
    assert campaign_of(home, "mote") == ""


def test_a_home_without_a_realm_has_an_empty_course(tmp_path):
    home = RealmHome(tmp_path)
    assert campaign_of(home, "mote-20k") == ""
    course = read_course(home, "", "bin")
    assert (course.evaluations, course.verdict, course.seconds) == ([], None, 0)


def test_a_battle_stopped_by_hand_is_held(home, db):
    assert not is_held(home, "mote-20k-1")
    BattleStore(db).set_desired("mote-20k-1-battle-1", DesiredState.STOP, at(1070))
    assert is_held(home, "mote-20k-1")
    assert not is_held(home, "mote-100k-1")


def test_a_hero_with_a_standing_verdict_is_not_run_again(home, db, monkeypatch):
    started = []

    def starts(*arguments, **_):
        started.append(arguments)
        raise RuntimeError("a realm would start")

    monkeypatch.setattr(campaigns, "own_realm", starts)
    said = []
    _judge(db, withdrawn=True)
    with pytest.raises(RuntimeError):
        campaigns._run(home, "mote-20k", 600, said.append)
    _judge(db)
    campaigns._run(home, "mote-20k", 600, said.append)
    campaigns._run(home, "mote-100k", 30, said.append)
    assert started == [("--hero", "mote-20k")]
    assert said[1:] == [
        f"mote-20k: {VERDICT.words}; not run again",
        "mote-100k: the budget of 0.5 minutes of battle is over, no verdict",
    ]


def test_the_report_tells_the_cap_and_what_was_tried(home, db):
    _judge(db)
    heroes = {"mote-20k": 20_064, "mote-100k": 98_624}
    courses = {hero: read_course(home, campaign_of(home, hero), "bin") for hero in heroes}
    rows = [to_json(hero, parameters, courses[hero]) for hero, parameters in heroes.items()]
    console = Console(file=StringIO(), width=160)
    print_table(console, rows)
    told = console.file.getvalue().replace("│", " ")
    cells = [line.split() for line in told.splitlines()]
    assert ["mote-20k", "20,064", "2", "2–3", "capacity", "3,000", "1,550", "1.7", "4"] in cells
    assert ["mote-100k", "98,624", "0", "–", "no", "verdict:", "not", "begun", "800", "–", "0.5", "0"] in cells
    flat = " ".join(told.split())
    assert (
        "mote-20k: level 3; 2,000 tokens since the last promotion or reopening, a level's: 500; accuracy 0.600" in flat
    )
    assert "(720 of 1,200); slope not known; on problems trained on 0.583 (700 of 1,200)" in flat
    assert "mote-20k: easier_mix: 0.600 → 0.620, +2.0 points (-4.0 to +8.0)" in told
    for name in draw(home.root, courses):
        assert (home.root / name).stat().st_size > 10_000
