"""The state snapshot as a compact view for a terminal. Knows no actor: a snapshot in, a renderable out."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from realm.cli.output import add_row, cell, duration, facts, size, table

STATE_STYLES = {"running": "green", "failed": "red", "paused": "yellow"}
OPEN_QUESTS = ("queued", "active", "fought", "completed", "failed")


def status_view(state: dict[str, Any]) -> RenderableType:
    """Hero, battle, skills with their window, quests, champion and services."""
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(
        _panel("Hero", hero_view(state["hero"], state["campaign"])), _panel("Battle", battle_view(state["battle"]))
    )
    quests = Group(quests_view(state["quests"]), facts({"champion": _champion(state.get("champion"))}))
    grid.add_row(_panel("Skills", skills_view(state["skills"])), _panel("Quests and champion", quests))
    standing = [_panel("In the way", blockers_view(state["campaign"]))] if _stands_still(state["campaign"]) else []
    return Group(grid, *standing, _panel("Services", services_view(state["services"])), Text(_foot(state), style="dim"))


def blockers_view(campaign: dict[str, Any]) -> RenderableType:
    """Each thing in the way: what, why, what was tried, what a person does; else what a resting campaign waits for."""
    suggested = campaign["suggested"]
    rows: list[RenderableType] = []
    for each in campaign["blockers"]:
        style = "red" if each["severity"] == "blocking" else "yellow"
        told = {"why": each["why"], "tried": each["tried"], "fix": f"{each['fix']} {each['command']}"}
        rows += [Text.assemble((f"{each['code']} ", style), each["what"]), facts(told)]
    if not rows:
        rows.append(Text(f"{suggested['words']} {suggested['command']}"))
    return Group(*rows)


def _stands_still(campaign: dict[str, Any] | None) -> bool:
    return campaign is not None and bool(campaign["blockers"] or campaign["suggested"])


def hero_view(hero: dict[str, Any] | None, campaign: dict[str, Any] | None) -> RenderableType:
    """The hero's numbers, or that there is no campaign."""
    if hero is None or campaign is None:
        return Text("No campaign.")
    size = f", {hero['parameters']:,} parameters" if hero["parameters"] else ""
    return facts(
        {
            "name": f"{hero['name']} ({hero['id']}{size})",
            "hero level": f"{hero['hero_level']} ({hero['xp_into_level']} of {hero['xp_per_level']} XP)",
            "XP": f"{hero['xp']}, live step {hero['live_step']}",
            "ATK / DEF": f"{cell(hero['atk'])} / {cell(hero['def'])}",
            "ACC": cell(hero["acc"]),
            "gold": hero["gold"],
            "campaign": f"{campaign['id']}: {campaign['state']}, {_reasoned(campaign['momentum'], campaign['reason'])}",
        }
    )


def battle_view(battle: dict[str, Any]) -> RenderableType:
    """The battle's state and, while it fights, its quest and rates."""
    state = Text(_reasoned(battle["state"], battle.get("reason", "")), style=STATE_STYLES.get(battle["state"], ""))
    if "battle_id" not in battle:
        return facts({"state": state})
    rows: dict[str, Any] = {"state": state, "battle": battle["battle_id"], "quest": battle["quest"]}
    if battle["step"] is not None:
        rows["step"] = f"{battle['step']} of {cell(battle['steps_total'])}, {duration(battle['eta_seconds'])} left"
    rows["train / val loss"] = f"{cell(battle['train_loss'])} / {cell(battle['val_loss'])}"
    rows["steps/s, tokens/s"] = f"{cell(battle['steps_per_second'])}, {cell(battle['tokens_per_second'])}"
    shown = facts(rows)
    if battle["step"] is None or not battle["steps_total"]:
        return shown
    return Group(shown, ProgressBar(total=battle["steps_total"], completed=battle["step"], width=40))


def skills_view(skills: dict[str, dict[str, Any]]) -> RenderableType:
    """Level, newest accuracy, and the evaluations that count towards the next level against the threshold."""
    made = table(
        "skill", "mastered", "training", "accuracy", "window (mean, threshold)", right=("mastered", "training")
    )
    for skill_id, skill in skills.items():
        window = " ".join(f"{evaluation['accuracy']:.2f}" for evaluation in skill["evaluations"]) or "empty"
        mean = cell(skill["window_mean"])
        add_row(
            made,
            skill_id,
            f"{skill['mastered_level']}/{skill['max_level']}",
            skill["training_level"],
            skill["last_accuracy"],
            f"{window} ({mean}, {skill['threshold']:.2f})",
        )
    return made


def quests_view(quests: dict[str, int]) -> RenderableType:
    """How many quests are in each state."""
    return Text(", ".join(f"{quests.get(status, 0)} {status}" for status in OPEN_QUESTS))


def services_view(services: dict[str, dict[str, Any]]) -> RenderableType:
    """Each service with its state, restarts and URL."""
    made = table("service", "state", "restarts", "URL", "detail", right=("restarts",))
    for name, service in services.items():
        state = Text(service["state"], style="green" if service["healthy"] else "red")
        add_row(made, name, state, service["restarts"], service["url"], service["detail"])
    return made if services else Text("Not known yet.")


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="dim", padding=(0, 1))


def _champion(champion: dict[str, Any] | None) -> str:
    if champion is None:
        return "none yet"
    return f"{champion['name']} at step {champion['step']}, exam accuracy {cell(champion['exam_accuracy'])}"


def _reasoned(state: str, reason: str) -> str:
    return f"{state} ({reason})" if reason else state


def _foot(state: dict[str, Any]) -> str:
    return f"{state['home']} · {size(state['disk']['free_bytes'])} free · version {state['version']}"
