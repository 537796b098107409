"""What handlers share on a worker: one loaded hero whose weights are exchanged, the skills, the exam panel. A job whose
weights are of a campaign of another hero has that one loaded instead.

Knows no Ray; torch is loaded with the hero, which many jobs never ask for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from actors.handlers.port import Port, Superseded, Unwanted
from realm.catalog import hero_spec
from realm.errors import ClusterError, RealmError
from realm.home import RealmHome
from realm.rules.campaign import hero_of
from realm.rules.job_tasks import SkillVersion, Weights
from skills import Engine, Problem, Skill, exam_panel, get_engine

if TYPE_CHECKING:
    from realm.models.hero import Hero


class Context:
    """Weights by checkpoint or snapshot, loaded into one model; the job that runs, and whether it is still wanted."""

    def __init__(self, port: Port, threads: int = 1) -> None:
        self.port = port
        self.threads = threads
        self.held: list[Any] | None = None
        """The snapshot that the running job has loaded, as a list of one object reference."""
        self.loaded: str = ""
        self.hero_id: str = ""
        """Of the hero that is loaded, "" before the first."""
        self.model: Hero | None = None
        self.held_out: list[Problem] | None = None
        self.panels: dict[tuple[str, ...], list[Problem]] = {}
        self.unwanted = threading.Event()
        self.at_work = threading.Lock()
        """Held while a job runs, or the hero is loaded before one."""

    @cached_property
    def skills(self) -> Engine:
        return get_engine()

    # The job

    def begin(self) -> None:
        """Another job runs."""
        self.held = None
        self.unwanted.clear()

    def drop(self) -> None:
        """The running job is to end: it was cancelled or taken away."""
        self.unwanted.set()

    def wanted(self) -> bool:
        """Whether the running job is still to be done."""
        return not self.unwanted.is_set()

    def require_wanted(self) -> None:
        """Handlers call this between two parts of their work.

        Raises:
            Unwanted: the job is to end.
        """
        if self.unwanted.is_set():
            raise Unwanted("the job is no longer this worker's")

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the job is to end.

        Raises:
            Unwanted: it is.
        """
        self.unwanted.wait(seconds)
        self.require_wanted()

    # The realm

    @property
    def home(self) -> RealmHome:
        return self.port.home

    def ask(self, service: str, method: str, *args: Any, timeout_s: float = 60.0, **named: Any) -> Any:
        """What a service of the realm answers."""
        return self.port.ask(service, method, *args, timeout_s=timeout_s, **named)

    def skill(self, version: SkillVersion) -> Skill:
        """The skill of this very version.

        Raises:
            ClusterError: this worker has another one; a worker of the realm's own version can do the job.
        """
        found = self.skills.get(version.id)
        if found.fingerprint != version.fingerprint:
            raise ClusterError(
                f"Skill {version.id} of this worker is of another version than the realm's.",
                "Install the version that the realm runs, then start the worker again.",
            )
        return found

    # The hero

    def warm_up(self, hero_id: str) -> None:
        """Load the model of a hero. While a job runs nothing is done: the job that needs it loads it then."""
        if not self.at_work.acquire(blocking=False):
            return
        try:
            self._become(hero_id)
        except RealmError as error:
            print(f"not warmed up: {error}")
        finally:
            self.at_work.release()

    @property
    def hero(self) -> Hero:
        """The model whose weights `load` has put in."""
        assert self.model is not None, "weights are loaded before they are asked"
        return self.model

    def _become(self, hero_id: str) -> None:
        """Have this hero loaded, alone; where its folder is missing, an empty one to put weights into."""
        from realm.models.hero import empty_hero, pick_device, weight_dtype
        from realm.training.settings import open_hero, set_threads

        if self.hero_id == hero_id:
            return
        self.hero_id, self.loaded, self.model, self.held_out = "", "", None, None
        self.panels.clear()
        set_threads(self.threads)
        spec = hero_spec(hero_id)
        with self.port.hero_files(hero_id) as files:
            if files.whole:
                self.model = open_hero(spec, files.source)
            else:
                self.model = empty_hero(files.source, weight_dtype(spec, pick_device()), pick_device())
        self.hero_id = hero_id

    @property
    def validation(self) -> list[Problem]:
        """The problems of the validation loss: over the skills that the hero begins with, whichever are enabled now."""
        from realm.inference.evaluation import validation_set

        if self.held_out is None:
            begun = [self.skills.get(skill_id) for skill_id in hero_spec(self.hero_id).skills]
            self.held_out = validation_set(begun, self.spells)
        return self.held_out

    def panel(self, skills: Sequence[Skill]) -> list[Problem]:
        """The exam's problems."""
        key = tuple(skill.id for skill in skills)
        if self.panels.get(key) is None:
            self.panels = {key: exam_panel(skills, symbols=self.spells)}
        return self.panels[key]

    def spells(self, skill: Skill) -> bool:
        """Whether the hero's tokenizer can spell the symbol keys of `skill`."""
        from realm.models.chat import spells

        return spells(self.hero.tokenizer, skill.symbol_alphabet)

    def load(self, choices: Sequence[Weights]) -> Weights:
        """Put the first of these weights that can be had into the model.

        Raises:
            Superseded: all of them are gone.
        """
        for weights in choices:
            try:
                self._load(weights)
            except Superseded:
                if weights is choices[-1]:
                    raise
                continue
            return weights
        raise Superseded("superseded: no weights are named")

    def _load(self, weights: Weights) -> None:
        from realm.inference.generation import load_weights

        self._become(hero_of(weights.campaign_id))
        if weights.checkpoint_id is not None:
            if self.loaded != weights.checkpoint_id:
                self._put(load_weights, self.port.checkpoint(weights.checkpoint_id), weights.checkpoint_id)
            return
        snapshot = self.port.snapshot(str(weights.battle_id), weights.step)
        self._put(load_weights, snapshot.weights, f"{weights.battle_id}@{weights.step}")
        self.held = snapshot.held

    def _put(self, load_weights: Any, weights: Any, name: str) -> None:
        # Weights that were put in by half are nobody's.
        self.loaded = ""
        load_weights(self.hero, weights)
        self.loaded = name
