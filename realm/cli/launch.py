"""Starting and stopping a realm: Ray, then Weaver, then everything Weaver weaves. Prints nothing.

Ray is imported while the head boots, not before: on two cores that is two seconds of every start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

from actors.ports import another_port, skill_ports
from realm.catalog import hero_spec
from realm.catalog.honours import shipped_honours
from realm.cli.books import current_campaign, prepare_books, refuse_other_schema
from realm.cli.locks import locked
from realm.cli.ray_head import check_ports, launch_head, port_holder, stop_head, wait_for_head
from realm.cli.session import attach, cluster_address, external_address, head_node, realm_runs
from realm.cli.settings_file import change_setting, environment_override
from realm.config import RealmConfig, load_config
from realm.errors import ClusterError, ConfigError, ConflictError, RealmError
from realm.home import RealmHome
from realm.hosts import service_urls, skill_service
from realm.rules.campaign import Campaign

HEALTHY_TIMEOUT_S = 120.0
"""Without one service more being healthy, before a start is given up."""
QUIESCE_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 30.0
"""Of Arena, before a stop goes on without it: the battle loses what it did since its last checkpoint."""

Tick = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Started:
    """A realm that runs. `fresh` = this call started it; `seconds` until every service was healthy; `campaign` = the
    active one, else the paused one that was left last, None where none is open.

    `urls` are those that are served, whatever the settings have become since.
    """

    fresh: bool
    seconds: float
    address: str
    hero: str
    campaign: Campaign | None
    auto_quests: bool
    urls: dict[str, str]
    services: dict[str, dict[str, Any]]


def start(
    home: RealmHome,
    *,
    hero: str | None = None,
    auto: bool | None = None,
    tick: Tick,
    say: Tick = lambda _line: None,
) -> Started:
    """Start the realm of `home`, or attach to it when it runs: then nothing is changed. Idempotent.

    `hero` and `auto` (generated quests on or off) are written to realm.yaml first. A campaign of `hero` becomes the
    active one; without it the realm goes on with the campaign it had. `tick` hears what is being waited for, `say` the
    facts in order: the cluster, then what is placed where.

    Raises:
        ConflictError: a campaign of another hero is open, or quests are generated otherwise than asked for.
        RealmError: what is in the way, with the remedy.
    """
    began = time.monotonic()
    with exclusive(home, tick):
        home.create()
        config = load_config(home)
        ports = skill_ports(config)
        shipped_honours()  # a title that names no skill there is ends the start here, before anything runs
        web = config.web.ports()
        address = cluster_address(home, config)
        fresh = address is None
        if address is None:
            stop_head(home)  # what a head that died has left, on the very ports that are checked next
            ray = {"ray.port": config.ray.port, "ray.dashboard_port": config.ray.dashboard_port}
            check_ports(ray | web)
            config = _settle(home, config, hero, auto, say)
            address = _start_ray(home, config, hero, tick, say)
        else:
            tick(f"connecting to {address}")
            attach(home, address)
            fresh = not realm_runs()
            if fresh:
                _require_head_machine(address)
                check_ports(web)
                config = _settle(home, config, hero, auto, say)
                prepare_books(home, config, hero, say)
            else:
                _refuse_change(home, config, hero, auto)
        if external_address(config) is None:
            (home.ray / "address").write_text(address)
        if fresh:
            _check_fit(config)
            for line in [*placement_lines(config), *taken_lines(ports)]:
                say(line)
        services = _weave(home, config, tick)
        urls = served_urls(services)
        if not fresh:
            for line in later_lines(urls, service_urls(config, ports)):
                say(line)
    campaign = current_campaign(home)
    return Started(
        fresh=fresh,
        seconds=time.monotonic() - began,
        address=address,
        hero=campaign.hero_id if campaign else config.hero.name,
        campaign=campaign,
        auto_quests=config.auto_quest.enabled,
        urls=urls,
        services=services,
    )


def stop(home: RealmHome, tick: Tick) -> str | None:
    """Save the battle and end what this realm started. What became of the battle, in words; None when nothing ran."""
    with exclusive(home, tick):
        config = load_config(home)
        address = cluster_address(home, config)
        if address is None:
            return "nothing was running any more but leftovers" if stop_head(home) else None
        tick("connecting")
        external = external_address(config) is not None
        try:
            attach(home, address)
            battle = _quiesce(tick) if realm_runs() else None
        except ClusterError as error:
            if external:
                raise
            battle = f"not saved ({error.problem}); it goes on from its last checkpoint"
        if external:
            _end_services()
            return battle
        _end_head(home, tick)
        return battle or "there was none"


def exclusive(home: RealmHome, tick: Tick) -> AbstractContextManager[None]:
    """Hold the realm's start lock: a second `realm start` waits for the first and then finds a running realm."""
    return locked(home.start_lock, lambda: tick("waiting for another realm start or stop"))


