"""QuestBoard: accepts, orders, leases and finishes quests. The rules are in `realm.quests` and `realm.store.quests`."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import ray

from actors.cluster import INTAKE
from actors.intakes import Intakes
from actors.rows import row_of
from actors.service import Service, Ticker, now
from actors.waiting import ask
from realm.catalog import hero_spec
from realm.errors import QuestError, RealmError
from realm.quests import (
    INCOMING,
    Example,
    QuestManifest,
    admit,
    display_name,
    inspect,
    read_manifest,
    shard_path,
    sweep,
    write_generated,
)
from realm.rules.campaign import hero_of
from realm.rules.quest import Quest, QuestPriority, QuestStatus
from realm.rules.sparring import ORIGIN as SPARRING
from realm.store.quests import QuestStore

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INBOX_INTERVAL_S = 1.0
SETTLED_S = 1.0
"""A file in the inbox is taken once its size has not changed for this long."""
RETRY_S = 60.0
"""Between two tries with a file of the inbox that could not be taken for a reason that is not its own."""


class QuestBoard(Service):
    """The board of quests: training data files in the order in which they will be fought."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.quests = QuestStore(self.database)
        self.seen: dict[Path, tuple[int, float]] = {}
        self.later: dict[Path, float] = {}
        self.intakes = Intakes()
        self.tokenizers: dict[str, PreTrainedTokenizerBase] = {}
        for folder in (self.home.quests, *(each for each in self.home.quests.iterdir() if each.is_dir())):
            sweep(folder)
        self.inbox = Ticker("inbox", INBOX_INTERVAL_S, self._watch_inbox, print)

    # Posting

    def inspect(self, path: str, name: str) -> dict[str, Any]:
        """The first rows of a file that is on the head's machine, without queueing it.

        Raises:
            QuestError: one of them cannot be used.
        """
        found = inspect(path)
        return {
            "name": display_name(name),
            "size_bytes": found.size_bytes,
            "format": found.format,
            "compression": found.compression,
            "shape": found.shape,
            "examples_checked": len(found.examples),
            "preview": [example.to_row() for example in found.examples],
        }

    @ray.method(concurrency_group=INTAKE)
    def post(
        self, path: str, name: str | None = None, priority: str = "normal", intake_id: str | None = None
    ) -> dict[str, Any]:
        """Validate a file on the head's machine and queue it. `intake_id` is for asking how far it is.

        Returns:
            `quest`, and whether it was a `duplicate` of one on the board.

        Raises:
            QuestError: it cannot be used; it is noted as rejected.
            ConflictError: it was given up by `cancel_intake`.
        """
        return self._take_in(path, name, priority, intake_id)

    def intake(self, intake_id: str) -> dict[str, Any]:
        """How far the reading of a posted file is: bytes_done of bytes_total."""
        return self.intakes.progress(intake_id)

    def cancel_intake(self, intake_id: str) -> None:
        """Give up a posted file that is not queued yet; its `post` raises ConflictError."""
        self.intakes.cancel(intake_id)

    @ray.method(concurrency_group=INTAKE)
    def post_bytes(
        self, data: bytes, name: str, priority: str = "normal", intake_id: str | None = None
    ) -> dict[str, Any]:
        """As `post`, for a driver that runs on another machine and sends the file's bytes."""
        with tempfile.TemporaryDirectory(dir=self.home.quests, prefix=INCOMING) as folder:
            file = Path(folder) / "posted"
            file.write_bytes(data)
            return self._take_in(str(file), name, priority, intake_id)

    def post_generated(
        self, campaign_id: str, name: str, skill_id: str, level: int, batch: dict[str, Any]
    ) -> dict[str, Any]:
        """Queue a generated quest of a campaign at low priority: what people post goes first. `batch`: a
        `training_batch`.

        Raises:
            QuestError: no example fits the hero's context.
        """
        manifest = self._write(campaign_id, batch["examples"], name)
        made_of = batch["made_of"]
        return self._queue(campaign_id, manifest, QuestPriority.LOW, "auto", name, skill_id, level, made_of)

    def post_sparring(
        self, campaign_id: str, name: str, skill_id: str, level: int, examples: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Queue what was made of a hero's mistakes at high priority, once under this name. Returns the quest."""
        found = self.quests.named(campaign_id, SPARRING, name)
        if found is not None:
            return row_of(found)
        manifest = self._write(campaign_id, examples, name)
        return self._queue(campaign_id, manifest, QuestPriority.HIGH, SPARRING, name, skill_id, level)["quest"]

    # Order

    def list(self, statuses: list[str] | None = None, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """Quests as `quests`, and the `total` in these statuses: the queue in its order, otherwise newest first."""
        wanted = [QuestStatus(status) for status in statuses] if statuses else None
        waiting = wanted is not None and set(wanted) <= {QuestStatus.QUEUED, QuestStatus.ACTIVE}
        campaign = self.campaign_id
        page = self.quests.page(campaign, wanted, limit, offset, "queue" if waiting else "newest")
        counts = self.quests.counts(campaign)
        return {"quests": [row_of(quest) for quest in page], "total": sum(counts[s] for s in wanted or QuestStatus)}

    def show(self, quest_id: str) -> dict[str, Any]:
        """One quest with its manifest, as far as its files are still there."""
        quest = self.quests.get(quest_id)
        folder = self._folder(quest)
        manifest = read_manifest(folder).to_dict() if folder.is_dir() else None
        return {**row_of(quest), "manifest": manifest}

    def cancel(self, quest_id: str, reason: str | None = None) -> dict[str, Any]:
        """Cancel a queued or active quest; the battle leaves an active one at its next step."""
        before = self.quests.get(quest_id)
        quest = self.quests.cancel(quest_id, now(), reason)
        if before.status == QuestStatus.ACTIVE:
            ask(self.peer("arena").end_quest.remote(quest_id, "cancelled"))
        else:
            self._discard([quest])
        return row_of(quest)

    def retry(self, quest_id: str) -> dict[str, Any]:
        """Queue a failed or cancelled quest again.

        Raises:
            RealmError: its files are gone (a generated quest).
        """
        quest = self.quests.get(quest_id)
        if not self._folder(quest).is_dir():
            raise QuestError(f"The files of quest {quest.name} are gone.", "Post its file again.")
        return row_of(self.quests.retry(quest_id, now()))

    def set_priority(self, quest_id: str, priority: str) -> dict[str, Any]:
        return row_of(self.quests.set_priority(quest_id, QuestPriority(priority), now()))

    def move(self, quest_id: str, before: str | None = None, after: str | None = None) -> dict[str, Any]:
        """Put a queued quest right before or after another of the same priority; with neither, last of its priority."""
        if before is None and after is None:
            moved = self.quests.get(quest_id)
            queue = self.quests.page(self.campaign_id, (QuestStatus.QUEUED,), limit=100_000, order="queue")
            after = next((each.id for each in reversed(queue) if each.priority == moved.priority), quest_id)
            if after == quest_id:
                return row_of(moved)
        return row_of(self.quests.move(quest_id, now(), before=before, after=after))

    def counts(self) -> dict[str, int]:
        """Quests per status."""
        return {status.value: count for status, count in self.quests.counts(self.campaign_id).items()}

    # Fights

    def claim(self, attempt_id: str, holding: list[str]) -> dict[str, Any] | None:
        """The next quest, leased to the attempt, as a ticket; None when the board is empty."""
        while (quest := self.quests.claim(attempt_id, now(), holding=holding)) is not None:
            try:
                return self._ticket(quest)
            except RealmError as error:
                self.quests.fail(quest.id, str(error), now())
        return None

    def peek(self) -> dict[str, Any] | None:
        """The quest that would be claimed next."""
        quest = self.quests.next_queued(self.campaign_id)
        return None if quest is None or not self._folder(quest).is_dir() else self._ticket(quest)

    def renew(self, attempt_id: str) -> list[str]:
        """Extend the attempt's leases; the quests that are still its own."""
        return sorted(self.quests.renew(attempt_id, now()))

    def fits(self, hero_id: str, examples: list[dict[str, Any]]) -> dict[str, int]:
        """How many of these examples fit a hero's context: `fitting`, the `shortest` in tokens, and the `limit`."""
        measure, limit = self._measure(hero_id), self._max_length(hero_id)
        lengths = [measure(Example.from_row(each)) for each in examples]
        return {"fitting": sum(each <= limit for each in lengths), "shortest": min(lengths), "limit": limit}

    def spells(self, hero_id: str, characters: str) -> bool:
        """Whether a hero's tokenizer can spell every one of `characters`."""
        from realm.models.chat import spells

        return spells(self._tokenizer(hero_id), characters)

    def read_shard(self, quest_id: str, index: int) -> Any:
        """The bytes of one shard, as a uint8 array: they travel through the object store without a copy."""
        return np.fromfile(shard_path(self._folder(self.quests.get(quest_id)), index), dtype=np.uint8)

    def began(self, quest_id: str, attempt_id: str, first_step: int, steps_total: int) -> None:
        self.quests.begin(quest_id, attempt_id, first_step, steps_total, now())

    def fought(self, attempt_id: str, outcome: dict[str, Any]) -> None:
        """All steps of a quest are done, or it ended early."""
        quest = self.quests.finish(
            outcome["quest_id"],
            attempt_id,
            now(),
            last_step=outcome["last_step"],
            steps_fought=outcome["steps_fought"],
            ended_by=outcome["ended_by"],
            train_loss=outcome["train_loss"],
            heldout_loss=outcome["heldout_loss"],
            gap_s=outcome["gap_s"],
        )
        if quest.status == QuestStatus.CANCELLED:
            self._discard([quest])

    def failed(self, quest_id: str, reason: str) -> None:
        """A quest that cannot be fought."""
        self.quests.fail(quest_id, reason, now())

    def complete_through(self, campaign_id: str, step: int) -> int:
        """A durable checkpoint covers `step`: what was fought up to it is completed. How many that was."""
        done = self.quests.complete_through(campaign_id, step, now())
        self._discard(done)
        return len(done)

    def rewind(
        self, campaign_id: str, step: int, cursor_quest_id: str | None, attempt_id: str
    ) -> dict[str, Any] | None:
        """Set the board back to the checkpoint an attempt starts from; the quest its cursor is in, as a ticket."""
        rewound = self.quests.rewind(campaign_id, step, cursor_quest_id, attempt_id, now())
        self._discard(rewound.completed)
        return None if rewound.cursor is None else self._ticket(rewound.cursor)

    # Inside

    def _write(self, campaign_id: str, examples: list[dict[str, Any]], name: str) -> QuestManifest:
        """A generated quest's files; examples longer than the hero's context are left out and counted."""
        hero_id = hero_of(campaign_id)
        measure, limit = self._measure(hero_id), self._max_length(hero_id)
        return write_generated(examples, self._shelf(hero_id), name, measure, limit)

    def _take_in(
        self, path: str, name: str | None = None, priority: str = "normal", intake_id: str | None = None
    ) -> dict[str, Any]:
        shown = display_name(name or Path(path).name)
        # Another campaign may become active while the file is read: it is measured and queued for this one.
        campaign_id = self.campaign_id
        hero_id = hero_of(campaign_id)
        try:
            with self.intakes.reading(intake_id or secrets.token_hex(8), shown) as progress:
                measure, limit = self._measure(hero_id), self._max_length(hero_id)
                manifest = admit(path, self._shelf(hero_id), shown, measure, limit, progress)
        except QuestError as error:
            source = Path(path)
            size = source.stat().st_size if source.is_file() else 0
            self.quests.reject(campaign_id, shown, f"{error.problem} {error.remedy}", now(), error.line, size)
            raise
        return self._queue(campaign_id, manifest, priority, "user", shown)

    def _queue(
        self,
        campaign_id: str,
        manifest: QuestManifest,
        priority: str,
        origin: str,
        name: str,
        skill_id: str | None = None,
        level: int | None = None,
        made_of: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        posted = self.quests.add(
            campaign_id,
            manifest.sha256,
            name,
            now(),
            shape=manifest.shape,
            examples=manifest.examples,
            size_bytes=manifest.size_bytes,
            skipped_too_long=manifest.skipped_too_long,
            priority=QuestPriority(priority),
            origin=origin,
            skill_id=skill_id,
            level=level,
            made_of=made_of,
        )
        return {"quest": row_of(posted.quest), "duplicate": posted.duplicate}

    def _shelf(self, hero_id: str) -> Path:
        """Where files are taken in for a hero."""
        shelf = self.home.quests / hero_id
        shelf.mkdir(exist_ok=True)
        return shelf

    def _folder(self, quest: Quest) -> Path:
        return self.home.quest(hero_of(quest.campaign_id), quest.sha256 or "rejected")

    def _ticket(self, quest: Quest) -> dict[str, Any]:
        manifest = read_manifest(self._folder(quest))
        return {
            "quest_id": quest.id,
            "name": quest.name,
            "origin": quest.origin,
            "shard_sizes": [shard.examples for shard in manifest.shards],
            "skill_id": quest.skill_id,
            "level": quest.level,
        }

    def _discard(self, done: tuple[Quest, ...] | list[Quest]) -> None:
        """Drop the files of generated quests that are over: what they trained is in the checkpoints."""
        for quest in done:
            if quest.origin == "auto":
                shutil.rmtree(self._folder(quest), ignore_errors=True)

    def _max_length(self, hero_id: str) -> int:
        return self.config.of_hero(hero_id).hero.max_length or hero_spec(hero_id).max_length

    def _tokenizer(self, hero_id: str) -> PreTrainedTokenizerBase:
        # Imported at the first use: transformers is half of this actor's memory.
        from realm.models.hero import load_tokenizer

        if hero_id not in self.tokenizers:
            self.tokenizers[hero_id] = load_tokenizer(ask(self.peer("vault_keeper").base_model.remote(hero_id), 300))
        return self.tokenizers[hero_id]

    def _measure(self, hero_id: str) -> Callable[[Example], int]:
        """Counts tokens with the hero's own tokenizer."""
        from realm.training.encoding import measure

        tokenizer = self._tokenizer(hero_id)
        return lambda example: measure(example, tokenizer)

    def _watch_inbox(self) -> None:
        """Post every settled file of the inbox; a bad one goes to rejected/ with the reason beside it."""
        present = {path for path in self.home.inbox.iterdir() if path.is_file() and not path.name.startswith(".")}
        self.seen = {path: mark for path, mark in self.seen.items() if path in present}
        self.later = {path: at for path, at in self.later.items() if path in present}
        for path in sorted(present):
            stat = path.stat()
            mark = (stat.st_size, stat.st_mtime)
            if path in self.later and now().timestamp() < self.later[path]:
                continue
            if self.seen.get(path) != mark or now().timestamp() - stat.st_mtime < SETTLED_S:
                self.seen[path] = mark
                continue
            try:
                self._take_in(str(path))
                self._take_out(path, stat)
            except QuestError as error:
                self._reject(path, error)
            except (RealmError, OSError) as error:
                self.later[path] = now().timestamp() + RETRY_S
                print(f"{path.name} stays in the inbox: {error}")

    def _take_out(self, path: Path, read: os.stat_result) -> None:
        """Remove a queued file from the inbox, unless another has taken its name since."""
        present = path.stat()
        if (present.st_ino, present.st_size, present.st_mtime) == (read.st_ino, read.st_size, read.st_mtime):
            path.unlink()

    def _reject(self, path: Path, error: QuestError) -> None:
        target = self.home.rejected / f"{now():%Y%m%d-%H%M%S-%f}-{display_name(path.name)}"
        target.with_name(target.name + ".reason.txt").write_text(f"{error}\n", encoding="utf-8")
        path.rename(target)
