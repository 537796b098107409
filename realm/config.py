"""RealmConfig: every setting of a realm, one frozen model.

Order: defaults here < `$REALM_HOME/realm.yaml` < `REALM_*` environment (`REALM_TRAINING__BATCH_SIZE=16`).
Read at a composition point (the CLI, an actor's start); parts are passed down.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from realm.errors import ConfigError
from realm.home import RealmHome

Applies = Literal["live", "next_battle", "restart"]
Port = Annotated[int, Field(ge=1, le=65535)]
ENV_PREFIX = "REALM_"
SECRETS = ("web.token", "web.read_token", "oracle.token", "notify.urls")
"""Settings whose values no message repeats."""
NOT_SETTINGS = {"REALM_HOME"}


def setting(default: Any, applies: Applies, about: str, **constraints: Any) -> Any:
    """A field with the moment its change takes effect and one line of explanation."""
    return Field(default=default, description=about, json_schema_extra={"applies": applies}, **constraints)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeroConfig(Part):
    name: str = setting("mote", "restart", "Hero of the catalog that a realm without a campaign begins with.")
    base_model: str | None = setting(
        None, "restart", "Folder or hub name of that hero's base model, instead of the catalog's."
    )
    max_length: int | None = setting(
        None, "restart", "Its context in tokens, instead of the catalog's. Longer examples are not trained.", ge=32
    )


class TrainingConfig(Part):
    batch_size: int = setting(32, "next_battle", "Examples in one optimizer step, over all workers.", ge=1)
    epochs: int = setting(1, "next_battle", "Times each quest is gone through.", ge=1)
    optimizer: Literal["catalog", "muon", "adamw"] = setting(
        "catalog", "next_battle", "muon = Muon on 2-D hidden matrices and AdamW on the rest; catalog = the hero's own."
    )
    learning_rate: float | None = setting(
        None, "next_battle", "AdamW learning rate, instead of the catalog's.", gt=0, le=1
    )
    muon_learning_rate: float | None = setting(
        None, "next_battle", "Muon learning rate, instead of the catalog's.", gt=0, le=1
    )
    weight_decay: float = setting(0.0, "next_battle", "Decoupled weight decay of both optimizers.", ge=0, le=1)
    warmup_steps: int = setting(50, "next_battle", "Steps of linear warm-up at the start of a campaign.", ge=0)
    clip_norm: float = setting(1.0, "next_battle", "Largest gradient norm.", gt=0)
    ema_decay: float | None = setting(
        None,
        "next_battle",
        "Decay of the averaged weights that are evaluated and saved, instead of the catalog's; 0 turns averaging off.",
        ge=0,
        lt=1,
    )
    seed: int = setting(17, "next_battle", "Seed of weights, batch order and generated quests.", ge=0)
    checkpoint_interval_s: float = setting(
        60.0, "next_battle", "Seconds of battle between two full checkpoints: what a crash replays at most.", gt=0
    )
    snapshot_interval_s: float = setting(
        1.0, "next_battle", "Seconds between two snapshots offered for evaluation.", gt=0
    )
    snapshot_max_mb: int = setting(
        64, "next_battle", "Heroes with larger weights are evaluated at checkpoints only.", ge=0
    )
    idle_timeout_s: float = setting(
        30.0, "next_battle", "Seconds without a quest after which the worker group is released.", gt=0
    )
    metrics_interval_s: float = setting(0.5, "next_battle", "Seconds between two metric messages.", gt=0)


class AutoQuestConfig(Part):
    enabled: bool = setting(True, "live", "Generate quests when the board is empty.")
    steps: int = setting(240, "live", "Steps of one generated quest.", ge=1)


class EvaluationConfig(Part):
    interval_s: float = setting(0.5, "live", "Least seconds between two evaluations of one skill.", ge=0)
    exam_interval_s: float = setting(20.0, "live", "Least seconds between two exams while a battle is on.", ge=0)


class LevelCapConfig(Part):
    """When a climb is given up, and with how much evidence; realm.rules.climb.CapRule says what each means."""

    enabled: bool = setting(True, "live", "Look out for plateaus, try something against them, give verdicts.")
    floor_tokens: int = setting(
        3_000_000, "live", "Least training tokens since the last promotion before a verdict.", ge=1
    )
    suspect_multiple: float = setting(
        2.0, "live", "Level's tokens without a promotion before a plateau is suspected.", gt=0
    )
    multiple: float = setting(3.0, "live", "Level's tokens without a promotion before a verdict.", gt=0)
    generalization_multiple: float = setting(
        9.0, "live", "The same where training problems are solved and others not.", gt=0
    )
    interventions_needed: int = setting(3, "live", "Interventions tried and measured before a verdict.", ge=2, le=3)
    maintenance_multiple: float = setting(
        2.0,
        "live",
        "Tokens on mastered levels per token on the training level from which lapsing ones are what ends the climb.",
        gt=0,
    )

    @model_validator(mode="after")
    def _in_order(self) -> LevelCapConfig:
        multiples = self.suspect_multiple, self.multiple, self.generalization_multiple
        if list(multiples) != sorted(multiples):
            raise ValueError(
                f"suspect_multiple, multiple and generalization_multiple are {multiples}; none may be smaller than the "
                "one before"
            )
        return self


class SparringConfig(Part):
    max_age_steps: int = setting(
        2000, "live", "Steps beyond its mistakes after which a waiting sparring quest is cancelled.", ge=0
    )


class PlacementConfig(Part):
    """Ray resources of the train workers and the evaluating worker."""

    train_workers: int = setting(1, "next_battle", "Train workers of a battle.", ge=1)
    train_cpus: int = setting(1, "next_battle", "CPUs and torch threads of each train worker.", ge=1)
    train_gpus: float | None = setting(
        None, "next_battle", "GPUs of each train worker; none = what the resource table gives for this cluster.", ge=0
    )
    eval_cpus: int = setting(1, "restart", "CPUs and torch threads of the evaluating worker.", ge=0)
    oracle_gpus: float | None = setting(
        None,
        "restart",
        "GPUs of each process of the Oracle; none = 0.2, or 0.5 on a node of its own.",
        ge=0,
    )
    eval_gpus: float | None = setting(
        None, "restart", "GPUs of the evaluating worker; none = what the resource table gives for this cluster.", ge=0
    )


class RayConfig(Part):
    address: str | None = setting(
        None, "restart", "Address of a running cluster to attach to, as RAY_ADDRESS; none = a head of its own."
    )
    port: int = setting(6399, "restart", "GCS port of the realm's own head.", ge=1024, le=65535)
    dashboard_port: int = setting(8265, "restart", "Port of the Ray dashboard.", ge=1024, le=65535)
    num_cpus: int | None = setting(None, "restart", "CPUs of the realm's own head; none = all of the machine.", ge=2)
    object_store_mb: int = setting(512, "restart", "Shared memory of the object store on the realm's own head.", ge=80)


class JobsConfig(Part):
    idle_work: bool = setting(
        True, "live", "Let TaskMaster post work of its own at idle priority while workers are free."
    )
    idle_interval_s: float = setting(60.0, "live", "Least seconds between two idle-time jobs of one kind.", ge=1)


class OracleConfig(Part):
    url: str | None = setting(
        None, "restart", "An OpenAI-compatible server outside the cluster in the Oracle's place; none is started then."
    )
    token: str | None = setting(None, "restart", "Token that the server of oracle.url demands.")
    follow_champion: bool = setting(
        True, "live", "`champion` is the best by exam accuracy; else the one promoted by hand last."
    )
    max_replicas: int = setting(
        1, "restart", "Most processes that hold weights; questions decide how many.", ge=1, le=64
    )
    min_replicas: int = setting(0, "restart", "Processes that stay once the Oracle was asked.", ge=0, le=64)
    idle_s: float = setting(600.0, "restart", "Seconds without a question after which the last process ends.", ge=1)
    memory_mb: int | None = setting(
        None, "restart", "Memory for weights and caches of one process; none = half of what is free at its start.", ge=1
    )
    rows: int = setting(32, "restart", "Answers that one checkpoint makes at once.", ge=1, le=1024)
    queue: int = setting(
        256, "restart", "Questions to one checkpoint that may wait; others are refused.", ge=0, le=100_000
    )
    cache_tokens: int = setting(
        32_768, "restart", "Tokens of all answers that one checkpoint makes at once, prompts included.", ge=64
    )
    timeout_s: float = setting(300.0, "live", "Longest time for one answer, waiting included.", gt=0, le=86_400)
    threads: int = setting(1, "restart", "torch threads of a process on a CPU.", ge=1, le=1024)


class WebConfig(Part):
    host: str = setting(
        "127.0.0.1", "restart", "Address the Tavern and the APIs listen on; anything wider needs a token."
    )
    tavern_port: int = setting(8888, "restart", "Port of the Tavern.", ge=1, le=65535)
    vault_port: int = setting(8767, "restart", "Port of the Vault API: checkpoints and jobs.", ge=1, le=65535)
    oracle_port: int = setting(8765, "restart", "Port of the Oracle.", ge=1, le=65535)
    skill_ports: dict[str, Port | None] = setting(
        {}, "restart", "Ports of skills' APIs by skill id, instead of those of their YAML; null for none."
    )
    token: str | None = setting(
        None, "restart", "Demanded of every request when the host is not loopback.", min_length=16
    )
    read_token: str | None = setting(
        None, "restart", "Allows what changes nothing, and no more, when the host is not loopback.", min_length=16
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), "restart", "Host names beside the loopback ones that requests may name, each with its port if not 80."
    )
    upload_max_mb: int = setting(2048, "restart", "Largest quest file taken through the browser.", ge=1)

    def ports(self) -> dict[str, int]:
        """Ports that the realm itself listens on, by setting; those of skills come beside them."""
        return {f"web.{name}_port": getattr(self, f"{name}_port") for name in ("tavern", "vault", "oracle")}

    @model_validator(mode="after")
    def _wider_needs_a_token(self) -> WebConfig:
        if self.host not in ("127.0.0.1", "localhost", "::1") and self.token is None:
            raise ValueError(f"host {self.host!r} is reachable from other machines, which needs web.token")
        if self.token is not None and self.token == self.read_token:
            raise ValueError("web.read_token is the same as web.token, which allows everything")
        return self


class StrongholdConfig(Part):
    """One place for copies: a folder on one host (a local disk, a NAS mount) or a bucket."""

    zone: Literal["hot", "warm", "cold"] = Field(description="Its temperature.")
    uri: str = Field(min_length=1, description="A folder, file:// or s3:// URI; below it lies what it keeps.")
    node: str | None = Field(
        default=None,
        description="Ray node whose folder it is: its name, host name, address or label realm/host; none = the head.",
    )
    options: dict[str, Any] = Field(
        default={}, description="For the bucket's file system, e.g. endpoint_url. Keys and secrets: in the environment."
    )


class ZonePolicy(Part):
    """What retention keeps in a zone, beside what is protected. None = no limit."""

    max_gb: float | None = Field(default=None, ge=0, description="Bytes of all copies in it, in GB.")
    max_age_days: float | None = Field(default=None, ge=0, description="Age since it was saved.")
    keep_newest: int | None = Field(default=None, ge=0, description="The newest kept; of older ones one a day.")


class HotPolicy(ZonePolicy):
    max_gb: float | None = Field(default=150, ge=0)
    max_age_days: float | None = Field(default=7, ge=0)
    keep_newest: int | None = Field(default=50, ge=0)


class WarmPolicy(ZonePolicy):
    max_gb: float | None = Field(default=500, ge=0)
    max_age_days: float | None = Field(default=90, ge=0)
    keep_newest: int | None = Field(default=100, ge=0)


class ZonesConfig(Part):
    """A part of each that is left out keeps its default."""

    hot: HotPolicy = HotPolicy()
    warm: WarmPolicy = WarmPolicy()
    cold: ZonePolicy = ZonePolicy()


NoticeName = Literal["level_up", "champion", "blocker", "verdict", "battle_failed", "title", "achievement"]


class NotifyConfig(Part):
    urls: tuple[str, ...] = setting((), "live", "Apprise URLs that are told what happens; each holds its own secrets.")
    kinds: tuple[NoticeName, ...] = setting(
        ("level_up", "champion", "blocker", "verdict"),
        "live",
        "What they are told; also battle_failed, title, achievement.",
    )
    per_hour: int = setting(
        12, "live", "Most messages an hour to each URL; what is beyond is summed up in a later one.", ge=1, le=1000
    )


class VaultConfig(Part):
    strongholds: dict[str, StrongholdConfig] = setting(
        {}, "live", "Places for copies beside the realm's own folder (`home`, hot), by id."
    )
    zones: ZonesConfig = setting(ZonesConfig(), "live", "Retention of each zone: max_gb, max_age_days, keep_newest.")
    trash_days: float = setting(7.0, "live", "Days for which what was deleted can be restored.", ge=0)
    trash_max_mb: int = setting(
        1024,
        "live",
        "Above this size the trash drops the oldest that retention put there; never what a person did.",
        ge=0,
    )
    cache_max_mb: int = setting(4096, "live", "Largest size of a host's cache of fetched checkpoints.", ge=0)
    min_free_mb: int = setting(512, "next_battle", "Free disk space that a checkpoint must leave.", ge=0)


class RealmConfig(BaseSettings):
    """Every setting; see each part. Unknown keys are refused with the nearest known one."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    hero: HeroConfig = HeroConfig()
    training: TrainingConfig = TrainingConfig()
    auto_quest: AutoQuestConfig = AutoQuestConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    level_cap: LevelCapConfig = LevelCapConfig()
    oracle: OracleConfig = OracleConfig()
    sparring: SparringConfig = SparringConfig()
    placement: PlacementConfig = PlacementConfig()
    jobs: JobsConfig = JobsConfig()
    ray: RayConfig = RayConfig()
    web: WebConfig = WebConfig()
    vault: VaultConfig = VaultConfig()
    notify: NotifyConfig = NotifyConfig()

    def of_hero(self, hero_id: str) -> RealmConfig:
        """These settings for a hero: base model and context are set for the hero they name, and for no other."""
        return self if hero_id == self.hero.name else self.model_copy(update={"hero": HeroConfig(name=hero_id)})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def changed_settings(config: RealmConfig, parts: Collection[str]) -> dict[str, Any]:
    """Dotted key → value, JSON-ready, of the settings of these parts that are not at their defaults."""
    found = config.model_dump(mode="json", include=set(parts), exclude_defaults=True)
    return {f"{part}.{name}": value for part, settings in found.items() for name, value in settings.items()}


