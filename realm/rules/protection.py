"""How hard a checkpoint is to delete, and why. Does not know files; who holds which rank comes in as `Anchors`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.stronghold import Protection

CURRENT_MODEL: Final = "current model"
CHAMPION: Final = "champion"
LATEST: Final = "latest"
RESUMABLE: Final = "latest that training can resume from"
PROMOTED: Final = "promoted"
START: Final = "start"
IN_USE: Final = "in use"
NEWEST_MASTERY: Final = "newest mastery of its skill"
MASTERY: Final = "mastery"
FORMER_CHAMPION: Final = "former champion"
IMPORTED: Final = "imported"

_RANKS: Final = {
    CURRENT_MODEL: Protection.SACRED,
    **dict.fromkeys((CHAMPION, LATEST, RESUMABLE, PROMOTED, START, IN_USE), Protection.PROTECTED),
    **dict.fromkeys((NEWEST_MASTERY, MASTERY, FORMER_CHAMPION, IMPORTED), Protection.GUARDED),
}
_KEPT: Final = frozenset({NEWEST_MASTERY, IMPORTED})


@dataclass(frozen=True, slots=True)
class Anchors:
    """Ids of the live checkpoints that hold a rank of their campaign, of any number of campaigns.

    `current` is what `models/current_model` points at; `mastery` of each skill the newest saved for a mastered level;
    `starts` are those that a campaign begins with, thrown away ones included, since they can be restored.
    """

    current: frozenset[str] = frozenset()
    champions: frozenset[str] = frozenset()
    latest: frozenset[str] = frozenset()
    resumable: frozenset[str] = frozenset()
    mastery: frozenset[str] = frozenset()
    in_use: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guard:
    """A checkpoint's protection and all that makes it so, weightiest first."""

    protection: Protection
    because: tuple[str, ...]

    @property
    def deletable(self) -> bool:
        """Whether a person may delete it."""
        return self.protection in (Protection.GUARDED, Protection.EXPENDABLE)

    @property
    def kept(self) -> bool:
        """Whether retention leaves it alone, whatever its age and size."""
        return not self.deletable or any(reason in _KEPT for reason in self.because)


def guard_of(checkpoint: Checkpoint, anchors: Anchors) -> Guard:
    """The protection of a live checkpoint.

    Sacred: `models/current_model` points at it. Protected: champion, latest, latest that training can resume from,
    promoted by a person, start of a campaign, in use. Guarded: saved because a level was mastered, once champion, or
    imported. Anything else is expendable.
    """
    here = checkpoint.id
    starts_here = checkpoint.created_by == CreatedBy.IMPORT and checkpoint.step == 0
    was_champion = checkpoint.crowned_at is not None or checkpoint.created_by == CreatedBy.CHAMPION
    held = (
        (CURRENT_MODEL, here in anchors.current),
        (CHAMPION, here in anchors.champions),
        (LATEST, here in anchors.latest),
        (RESUMABLE, here in anchors.resumable),
        (PROMOTED, checkpoint.promoted_at is not None),
        (START, checkpoint.created_by == CreatedBy.START or starts_here or here in anchors.starts),
        (IN_USE, here in anchors.in_use),
        (NEWEST_MASTERY, here in anchors.mastery),
        (MASTERY, checkpoint.created_by == CreatedBy.MASTERY and here not in anchors.mastery),
        (FORMER_CHAMPION, was_champion and here not in anchors.champions),
        (IMPORTED, checkpoint.created_by == CreatedBy.IMPORT and not starts_here),
    )
    because = tuple(reason for reason, holds in held if holds)
    return Guard(_RANKS[because[0]] if because else Protection.EXPENDABLE, because)
