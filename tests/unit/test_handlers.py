"""Handlers of every type of job, with a real tiny hero and real files; none of them records anything itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from worker_helpers import LocalPort

from actors.assignments import skill_version
from actors.handlers import HANDLERS, Context, Superseded, Unwanted, check_handlers, handler_of
from realm.catalog import HeroSpec
from realm.errors import ClusterError, ConfigError, ConflictError, RealmError, RequestError
from realm.models.hero import build_hero
from realm.rules.job import JOB_SPECS, JobType
from realm.rules.job_results import (
    EvalResult,
    ExamResult,
    InferenceResult,
    PassiveResults,
    PrimitiveResult,
    SparringResult,
    read_result,
)
from realm.rules.job_tasks import (
    EvalTask,
    ExamTask,
    InferenceTask,
    PassiveTask,
    PrimitiveTask,
    SparringTask,
    Task,
    Weights,
)
from realm.rules.passives import PassiveMode
from skills import get_engine
from skills.curriculum import EXAM_PER_LEVEL

ENGINE = get_engine()
BIN = ENGINE.get("bin")
CHECKPOINT = Weights(campaign_id="mote-1", step=90, checkpoint_id="mote-1/checkpoint-90")
SNAPSHOT = Weights(campaign_id="mote-1", step=120, battle_id="b-1")


@pytest.fixture
def context(mote_folder: Path, tmp_path: Path) -> Context:
    port = LocalPort(tmp_path, mote_folder)
    port.home.create()
    port.checkpoints[str(CHECKPOINT.checkpoint_id)] = mote_folder
    return Context(port)


def job(job_type: JobType, task: Task | None = None, **payload: Any) -> dict[str, Any]:
    """A claimed job as TaskMaster gives it to a worker."""
    sent = None if task is None else json.loads(task.model_dump_json(exclude_none=True))
    checked = JOB_SPECS[job_type].check(payload) if task is None else payload
    return {"id": "41", "type": job_type.value, "payload": checked, "task": sent, "worker_id": "w"}


def run(context: Context, claimed: dict[str, Any]) -> dict[str, Any]:
    """What the handler sends, as it arrives over HTTP."""
    context.begin()
    return json.loads(json.dumps(handler_of(claimed["type"])(claimed, context)))


def eval_task(weights: tuple[Weights, ...] = (CHECKPOINT,), **more: Any) -> EvalTask:
    return EvalTask(
        **{"weights": weights, "skill": skill_version(BIN), "level": 2, "count": 20, "seed": 3, "fold": 4} | more
    )


def test_a_type_without_a_handler_cannot_be_registered():
    assert HANDLERS.keys() == JOB_SPECS.keys()
    for job_type in HANDLERS:
        assert callable(handler_of(job_type))
    for wrong in ({}, {**HANDLERS, JobType.EXAM: "nowhere:run_exam"}):
        with pytest.raises(ConfigError, match="has no handler"):
            check_handlers(MappingProxyType(wrong))


def test_an_evaluation_answers_its_task(context: Context):
    task = eval_task(review_level=1, review_count=5, review_seed=41)
    result = run(context, job(JobType.EVAL, task))
    found = read_result(EvalResult, result)
    found.check(task)
    assert (found.n, found.review_n, found.weights) == (20, 5, CHECKPOINT)
    assert found.primitives.keys() <= set(BIN.level(2).primitives)
    asked = {problem.prompt for problem in BIN.generate(2, 20, 3, "eval", fold=1, symbols=context.spells(BIN))}
    assert {sample.prompt for sample in found.samples} <= asked


def test_the_newest_weights_fall_back_on_the_checkpoint(context: Context, mote_folder: Path):
    both = (SNAPSHOT, CHECKPOINT)
    assert run(context, job(JobType.EVAL, eval_task(both)))["weights"]["checkpoint_id"] == CHECKPOINT.checkpoint_id
    assert context.held is None
    port = context.port
    assert isinstance(port, LocalPort)
    zeros = {name: torch.zeros_like(each) for name, each in load_file(mote_folder / "model.safetensors").items()}
    port.snapshots["b-1", 120] = zeros
    assert run(context, job(JobType.EVAL, eval_task(both)))["weights"]["battle_id"] == "b-1"
    assert context.held == ["b-1@120"]
    assert not any(each.any() for each in context.hero.model.parameters())
    run(context, job(JobType.EVAL, eval_task()))
    assert all(each.any() for each in context.hero.model.parameters())
    port.snapshots.clear()
    with pytest.raises(Superseded):
        run(context, job(JobType.EVAL, eval_task((SNAPSHOT,))))


def test_weights_of_another_heros_campaign_have_that_hero_loaded(context: Context, mote: HeroSpec, tmp_path: Path):
    smaller = mote.model_copy(update={"build": mote.build.model_copy(update={"layers": 1})})
    folder = build_hero(smaller, tmp_path / "smaller", 5, mote.max_length)
    other = Weights(campaign_id="dio-2", step=4, checkpoint_id="dio-2/checkpoint-4")
    port = context.port
    assert isinstance(port, LocalPort)
    port.heroes["dio"], port.checkpoints["dio-2/checkpoint-4"] = folder, folder
    for weights, layers in ((CHECKPOINT, 2), (other, 1), (other, 1), (CHECKPOINT, 2)):
        result = run(context, job(JobType.EVAL, eval_task((weights,))))
        assert result["weights"]["checkpoint_id"] == weights.checkpoint_id
        assert context.hero.model.config.num_hidden_layers == layers
    assert port.opened == ["mote", "dio", "mote"]
    assert {problem.skill_id for problem in context.validation} == {"bin"}
    with context.at_work:
        context.warm_up("dio")
    assert context.hero_id == "mote", "the hero of a job that runs was exchanged"
    context.warm_up("dio")
    assert {problem.skill_id for problem in context.validation} == {"bin", "sy"}


def test_an_exam_covers_the_panel(context: Context):
    task = ExamTask(weights=(CHECKPOINT,), skills=(skill_version(BIN),), version="v", per_level=EXAM_PER_LEVEL)
    found = read_result(ExamResult, run(context, job(JobType.EXAM, task)))
    found.check(task)
    assert found.val_loss > 0


def test_passives_primitives_and_sparring_answer_their_tasks(context: Context):
    known = {passive.id: passive.version for passive in ENGINE.list_passives()}
    passives = PassiveTask(weights=(CHECKPOINT,), mode=PassiveMode.LITE, passives=known, seed=41)
    read_result(PassiveResults, run(context, job(JobType.PASSIVE_EVAL, passives))).check(passives)
    names = tuple(primitive.id for primitive in ENGINE.list_primitives()[:2])
    primitives = PrimitiveTask(weights=(CHECKPOINT,), primitives=names, count=3, seed=41)
    read_result(PrimitiveResult, run(context, job(JobType.PRIMITIVE, primitives))).check(primitives)
    sparring = SparringTask(weights=(CHECKPOINT,), skill=skill_version(BIN), level=9, count=4, seed=41)
    found = read_result(SparringResult, run(context, job(JobType.SPARRING, sparring)))
    found.check(sparring)
    assert len(found.examples) == 3 * (found.n - found.first_correct) > 0


def test_a_prompt_is_answered(context: Context):
    task = InferenceTask(weights=(CHECKPOINT,), prompt="Compute: ① + ①", max_tokens=7)
    found = read_result(InferenceResult, run(context, job(JobType.INFERENCE, task)))
    found.check(task)
    assert found.tokens <= 7


def test_a_skill_of_another_version_is_left_to_another_worker(context: Context):
    other = skill_version(BIN).model_copy(update={"fingerprint": "0" * 16})
    with pytest.raises(ClusterError, match="another version"):
        run(context, job(JobType.EVAL, eval_task(skill=other)))


@pytest.mark.parametrize("job_type", [JobType.EVAL, JobType.EXAM, JobType.INFERENCE])
def test_a_job_that_is_not_wanted_ends_before_its_next_token(context: Context, job_type: JobType):
    tasks = {
        JobType.EVAL: eval_task(),
        JobType.EXAM: ExamTask(weights=(CHECKPOINT,), skills=(skill_version(BIN),), version="v", per_level=4),
        JobType.INFERENCE: InferenceTask(weights=(CHECKPOINT,), prompt="p", max_tokens=4096),
    }
    context.begin()
    context.drop()
    with pytest.raises(Unwanted):
        handler_of(job_type)(job(job_type, tasks[job_type]), context)
    context.begin()
    assert context.wanted()


def test_examples_are_made_filtered_and_converted_below_the_data_folder(context: Context):
    made = run(context, job(JobType.DATA_GEN, skill_id="bin", count=300, level=3))
    assert made["examples"] == 300
    profiled = run(context, job(JobType.DATA_PROFILE, path=made["file"]))
    assert (profiled["examples"], profiled["skills"]) == (300, {"bin 3": 300})
    longest = profiled["chars"]["median"]
    kept = run(context, job(JobType.DATA_FILTER, path=made["file"], max_chars=int(longest), unique=False))
    assert 0 < kept["kept"] < 300
    converted = run(context, job(JobType.DATA_CONVERT, path=kept["file"], to="parquet"))
    validated = run(context, job(JobType.DATA_VALIDATE, path=converted["file"]))
    assert (validated["valid"], validated["format"], validated["examples"]) == (True, "parquet", kept["kept"])
    assert sorted(path.name for path in context.home.data.iterdir()) == sorted(
        each["file"] for each in (made, kept, converted)
    )
    again = run(context, job(JobType.DATA_GEN, skill_id="bin", count=300, level=3))
    first, second = (context.home.data / each["file"] for each in (made, again))
    assert first != second
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(RequestError):
        run(context, job(JobType.DATA_VALIDATE, path="../realm.db"))


def test_layers_are_measured_and_compared(context: Context, mote_folder: Path, tmp_path: Path):
    moved = tmp_path / "moved"
    moved.mkdir()
    weights = load_file(mote_folder / "model.safetensors")
    save_file({name: each + 0.01 for name, each in weights.items()}, moved / "model.safetensors")
    rows = {
        "c-1": {"id": "c-1", "step": 10, "path": str(mote_folder), "parent_id": None},
        "c-2": {"id": "c-2", "step": 30, "path": "", "parent_id": "c-1"},
    }
    port = context.port
    assert isinstance(port, LocalPort)
    port.services = {"vault_keeper.show": rows.__getitem__, "vault_keeper.ask": lambda _: str(moved)}
    stats = run(context, job(JobType.LAYER_STATS, checkpoint_id="c-1"))
    assert stats["parameters"] == sum(each.numel() for each in weights.values())
    drift = run(context, job(JobType.LAYER_DRIFT, checkpoint_id="c-2"))
    assert (drift["base_id"], drift["steps"]) == ("c-1", 20)
    assert 0 < drift["all"]["relative"] < 1
    with pytest.raises(RequestError, match="base_id"):
        run(context, job(JobType.LAYER_DRIFT, checkpoint_id="c-1"))


class Strongholds:
    """Copies in strongholds as VaultKeeper's contract has them; each takes `polls` looks to arrive."""

    def __init__(self, where: dict[str, set[str]], polls: int = 2) -> None:
        self.where = where
        self.polls = polls
        self.transfers: list[dict[str, Any]] = []

    def transfer(self, asset_id: str, target: str, source: str | None) -> dict[str, Any]:
        row = {"id": str(len(self.transfers)), "asset_id": asset_id, "target": target, "state": "pending"}
        self.transfers.append({**row, "source": source, "bytes_total": 5, "error": None, "looks": 0})
        return self.transfers[-1]

    def transfer_status(self, number: str) -> dict[str, Any]:
        row = self.transfers[int(number)]
        row["looks"] += 1
        if row["looks"] >= self.polls:
            row["state"] = "completed"
            self.where[row["asset_id"]].add(row["target"])
        return row

    def cancel_transfer(self, number: str) -> dict[str, Any]:
        self.transfers[int(number)]["state"] = "cancelled"
        return self.transfers[int(number)]

    def list(self, limit: int, offset: int) -> dict[str, Any]:
        rows = [{"id": each, "locations": [{"stronghold": s} for s in places]} for each, places in self.where.items()]
        return {"checkpoints": rows[offset : offset + limit], "total": len(rows)}

    def services(self) -> dict[str, Any]:
        asked = ("transfer", "transfer_status", "cancel_transfer", "list")
        nothing = {"vault_keeper.assets": lambda **_: {"assets": [], "total": 0}}
        return nothing | {f"vault_keeper.{name}": getattr(self, name) for name in asked}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.handlers.vault.POLL_S", 0.0)


