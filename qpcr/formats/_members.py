"""Members of a container in few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qpcr.formats._archive import Archive


def kinds(names: Iterable[str]) -> tuple[str, ...]:
    """Name members, those that differ in their numbers only together.

    >>> kinds(["a.txt", "s1.dat", "s2.dat"])
    ('a.txt', 's#.dat (2 members)')
    """
    listed = list(names)
    counts = Counter(re.sub(r"\d+", "#", name) for name in listed)
    plain = {re.sub(r"\d+", "#", name): name for name in listed}
    return tuple(
        plain[kind] if count == 1 else f"{kind} ({count} members)" for kind, count in counts.items()
    )


def in_part(archive: Archive, *names: str) -> tuple[str, ...]:
    """Name members of which only a part was read, so far as they were read at all."""
    return tuple(f"{name}, most of it" for name in names if name in archive.touched)
