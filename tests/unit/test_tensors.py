"""Tensors of safetensors files measured without torch, held against torch's and numpy's own numbers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from realm.errors import HeroError
from realm.models import tensors
from realm.models.tensors import TensorFile, layer_drift, layer_stats


def unwatched() -> None:
    pass


def test_a_hero_is_measured_as_numpy_measures_it(mote_folder: Path) -> None:
    rows = {row["name"]: row for row in layer_stats(mote_folder / "model.safetensors", unwatched)}
    loaded = load_file(mote_folder / "model.safetensors")
    assert rows.keys() == loaded.keys()
    for name, tensor in loaded.items():
        values, row = tensor.double().numpy(), rows[name]
        assert (row["shape"], row["parameters"]) == (list(values.shape), values.size)
        assert row["mean"] == pytest.approx(values.mean(), abs=1e-12)
        assert row["std"] == pytest.approx(values.std())
        assert row["norm"] == pytest.approx(np.linalg.norm(values))
        assert (row["min"], row["max"]) == (values.min(), values.max())
        assert (row["zeros"], row["not_finite"]) == ((values == 0).mean(), 0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int8, torch.bool])
def test_every_type_is_read_in_chunks_of_any_size(
    dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, "CHUNK", 7)
    tensor = (torch.randn(5, 11) * 3).to(dtype)
    save_file({"a": torch.zeros(3), "w": tensor, "z": torch.zeros(0)}, tmp_path / "x.safetensors", {"format": "pt"})
    file = TensorFile(tmp_path / "x.safetensors")
    found = np.concatenate([*file.chunks("w")])
    assert np.array_equal(found, tensor.double().numpy().ravel())
    rows = {row["name"]: row for row in layer_stats(file.path, unwatched)}
    assert rows["w"]["std"] == pytest.approx(tensor.double().numpy().std())
    assert (rows["z"]["parameters"], rows["z"]["mean"]) == (0, None)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(1, 9))
def test_merged_chunks_have_the_mean_and_deviation_of_all(values, chunk):
    with pytest.MonkeyPatch.context() as patched, TemporaryDirectory() as folder:
        patched.setattr(tensors, "CHUNK", chunk)
        path = Path(folder) / "x.safetensors"
        # Far from zero a sum of squares would have lost every digit of the deviation.
        shifted = torch.tensor(values, dtype=torch.float64) + 1e9
        save_file({"w": shifted}, path)
        [row] = layer_stats(path, unwatched)
    assert row["mean"] == pytest.approx(shifted.numpy().mean())
    assert row["std"] == pytest.approx(shifted.numpy().std(), rel=1e-6, abs=1e-6)


def test_what_is_not_finite_is_counted_and_left_out(tmp_path: Path) -> None:
    save_file({"w": torch.tensor([1.0, float("nan"), 3.0, float("inf")])}, tmp_path / "x.safetensors")
    [row] = layer_stats(tmp_path / "x.safetensors", unwatched)
    assert (row["mean"], row["max"], row["not_finite"]) == (2.0, 3.0, 2)


def test_drift_is_the_relative_norm_and_the_cosine(tmp_path: Path) -> None:
    one, two = torch.randn(6, 4), torch.randn(6, 4)
    for name, shared, own in (("a", one, "new"), ("b", two, "old")):
        save_file({"w": shared, own: torch.zeros(2), "z": torch.zeros(2)}, tmp_path / f"{name}.safetensors")
    found = layer_drift(tmp_path / "a.safetensors", tmp_path / "b.safetensors", unwatched)
    row = next(each for each in found["tensors"] if each["name"] == "w")
    assert row["relative"] == pytest.approx(float((one - two).norm() / two.norm()))
    assert row["cosine"] == pytest.approx(float(torch.cosine_similarity(one.ravel(), two.ravel(), dim=0)), abs=1e-6)
    assert next(each for each in found["tensors"] if each["name"] == "z")["relative"] is None
    assert (found["only_here"], found["only_in_base"]) == (["new"], ["old"])
    same = layer_drift(tmp_path / "a.safetensors", tmp_path / "a.safetensors", unwatched)
    assert (same["all"]["relative"], same["all"]["cosine"]) == (0.0, pytest.approx(1.0))


@pytest.mark.parametrize(
    "data", [b"", b"12345678", b"\xff" * 64, (2).to_bytes(8, "little") + b"[]", b"\x02" + b"\0" * 7]
)
def test_what_is_no_safetensors_file_is_said(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(HeroError, match="safetensors"):
        TensorFile(tmp_path / "x")


def test_a_file_that_is_cut_off_is_said(mote_folder: Path, tmp_path: Path) -> None:
    whole = (mote_folder / "model.safetensors").read_bytes()
    (tmp_path / "x").write_bytes(whole[:-10])
    with pytest.raises(HeroError, match="cut off"):
        layer_stats(tmp_path / "x", unwatched)


def test_the_work_ends_when_it_is_not_wanted_any_more(mote_folder: Path) -> None:
    def watch() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        layer_stats(mote_folder / "model.safetensors", watch)
