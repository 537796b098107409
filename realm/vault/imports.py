"""A Hugging Face folder from outside: what it holds, whether it is whole, and a copy with its weights in one file.

Reads headers and JSON; runs nothing and opens no pickle. Whether transformers can load it is asked elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final, cast

from safetensors import SafetensorError, safe_open

from realm.errors import HeroError, NotFoundError
from realm.vault.export import CHUNK, CONFIG, TOKENIZERS, small_files
from realm.vault.folders import WEIGHTS

INDEX: Final = "model.safetensors.index.json"
MAX_JSON: Final = 64 << 20
PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
PARTS: Final = "Put config.json, model.safetensors (or its shards with their index) and the tokenizer's files there."


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor in a safetensors file: its bytes are `start` to `stop` of `file`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that holds a model: its small files by name, and its tensors by name."""

    path: Path
    config: Mapping[str, Any]
    small: Mapping[str, Path]
    weights: tuple[Path, ...]
    tensors: Mapping[str, Tensor]

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in (*self.small.values(), *self.weights))

    @property
    def parameters(self) -> int:
        """Numbers in the files; tied ones are there once."""
        return sum(prod(tensor.shape) for tensor in self.tensors.values())

    def same_hero(self, other: ModelFolder) -> bool:
        """Whether both have the same tensors, of the same shapes, and the same tokenizer."""
        shapes, others = ({name: tensor.shape for name, tensor in each.tensors.items()} for each in (self, other))
        return shapes == others and all(
            _json_or_none(self.small.get(name)) == _json_or_none(other.small.get(name)) for name in TOKENIZERS[:1]
        )


def read_model_folder(folder: Path) -> ModelFolder:
    """What the folder holds, every header read and every size compared.

    Raises:
        NotFoundError: there is no such folder.
        HeroError: something is missing, damaged, a link out of the folder, or of a kind that is not taken.
    """
    if not folder.is_dir():
        raise NotFoundError(f"{folder} is not a folder.", "Give the path of a Hugging Face folder on the head.")
    folder = folder.resolve()
    for path in folder.iterdir():
        if path.is_symlink() and not path.resolve().is_relative_to(folder):
            raise HeroError(
                f"{path} is a link to {path.resolve()}, out of the folder.",
                "Copy the folder with its links followed (cp -rL), then import the copy.",
            )
    config = _config(folder)
    small = small_files(folder)
    if not any(name in small for name in TOKENIZERS):
        raise HeroError(f"{folder} has no tokenizer ({', '.join(TOKENIZERS)}).", PARTS)
    tensors = _tensors(folder)
    weights = tuple(sorted({tensor.file for tensor in tensors.values()}))
    return ModelFolder(folder, config, small, weights, tensors)


def weights_sha256(found: ModelFolder) -> str:
    """The sha256 that `copy_model` will give the weights."""
    digest = hashlib.sha256()
    for chunk in _weights(found):
        digest.update(chunk)
    return digest.hexdigest()


