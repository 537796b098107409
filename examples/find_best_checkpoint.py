"""Find the best checkpoint of the active campaign, ask the vault for its folder, and print what was measured of it.

`python examples/find_best_checkpoint.py [METRIC]`; METRIC is exam_accuracy (the default), skill:ID, val_loss,
perplexity or train_loss.
"""

from __future__ import annotations

import sys
from typing import Any

import ray

from actors import ask_vault_first, connect, get_ledger


def main(metric: str = "exam_accuracy") -> None:
    realm = connect()
    best = get_ledger().get_best(metric=metric)
    if best is None:
        raise SystemExit(f"no checkpoint has {metric} yet")
    folder = ask_vault_first(best["id"], fallback=best["path"])
    measured = ray.get(realm.vault_keeper.measured.remote(best["id"]))

    print(f"{best['id']}, step {best['step']}, saved {best['saved_at']} because of {best['created_by']}")
    print(f"folder: {folder}")
    print(f"exam accuracy {number(best['exam_accuracy'])}, by skill {best['exam_skills']}")
    print(f"losses: train {number(best['train_loss'])}, validation {number(best['val_loss'])}")
    if measured["exam"] is not None:
        print(f"exam {measured['exam']['exam_version']}: {measured['exam']['n']} problems")
    for row in measured["evaluations"]:
        weights = "these weights" if row["own"] else f"the weights of step {row['step']}"
        print(f"{row['skill_id']} level {row['level']}: {share(row)}, {weights}")
    for row in measured["passives"]:
        print(f"passive {row['passive']}: {share(row)}")
    print(
        "mastered:", ", ".join(f"{skill} {level}" for skill, level in best["mastered_levels"].items()) or "nothing yet"
    )


def number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4f}"


def share(row: dict[str, Any]) -> str:
    return f"{row['accuracy']:.3f} ({row['correct']} of {row['n']}; {row['low']:.3f} to {row['high']:.3f})"


if __name__ == "__main__":
    main(*sys.argv[1:2])
