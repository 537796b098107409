"""Whether this machine has a hero's base model: folders, the hub's cache, and what is missing of either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realm.catalog import HeroSpec, hero_spec
from realm.models.base import base_source, lacking


def files(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("{}")
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the hub's cache keeps the files of nobody/model."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repo = tmp_path / "models--nobody--model"
    files(repo / "refs")
    (repo / "refs" / "main").write_text("abc")
    return repo / "snapshots" / "abc"


def test_where_it_is_by_the_setting_the_folder_or_the_catalog(mote: HeroSpec, tmp_path: Path) -> None:
    dio = hero_spec("dio")
    assert base_source(mote, tmp_path, None) is None
    assert base_source(mote, tmp_path, "some/model") == "some/model"
    assert base_source(dio, tmp_path, None) == dio.base_model
    assert base_source(dio, files(tmp_path, "config.json"), None) == str(tmp_path)


def test_what_a_folder_lacks(tmp_path: Path) -> None:
    assert lacking(str(tmp_path / "none")) == f"the folder {tmp_path / 'none'} does not exist"
    files(tmp_path, "config.json")
    assert lacking(str(tmp_path)) == f"{tmp_path} has no tokenizer.json, *.safetensors"
    assert lacking(str(files(tmp_path, "tokenizer.json", "model-00001-of-00001.safetensors"))) == ""


def test_what_the_cache_of_the_hub_lacks(cache: Path) -> None:
    said = "the hub's cache on this machine has no {} of nobody/model"
    assert lacking("nobody/model") == said.format("config.json, tokenizer.json, model.safetensors")
    files(cache, "config.json", "tokenizer.json")
    assert lacking("nobody/model") == said.format("model.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}
    (cache / "model.safetensors.index.json").write_text(json.dumps(index))
    files(cache, "model-1.safetensors")
    assert lacking("nobody/model") == said.format("model-2.safetensors")
    files(cache, "model-2.safetensors")
    assert lacking("nobody/model") == ""
