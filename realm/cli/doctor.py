"""The checks of `realm doctor`: machine, installation, files, database, cluster. Changes nothing and prints nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import realm
from realm.cli.books import current_hero
from realm.config import RealmConfig, load_config
from realm.errors import ConfigError
from realm.home import RealmHome

DISTRIBUTION = "realm-of-training"
State = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `remedy` is "" where there is nothing to do."""

    name: str
    state: State
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def examine(home: RealmHome, tick: Callable[[str], None]) -> list[Check]:
    """Every check, in the order in which one rests on another."""
    found: list[Check] = []
    for check in _checks(home):
        found.append(check)
        tick(f"checked {check.name}")
    return found


def _checks(home: RealmHome) -> Iterator[Check]:
    yield check_python()
    yield check_packages()
    yield check_constraints(Path(realm.__file__).parents[1] / "constraints.txt")
    try:
        config = load_config(home)
    except ConfigError as error:
        yield Check("config", "fail", error.problem, error.remedy)
        yield Check("the rest", "warn", "Not checked: it rests on the config.")
        return
    yield check_config(home)
    yield from _checks_of(home, config.of_hero(current_hero(home, config)))


def _checks_of(home: RealmHome, config: RealmConfig) -> Iterator[Check]:
    from realm.cli.doctor_cluster import check_cluster
    from realm.cli.doctor_files import check_database, check_hero, check_honours
    from realm.cli.doctor_machine import check_disk, check_gpu, check_ports, check_shared_memory, check_temp_dir

    yield check_disk(home, config)
    yield check_shared_memory(config)
    yield check_temp_dir(home)
    yield check_gpu(config)
    yield from check_ports(home, config)
    yield check_hero(home, config)
    yield check_honours()
    yield check_database(home)
    yield from check_cluster(home, config)


def check_python() -> Check:
    """Whether this Python is one that the package declares."""
    from packaging.specifiers import SpecifierSet

    version = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata.metadata(DISTRIBUTION)["Requires-Python"] or ""
    if SpecifierSet(wanted).contains(version):
        return Check("Python", "pass", f"{version} ({sys.executable})")
    return Check(
        "Python", "fail", f"{version}; the realm needs {wanted}.", "make play PYTHON=python3.11 in a fresh clone."
    )


def check_packages() -> Check:
    """Whether every declared dependency is installed in a declared version."""
    from packaging.requirements import Requirement

    wrong: list[str] = []
    checked = 0
    for text in metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        checked += 1
        found = _version(requirement.name)
        if found is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found}, not {requirement.specifier}")
    if wrong:
        return Check("packages", "fail", "; ".join(wrong) + ".", "make install")
    return Check("packages", "pass", f"{checked} declared dependencies installed")


def check_constraints(path: Path) -> Check:
    """Whether the installed versions are those of constraints.txt, which the tests ran with."""
    from packaging.version import Version

    if not path.exists():
        return Check("constraints", "pass", "Installed without a constraints.txt")
    different: list[str] = []
    pins = [line.split("==") for line in path.read_text(encoding="utf-8").splitlines() if "==" in line]
    for name, pinned in pins:
        found = _version(name)
        if found is not None and Version(found).public != Version(pinned).public:
            different.append(f"{name} {found} (pinned {pinned})")
    if different:
        return Check("constraints", "warn", f"Other versions than pinned: {', '.join(different)}.", "make install")
    return Check("constraints", "pass", f"{len(pins)} pinned versions; none installed otherwise")


def check_config(home: RealmHome) -> Check:
    """That the settings were read, and from where."""
    file = home.config_file
    return Check("config", "pass", f"{file} is valid" if file.exists() else f"No {file}: every setting has its default")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
