"""What the pages draw of a skill comes from its YAML; what is declared is drawn; what the sprite holds is used."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from realm.catalog.honours import ICONS
from serve.tavern.assets import FOLDER, read
from skills import get_engine

DRAWN = re.findall(r'<symbol id="([^"]+)"', read("sprite.html"))
SPRITE = set(DRAWN)
SKILLS = [*get_engine().list_skills(), *(skill for skill, _ in get_engine().list_unavailable())]


def test_every_skill_names_a_symbol_of_the_sprite_its_own_or_its_categorys() -> None:
    for skill in SKILLS:
        wanted = [f"rune-{skill.id}", f"rune-{skill.category}", "rune-any"]
        assert skill.icon == next(rune for rune in wanted if rune in SPRITE), skill.id


def test_every_icon_of_the_achievements_is_drawn_once() -> None:
    symbols = [name if name.startswith("rune-") else f"i-{name}" for name in sorted(ICONS)]
    assert {name: DRAWN.count(name) for name in symbols} == dict.fromkeys(symbols, 1)


def test_every_symbol_of_the_sprite_is_used() -> None:
    others = "".join(path.read_text() for path in FOLDER.iterdir() if path.suffix in {".html", ".js"})
    named = {name for name in SPRITE if re.search(rf'#{name}\b|"{name.removeprefix("i-")}"', others)}
    achievements = {name if name.startswith("rune-") else f"i-{name}" for name in ICONS}
    assert SPRITE - named - achievements - _runes() == set()


def test_a_drawing_refers_to_nothing_that_is_not_there() -> None:
    sprite = read("sprite.html")
    ids = re.findall(r' id="([^"]+)"', sprite)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([\w-]+)', sprite)) <= set(ids)


def _runes() -> set[str]:
    """Those of the skills, of their categories, and of the categories whose tasks a new skill may take."""
    gym = find_spec("reasoning_gym")
    assert gym is not None
    assert gym.origin is not None
    folders = {each.name for each in Path(gym.origin).parent.iterdir() if each.is_dir()}
    return {f"rune-{name}" for name in folders | {each.category for each in SKILLS}} | {each.icon for each in SKILLS}
