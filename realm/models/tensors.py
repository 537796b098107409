"""Tensors of a safetensors file, measured and compared a chunk at a time. Needs no torch and no memory for the file.

The format: 8 bytes length of the header, the header as JSON, then the data (github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from realm.errors import HeroError

CHUNK: Final = 1 << 22
"""Elements that are in memory at once."""
MAX_HEADER: Final = 100 << 20
TYPES: Final = MappingProxyType(
    {
        "F64": "<f8",
        "F32": "<f4",
        "F16": "<f2",
        "BF16": "<u2",
        "I64": "<i8",
        "I32": "<i4",
        "I16": "<i2",
        "I8": "i1",
        "U8": "u1",
        "BOOL": "?",
    }
)

Watch = Callable[[], None]
"""Called before every chunk; it may raise what ends the work."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor of a file; `offset` is where its data begin in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        return prod(self.shape)


class TensorFile:
    """A safetensors file on disk."""

    def __init__(self, path: Path) -> None:
        """Reads the header. HeroError where the file is none."""
        self.path = path
        try:
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                if not 0 < length <= min(MAX_HEADER, path.stat().st_size):
                    raise ValueError(f"a header of {length} bytes")
                header: dict[str, Any] = json.loads(file.read(length))
            header.pop("__metadata__", None)
            self.tensors = {
                name: TensorInfo(name, each["dtype"], tuple(each["shape"]), 8 + length + each["data_offsets"][0])
                for name, each in sorted(header.items())
            }
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise HeroError(f"{path} is no safetensors file: {error}.", "Check it: realm vault verify.") from None
        unknown = sorted({each.dtype for each in self.tensors.values()} - TYPES.keys())
        if unknown:
            raise HeroError(f"{path} has tensors of type {', '.join(unknown)}.", f"Known are {', '.join(TYPES)}.")

    def chunks(self, name: str) -> Iterator[np.ndarray]:
        """The elements of a tensor as float64, at most CHUNK at a time. HeroError where the file is cut off."""
        info = self.tensors[name]
        kind = np.dtype(TYPES[info.dtype])
        with self.path.open("rb") as file:
            file.seek(info.offset)
            for at in range(0, info.size, CHUNK):
                found = np.fromfile(file, kind, min(CHUNK, info.size - at))
                if found.size < min(CHUNK, info.size - at):
                    raise HeroError(f"{self.path} is cut off within {name}.", "Check it: realm vault verify.")
                if info.dtype == "BF16":
                    # The upper half of a float32.
                    found = (found.astype(np.uint32) << 16).view(np.float32)
                yield found.astype(np.float64)


def layer_stats(path: Path, watch: Watch) -> list[dict[str, Any]]:
    """Each tensor: shape, mean, standard deviation, norm, min, max, share of zeros, elements that are no numbers.

    What is not finite is counted and left out of the rest.
    """
    file = TensorFile(path)
    return [_measured(file, info, watch) for info in file.tensors.values()]


def layer_drift(path: Path, base: Path, watch: Watch) -> dict[str, Any]:
    """How far each tensor of `path` is from the one of `base` of this name and shape.

    `relative` = norm of the difference / norm of the base's, `cosine` of the two as vectors; None where the base's is
    all zeros. Tensors that only one of them has are named.
    """
    one, other = TensorFile(path), TensorFile(base)
    shared = [
        name for name, info in one.tensors.items() if name in other.tensors and other.tensors[name].shape == info.shape
    ]
    rows: list[dict[str, Any]] = []
    total = np.zeros(4)
    for name in shared:
        sums = _compared(one, other, name, watch)
        total += sums
        rows.append({"name": name, "shape": list(one.tensors[name].shape), **_drift(sums)})
    return {
        "tensors": rows,
        "all": _drift(total),
        "only_here": sorted(one.tensors.keys() - set(shared)),
        "only_in_base": sorted(other.tensors.keys() - set(shared)),
    }


def _measured(file: TensorFile, info: TensorInfo, watch: Watch) -> dict[str, Any]:
    # Means and squared deviations of chunks are merged (Chan, Golub, LeVeque 1983): sums of squares would cancel.
    count = zeros = 0
    mean = deviation = squares = 0.0
    low, high = np.inf, -np.inf
    for chunk in file.chunks(info.name):
        watch()
        values = chunk[np.isfinite(chunk)]
        if not values.size:
            continue
        zeros += int(np.count_nonzero(values == 0))
        part = float(values.mean())
        merged = count + values.size
        deviation += float(((values - part) ** 2).sum()) + (part - mean) ** 2 * count * values.size / merged
        mean += (part - mean) * values.size / merged
        squares += float((values**2).sum())
        low, high, count = min(low, float(values.min())), max(high, float(values.max())), merged
    return {
        "name": info.name,
        "dtype": info.dtype,
        "shape": list(info.shape),
        "parameters": info.size,
        "mean": mean if count else None,
        "std": sqrt(deviation / count) if count else None,
        "norm": sqrt(squares),
        "min": low if count else None,
        "max": high if count else None,
        "zeros": zeros / count if count else None,
        "not_finite": info.size - count,
    }


def _compared(one: TensorFile, other: TensorFile, name: str, watch: Watch) -> np.ndarray:
    """Squared norms of the difference, of this and of the base's tensor, and the product of the two."""
    sums = np.zeros(4)
    for here, base in zip(one.chunks(name), other.chunks(name), strict=True):
        watch()
        kept = np.isfinite(here) & np.isfinite(base)
        here, base = here[kept], base[kept]
        sums += [((here - base) ** 2).sum(), (here**2).sum(), (base**2).sum(), (here * base).sum()]
    return sums


def _drift(sums: np.ndarray) -> dict[str, float | None]:
    difference, here, base, product = (float(each) for each in sums)
    return {
        "relative": sqrt(difference / base) if base else None,
        "cosine": product / sqrt(here * base) if here and base else None,
    }
