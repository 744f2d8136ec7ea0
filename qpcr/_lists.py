"""Lists: things put together by what they have in common, and lists said in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from qpcr.said import say

Item = TypeVar("Item")
Key = TypeVar("Key")


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Items by what `key` says of them, in the order in which it first says it."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def listed(texts: Sequence[str], most: int = 6, comma: str = ", ") -> str:
    """Name a few as people do: ``A1, A2 and 3 more``."""
    rest = len(texts) - most
    if rest <= 0:
        return comma.join(texts)
    return say("{names} and {rest} more", names=comma.join(texts[:most]), rest=rest)
