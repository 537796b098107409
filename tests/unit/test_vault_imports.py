"""Imports: a model folder from outside is taken whole, once, or refused with the reason."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForCausalLM, BertConfig, BertForSequenceClassification
from vault_helpers import CAMPAIGN, T0, Keeper, add_checkpoint, new_home

from realm.catalog import hero_spec
from realm.config import RealmConfig
from realm.errors import HeroError, NotFoundError, RequestError
from realm.models.hero import build_hero
from realm.store.battles import BattleStore
from realm.training.settings import open_hero, starting_weights
from realm.vault.folders import WEIGHTS, sha256_of
from realm.vault.imports import INDEX, copy_model, read_model_folder, weights_sha256


@pytest.fixture
def keeper(tmp_path: Path, mote_folder: Path) -> Keeper:
    return Keeper(new_home(tmp_path / "home"), mote_folder)


@pytest.fixture
def folder(tmp_path: Path, mote_folder: Path) -> Path:
    """A model of MOTE's shape in a folder outside of the realm."""
    return Path(shutil.copytree(mote_folder, tmp_path / "outside" / "my model"))


def shard(folder: Path) -> dict[str, Path]:
    """Split the folder's weights into two files with an index; each tensor's file."""
    arrays = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(arrays)
    where: dict[str, Path] = {}
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        path = folder / f"model-0000{number}-of-00002.safetensors"
        save_file({name: arrays[name] for name in part}, path, metadata={"format": "pt"})
        where |= dict.fromkeys(part, path)
    (folder / INDEX).write_text(json.dumps({"weight_map": {name: path.name for name, path in where.items()}}))
    return where


def test_a_campaign_that_has_not_begun_starts_from_an_import(keeper: Keeper, folder: Path) -> None:
    answer = keeper.import_folder(str(folder), confined=False)
    row = answer["checkpoint"]
    assert (row["step"], row["created_by"], row["campaign_id"]) == (0, "import", CAMPAIGN)
    assert row["sha256"] == sha256_of(folder / WEIGHTS) == sha256_of(Path(row["path"]) / WEIGHTS)
    start = keeper.imported_start(CAMPAIGN)
    assert start is not None
    assert start.id == row["id"]
    assert keeper.import_folder(str(folder), confined=False)["checkpoint"]["id"] == row["id"]
    assert not keeper.imports.exists()
    assert open_hero(hero_spec("mote"), row["path"]).parameters > 0


def test_a_campaign_that_has_begun_keeps_its_start(keeper: Keeper, folder: Path) -> None:
    BattleStore(keeper.database).create_battle(CAMPAIGN, 0, T0)
    answer = keeper.import_folder(str(folder), confined=False)
    asset = answer["asset"]
    assert answer["checkpoint"] is None
    assert (asset["kind"], asset["protection"]) == ("base_model", "sacred")
    assert asset["sha256"] == sha256_of(folder / WEIGHTS)
    assert asset["data"]["architecture"] == "Qwen3ForCausalLM"
    path = Path(answer["path"])
    assert path.parent == keeper.home.models / "imports"
    assert path.name.startswith("my-model-")
    assert f"hero.base_model {path}" in answer["next"]
    config = RealmConfig(**{"hero": {"base_model": str(path)}})
    assert starting_weights(hero_spec("mote"), config, keeper.home.hero("mote")) == str(path)
    assert keeper.import_folder(str(folder), confined=False)["asset"] == asset
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_another_shape_or_tokenizer_is_kept_as_a_base_model(keeper: Keeper, folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["truncation"] = {"max_length": 9, "stride": 0, "strategy": "LongestFirst", "direction": "Right"}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    first = keeper.import_folder(str(folder), confined=False)
    assert first["checkpoint"] is None
    spec = hero_spec("mote")
    assert spec.build is not None
    deeper = spec.model_copy(update={"build": spec.build.model_copy(update={"layers": 3})})
    other = build_hero(deeper, folder.parent / "deeper", 1, 256)
    second = keeper.import_folder(str(other), confined=False)
    assert second["checkpoint"] is None
    assert second["asset"]["data"]["parameters"] > first["asset"]["data"]["parameters"]


def test_an_export_comes_back_as_it_went(keeper: Keeper, mote_folder: Path, tmp_path: Path) -> None:
    checkpoint = add_checkpoint(keeper.home, mote_folder)
    exported = keeper.wait(keeper.export_start(checkpoint.id)["id"])
    other = Keeper(new_home(tmp_path / "other"), mote_folder)
    answer = other.import_folder(exported["path"], confined=False)
    assert answer["checkpoint"]["sha256"] == checkpoint.sha256
    ours, theirs = (AutoModelForCausalLM.from_pretrained(each) for each in (checkpoint.path, answer["path"]))
    ids = torch.tensor([[3, 300, 310]])
    with torch.inference_mode():
        assert torch.equal(ours(ids).logits, theirs(ids).logits)


def test_shards_become_one_file_with_the_same_tensors(keeper: Keeper, folder: Path) -> None:
    before = load_file(folder / WEIGHTS)
    shard(folder)
    answer = keeper.import_folder(str(folder), confined=False)
    after = load_file(Path(answer["path"]) / WEIGHTS)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert not (Path(answer["path"]) / INDEX).exists()
    assert answer["checkpoint"]["sha256"] == sha256_of(Path(answer["path"]) / WEIGHTS)


def test_merged_tensors_lie_at_multiples_of_their_width(folder: Path, tmp_path: Path) -> None:
    (folder / WEIGHTS).unlink()
    save_file({"a": np.ones(3, np.float16)}, folder / "a.safetensors")
    save_file({"b": np.arange(4, dtype=np.float64)}, folder / "b.safetensors")
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}))
    found = read_model_folder(folder)
    assert copy_model(found, tmp_path / "copy") == weights_sha256(found)
    after = load_file(tmp_path / "copy" / WEIGHTS)
    assert after["a"].tolist() == [1, 1, 1]
    assert after["b"].tolist() == [0, 1, 2, 3]


