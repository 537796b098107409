"""The guild in a running realm: evaluations on request, sparring, passives and primitives, in the books they belong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
import zstandard

from tests.conftest import REALM, RunningRealm

UNLEARNED = 28
"""A level at which a hero of a few minutes errs."""
DRIVER = """
import json, sys
import ray
from actors.client import connect
from realm.errors import RealmError

realm = connect()
answers = []
for method, arguments in json.load(sys.stdin):
    try:
        answers.append(ray.get(getattr(realm.skill_engine, method).remote(*arguments)))
    except RealmError as error:
        answers.append(str(error))
json.dump(answers, sys.stdout)
"""


def drive(realm: RunningRealm, *calls: tuple[str, list[Any]]) -> list[Any]:
    """What SkillEngine answers to each (method, arguments), or the text of its error."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(calls),
        env=realm.env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def weights(realm: RunningRealm) -> None:
    realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")


def test_an_evaluation_on_request_is_recorded_and_counts_by_the_rules(realm: RunningRealm) -> None:
    found = realm.json("skill", "eval", "bin", "--level", str(UNLEARNED), "--count", "30")
    assert (found["n"], found["level"], found["counted"], found["mastered_level"]) == (30, UNLEARNED, False, None)
    assert found["low"] <= found["accuracy"] <= found["high"]
    query = f"select n, correct, step from evaluations where level = {UNLEARNED}"
    assert (30, found["correct"], found["step"]) in realm.rows(query)
    by_primitive = {row["id"]: row["n"] for row in found["primitives"]}
    assert by_primitive
    assert all(0 < n <= 30 for n in by_primitive.values())
    [samples], summary = drive(realm, ("samples", ["bin", UNLEARNED]), ("primitive_summary", ["bin"]))
    assert samples["step"] == found["step"]
    assert samples["samples"] == found["samples"]
    assert len(samples["samples"]) == 12
    measured = {row["id"]: row for row in summary}
    for primitive, n in by_primitive.items():
        row = measured[primitive]
        assert row["attempts"] >= n
        assert row["low"] <= row["window_accuracy"] <= row["high"]
        assert sum(each["n"] for each in row["history"]) == row["attempts"]
    accuracies = [row["window_accuracy"] for row in summary if row["window_accuracy"] is not None]
    assert accuracies == sorted(accuracies)


def test_a_checkpoint_can_be_evaluated(realm: RunningRealm) -> None:
    checkpoint = realm.json("vault", "list", "--limit", "1")["checkpoints"][0]
    found = realm.json("skill", "eval", "bin", "--level", "1", "--count", "10", "--checkpoint", checkpoint["id"])
    assert found["step"] == checkpoint["step"]
    rows = realm.rows(f"select n, step from evaluations where level = 1 and checkpoint_id = '{checkpoint['id']}'")
    assert (10, checkpoint["step"]) in rows


def test_mistakes_become_a_quest_that_is_fought_first(realm: RunningRealm) -> None:
    found = realm.json("spar", "--skill", "bin", "--level", str(UNLEARNED), "--count", "20")
    assert found["n"] == 20
    assert found["mistakes"] == 20 - found["first_correct"] > 0
    assert found["second_accuracy"] == found["second_correct"] / found["mistakes"]
    assert found["examples"] == 3 * found["mistakes"]
    columns = "n, first_correct, second_correct, mistakes, quest_id"
    recorded = f"select {columns} from sparring_sessions where job_id = '{found['job_id']}'"
    wanted = (20, found["first_correct"], found["second_correct"], found["mistakes"], found["quest_id"])
    assert realm.rows(recorded) == [wanted]
    quest = realm.json("quest", "show", found["quest_id"])
    assert (quest["origin"], quest["priority"], quest["examples"]) == ("sparring", "high", found["examples"])
    [shard] = (realm.home / "quests" / "mote" / quest["sha256"][:16]).glob("shard-*")
    with zstandard.open(shard, "rt", encoding="utf-8") as lines:
        row = json.loads(lines.readline())
    assert (row["skill"], row["level"]) == ("bin", UNLEARNED)
    assert row["provenance"].items() >= {"step": found["step"], "skill": "bin", "level": UNLEARNED}.items()
    assert row["messages"][1]["content"] == "incorrect"
    status = f"select status from quests where id = '{found['quest_id']}'"
    realm.wait(lambda _: realm.rows(status) == [("completed",)], "the sparring quest completed", 180)
    told = "select data from events where kind = 'sparring.finished'"
    assert found["quest_id"] in [json.loads(data)["quest_id"] for (data,) in realm.rows(told)]
    [[newest]] = drive(realm, ("sparring", [1]))
    assert newest == found


