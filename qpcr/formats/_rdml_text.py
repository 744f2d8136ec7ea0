"""Words and numbers as RDML files write them; elements are found whatever their prefix is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qpcr.errors import InputError
from qpcr.formats._eds_text import MAX_NAME, MAX_TEXT, clean_name, remark, shortened, text

if TYPE_CHECKING:
    from lxml.etree import _Element

_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)


def children(node: _Element, path: str) -> Iterator[_Element]:
    """Elements at a path of local names, in any name space."""
    return node.iterfind("/".join(f"{{*}}{name}" for name in path.split("/")))


def word(node: _Element, path: str) -> str | None:
    """Text of the element at a path, cleaned, or ``None``."""
    return text(node, "/".join(f"{{*}}{name}" for name in path.split("/")))


def prose(node: _Element, path: str) -> str | None:
    """Text that is only shown: cut where it is long."""
    return remark(node, "/".join(f"{{*}}{name}" for name in path.split("/")))


def identity(node: _Element, what: str) -> str:
    """Identity of an element: its ``id``, cleaned.

    Raises
    ------
    InputError
        It has none, or one that is longer than any name.
    """
    name = clean_name((node.get("id") or "")[:MAX_TEXT])
    if not name or len(name) > MAX_NAME:
        raise InputError(f"a {what} has no id" if not name else f"the id of a {what} is too long")
    return name


def reference(node: _Element, name: str) -> str | None:
    """Identity that a child refers to: its ``id``, or, as version 1.0 writes it, its text."""
    child = next(children(node, name), None)
    if child is None:
        return None
    return clean_name((child.get("id") or child.text or "")[:MAX_TEXT])[:MAX_NAME] or None


def number(value: str | None, place: str) -> float | None:
    """Read a number; ``None`` where it is absent, ``NaN`` or infinite.

    Raises
    ------
    InputError
        It is a text that is no number.
    """
    stripped = "" if value is None else value.strip()
    if not stripped or stripped.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return None
    found = float(stripped) if _NUMBER.fullmatch(stripped) else None
    if found is None:
        raise InputError(
            "a value that must be a number is none",
            place=place,
            expected="a number",
            found=repr(shortened(stripped)[:60]),
        )
    return found if abs(found) < 1e300 else None


def by_identity(root: _Element, name: str) -> dict[str, _Element]:
    """Children of one kind by their ids.

    Raises
    ------
    InputError
        An id occurs twice: what refers to it could mean either.
    """
    found: dict[str, _Element] = {}
    for node in children(root, name):
        key = identity(node, name)
        if key in found:
            raise InputError(
                f"two elements {name!r} have one id: what refers to it could mean either",
                place=f"{name} {key!r}",
                remedy="export the file again, or give them different ids",
            )
        found[key] = node
    return found