def placement_lines(config: RealmConfig) -> list[str]:
    """What will run where, in words. Needs a connection."""
    from actors.cluster import SERVICES, nodes_with, train_resources, worker_options

    worker = worker_options(config)
    on_head = sum(spec.on_head for spec in SERVICES)
    arena = "nodes with realm/role=arena" if nodes_with("realm/role", "arena") else "the head"
    oracle = "nodes with realm/role=oracle" if "label_selector" in worker else "the head"
    resources = {"CPU": worker["num_cpus"], "GPU": worker["num_gpus"]}
    return [
        f"Service actors: {on_head} on the head ({head_node()['NodeManagerHostname']}), 0 CPU each",
        f"Train workers: {config.placement.train_workers} on {arena}, {_words(train_resources(config))} each",
        f"Evaluating worker: 1 on {oracle}, {_words(resources)}",
    ]


def taken_lines(ports: dict[str, int]) -> list[str]:
    """Which ports of skills' APIs another process holds, in words: the realm starts without them."""
    holders = {skill_id: port_holder(port) for skill_id, port in ports.items()}
    return [
        f"Port {ports[skill_id]} ({skill_service(skill_id)}) is in use by {holder}. {another_port(skill_id)}"
        for skill_id, holder in holders.items()
        if holder is not None
    ]


