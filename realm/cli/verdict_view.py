"""How `realm campaign verdict` is printed: where each climb stands, what was tried, what was found."""

from __future__ import annotations

from typing import Any

from realm.cli.output import add_row, facts, say, stdout, table, when

STATES = {
    "climbing": "climbing",
    "plateau": "plateau suspected",
    "intervening": "something is tried against a plateau",
    "capped": "capped",
    "ladder_exhausted": "every level is mastered",
}


def print_verdicts(row: dict[str, Any]) -> None:
    """A row of `CampaignDirector.show`."""
    if not row["climbs"] and not row["verdicts"]:
        say(f"Campaign {row['id']}: no evaluation was decided on yet.")
        return
    standing = {each["skill_id"]: each for each in row["verdicts"] if each["withdrawn_at"] is None}
    for climb in row["climbs"]:
        verdict = standing.get(climb["skill_id"])
        stdout().print(facts(_facts(row["id"], climb, verdict)))
    _print_interventions(row)
    _print_withdrawn([each for each in row["verdicts"] if each["withdrawn_at"] is not None])


def _facts(campaign: str, climb: dict[str, Any], verdict: dict[str, Any] | None) -> dict[str, Any]:
    evidence = (verdict["body"] if verdict else climb)["evidence"]
    found: dict[str, Any] = {
        "campaign": campaign,
        "skill": climb["skill_id"],
        "state": STATES[climb["state"]],
        "as of": f"step {climb['step']:,}, {climb['tokens']:,} tokens",
        "verdict": verdict["words"] if verdict else None,
        "given": when(verdict["at"]) if verdict else None,
        "still lacks": "; ".join(climb["missing"]) or None,
    }
    if evidence is None:
        return found
    return found | {
        "tokens since the last promotion or reopening": f"{evidence['tokens_since']:,}",
        "a level's tokens": f"{evidence['level_tokens']:,}, from {evidence['levels_counted']} levels",
        "accuracy": _share(evidence["correct"], evidence["n"], f"{evidence['observations']} evaluations"),
        "slope of accuracy": slope_in_words(evidence["slope"]),
        "accuracy on training problems": _share(
            evidence["train_correct"], evidence["train_n"], f"{evidence['train_observations']} evaluations"
        ),
        "slope on training problems": slope_in_words(evidence["train_slope"]),
        "accuracy on mastered levels": _share(evidence["review_correct"], evidence["review_n"], "reviews"),
    }


def _share(correct: int, n: int, of: str) -> str | None:
    return f"{correct / n:.3f}, {correct:,} of {n:,} in {of}" if n else None


def slope_in_words(slope: dict[str, Any] | None) -> str | None:
    """Points of accuracy per level's tokens, with its interval."""
    if slope is None:
        return None
    low, high = (f"{each:+.4f}" if each is not None else "unknown" for each in (slope["low"], slope["high"]))
    return f"{slope['slope']:+.4f} a level's tokens ({low} to {high})"


def _print_interventions(row: dict[str, Any]) -> None:
    if not row["interventions"]:
        return
    columns = ("skill", "level", "tried", "from step", "to step", "tokens")
    made = table(*columns, right=("level", "from step", "to step", "tokens"))
    for each in row["interventions"]:
        ended = each["ended_tokens"]
        tokens = None if ended is None else f"{ended - each['began_tokens']:,}"
        to = "under way" if ended is None else f"{each['ended_step']:,}"
        kind = each["kind"].replace("_", " ")
        add_row(made, each["skill_id"], each["level"], kind, f"{each['began_step']:,}", to, tokens)
    stdout().print(made)


def _print_withdrawn(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    made = table("withdrawn", "verdict", "why")
    for each in rows:
        add_row(made, when(each["withdrawn_at"]), each["words"], each["withdrawn_why"])
    stdout().print(made)
