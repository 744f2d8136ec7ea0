"""Strict reading of TOML tables: every key is asked for by name and type, and none is left over.

Each table knows its file and its key path, so that every refusal can say where it happened.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from primers.errors import PanelError

Choice = TypeVar("Choice", bound=str)


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """Return "did you mean …?" for the nearest known word, or ``None`` if none is near."""
    by_lower = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]!r}?" if near else None


def listed(names: Iterable[str]) -> str:
    """Return accepted values as text."""
    return ", ".join(names) or "(none)"


class Table:
    """One TOML table that must be used up: call `finish` when all its keys have been taken."""

    def __init__(self, values: dict[str, Any], path: str, file: Path | None) -> None:
        self.values = values
        self.path = path
        self.file = file
        self._asked: dict[str, None] = {}

    def place(self, key: str) -> str:
        """Return the key path of one key."""
        quoted = key if key.replace("_", "").replace("-", "").isalnum() else f'"{key}"'
        return f"{self.path}.{quoted}" if self.path else quoted

    def error(
        self,
        problem: str,
        key: str | None = None,
        *,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
    ) -> PanelError:
        """Make the error that names this file and the place of `key`."""
        return PanelError(
            problem,
            file=self.file,
            place=self.path if key is None else self.place(key),
            expected=expected,
            found=found,
            remedy=remedy,
        )

    def _take(self, key: str, kinds: tuple[type, ...], words: str, optional: bool) -> Any:
        """Return a value of the right type; ``None`` only for an optional key that is absent."""
        self._asked[key] = None
        if key not in self.values:
            if optional:
                return None
            others = [other for other in self.values if other not in self._asked]
            near = difflib.get_close_matches(key, others, n=1)
            raise self.error(
                "a key is missing",
                key,
                expected=words,
                found=f"a key {near[0]!r}, which is near" if near else None,
            )
        value = self.values[key]
        # bool is an int in Python, not in a panel.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.error("a value of the wrong kind", key, expected=words, found=repr(value))
        return value

    def opt_text(self, key: str) -> str | None:
        """Return a text that is not empty, or ``None`` if the key is absent."""
        value = self._take(key, (str,), "text", optional=True)
        return None if value is None else self._filled(key, value)

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        return self._filled(key, self._take(key, (str,), "text", optional=False))

    def _filled(self, key: str, value: str) -> str:
        if not value.strip():
            raise self.error("a text is empty", key, expected="text")
        return value

    def choice(self, key: str, kind: Any, default: str | None = None) -> Any:
        """Return one of the values of a ``Literal`` type, or of a sequence of names."""
        accepted = get_args(kind) or tuple(kind)
        value = self._take(key, (str,), "one of " + listed(accepted), optional=default is not None)
        if value is None:
            return default
        if value not in accepted:
            raise self.error(
                "a value that is not known",
                key,
                expected="one of " + listed(accepted),
                found=repr(value),
                remedy=suggestion(value, accepted),
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, (bool,), "true or false", optional=True)
        return default if value is None else bool(value)

    def opt_number(self, key: str, low: float, high: float) -> float | None:
        """Return a finite number from `low` to `high`, or ``None`` if the key is absent."""
        words = f"a number from {low:g} to {high:g}"
        value = self._take(key, (int, float), words, optional=True)
        if value is not None and not low <= value <= high:
            raise self.error("a number out of range", key, expected=words, found=repr(value))
        return None if value is None else float(value)

    def number(self, key: str, low: float, high: float) -> float:
        """Return a finite number from `low` to `high`."""
        value = self.opt_number(key, low, high)
        if value is None:
            raise self.error("a key is missing", key, expected=f"a number from {low:g} to {high:g}")
        return value

    def opt_positive(self, key: str) -> float | None:
        """Return a finite number above 0, or ``None`` if the key is absent."""
        value = self._take(key, (int, float), "a number above 0", optional=True)
        if value is not None and not 0 < value <= sys.float_info.max:
            raise self.error(
                "a number out of range", key, expected="a number above 0", found=repr(value)
            )
        return None if value is None else float(value)

    def opt_whole(self, key: str, low: int, high: int) -> int | None:
        """Return a whole number from `low` to `high`, or ``None`` if the key is absent."""
        words = f"a whole number from {low} to {high}"
        value = self._take(key, (int,), words, optional=True)
        if value is not None and not low <= value <= high:
            raise self.error("a number out of range", key, expected=words, found=repr(value))
        return None if value is None else int(value)

    def whole(self, key: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self.opt_whole(key, low, high)
        if value is None:
            words = f"a whole number from {low} to {high}"
            raise self.error("a key is missing", key, expected=words)
        return value

    def span(self, key: str) -> tuple[int, int]:
        """Return two whole numbers above 0, the second not below the first."""
        span = self.opt_span(key)
        if span is None:
            raise self.error("a key is missing", key, expected="[first, last]")
        return span

    def opt_span(self, key: str) -> tuple[int, int] | None:
        """Return two whole numbers as `span`, or ``None`` if the key is absent."""
        value = self._take(key, (list,), "[first, last]", optional=True)
        if value is None:
            return None
        whole = all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        if len(value) != 2 or not whole or not 0 < value[0] <= value[1]:
            raise self.error(
                "not a span",
                key,
                expected="[first, last]: two whole numbers above 0, in order",
                found=repr(value),
            )
        return value[0], value[1]

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Return a list of different texts; at least one unless optional."""
        value = self._take(key, (list,), "a list of texts", optional)
        value = [] if value is None else value
        if not all(isinstance(v, str) and v.strip() for v in value) or not (value or optional):
            raise self.error("not a list of texts", key, expected='["…"]', found=repr(value))
        doubled = next((v for v in value if value.count(v) > 1), None)
        if doubled is not None:
            raise self.error("the same name twice", key, found=repr(doubled))
        return tuple(value)

    def opt_table(self, key: str) -> Table | None:
        """Return a table below this one, or ``None`` if it is absent."""
        value = self._take(key, (dict,), f"a table [{self.place(key)}]", optional=True)
        return None if value is None else Table(value, self.place(key), self.file)

    def table(self, key: str) -> Table:
        """Return a table below this one."""
        value = self._take(key, (dict,), f"a table [{self.place(key)}]", optional=False)
        return Table(value, self.place(key), self.file)

    def named(self, key: str, *, optional: bool = False) -> list[tuple[str, Table]]:
        """Return the tables of a table of tables with their names; one at least."""
        outer = self.opt_table(key) if optional else self.table(key)
        if outer is None:
            return []
        if not outer.values and not optional:
            raise self.error("an empty table", key, expected=f"at least one [{key}.NAME]")
        return [(name, outer.table(name)) for name in outer.values]

    def array(self, key: str, *, optional: bool = False) -> list[Table]:
        """Return the tables of an array of tables; one at least unless optional."""
        words = f"an array of tables [[{self.place(key)}]]"
        value = self._take(key, (list,), words, optional)
        value = [] if value is None else value
        if not all(isinstance(item, dict) for item in value) or not (value or optional):
            raise self.error("not an array of tables", key, expected=words, found=repr(value)[:60])
        return [Table(v, f"{self.place(key)}[{i}]", self.file) for i, v in enumerate(value)]

    def rest(self) -> dict[str, Any]:
        """Return all keys that were not asked for yet, as they are."""
        left = {key: value for key, value in self.values.items() if key not in self._asked}
        self._asked.update(dict.fromkeys(left))
        return left

    def finish(self) -> None:
        """Refuse a key that nobody asked for.

        Raises
        ------
        PanelError
            Naming the key, the keys accepted here, and the nearest of them.
        """
        for key in self.values:
            if key not in self._asked:
                raise self.error(
                    "a key that is not known",
                    key,
                    expected="one of " + listed(self._asked),
                    found=repr(key),
                    remedy=suggestion(key, self._asked),
                )
