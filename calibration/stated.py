"""Reasons that remember how they were made, so that they can be said in another language.

A :class:`Stated` is an ordinary string, in English, with its template and its values beside it.
This package says its reasons by :func:`state`; who shows them may say them again.

>>> state("{wells} wells; {need} are needed", wells=2, need=3)
'2 wells; 3 are needed'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Stated(str):
    """A reason in English, with the template and the values it was made from.

    Attributes
    ----------
    template
        As ``str.format`` takes it.
    values
        By the template's names; reasons among them are inside this one.
    """

    template: str
    values: Mapping[str, Any]

    __slots__ = ("template", "values")

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Stated:
        """Fill the template."""
        made = super().__new__(cls, template.format(**values))
        made.template = template
        made.values = dict(values)
        return made

    def __reduce__(self) -> tuple[type[Stated], tuple[str, dict[str, Any]]]:
        """Pickle by template and values."""
        return Stated, (self.template, dict(self.values))


def state(template: str, /, **values: Any) -> Stated:
    """Make a reason; `template` is a literal, so that a test can find it in every catalogue."""
    return Stated(template, values)
