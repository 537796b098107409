"""Which skill's API has which port: what the skills' YAML says, and the settings over it. Knows no HTTP and no Ray."""

from __future__ import annotations

from realm.config import RealmConfig
from realm.errors import ConfigError, NotFoundError
from skills import Engine, get_engine

SETTING = "web.skill_ports"


def skill_ports(config: RealmConfig, engine: Engine | None = None) -> dict[str, int]:
    """Port by id of the skills that have one; `engine` has the skills of the realm unless given.

    Raises:
        ConfigError: the setting names no skill, or two of the realm's services would have one port.
    """
    engine = engine or get_engine()
    known = {skill.id: skill.api_port for skill in engine.list_skills()}
    chosen = config.web.skill_ports
    for skill_id in chosen:
        try:
            engine.get(skill_id)
        except NotFoundError as error:
            raise ConfigError(f"{SETTING} names {skill_id!r}. {error.problem}", error.remedy) from None
    ports = {skill_id: port for skill_id, port in {**known, **chosen}.items() if port is not None}
    owners: dict[int, str] = {}
    for key, port in {
        **config.web.ports(),
        "ray.port": config.ray.port,
        "ray.dashboard_port": config.ray.dashboard_port,
    }.items():
        if port in owners:
            raise ConfigError(f"Port {port} is {owners[port]} and {key}.", f"Another: realm config set {key} PORT.")
        owners[port] = key
    for skill_id, port in ports.items():
        if port in owners:
            raise ConfigError(f"Port {port} is that of skill {skill_id} and of {owners[port]}.", another_port(skill_id))
        owners[port] = f"skill {skill_id}"
    return ports


def another_port(skill_id: str) -> str:
    """How a skill's API gets another port, in words."""
    return f"Another: realm config set {SETTING} '{{{skill_id}: OTHER_PORT}}'; null for none."
