"""The numbers a hero is shown with, and their formulas. Does not know where the measurements are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

STEPS_PER_HERO_LEVEL: Final = 1000
GOLD_PER_QUEST: Final = 100

FORMULAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "xp": "training steps up to the newest checkpoint that training can resume from",
        "hero_level": f"xp ÷ {STEPS_PER_HERO_LEVEL}, rounded down",
        "atk": "1 ÷ train loss",
        "def": "1 ÷ validation loss",
        "acc": "accuracy of the newest whole evaluation of the training level, mean over skills",
        "gold": f"{GOLD_PER_QUEST} × completed quests",
    }
)


@dataclass(frozen=True, slots=True)
class HeroState:
    """A hero: what its campaign measured, and the derived numbers. None = not measured yet.

    `accuracies` holds by skill id the accuracy of the newest evaluation at the training level with enough problems.
    """

    hero_id: str
    xp: int = 0
    train_loss: float | None = None
    val_loss: float | None = None
    accuracies: Mapping[str, float] = field(default_factory=dict[str, float])
    quests_completed: int = 0

    @property
    def hero_level(self) -> int:
        return self.xp // STEPS_PER_HERO_LEVEL

    @property
    def atk(self) -> float | None:
        return _inverse(self.train_loss)

    @property
    def def_(self) -> float | None:
        return _inverse(self.val_loss)

    @property
    def acc(self) -> float | None:
        return sum(self.accuracies.values()) / len(self.accuracies) if self.accuracies else None

    @property
    def gold(self) -> int:
        return GOLD_PER_QUEST * self.quests_completed


def _inverse(loss: float | None) -> float | None:
    return 1.0 / loss if loss is not None and loss > 0 else None
