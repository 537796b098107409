"""Which skill's API has which port: what the skills' YAML says, and the settings over it. Knows no HTTP and no Ray."""

from __future__ import annotations

from collections.abc import Iterable

from realm.config import RealmConfig
from realm.errors import ConfigError
from skills import Skill, get_engine

SETTING = "web.skill_ports"


def skill_ports(config: RealmConfig, skills: Iterable[Skill] | None = None) -> dict[str, int]:
    """Port by id of the skills that have one; `skills` are those of the realm unless given.

    Raises:
        ConfigError: the setting names no skill, or two of the realm's services would have one port.
    """
    skills = get_engine().list_skills() if skills is None else skills
    known = {skill.id: skill.api_port for skill in skills}
    chosen = config.web.skill_ports
    for skill_id in chosen:
        if skill_id not in known:
            raise ConfigError(
                f"{SETTING} gives {skill_id!r} a port; there is no such skill.", f"The skills are: {', '.join(known)}."
            )
    ports = {skill_id: port for skill_id, port in {**known, **chosen}.items() if port is not None}
    owners = {
        config.web.tavern_port: "web.tavern_port",
        config.ray.port: "ray.port",
        config.ray.dashboard_port: "ray.dashboard_port",
    }
    for skill_id, port in ports.items():
        if port in owners:
            raise ConfigError(f"Port {port} is that of skill {skill_id} and of {owners[port]}.", another_port(skill_id))
        owners[port] = f"skill {skill_id}"
    return ports


def another_port(skill_id: str) -> str:
    """How a skill's API gets another port, in words."""
    return f"Another: realm config set {SETTING} '{{{skill_id}: OTHER_PORT}}'; null for none."
