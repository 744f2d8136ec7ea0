"""Values that nobody can change after they are made: read-only arrays and mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(Mapping[K, V]):
    """A read-only copy of a mapping that can be pickled (``MappingProxyType`` cannot)."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"


def frozen(array: npt.ArrayLike, dtype: npt.DTypeLike, shape: tuple[int | None, ...]) -> Any:
    """Copy `array` as a read-only array of `dtype`, checking its shape (``None`` = any length)."""
    copy = np.array(array, dtype=dtype)
    if copy.ndim != len(shape) or any(
        want is not None and want != got for want, got in zip(shape, copy.shape, strict=True)
    ):
        raise ValueError(f"an array of shape {shape} was expected, not {copy.shape}")
    copy.setflags(write=False)
    return copy
