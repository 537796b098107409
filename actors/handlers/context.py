"""What handlers share on a worker: one loaded hero whose weights are exchanged, the skills, the exam panel."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.exceptions import ObjectLostError, RayActorError
from safetensors.torch import load as load_safetensors

from actors.service import Service
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.errors import RealmError
from realm.inference.evaluation import validation_set
from realm.inference.generation import load_weights
from realm.models.chat import spells
from realm.models.hero import Hero, empty_hero, pick_device, weight_dtype
from realm.rules.job import JobStatus
from realm.training.settings import open_hero
from skills import Problem, Skill, exam_panel, get_engine


class Superseded(Exception):
    """The snapshot a job names is gone: newer weights took its place."""


class Context:
    """Weights by checkpoint or snapshot, loaded into one model."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.skills = get_engine()
        self.loaded: str = ""
        self.panels: dict[tuple[str, ...], list[Problem]] = {}

    def warm_up(self) -> None:
        """Load the model, unless it is loaded."""
        try:
            _ = self.hero
        except RealmError as error:
            print(f"not warmed up: {error}")

    @cached_property
    def hero(self) -> Hero:
        """The hero's model; on a machine that lacks its folder, an empty one to put weights into."""
        spec = hero_spec(self.service.config.hero.name)
        source = ask(self.service.peer("vault_keeper").base_model.remote(), timeout_s=300)
        if Path(source).is_dir() or not Path(source).is_absolute():
            return open_hero(spec, source)
        files: dict[str, bytes] = ask(self.service.peer("vault_keeper").model_files.remote())
        with tempfile.TemporaryDirectory(prefix="realm-hero-") as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            return empty_hero(folder, weight_dtype(spec, pick_device()), pick_device())

    @cached_property
    def validation(self) -> list[Problem]:
        """The problems of the validation loss: over the skills that the hero begins with, whichever are enabled now."""
        begun = [self.skills.get(skill_id) for skill_id in hero_spec(self.service.config.hero.name).skills]
        return validation_set(begun, self.spells)

    def panel(self, skills: Sequence[Skill]) -> list[Problem]:
        """The exam's problems."""
        key = tuple(skill.id for skill in skills)
        if self.panels.get(key) is None:
            self.panels = {key: exam_panel(skills, symbols=self.spells)}
        return self.panels[key]

    def spells(self, skill: Skill) -> bool:
        """Whether the hero's tokenizer can spell the symbol keys of `skill`."""
        return spells(self.hero.tokenizer, skill.symbol_alphabet)

    def load(self, payload: dict[str, Any]) -> ray.ObjectRef[Any] | None:
        """Put the weights that a payload names into the model. Returns the snapshot's reference, if it is one.

        Raises:
            Superseded: the snapshot is gone.
        """
        if payload.get("checkpoint_id") is not None:
            self._load_checkpoint(payload["checkpoint_id"])
            return None
        key = f"{payload['battle_id']}@{payload['step']}"
        held = ask(self.service.peer("arena").snapshot.remote(payload["battle_id"], payload["step"]))
        if held is None:
            raise Superseded("superseded")
        if self.loaded != key:
            try:
                weights: dict[str, np.ndarray] = ray.get(held[0], timeout=30)
            except (ObjectLostError, RayActorError):
                raise Superseded("superseded: the battle that made the snapshot is gone") from None
            load_weights(self.hero, weights)
            self.loaded = key
        return held[0]

    def resolve(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload with the newest weights that can be had named in it, if it asks for the newest.

        Raises:
            Superseded: there are none.
        """
        if payload.get("weights") is None:
            return payload
        named = {name: value for name, value in payload.items() if name != "weights"}
        engine = self.service.peer("skill_engine")
        for weights in ask(engine.newest_weights.remote(payload["campaign_id"])):
            try:
                self.load(named | weights)
            except Superseded:
                continue
            return named | weights
        raise Superseded("the weights are gone")

    def require_wanted(self, job: dict[str, Any]) -> None:
        """Return if the job is still to be done: an early look, before a quest is made of what it found.

        Raises:
            Superseded: it was cancelled meanwhile.
        """
        found = ask(self.service.peer("task_master").show.remote(job["id"]))
        if found["status"] == JobStatus.CANCELLED:
            raise Superseded(found["cancel_reason"] or "cancelled")

    def _load_checkpoint(self, checkpoint_id: str) -> None:
        if self.loaded == checkpoint_id:
            return
        data = ask(self.service.peer("vault_keeper").read_weights.remote(checkpoint_id), timeout_s=600)
        tensors = load_safetensors(data.tobytes())
        load_weights(self.hero, tensors)
        self.loaded = checkpoint_id