def known_keys() -> dict[str, Applies]:
    """Every dotted key with the moment a change applies."""
    keys: dict[str, Applies] = {}
    for part, field in RealmConfig.model_fields.items():
        annotation = cast(type[BaseModel], field.annotation)
        for name, inner in annotation.model_fields.items():
            extra = cast(dict[str, Any], inner.json_schema_extra)
            keys[f"{part}.{name}"] = extra["applies"]
    return keys


def load_config(home: RealmHome) -> RealmConfig:
    """The settings of this realm.

    Raises:
        ConfigError: an unknown key (with the nearest known one), a wrong value, or YAML that cannot be read.
    """
    data = read_config_file(home.config_file)
    _check_keys(_dotted(data), str(home.config_file))
    _check_keys(_environment_keys(os.environ), "environment")
    try:
        return RealmConfig(**data)
    except ValidationError as error:
        raise ConfigError(_explain(error), f"Correct it in {home.config_file} or in the REALM_* environment.") from None


def read_config_file(path: Path) -> dict[str, Any]:
    """The YAML mapping at `path`, empty when there is no such file.

    Raises:
        ConfigError: not YAML, or not a mapping.
    """
    if not path.exists():
        return {}
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not readable YAML: {error}", "Correct or remove the file.") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds a {type(data).__name__}, not a mapping of settings.", "Correct the file.")
    return {key: value for key, value in cast(dict[str, Any], data).items() if value is not None}


