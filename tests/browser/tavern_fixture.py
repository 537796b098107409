"""A double of the realm's actors for tests of the page `/`: a battle that a test moves on by hand.

`python tests/browser/tavern_fixture.py running 8899` serves it for a look. Scenarios: those of `SCENARIOS`.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from guild_fixture import AT, STEP, GuildDouble, result, serving

from actors.momentum import standing_row
from realm.rules.battle import Attempt, Battle, BattleState, DesiredState
from realm.rules.momentum import Facts, Failing, Service, standing

Json = dict[str, Any]
QUEST = {"quest": "bin-l15-auto-0044", "quest_id": "q44", "quest_origin": "auto", "skill": "bin", "level": 15,
         "level_title": "popcount, 6 bits", "step": 1362, "steps_total": 2400}  # fmt: skip
NO_QUEST = dict.fromkeys(QUEST)
RUNNING = {"state": "running", "desired_state": "running", "reason": "", "steps_per_second": 4.12,
           "tokens_per_second": 9490, "learning_rate": 3e-4, "eta_seconds": 252}  # fmt: skip
STILL = dict.fromkeys(("steps_per_second", "tokens_per_second", "learning_rate", "eta_seconds"))
BEGAN = datetime(2026, 11, 24, 8, 49, tzinfo=UTC)
MEMORY = "3 attempts in a row failed before a step: CUDA out of memory"
LOST = tuple(
    Attempt(f"mote-3-attempt-{number}", "mote-3-battle-12", "mote-3", number, 126_056, 126_056, BEGAN, None,
            BEGAN + timedelta(minutes=number), "failed", "CUDA out of memory")
    for number in (1, 2, 3)
)  # fmt: skip
BATTLE = Battle("mote-3-battle-12", "mote-3", 12, BattleState.FAILED, DesiredState.RUN, MEMORY, 126_056, 126_056, BEGAN)


def stands(**facts: Any) -> Json:
    """How the campaign stands by these facts, as the state tells it."""
    return standing_row(standing(replace(Facts("mote-3", queued=6), **facts)))


SCENARIOS: dict[str, Json] = {
    "running": {},
    "starting": {"battle": STILL | {"state": "starting", "step": 0}},
    "paused": {
        "battle": STILL | {"state": "paused", "desired_state": "paused"},
        "campaign": stands(battle=replace(BATTLE, state=BattleState.PAUSED, desired_state=DesiredState.PAUSE)),
    },
    "failed": {
        "battle": STILL | {"state": "failed", "reason": MEMORY},
        "campaign": stands(battle=BATTLE, attempts=LOST),
    },
    "resting": {
        "battle": STILL | NO_QUEST | {"state": "idle", "desired_state": "stopped"},
        "quests": {"queued": 0},
        "next_quest": None,
        "campaign": stands(queued=0, auto=False),
    },
    "blocked": {
        "battle": STILL | NO_QUEST | {"state": "idle"},
        "quests": {"queued": 0},
        "next_quest": None,
        "campaign": stands(
            queued=0,
            trouble="Skill rg_countdown is of another version. Install reasoning-gym 0.1.25, or disable it.",
            trouble_at=BEGAN,
            services={"oracle": Service("down", False, "no answer for 41 s", 3)},
            failing_quests=(Failing("3f2a9c0d1b7e4a55", "my sums.jsonl", 3, "its files are gone"),),
        ),
        "services": {"oracle": {"state": "down", "healthy": False, "detail": "no answer for 41 s", "restarts": 3}},
    },
}
SERVICES = ("weaver", "campaign_director", "quest_board", "vault_keeper", "skill_engine", "arena", "herald", "oracle")


class TavernDouble(GuildDouble):
    """The realm of GuildDouble, whose `/api/state` a test changes part by part with `put`."""

    def __init__(self, scenario: str = "running") -> None:
        super().__init__("busy")
        self.parts: Json = {
            "hero": {
                **{"id": "mote", "name": "MOTE", "architecture": "Qwen3", "parameters": 440_000, "hero_level": 127},
                **{"xp": 127_000, "xp_into_level": 0, "xp_per_level": 1000, "live_step": STEP},
                **{"atk": 3.21, "def": 2.88, "acc": 0.718, "gold": 4300},
                "formulas": {"hero_level": "campaign training steps ÷ 1000 = 127418 ÷ 1000"},
            },
            "battle": RUNNING | QUEST | {"battle_id": "mote-3-battle-12", "train_loss": 0.312, "val_loss": 0.347,
                                         "started_at": AT.format(8, 49)},
            "quests": {"queued": 6, "completed": 43, "rejected": 1, "failed": 0},
            "next_quest": {"name": "bin-l15-auto-0045", "origin": "auto", "skill": "bin", "level": 15},
            "services": {name: {"state": "healthy", "healthy": True, "restarts": 0} for name in SERVICES},
            "disk": {"free_bytes": 41_000_000_000, "kept_free_bytes": 2_000_000_000},
            "events": [{"seq": 18204, "at": AT.format(9, 41), "kind": "checkpoint.saved",
                        "title": "Checkpoint 127,000 saved", "detail": "1.7 MB, hot zone, sha256 verified"}],
            "campaign": stands(),
        }  # fmt: skip
        self.put(**SCENARIOS[scenario])

    def put(self, **parts: Any) -> None:
        """Changes parts of the state: a mapping field by field, anything else whole."""
        for name, value in parts.items():
            old = self.parts.get(name)
            self.parts[name] = old | value if isinstance(old, dict) and isinstance(value, dict) else value

    def strike(self, train_loss: float | None, steps: int = 8) -> None:
        """The next metrics of the battle."""
        step = self.parts["battle"]["step"] + steps
        self.put(battle={"train_loss": train_loss, "step": step}, campaign={"step": STEP + step})

    def evaluated(self, correct: int, step: int = 127_400) -> None:
        """An evaluation of BIN at its training level."""
        skill = self.skill("bin")
        skill["window"] = [*skill["window"], result(step, skill["training_level"], correct)][-3:]
        skill["window_mean"] = sum(each["accuracy"] for each in skill["window"]) / len(skill["window"])

    def master(self) -> None:
        """BIN's training level is mastered: the state and its event."""
        skill = self.skill("bin")
        level = skill["training_level"]
        skill |= {"mastered_level": level, "training_level": level + 1, "window": [], "window_mean": None}
        event = {"seq": self.parts["events"][0]["seq"] + 1, "at": AT.format(9, 42), "kind": "level.mastered",
                 "title": f"bin level {level} mastered at step 127418", "detail": "mean of 3: 81.3 %"}  # fmt: skip
        self.parts["events"] = [event, *self.parts["events"]]

    async def state(self) -> Json:
        state = await super().state()
        for name, value in self.parts.items():
            old = state.get(name)
            state[name] = old | value if isinstance(old, dict) and isinstance(value, dict) else value
        return state


if __name__ == "__main__":
    with serving(TavernDouble(sys.argv[1]), int(sys.argv[2])) as url:
        print(url, flush=True)
        threading.Event().wait()
