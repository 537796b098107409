"""What the pages draw of a skill comes from its YAML; what the sprite holds is drawn."""

from __future__ import annotations

import re

from serve.tavern.assets import FOLDER, read
from skills import get_engine

SPRITE = set(re.findall(r'<symbol id="([^"]+)"', read("sprite.html")))


def test_every_skill_names_a_symbol_of_the_sprite_its_own_or_its_categorys() -> None:
    engine = get_engine()
    for skill in (*engine.list_skills(), *(skill for skill, _ in engine.list_unavailable())):
        wanted = [f"rune-{skill.id}", f"rune-{skill.category}", "rune-any"]
        assert skill.icon == next(rune for rune in wanted if rune in SPRITE), skill.id


def test_every_icon_of_the_sprite_is_used() -> None:
    others = "".join(path.read_text() for path in FOLDER.iterdir() if path.suffix in {".html", ".js"})
    unused = [icon for icon in SPRITE if icon.startswith("i-") and not re.search(rf'#{icon}\b|"{icon[2:]}"', others)]
    assert unused == []
