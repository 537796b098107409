"""The ledger as it is asked for: pages, one checkpoint, bests, uses, promotion. A part of VaultKeeper."""

from __future__ import annotations

import difflib
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.rows import row_of
from actors.service import now
from actors.vault_base import VaultBase
from realm.errors import NotFoundError, RequestError
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.stronghold import Zone
from realm.store.checkpoint_pages import Wanted
from realm.vault.paths import clean, confined, hidden

MAX_PAGE = 1000
ALIASES = ("champion", "latest")


class VaultLedger(VaultBase):
    """Reading the ledger, and the marks that people and services set in it."""

    def show(self, name: str) -> dict[str, Any]:
        """One checkpoint by id or by its name within the active campaign, with its ancestry and who uses it."""
        checkpoint = self.checkpoints.get(name)
        kin = {
            "lineage": self.checkpoints.lineage(checkpoint.id),
            "children": self.checkpoints.children(checkpoint.id),
        }
        brief = ("id", "step", "saved_at", "created_by")
        uses = self.uses.of(checkpoint.id, now())
        return {
            **self.row(checkpoint),
            **{key: [{name: row_of(each)[name] for name in brief} for each in found] for key, found in kin.items()},
            "uses": [{"holder": use.holder, "expires_at": use.expires_at.isoformat()} for use in uses],
        }

    def best(self, metric: str = "exam_accuracy", campaign_id: str | None = None) -> dict[str, Any] | None:
        """The best checkpoint of a campaign, the active one if none is given, by `metric`."""
        found = self.checkpoints.best(campaign_id or self.campaign_id, metric)
        return None if found is None else self.row(found)

    def summary(self) -> dict[str, Any]:
        """The ledger in numbers: the active campaign's champion and newest, the checkpoints of each reason."""
        campaign = self.campaigns.get(self.campaign_id)
        newest = self.checkpoints.newest(campaign.id)
        reasons = {each.value: Wanted(campaign.id, created_by=each) for each in CreatedBy}
        return {
            **self.stats(),
            "campaign_id": campaign.id,
            "champion_id": campaign.champion_id,
            "champion_accuracy": campaign.champion_accuracy,
            "exam_version": campaign.exam_version,
            "latest_id": newest.id if newest else None,
            "by_reason": {reason: self.checkpoints.ledger(wanted, limit=0).total for reason, wanted in reasons.items()},
        }

    def stats(self) -> dict[str, Any]:
        """Numbers and bytes of live checkpoints and of the trash."""
        return row_of(self.checkpoints.sizes())

    def promote(self, name: str) -> dict[str, Any]:
        """Make a checkpoint its campaign's champion by hand: the champion before, if there was one, and after.

        One that was not examined is examined next; until then nothing takes its place.
        """
        checkpoint = self.checkpoints.get(name)
        before, after = self.campaigns.promote(checkpoint.id, now())
        known = self.checkpoints.find(before.champion_id) if before.champion_id else None
        self.write_sidecar(self.checkpoints.get(checkpoint.id))
        self.peer("campaign_director").checkpoint_saved.remote(checkpoint.id)
        rows = self.rows([each for each in (known, self.checkpoints.get(checkpoint.id)) if each])
        return {
            "before": {**rows[0], "champion_accuracy": before.champion_accuracy} if known else None,
            "after": {**rows[-1], "champion_accuracy": after.champion_accuracy},
        }

    def use(self, name: str, holder: str, ttl_s: float = 600.0) -> dict[str, Any]:
        """Protect a checkpoint for `ttl_s` seconds because `holder` has it loaded; renewed by asking again."""
        if not 0 < ttl_s <= 86_400:
            raise RequestError(f"ttl_s is {ttl_s}, not between 0 and 86400.", "Renew a longer use.")
        return row_of(self.uses.use(name, holder, now() + timedelta(seconds=ttl_s)))

    def unuse(self, name: str, holder: str) -> None:
        """End a use."""
        found = self.checkpoints.find(name) or self.checkpoints.get(name)
        self.uses.unuse(found.id, holder)

    def book(self, name: str) -> dict[str, Any]:
        """What the Oracle answers from: `checkpoint_id`, `sha256`, `step` of a checkpoint by id or name, or of
        `champion` or `latest`.

        Raises:
            NotFoundError: there is none; names those that are nearest.
        """
        if name in ALIASES:
            found = self.aliases()[name]
            if found is None:
                raise NotFoundError(f"There is no {name} yet.", "A battle saves checkpoints; an exam makes a champion.")
            return found
        try:
            return _book(self.checkpoints.get(name))
        except NotFoundError as error:
            known = [*ALIASES, *(each["checkpoint_id"] for each in self.books())]
            short = {each.partition("/")[2] or each: each for each in known}
            near = difflib.get_close_matches(name.partition("/")[2] or name, short, n=3, cutoff=0.3)
            remedy = f"Nearest: {', '.join(short[each] for each in near)}." if near else error.remedy
            raise NotFoundError(error.problem, remedy) from None

    def books(self) -> list[dict[str, Any]]:
        """The newest checkpoints of the active campaign, with `campaign_id` and `saved_at`."""
        found = self.checkpoints.ledger(Wanted(self.campaign_id), limit=MAX_PAGE).checkpoints
        more = ({"campaign_id": each.campaign_id, "saved_at": each.saved_at.isoformat()} for each in found)
        return [{**_book(each), **other} for each, other in zip(found, more, strict=True)]

    def aliases(self) -> dict[str, dict[str, Any] | None]:
        """What `champion` and `latest` stand for, None where there is none.

        The champion is that of the active campaign; with `oracle.follow_champion` off, the one promoted by hand last.
        """
        campaign = self.campaigns.get(self.campaign_id)
        newest = self.checkpoints.newest(campaign.id)
        if self.config.oracle.follow_champion:
            champion = self.checkpoints.find(campaign.champion_id) if campaign.champion_id else None
        else:
            champion = self.checkpoints.last_promoted(campaign.id)
        named = {"champion": champion, "latest": newest}
        return {alias: None if found is None else _book(found) for alias, found in named.items()}

    def files(self, name: str) -> list[dict[str, Any]]:
        """The files of a checkpoint's folder at home by path and size."""
        folder = self._folder(name)
        found = sorted(file for file in folder.rglob("*") if file.is_file())
        paths = [(file.relative_to(folder).as_posix(), file.stat().st_size) for file in found]
        return [{"path": path, "size_bytes": size} for path, size in paths if not hidden(path)]

    def file(self, name: str, relative_path: str) -> dict[str, Any]:
        """One file of a checkpoint's folder at home: its absolute path and size; of the weights the sha256.

        Raises:
            RequestError: the path leads out of the folder.
            NotFoundError: there is no such file, or no folder at home.
        """
        checkpoint = self.checkpoints.get(name)
        folder = self._folder(name)
        place = confined(folder, relative_path)
        if hidden(clean(relative_path)) or not place.is_file():
            raise NotFoundError(f"Checkpoint {checkpoint.id} has no file {relative_path!r}.", "List its files.")
        found: dict[str, Any] = {"path": str(place), "size_bytes": place.stat().st_size}
        if place.name == "model.safetensors":
            found["sha256"] = checkpoint.sha256
        return found

    def _folder(self, name: str) -> Path:
        checkpoint = self.checkpoints.get(name)
        if not checkpoint.path or not Path(checkpoint.path).is_dir():
            raise NotFoundError(f"Checkpoint {checkpoint.id} has no folder at home.", "Transfer it to `home` first.")
        return Path(checkpoint.path).resolve()

    def list(
        self,
        sort: str = "saved_at",
        descending: bool = True,
        campaign_id: str | None = None,
        zone: str | None = None,
        skill: str | None = None,
        created_by: str | None = None,
        trashed: bool = False,
        search: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> dict[str, Any]:
        """A page of a campaign's checkpoints, the active one's if none is given, and how many there are.

        `sort`: saved_at, step, exam_accuracy, val_loss, train_loss, size_bytes or skill:ID. `search`: part of a name.
        """
        if not 1 <= limit <= MAX_PAGE or not 0 <= offset < 1 << 62:
            raise RequestError(f"limit {limit}, offset {offset}: out of range.", f"1 to {MAX_PAGE}, and 0 or more.")
        wanted = Wanted(
            campaign_id or self.campaign_id,
            trashed,
            tuple(self.in_zone(_zone(zone))) if zone else None,
            skill,
            _reason(created_by) if created_by else None,
            search,
        )
        page = self.checkpoints.ledger(wanted, sort, descending, limit, offset)
        return {"checkpoints": [*self.rows(page.checkpoints)], "total": page.total}


def _book(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"checkpoint_id": checkpoint.id, "sha256": checkpoint.sha256, "step": checkpoint.step}


def _zone(zone: str) -> Zone:
    if zone not in tuple(Zone):
        raise RequestError(f"There is no zone {zone!r}.", f"There are {', '.join(Zone)}.")
    return Zone(zone)


def _reason(created_by: str) -> CreatedBy:
    if created_by not in tuple(CreatedBy):
        raise RequestError(f"No checkpoint is created by {created_by!r}.", f"Known are {', '.join(CreatedBy)}.")
    return CreatedBy(created_by)