def served_urls(services: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The URL of each site that Weaver knows: the Tavern, the APIs by name, the dashboard."""
    urls = {name: str(row["url"]) for name, row in services.items() if row["url"] is not None}
    return {name: urls[name] for name in sorted(urls, key=lambda name: (name == "dashboard", name != "tavern", name))}


def later_lines(served: Mapping[str, str], settings: Mapping[str, str]) -> list[str]:
    """Which sites have another URL by the settings than the one they are served at, in words."""
    return [
        f"{name}: {served.get(name, 'none')} now, {settings.get(name, 'none')} from the next start on "
        "(realm stop, then realm start)."
        for name in sorted(served.keys() | settings.keys())
        if served.get(name) != settings.get(name)
    ]


def _words(resources: dict[str, float]) -> str:
    return ", ".join(f"{amount:g} {name}" for name, amount in resources.items() if amount) or "0 CPU"


def _settle(home: RealmHome, config: RealmConfig, hero: str | None, auto: bool | None, say: Tick) -> RealmConfig:
    """The settings with what the command line asks for written to realm.yaml."""
    if hero is not None and hero != config.hero.name:
        hero_spec(hero)
        if config.hero.base_model is not None:
            raise ConfigError(
                f"hero.base_model is {config.hero.base_model!r}, set for {config.hero.name}, not for {hero}.",
                "Unset it: realm config set hero.base_model null --unlock.",
            )
        _write(home, "hero.name", hero, say)
    if auto is not None and auto != config.auto_quest.enabled:
        _write(home, "auto_quest.enabled", "true" if auto else "false", say)
    settled = load_config(home)
    hero_spec(settled.hero.name)
    return settled


def _write(home: RealmHome, key: str, value: str, say: Tick) -> None:
    variable = environment_override(key)
    if variable is not None:
        raise ConfigError(f"{variable} in the environment decides {key}.", f"Unset {variable}.")
    change_setting(home, key, value)
    say(f"{key} set to {value} in {home.config_file}")


def _refuse_change(home: RealmHome, config: RealmConfig, hero: str | None, auto: bool | None) -> None:
    """A start changes nothing of a realm that runs: say what differs from what was asked for."""
    campaign = current_campaign(home)
    running = campaign.hero_id if campaign else None
    if hero is not None and hero != running:
        raise ConflictError(
            f"The realm runs with hero {running!r}, not {hero!r}.",
            "realm campaign activate CAMPAIGN changes to another one (realm campaign list names them), "
            f"realm campaign new --hero {hero} --activate begins one.",
        )
    if auto is not None and auto != config.auto_quest.enabled:
        state = "on" if config.auto_quest.enabled else "off"
        raise ConflictError(
            f"The realm runs with generated quests {state}.",
            f"Change it while it runs: realm config set auto_quest.enabled {str(auto).lower()}.",
        )


def _start_ray(home: RealmHome, config: RealmConfig, hero: str | None, tick: Tick, say: Tick) -> str:
    """A head of this realm's own, with the books prepared while it boots; connects to it and returns its address."""
    tick("starting Ray")
    record = launch_head(home, config)
    say(f"Ray head: {record.address}, dashboard on port {record.dashboard_port}, log {home.logs / 'ray_head.log'}")
    try:
        prepare_books(home, config, hero, say)
    except RealmError:
        stop_head(home)
        raise
    wait_for_head(home, record, tick)
    tick("connecting")
    attach(home, record.address)
    return record.address


def _require_head_machine(address: str) -> None:
    """The database lies on the head's disk, so that is where the realm is started."""
    import ray

    head = head_node()
    if ray.get_runtime_context().get_node_id() != head["NodeID"]:
        raise ClusterError(
            f"This machine is not the head of the cluster at {address}; {head['NodeManagerHostname']} is.",
            f"Run realm start on {head['NodeManagerHostname']}: the realm's files lie there.",
        )


def _check_fit(config: RealmConfig) -> None:
    """Refuse a placement that this cluster can never satisfy: Ray itself would wait for ever."""
    import ray

    from actors.cluster import train_resources, worker_options

    total = ray.cluster_resources()
    train, worker = train_resources(config), worker_options(config)
    wanted = {
        "CPU": config.placement.train_workers * train["CPU"] + worker["num_cpus"],
        "GPU": config.placement.train_workers * train.get("GPU", 0.0) + worker["num_gpus"],
    }
    for name, amount in wanted.items():
        if amount > total.get(name, 0.0):
            raise ClusterError(
                f"The placement needs {amount:g} {name}; the cluster has {total.get(name, 0.0):g}.",
                "Lower placement.train_workers, train_cpus, eval_cpus or the GPUs: realm config show placement.",
            )


def _weave(home: RealmHome, config: RealmConfig, tick: Tick) -> dict[str, dict[str, Any]]:
    """Every service and site, healthy: those that run are kept unless their code is older."""
    from actors.cluster import SPECS, actor, code_version, remove, spawn
    from actors.waiting import ask

    tick("waiting for weaver")
    weaver = spawn(SPECS["weaver"], home, config)
    if ask(weaver.ping.remote())["version"] != code_version():
        refuse_other_schema(home)
        prepare_books(home, config, None)
        remove("weaver")
        weaver = spawn(SPECS["weaver"], home, config)
    ask(weaver.weave.remote())
    ask(actor("arena").wake.remote())
    return _wait_healthy(weaver, tick)


def _wait_healthy(weaver: Any, tick: Tick) -> dict[str, dict[str, Any]]:
    """The services and their sites once none is waited for any more."""
    from actors.waiting import ask

    began = progressed = time.monotonic()
    most = 0
    while True:
        services: dict[str, dict[str, Any]] = ask(weaver.health.remote())
        waiting = waited_for(services)
        if not waiting:
            return services
        clock = time.monotonic()
        settled = len(services.keys() - set(waiting))
        if settled > most:
            most, progressed = settled, clock
        if clock - progressed > HEALTHY_TIMEOUT_S:
            details = "; ".join(f"{name}: {services.get(name, {}).get('detail', 'not seen')}" for name in waiting)
            raise ClusterError(f"Not healthy after {clock - began:.0f} s: {details}.", "`realm doctor` says more.")
        tick(f"waiting for {', '.join(waiting)}")
        time.sleep(0.2)


def waited_for(services: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is not healthy yet of the services, and of the sites that their hosts name once they answer.

    A skill's API whose port another process holds is not waited for.
    """
    from actors.cluster import SERVICES

    optional = services.keys() - {"tavern", "dashboard"} - {spec.name for spec in SERVICES}
    settled = {
        name for name, row in services.items() if row["healthy"] or (name in optional and row["state"] == "degraded")
    }
    return sorted(({spec.name for spec in SERVICES} | services.keys()) - settled)


def _quiesce(tick: Tick) -> str:
    """Let the battle save its last step; what became of it, in words.

    Raises:
        ClusterError: Arena does not answer.
    """
    from actors.cluster import actor
    from actors.waiting import ask

    arena = actor("arena")
    ask(arena.quiesce.remote(), timeout_s=ANSWER_TIMEOUT_S)
    deadline = time.monotonic() + QUIESCE_TIMEOUT_S
    while not ask(arena.quiesced.remote(), timeout_s=ANSWER_TIMEOUT_S):
        if time.monotonic() > deadline:
            return f"not saved within {QUIESCE_TIMEOUT_S:.0f} s; it goes on from its last checkpoint"
        tick("saving the battle")
        time.sleep(0.2)
    battle = ask(arena.status.remote(), timeout_s=ANSWER_TIMEOUT_S)
    if battle is None:
        return "there was none"
    if battle["state"] in ("finished", "failed"):
        return f"number {battle['number']} had {battle['state']} at step {battle['step']}"
    return f"number {battle['number']} saved at step {battle['step']}"


def _end_services() -> None:
    """End the realm's actors on a cluster that others started."""
    import ray

    from actors.cluster import NAMESPACE, SERVICES, remove
    from serve.oracle.deployment import undeployed

    for spec in SERVICES:
        remove(spec.name)
    undeployed()
    # Hosts of attempts are detached too; their battles are saved by now.
    named = cast(list[dict[str, str]], ray.util.list_named_actors(all_namespaces=True))
    for name in [each["name"] for each in named if each["namespace"] == NAMESPACE]:
        remove(name)


def _end_head(home: RealmHome, tick: Tick) -> None:
    """End the head that this realm started, with everything that runs in it."""
    import ray

    if ray.is_initialized():
        ray.shutdown()
    tick("stopping Ray")
    stop_head(home)
    (home.ray / "address").unlink(missing_ok=True)
