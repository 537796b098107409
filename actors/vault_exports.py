"""What VaultKeeper does with folders for the world outside: exports of checkpoints, imports of models.

Knows no torch: what transformers must say of a folder is asked in a task.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import ray

import realm
from actors.cluster import INTAKE, ON_HEAD
from actors.rows import row_of
from actors.service import Service, now
from actors.skill_rows import share
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.campaign import Campaign
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name
from realm.rules.stronghold import Asset, AssetKind, Protection
from realm.store.assets import AssetStore
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.model_cards import ModelCardStore
from realm.vault.card import origin_of, quest_list, write_card
from realm.vault.export import ExportFormat
from realm.vault.exporter import Exporter, Order
from realm.vault.imports import ModelFolder, copy_model, import_name, read_model_folder, weights_sha256
from realm.vault.places import places
from realm.vault.staging import require_space, staged, sweep

CHECK_TIMEOUT_S = 600.0


class VaultExports(Service):
    """The part of VaultKeeper that exports and imports."""

    asset_books: AssetStore
    checkpoints: CheckpointStore

    def record(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Enter a checkpoint whose folder is complete into the ledger."""
        raise NotImplementedError

    def base_model(self, hero_id: str) -> str:
        """Folder or hub name of a hero's starting weights."""
        raise NotImplementedError

    def held(self, checkpoint: Checkpoint, holder: str) -> AbstractContextManager[Path]:
        """A whole copy of a checkpoint on the head, kept while it is read."""
        raise NotImplementedError

    @cached_property
    def exporter(self) -> Exporter:
        return Exporter(self.home.exports)

    @cached_property
    def importing(self) -> threading.Lock:
        """Held by the one import that is under way."""
        return threading.Lock()

    @cached_property
    def model_cards(self) -> ModelCardStore:
        return ModelCardStore(self.database)

    @property
    def imports(self) -> Path:
        """Imported models, a folder each."""
        return self.home.models / "imports"

    def tidy_exports(self) -> None:
        """Remove what a killed process left half exported or half imported. At the actor's start."""
        sweep(self.home.exports)
        sweep(self.imports)

    # Exports

    def export_start(
        self, name: str, format: str = "folder", force: bool = False, include_optimizer: bool = False
    ) -> dict[str, Any]:
        """Begin to write a checkpoint to the folder of exports; the row of the export, pending.

        Raises:
            NotFoundError: no such checkpoint.
            RequestError: an unknown format.
            ConflictError: it was exported before and not `force`.
        """
        kind = _format(format)
        checkpoint = self.checkpoints.get(name)
        hero = hero_spec(checkpoint.hero_id)
        config = self.config
        facts = self.model_cards.facts(checkpoint.id)
        origin = origin_of(hero, config.of_hero(hero.id).hero.base_model)
        order = Order(
            checkpoint_id=checkpoint.id,
            source=partial(self.held, checkpoint, f"export of {checkpoint.id} as {kind}"),
            sha256=checkpoint.sha256,
            extras={
                "README.md": write_card(facts, hero, origin, now(), realm.__version__),
                "quests.json": quest_list(facts),
            },
            format=kind,
            include_optimizer=include_optimizer,
            force=force,
            min_free=config.vault.min_free_mb * 1_000_000,
        )
        return row_of(self.exporter.start(order))

    def exports(self) -> list[dict[str, Any]]:
        """Exports under way, ended and lying finished on disk, newest first."""
        return [row_of(each) for each in self.exporter.list()]

    def export_status(self, export_id: str) -> dict[str, Any]:
        """One export."""
        return row_of(self.exporter.get(export_id))

    def export_cancel(self, export_id: str) -> dict[str, Any]:
        """Give an export up; nothing of it is left."""
        return row_of(self.exporter.cancel(export_id))

    def measured(self, name: str) -> dict[str, Any]:
        """What the books say of a checkpoint's weights: evaluations, exam and passives, each with n and interval.

        An evaluation whose `own` is false asked earlier weights of the campaign, those of its `step`.
        """
        facts = self.model_cards.facts(self.checkpoints.get(name).id)
        evaluations = [
            {
                "skill_id": each.skill_id,
                "level": each.level,
                "step": each.step,
                "own": facts.is_own(each),
                **share(each.correct, each.n),
            }
            for each in facts.evaluations
        ]
        passives = [{"passive": each.passive, **share(each.correct, each.n)} for each in facts.passives]
        return {
            "checkpoint_id": facts.checkpoint.id,
            "exam": None if facts.exam is None else row_of(facts.exam),
            "evaluations": evaluations,
            "passives": passives,
        }

    # Imports

    @ray.method(concurrency_group=INTAKE)
    def import_folder(self, path: str, confined: bool = True) -> dict[str, Any]:
        """Take a Hugging Face folder into the vault.

        A campaign that has not begun, of a hero of the same shape and tokenizer, starts from it: it becomes the
        checkpoint of step 0. Any other is kept as a base model that `hero.base_model` can name. The same weights again
        are answered as they were taken. `confined`: only below the realm's own folders and its strongholds.

        Returns:
            `checkpoint` or `asset`, the other None; `path` of the copy; `next`, how a campaign starts from it.

        Raises:
            NotFoundError: there is no such folder.
            RequestError: it lies elsewhere.
            HeroError: it holds no model that can be trained.
            DiskFullError: it does not fit.
        """
        source = self._confine(Path(path)) if confined else Path(path).resolve()
        with self.importing:
            found = read_model_folder(source)
            require_space(self.imports / source.name, found.size_bytes, self.config.vault.min_free_mb * 1_000_000)
            sha256 = weights_sha256(found)
            return self._import_start(found, sha256) or self._import_base(found, sha256)

    def imported_start(self, campaign_id: str) -> Checkpoint | None:
        """The imported checkpoint that the campaign starts from, when there is one."""
        first = self.model_cards.start_of(campaign_id)
        return first if first is not None and first.created_by == CreatedBy.IMPORT else None

    def _confine(self, path: Path) -> Path:
        home = self.home
        known = places(home, self.config).values()
        folders = [place.folder for place in known if place.node is None and place.folder is not None]
        allowed = [home.exports, home.data, home.models, *folders]
        resolved = path.resolve()
        if not path.is_absolute() or not any(resolved.is_relative_to(each.resolve()) for each in allowed):
            raise RequestError(
                f"path {str(path)!r} is in none of the vault's folders.",
                f"Put the folder into {home.data}, or import it on the head: realm vault import {path}.",
            )
        return resolved

    def _import_start(self, found: ModelFolder, sha256: str) -> dict[str, Any] | None:
        """The answer when the active campaign starts from these weights, or can: see `import_folder`."""
        campaign = self.campaigns.get_current()
        if campaign is None:
            return None
        start = self.imported_start(campaign.id)
        if start is None or start.sha256 != sha256:
            if not self._begins_with(campaign, found):
                return None
            saved_at = now()
            folder = self.home.checkpoints / campaign.id / canonical_name(0, saved_at)
            self._copy(found, sha256, folder)
            entry = {
                "path": str(folder),
                "step": 0,
                "sha256": sha256,
                "size_bytes": _size(folder),
                "campaign_id": campaign.id,
                "hero_id": campaign.hero_id,
                "created_by": CreatedBy.IMPORT.value,
                "saved_at": saved_at.isoformat(),
            }
            row = self.record(entry)
        else:
            row = row_of(start)
        return {
            "checkpoint": row,
            "asset": None,
            "path": row["path"],
            "next": f"Campaign {campaign.id} starts from it.",
        }

    def _begins_with(self, campaign: Campaign, found: ModelFolder) -> bool:
        """Whether the campaign has not begun and its hero is of this shape, with this tokenizer."""
        if BattleStore(self.database).page(campaign.id, limit=1) or self.checkpoints.newest(campaign.id) is not None:
            return False
        base = Path(self.base_model(campaign.hero_id))
        return base.is_dir() and read_model_folder(base).same_hero(found)

    def _import_base(self, found: ModelFolder, sha256: str) -> dict[str, Any]:
        """Keep the model as a base model, once."""
        folder = self.imports / import_name(found, sha256)
        asset_id = f"imports/{folder.name}"
        try:
            asset = self.asset_books.get(asset_id)
        except NotFoundError:
            asset = None
        if asset is None or not folder.exists():
            said = self.check_model(folder) if folder.exists() else self._copy(found, sha256, folder)
            asset = self.asset_books.register(
                Asset(
                    id=asset_id,
                    kind=AssetKind.BASE_MODEL,
                    name=folder.name,
                    sha256=sha256,
                    size_bytes=_size(folder),
                    created_at=now(),
                    protection=Protection.SACRED,
                    data={**said, "path": str(folder)},
                )
            )
        return {
            "checkpoint": None,
            "asset": row_of(asset),
            "path": str(folder),
            "next": "A campaign without checkpoints starts from it once it is the base model: "
            f"realm config set hero.base_model {folder} --unlock.",
        }

    def _copy(self, found: ModelFolder, sha256: str, folder: Path) -> dict[str, Any]:
        """Copy the model to `folder` if transformers takes the copy; what transformers says of it."""
        with staged(folder) as staging:
            if copy_model(found, staging) != sha256:
                raise ConflictError(f"{found.path} changed while it was copied.", "Import it again.")
            return self.check_model(staging)

    def check_model(self, folder: Path) -> dict[str, Any]:
        """What transformers says of a folder, asked in a task that takes torch with it when it ends."""
        task = ray.remote(max_calls=1, num_cpus=0, resources=dict(ON_HEAD))(_check_model_folder)
        return ask(task.remote(str(folder)), CHECK_TIMEOUT_S)


def _check_model_folder(folder: str) -> dict[str, Any]:
    from realm.models.importing import check_model_folder

    return check_model_folder(folder)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _format(word: str) -> ExportFormat:
    if word not in list(ExportFormat):
        raise RequestError(f"format is {word!r}.", f"It is one of {', '.join(ExportFormat)}.")
    return ExportFormat(word)
