"""Which checkpoints go to the trash, and which leave it. Plans only; does not know files and moves nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from realm.rules.checkpoint import Checkpoint, CreatedBy


def protected_ids(
    checkpoints: Sequence[Checkpoint], champion_id: str | None, in_use: Collection[str] = ()
) -> frozenset[str]:
    """Ids of one campaign's checkpoints that stay whatever their age.

    The champion, those in use, the latest, the latest that training can resume from, the start of the campaign, and of
    each skill the newest that was saved because a level was mastered.
    """
    live = sorted((each for each in checkpoints if each.trashed_at is None), key=lambda each: -each.step)
    kept = set(in_use)
    if champion_id is not None:
        kept.add(champion_id)
    kept.update(each.id for each in live[:1])
    kept.update(each.id for each in live if each.created_by == CreatedBy.START)
    resumable = next((each.id for each in live if each.has_optimizer), None)
    if resumable is not None:
        kept.add(resumable)
    skills: set[str | None] = set()
    for each in live:
        if each.created_by == CreatedBy.MASTERY and each.skill_id not in skills:
            skills.add(each.skill_id)
            kept.add(each.id)
    return frozenset(kept)


def plan_trash(
    checkpoints: Sequence[Checkpoint], protected: Collection[str], keep_newest: int
) -> tuple[Checkpoint, ...]:
    """Those to move to the trash, oldest first: all but the protected and the newest `keep_newest` of the others."""
    expendable = [each for each in checkpoints if each.id not in protected and each.trashed_at is None]
    expendable.sort(key=lambda each: -each.step)
    return tuple(reversed(expendable[keep_newest:]))


def plan_purge(trashed: Sequence[Checkpoint], protected: Collection[str], max_bytes: int) -> tuple[Checkpoint, ...]:
    """Those to delete from the trash, longest trashed first, until what is left fits `max_bytes`."""
    inside = [each for each in trashed if each.trashed_at is not None]
    inside.sort(key=lambda each: (each.trashed_at or each.saved_at, each.step))
    excess = sum(each.size_bytes for each in inside) - max_bytes
    doomed: list[Checkpoint] = []
    for each in inside:
        if excess <= 0:
            break
        if each.id in protected:
            continue
        doomed.append(each)
        excess -= each.size_bytes
    return tuple(doomed)
