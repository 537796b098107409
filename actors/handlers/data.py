"""Handlers of data jobs: files below the data folder, or the shards of a quest. The work is in `realm.quests`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.handlers.context import Context
from realm.quests import Example, read_manifest, shard_path
from realm.quests.dataset_files import DataWriter
from realm.quests.datasets import confined, converted, filtered, profile, stem_of, validate
from realm.rules.campaign import hero_of

QUEST = "quest:"
GEN_FORMAT = "jsonl.zst"


def run_gen(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Make training examples of a skill: a file in the data folder, or a quest on the board."""
    payload = job["payload"]
    skill, seed = context.skills.get(payload["skill_id"]), payload["seed"]
    level = payload.get("level") or context.ask("skill_engine", "show", skill.id)["training_level"]
    problems = skill.generate(level, payload["count"], seed, "train", watch=context.require_wanted)
    name = f"{skill.id}-l{level:02d}-{seed}.{GEN_FORMAT}"
    told = {"skill_id": skill.id, "level": level, "examples": len(problems), "seed": seed}
    with DataWriter(context.home.data / name, GEN_FORMAT) as writer:
        for problem in problems:
            writer.add(Example.from_row(problem.as_training_example()))
        file = writer.publish()
    if not payload["post"]:
        return {**told, **_file(file, context)}
    try:
        posted = context.ask("quest_board", "post", str(file), name, timeout_s=300)
    finally:
        file.unlink()
    return {**told, "quest_id": posted["quest"]["id"], "duplicate": posted["duplicate"]}


def run_filter(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Write the examples of a file that are long and short enough, each once."""
    payload = job["payload"]
    paths, stem = _source(payload["path"], context)
    limits = {name: payload[name] for name in ("min_chars", "max_chars", "unique") if name in payload}
    with DataWriter(stem.with_name(f"{stem.name}.filtered.jsonl.zst"), "jsonl.zst") as writer:
        told = filtered(paths, writer, context.require_wanted, **limits)
        return {**told, **_file(writer.publish(), context)}


def run_convert(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Write a file in another format."""
    payload = job["payload"]
    paths, stem = _source(payload["path"], context)
    with DataWriter(stem.with_name(f"{stem.name}.{payload['to']}"), payload["to"]) as writer:
        told = converted(paths, writer, context.require_wanted)
        return {**told, **_file(writer.publish(), context)}


def run_validate(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Read every row of a file and name the bad ones."""
    return validate(_source(job["payload"]["path"], context)[0], context.require_wanted)


def run_profile(job: dict[str, Any], context: Context) -> dict[str, Any]:
    """Measure a file of examples."""
    return profile(_source(job["payload"]["path"], context)[0], context.require_wanted)


def _source(path: str, context: Context) -> tuple[list[Path], Path]:
    """The files that a payload's path names, and where files made of them go, without their format."""
    if not path.startswith(QUEST):
        file = confined(context.home.data, path)
        return [file], file.with_name(stem_of(file.name))
    quest_id = path.removeprefix(QUEST)
    quest = context.ask("quest_board", "show", quest_id)
    folder = context.home.quest(hero_of(quest["campaign_id"]), quest["sha256"])
    shards = [shard_path(folder, index) for index in range(len(read_manifest(folder).shards))]
    return shards, context.home.data / f"quest-{quest['id']}"


def _file(path: Path, context: Context) -> dict[str, Any]:
    return {"file": str(path.relative_to(context.home.data.resolve())), "size_bytes": path.stat().st_size}
