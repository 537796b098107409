"""Pictures of learning curves. Knows numbers and matplotlib, no realm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot

INK, PAPER, GRID = "#2a1c12", "#fffaf0", "#d9c3a0"
COLOURS = ("#8a4b0f", "#2f6db3", "#7a3f9d", "#3c7a3a")


def draw_climb(
    path: Path,
    curves: Mapping[str, Sequence[tuple[float, int]]],
    title: str,
    unit: str,
    ends: Mapping[str, float] | None = None,
) -> None:
    """Levels over training, a step a mastered level. `curves`: name → (x, level), ascending; same names share a colour.

    A name may come more than once as `name #1`, `name #2`: what follows the # is left out of the legend. `ends`: name →
    x to which its training went on.
    """
    figure, axes = _axes(title)
    names: list[str] = []
    for label, points in curves.items():
        name = label.partition(" #")[0]
        if name not in names:
            names.append(name)
        xs, levels = [0.0, *(x for x, _ in points)], [0, *(level for _, level in points)]
        if ends:
            xs, levels = [*xs, ends[label]], [*levels, levels[-1]]
        colour = COLOURS[names.index(name) % len(COLOURS)]
        axes.step(xs, levels, where="post", color=colour, label=name if label in (name, f"{name} #1") else None)
    axes.set_xlabel(unit)
    axes.set_ylabel("level mastered")
    axes.legend(frameon=False)
    _save(figure, path)


def draw_accuracy(
    path: Path,
    curves: Mapping[str, Sequence[tuple[float, float]]],
    gates: Mapping[str, Sequence[float]],
    title: str,
    unit: str,
    gate: float,
) -> None:
    """Accuracy over training, a line a name; a dot on the gate at each x of `gates`."""
    figure, axes = _axes(title)
    for at, (name, points) in enumerate(curves.items()):
        colour = COLOURS[at % len(COLOURS)]
        axes.plot([x for x, _ in points], [y for _, y in points], color=colour, linewidth=1, label=name)
        reached = gates.get(name, ())
        axes.plot(reached, [gate] * len(reached), "o", color=colour)
    axes.axhline(gate, color=INK, linewidth=1, linestyle="--", label=f"gate {gate:.2f}")
    axes.set_xlabel(unit)
    axes.set_ylabel("accuracy")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False)
    _save(figure, path)


def draw_tries(
    path: Path,
    points: Sequence[tuple[float, float, bool]],
    spans: Sequence[tuple[str, float, float]],
    title: str,
    gate: float,
) -> None:
    """Accuracy over million tokens, a point an evaluation, ringed where a level was mastered. `spans`: what was tried,
    from where to where; same names share a colour."""
    figure, axes = _axes(title)
    axes.plot([x for x, _, _ in points], [y for _, y, _ in points], ".", color=COLOURS[0], markersize=3)
    mastered = [(x, y) for x, y, now in points if now]
    axes.plot([x for x, _ in mastered], [y for _, y in mastered], "o", color=INK, fillstyle="none", label="mastered")
    names = list(dict.fromkeys(name for name, _, _ in spans))
    for at, (name, begin, end) in enumerate(spans):
        first = name not in [other for other, _, _ in spans[:at]]
        colour = COLOURS[1 + names.index(name) % (len(COLOURS) - 1)]
        axes.axvspan(begin, end, color=colour, alpha=0.25, linewidth=0, label=name if first else None)
    axes.axhline(gate, color=INK, linewidth=1, linestyle="--", label=f"gate {gate:.2f}")
    axes.set_xlabel("million tokens")
    axes.set_ylabel("accuracy")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    # Beside the title: points are everywhere below.
    axes.legend(frameon=False, ncols=5, loc="lower right", bbox_to_anchor=(1, 1), fontsize="small", columnspacing=1.2)
    _save(figure, path)


def draw_bars(path: Path, groups: Mapping[str, Mapping[int, float]], title: str, gate: float) -> None:
    """Accuracy at each level, one colour a group, with the gate."""
    figure, axes = _axes(title)
    width = 0.8 / max(1, len(groups))
    for at, (name, values) in enumerate(groups.items()):
        xs = [level + (at - (len(groups) - 1) / 2) * width for level in values]
        axes.bar(xs, list(values.values()), width, color=COLOURS[at % len(COLOURS)], label=name)
    axes.axhline(gate, color=INK, linewidth=1, linestyle="--", label=f"gate {gate:.2f}")
    axes.set_xlabel("level")
    axes.set_ylabel("accuracy")
    axes.set_ylim(0, 1)
    axes.legend(frameon=False)
    _save(figure, path)


def _axes(title: str) -> tuple[pyplot.Figure, pyplot.Axes]:
    figure, axes = pyplot.subplots(figsize=(9, 5), facecolor=PAPER)
    axes.set_facecolor(PAPER)
    axes.grid(color=GRID, linewidth=0.5)
    axes.set_title(title, color=INK, loc="left")
    return figure, axes


def _save(figure: pyplot.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
