"""A hero built once for all unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from realm.catalog import HeroSpec, hero_spec
from realm.config import RealmConfig
from realm.training.settings import starting_weights


@pytest.fixture(scope="session")
def mote() -> HeroSpec:
    return hero_spec("mote")


@pytest.fixture(scope="session")
def mote_folder(mote: HeroSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MOTE as it is built: a Hugging Face folder."""
    return Path(starting_weights(mote, RealmConfig(), tmp_path_factory.mktemp("heroes") / "mote"))