def only_pickles(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))


def a_pickle_by_another_name(folder: Path) -> None:
    torch.save({"a": torch.zeros(3)}, folder / WEIGHTS)


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


def no_chat_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def truncated(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:-1])


def edit_config(**values: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | values))

    return edit


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def own_tokenizer_code(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoTokenizer": ["x.T", None]}}))


def a_classifier(folder: Path) -> None:
    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=400)
    BertForSequenceClassification(config).save_pretrained(folder)


def a_tensor_is_gone(folder: Path) -> None:
    arrays = load_file(folder / WEIGHTS)
    del arrays["model.norm.weight"]
    save_file(arrays, folder / WEIGHTS, metadata={"format": "pt"})


def a_tensor_too_many(folder: Path) -> None:
    save_file(load_file(folder / WEIGHTS) | {"extra": np.zeros(2)}, folder / WEIGHTS, metadata={"format": "pt"})


def a_tensor_of_another_shape(folder: Path) -> None:
    arrays = load_file(folder / WEIGHTS) | {"model.norm.weight": np.ones(7, np.float32)}
    save_file(arrays, folder / WEIGHTS, metadata={"format": "pt"})


def a_link_out(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder.parent / "weights")
    (folder / WEIGHTS).symlink_to(folder.parent / "weights")


def a_shard_is_gone(folder: Path) -> None:
    next(iter(shard(folder).values())).unlink()


def a_shard_elsewhere(folder: Path) -> None:
    where = shard(folder)
    (folder / INDEX).write_text(json.dumps({"weight_map": dict.fromkeys(where, "../x.safetensors")}))


def an_index_of_other_tensors(folder: Path) -> None:
    where = {name: path.name for name, path in shard(folder).items()}
    where.popitem()
    (folder / INDEX).write_text(json.dumps({"weight_map": where}))


REFUSED = [
    (only_pickles, "pytorch_model.bin: pickled"),
    (a_pickle_by_another_name, "not a whole safetensors file"),
    (truncated, "not a whole safetensors file"),
    (no_tokenizer, "has no tokenizer"),
    (broken_tokenizer, "no tokenizer that can be loaded"),
    (no_chat_template, "no chat template"),
    (no_config, "has no config.json"),
    (edit_config(model_type="qwen99"), "qwen99"),
    (edit_config(auto_map={"AutoModelForCausalLM": "x.M"}), "auto_map"),
    (edit_config(quantization_config={"quant_method": "gptq"}), "quantization_config"),
    (edit_config(vocab_size=100), r"shape \(383, 128\), its config.json wants \(100, 128\)"),
    (own_tokenizer_code, "auto_map"),
    (a_classifier, "BertForSequenceClassification, not a causal"),
    (a_tensor_is_gone, "lacks 1 tensors, among them 'model.norm.weight'"),
    (a_tensor_too_many, "no use for 1 tensors, among them 'extra'"),
    (a_tensor_of_another_shape, r"'model.norm.weight' has shape \(7,\)"),
    (a_link_out, "is a link to"),
    (a_shard_is_gone, "lacks the shard model-00001"),
    (a_shard_elsewhere, "names the shard '../x.safetensors'"),
    (an_index_of_other_tensors, "differ in 1 tensors"),
]


@pytest.mark.parametrize(("damage", "said"), REFUSED, ids=[getattr(d, "__name__", "") for d, _ in REFUSED])
def test_what_is_refused_leaves_nothing(
    keeper: Keeper, folder: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(folder)
    with pytest.raises(HeroError, match=said) as error:
        keeper.import_folder(str(folder), confined=False)
    assert error.value.remedy
    left = [path for place in (keeper.imports, keeper.home.checkpoints) for path in place.rglob("*") if path.is_file()]
    assert left == []


def test_paths_from_outside_are_confined(keeper: Keeper, folder: Path) -> None:
    inside = keeper.home.data / "model"
    for path in (str(folder), f"{keeper.home.data}/../../outside/my model", "data/model", "/etc"):
        with pytest.raises(RequestError, match="none of the vault's folders"):
            keeper.import_folder(path)
    inside.symlink_to(folder)
    with pytest.raises(RequestError):
        keeper.import_folder(str(inside))
    inside.unlink()
    with pytest.raises(NotFoundError):
        keeper.import_folder(str(inside))
    shutil.copytree(folder, inside)
    assert keeper.import_folder(str(inside))["checkpoint"] is not None


def test_a_stronghold_may_be_imported_from(keeper: Keeper, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"nas": {"zone": "warm", "uri": folder.parent.as_uri()}}
    monkeypatch.setenv("REALM_VAULT__STRONGHOLDS", json.dumps(places))
    assert keeper.import_folder(str(folder))["checkpoint"] is not None
