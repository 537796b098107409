"""What the pages draw of a skill comes from its YAML."""

from __future__ import annotations

from serve.tavern.assets import read
from skills import get_engine


def test_every_skill_names_a_symbol_of_the_sprite() -> None:
    sprite = read("sprite.html")
    assert [skill.icon for skill in get_engine().list_skills() if f'<symbol id="{skill.icon}"' not in sprite] == []