def copy_model(found: ModelFolder, target: Path) -> str:
    """Copy the model into the new folder `target`, its weights as one `model.safetensors`; their sha256."""
    target.mkdir()
    for name, path in found.small.items():
        shutil.copyfile(path, target / name)
    digest = hashlib.sha256()
    with (target / WEIGHTS).open("wb") as file:
        for chunk in _weights(found):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def import_name(found: ModelFolder, sha256: str) -> str:
    """What the copy is called: the folder's name in letters that every file system takes, and a digest of all of it."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", found.path.name).strip("-.")[:60] or "model"
    digest = hashlib.sha256(sha256.encode())
    for name, path in sorted(found.small.items()):
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return f"{plain}-{digest.hexdigest()[:8]}"


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise HeroError(f"{folder} has no {CONFIG}.", PARTS)
    config = _json(path)
    if not isinstance(config.get("model_type"), str):
        raise HeroError(f"{path} names no model_type.", "Give a folder that transformers saved.")
    tokenizer = folder / "tokenizer_config.json"
    for file, said in ((path, config), (tokenizer, _json_or_none(tokenizer if tokenizer.is_file() else None) or {})):
        if "auto_map" in said:
            raise HeroError(
                f"{file} names code of its own (auto_map: {said['auto_map']!r}), which is not run.",
                "Only models that transformers itself knows are imported.",
            )
    if "quantization_config" in config:
        raise HeroError(
            f"{path} has a quantization_config: quantized weights cannot be trained.", "Import the unquantized model."
        )
    return config


def _tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of the folder by name."""
    if (folder / WEIGHTS).is_file():
        return _header(folder / WEIGHTS)
    if not (folder / INDEX).is_file():
        raise HeroError(f"{folder} has neither {WEIGHTS} nor {INDEX}{_instead(folder)}.", PARTS)
    indexed = _json(folder / INDEX).get("weight_map")
    if not isinstance(indexed, dict) or not indexed:
        raise HeroError(f"{folder / INDEX} has no weight_map.", "Save the model anew with transformers.")
    weight_map = cast(dict[str, Any], indexed)
    found: dict[str, Tensor] = {}
    for shard in sorted({str(name) for name in weight_map.values()}):
        if Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise HeroError(f"{folder / INDEX} names the shard {shard!r}.", "Shards are .safetensors files beside it.")
        if not (folder / shard).is_file():
            raise HeroError(f"{folder} lacks the shard {shard}, which its index names.", "Copy all of its shards.")
        found |= _header(folder / shard)
    if found.keys() != weight_map.keys():
        odd = sorted(found.keys() ^ weight_map.keys())
        raise HeroError(
            f"{folder / INDEX} and its shards differ in {len(odd)} tensors, among them {odd[0]!r}.",
            "Copy the index and all of its shards from one place.",
        )
    return found


def _header(path: Path) -> dict[str, Tensor]:
    """The tensors of one file; safetensors itself checks that they cover it to its last byte."""
    try:
        with safe_open(str(path), framework="numpy"):
            pass
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header: dict[str, Any] = json.loads(file.read(length))
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        raise HeroError(
            f"{path} is not a whole safetensors file: {error}.",
            "Copy it again, or save the model with safe_serialization.",
        ) from None
    begin = 8 + length
    return {
        name: Tensor(
            name, each["dtype"], tuple(each["shape"]), path, *(begin + offset for offset in each["data_offsets"])
        )
        for name, each in header.items()
        if name != "__metadata__"
    }


def _weights(found: ModelFolder) -> Iterator[bytes]:
    """The bytes of one safetensors file with all tensors: the file itself, or of several a new one.

    In a new one those of the widest numbers come first, so that each lies at a multiple of its width, as safetensors
    itself writes them.
    """
    if len(found.weights) == 1:
        yield from _read(found.weights[0], 0, found.weights[0].stat().st_size)
        return
    ordered = sorted(found.tensors.values(), key=lambda each: (-_width(each), each.name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for each in ordered:
        size = each.stop - each.start
        header[each.name] = {"dtype": each.dtype, "shape": list(each.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for each in ordered:
        yield from _read(each.file, each.start, each.stop)


def _read(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (data := file.read(min(CHUNK, stop - start))):
            start += len(data)
            yield data


def _width(tensor: Tensor) -> float:
    return (tensor.stop - tensor.start) / max(1, prod(tensor.shape))


def _instead(folder: Path) -> str:
    """What lies there in place of safetensors."""
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    others = sorted(path.name for path in folder.glob("*.safetensors"))
    if pickles:
        return f", but {pickles[0]}: pickled weights can run code and are not opened"
    return f", but {', '.join(others[:3])}" if others else ""


def _json_or_none(path: Path | None) -> dict[str, Any] | None:
    return None if path is None else _json(path)


def _json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_JSON:
        raise HeroError(f"{path} has {path.stat().st_size:,} bytes.", f"A file like it has at most {MAX_JSON:,}.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise HeroError(f"{path} is not readable JSON: {error}.", "Copy it again.") from None
    if not isinstance(data, dict):
        raise HeroError(f"{path} holds a {type(data).__name__}, not an object.", "Copy it again.")
    return cast(dict[str, Any], data)