def test_old_mistakes_are_not_trained(realm: RunningRealm) -> None:
    realm.json("battle", "pause")
    oldest = realm.json("vault", "list", "--limit", "1000")["checkpoints"][-1]
    spar = ("spar", "--skill", "bin", "--level", str(UNLEARNED), "--count", "8", "--checkpoint", oldest["id"])
    try:
        realm.cli("config", "set", "sparring.max_age_steps", "1000000")
        waits = realm.json(*spar)
        assert waits["quest_id"] is not None
        realm.cli("config", "set", "sparring.max_age_steps", "0")
        status = f"select status, reason from quests where id = '{waits['quest_id']}'"
        realm.wait(lambda _: realm.rows(status)[0][0] == "cancelled", "the old sparring quest cancelled", 60)
        assert "steps beyond these mistakes" in realm.rows(status)[0][1]
        refused = realm.json(*spar)
        assert (refused["quest_id"], refused["examples"]) == (None, 0)
        assert "steps beyond these mistakes" in refused["reason"]
    finally:
        realm.cli("config", "set", "sparring.max_age_steps", "2000")
        realm.cli("battle", "resume")


def test_passives_are_asked_on_request_and_at_checkpoints(realm: RunningRealm) -> None:
    found = realm.json("passive", "run")
    assert len(found["passives"]) == 11
    assert {row["run"]["n"] for row in found["passives"]} == {5}
    recorded = (
        f"select passive, n, correct from passive_results where job_id = '{found['passives'][0]['run']['job_id']}'"
    )
    wanted = [(row["id"], row["run"]["n"], row["run"]["correct"]) for row in found["passives"]]
    assert sorted(realm.rows(recorded)) == sorted(wanted)
    automatic = "select count(*) from passive_results where mode = 'lite' and checkpoint_id is not null"
    realm.wait(lambda _: realm.rows(automatic)[0][0] >= 11, "the passives of a checkpoint", 240)
    [rows] = drive(realm, ("passives", []))
    assert all(row["runs"] and row["warning"] is None for row in rows)
    repeated = "select job_id, passive, count(*) from passive_results group by 1, 2 having count(*) > 1"
    assert realm.rows(repeated) == []


def test_a_primitive_asked_alone_counts_with_the_others(realm: RunningRealm) -> None:
    primitive = "string/reverse_string@1"
    attempts = f"select coalesce(sum(attempts), 0) from primitive_stats where primitive = '{primitive}'"
    [(before,)] = realm.rows(attempts)
    found = realm.json("primitive", "run", primitive, "--count", "7")
    assert (found["n"], [row["id"] for row in found["primitives"]]) == (7, [primitive])
    assert realm.rows(attempts) == [(before + 7,)]


def test_ctrl_c_gives_a_job_up_and_nothing_of_it_is_recorded(realm: RunningRealm) -> None:
    # Behind a job of seconds, so that the command is interrupted before its own is done.
    [_] = drive(realm, ("request_primitives", [None, 60]))
    command = [REALM, "spar", "--skill", "bin", "--level", "30", "--count", "400"]
    process = subprocess.Popen(command, env=realm.env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "is queued" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    newest = "select id, status, cancel_reason from jobs where type = 'sparring' order by id desc limit 1"
    [(job, status, reason)] = realm.rows(newest)
    assert (status, reason) == ("cancelled", "given up at the command line")
    # When the worker has done another job, it is over this one.
    realm.json("primitive", "run", "binary/bitwise_and@1", "--count", "1")
    assert realm.rows(f"select 1 from sparring_sessions where job_id = '{job}'") == []


def test_what_cannot_be_asked_is_refused_before_it_is_queued(realm: RunningRealm) -> None:
    calls: list[tuple[str, list[Any], str]] = [
        ("request_evaluation", ["nib"], "There is no skill 'nib'"),
        ("request_evaluation", ["bin", 0], "no level 0"),
        ("request_evaluation", ["bin", 31], "Its levels are 1 to 30"),
        ("request_evaluation", ["bin", 1, 0], "greater than or equal to 1"),
        ("request_evaluation", ["bin", 1, 10**9], "less than or equal to 1000"),
        ("request_evaluation", ["bin", 1, 10, "nowhere"], "There is no checkpoint"),
        ("request_sparring", ["bin", 0], "greater than or equal to 1"),
        ("request_sparring", ["bin", 10**9], "less than or equal to 1000"),
        ("request_sparring", ["bin", 10, -1], "no level -1"),
        ("request_passives", ["medium"], "'lite' or 'full'"),
        ("request_primitives", ["binary/bitwise_nand@1"], "There is no primitive"),
        ("request_primitives", [None, 10**9], "less than or equal to 1000"),
        ("training_batch", [0, 1], "count is 0"),
        ("training_batch", [10**9, 1], "count is 1000000000"),
        ("training_batch", [10, -1], "seed is -1"),
        ("guild_skill", ["nib"], "There is no skill 'nib'"),
        ("guild_skill", ["bin", 31], "Its levels are 1 to 30"),
    ]
    asked = "select count(*) from jobs where type in ('sparring', 'primitive') or priority < 2"
    before = realm.rows(asked)
    answers = drive(realm, *((method, arguments) for method, arguments, _ in calls))
    for (method, arguments, wanted), answer in zip(calls, answers, strict=True):
        assert wanted in str(answer), (method, arguments, answer)
    assert realm.rows(asked) == before