@pytest.mark.usefixtures("quick")
def test_a_sync_copies_what_the_target_lacks_and_nothing_twice(context: Context):
    keeper = Strongholds({"c-1": {"home"}, "c-2": {"home", "nas"}, "c-3": {"cellar"}})
    port = context.port
    assert isinstance(port, LocalPort)
    port.services = keeper.services()
    found = run(context, job(JobType.SYNC, source="home", target="nas"))
    assert (found["copied"], found["bytes"], found["there_already"]) == (["c-1"], 5, 1)
    assert run(context, job(JobType.SYNC, source="home", target="nas"))["copied"] == []
    archived = run(context, job(JobType.ARCHIVE, source="c-3", target="nas"))
    assert (archived["bytes"], keeper.where["c-3"]) == (5, {"cellar", "nas"})


def test_an_archive_that_is_not_wanted_cancels_its_transfer(context: Context):
    keeper = Strongholds({"c-1": {"home"}})
    port = context.port
    assert isinstance(port, LocalPort)
    port.services = keeper.services()
    context.begin()
    context.drop()
    with pytest.raises(Unwanted):
        handler_of("archive")(job(JobType.ARCHIVE, source="c-1", target="nas"), context)
    assert keeper.transfers[0]["state"] == "cancelled"


def test_retention_is_planned_again_when_its_plan_no_longer_holds(context: Context):
    plans: list[str] = []

    def plan(zone: str) -> dict[str, Any]:
        plans.append(zone)
        return {"plan_id": str(len(plans)), "zones": []}

    def apply(plan_id: str, zone: str) -> dict[str, Any]:
        if plan_id == "1":
            raise ConflictError("Plan 1 no longer holds.")
        return {"dropped": [zone], "bytes_freed": 5}

    port = context.port
    assert isinstance(port, LocalPort)
    port.services = {"vault_keeper.retention_plan": plan, "vault_keeper.retention_apply": apply}
    assert run(context, job(JobType.RETENTION, zone="warm"))["dropped"] == ["warm"]
    assert plans == ["warm", "warm"]


def test_a_worker_says_how_it_is(context: Context):
    told = run(context, job(JobType.HEALTH_CHECK))
    assert told["worker_id"] == "w"
    assert min(told["cpus"], told["memory_mb"], told["disk_free_mb"], told["process_mb"]) > 0
    assert isinstance(told["gpus"], list)


def test_weights_that_do_not_load_are_nobodys(context: Context, mote_folder: Path, tmp_path: Path):
    run(context, job(JobType.EVAL, eval_task()))
    broken = tmp_path / "broken"
    shutil.copytree(mote_folder, broken)
    save_file({"other": torch.zeros(2)}, broken / "model.safetensors")
    port = context.port
    assert isinstance(port, LocalPort)
    port.checkpoints["c-broken"] = broken
    named = Weights(campaign_id="mote-1", step=1, checkpoint_id="c-broken")
    with pytest.raises((KeyError, RealmError)):
        run(context, job(JobType.EVAL, eval_task((named,))))
    assert context.loaded == ""
