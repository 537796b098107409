"""Reports read from a real database, and as Markdown."""

from __future__ import annotations

import json

import pytest
from store_helpers import CAMPAIGN, T0, at, make_checkpoint, new_attempt

from actors.handlers import Context, handler_of
from realm.home import RealmHome
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.rules.report_text import as_markdown
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.jobs import JobStore
from realm.store.reports import ReportStore
from realm.store.skills import SkillStore


@pytest.fixture
def books(db):
    campaigns, skills, jobs, checkpoints = CampaignStore(db), SkillStore(db), JobStore(db), CheckpointStore(db)
    campaigns.ensure_campaign("mote", "v1", T0)
    CampaignLives(db).activate(CAMPAIGN, T0)
    attempt = new_attempt(db)
    for step in (10, 20, 30):
        checkpoints.record(make_checkpoint(step), at(step), attempt)
    checkpoints.trash(checkpoints.get("checkpoint-10").id, at(40))
    for step in range(3):
        skills.record_evaluation(
            Evaluation(CAMPAIGN, "bin", 1, step, 100, 90, step, step, f"j-{step}", at(step)), LevelRule(30)
        )
    for step, accuracy in ((10, 0.2), (20, 0.5), (30, 0.4)):
        skills.record_exam(
            Exam(CAMPAIGN, step, "v1", accuracy, {"bin": accuracy}, 120, f"e-{step}", at(step), val_loss=1.0)
        )
    for number in range(4):
        made = jobs.submit("health_check", {}, at(number))
        if number < 2:
            jobs.claim("w", ["eval"], at(10))
            jobs.start(made.job.id, "w", at(10))
            jobs.complete(made.job.id, "w", {}, at(12 + number))
    return ReportStore(db)


def test_a_campaign_in_numbers(books):
    found = books.read("campaign", CAMPAIGN, at(3600))
    assert (found["durable_step"], found["battles"], found["attempts"], found["battle_hours"]) == (30, 1, 1, 1.0)
    assert found["skills"] == [
        {
            "skill_id": "bin",
            "mastered_level": 1,
            "max_level": 30,
            "last_accuracy": 0.9,
            "evaluations": 3,
            "problems": 300,
        }
    ]
    exams = found["exams"]
    assert (exams["count"], exams["first"]["step"], exams["best"]["step"], exams["last"]["step"]) == (3, 10, 20, 30)


def test_the_vault_in_numbers(books):
    found = books.read("vault", CAMPAIGN, T0)
    assert found["live"] == [{"name": CAMPAIGN, "count": 2, "size_bytes": 200}]
    assert found["trashed"] == [{"name": CAMPAIGN, "count": 1, "size_bytes": 100}]
    assert found["because_of"] == [{"name": "interval", "count": 2, "size_bytes": 200}]


def test_the_jobs_in_numbers(books):
    found = books.read("jobs", CAMPAIGN, at(20))
    [row] = found["types"]
    assert (row["type"], row["completed"], row["pending"]) == ("health_check", 2, 2)
    assert (row["mean_wait_s"], row["mean_run_s"], row["mean_attempts"]) == (9.5, 2.5, 1.0)


@pytest.mark.parametrize("report_type", ["campaign", "vault", "jobs"])
@pytest.mark.usefixtures("books")
def test_a_report_is_written_as_json_and_markdown(database_path, report_type):
    class Local:
        home = RealmHome(database_path.parent)

    job = {"id": "7", "type": "report", "payload": {"report_type": report_type}}
    context = Context(Local())  # pyright: ignore[reportArgumentType]
    found = handler_of("report")(job, context)
    assert handler_of("report")(job, context) == found
    as_json, as_text = (Local.home.data / name for name in found["files"])
    told = json.loads(as_json.read_text())
    assert told["report_type"] == report_type
    assert as_text.read_text().startswith(f"# Report: {report_type}\n")
    assert sorted(path.name for path in as_json.parent.iterdir()) == sorted(path.name for path in (as_json, as_text))


def test_text_stays_within_its_cell():
    text = as_markdown(
        {"report_type": "x", "fact": "a|b\nc", "rows": [{"name": "p|q", "n": 1}, {"more": None}], "none": []}
    )
    assert "- fact: a\\|b c\n" in text
    assert "| p\\|q | 1 | – |" in text