def with_setting(home: RealmHome, key: str, value: str) -> tuple[RealmConfig, str]:
    """The settings with `key` set to `value` (YAML syntax), validated, and the text of the new file. Writes nothing.

    Raises:
        ConfigError: an unknown key or a value that does not fit.
    """
    _check_keys([key], "the command line")
    data = read_config_file(home.config_file)
    part, _, name = key.partition(".")
    section: Any = data.get(part) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"{part} in {home.config_file} is not a mapping of settings.", "Correct the file.")
    data[part] = section
    try:
        section[name] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"{value!r} is not a YAML value.", f"`realm config show` lists {key}.") from None
    try:
        config = RealmConfig(**data)
    except ValidationError as error:
        raise ConfigError(_explain(error), f"`realm config show` lists {key} and what it takes.") from None
    return config, yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def _dotted(data: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and not prefix:
            yield from _dotted(cast(dict[str, Any], value), f"{name}.")
        else:
            yield name


def _environment_keys(environ: Mapping[str, str]) -> Iterator[str]:
    for name in environ:
        if name.startswith(ENV_PREFIX) and name not in NOT_SETTINGS:
            yield name.removeprefix(ENV_PREFIX).lower().replace("__", ".", 1)


def _check_keys(keys: Iterator[str] | list[str], source: str) -> None:
    known = known_keys()
    for key in keys:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        raise ConfigError(f"Unknown setting {key!r} in {source}.", f"The nearest known one is {near[0]!r}.")


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    value = "not usable" if where.startswith(SECRETS) else repr(first["input"])
    return f"Setting {where!r} is {value}: {first['msg']}."
