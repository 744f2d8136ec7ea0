"""Sentences that know how they were made, so that they can be said in another language.

:func:`say` fills a template as ``str.format`` does and gives a :class:`Said`: an ordinary string,
in English, that remembers its template and its values. :func:`translated` says it again by a
catalogue that maps English templates to those of another language; values that are sentences
themselves are translated too. A text without a template, or whose template the catalogue lacks,
stays as it is: names from a file are never translated. Members of our own enumerations are words of
ours, and are translated by their English text.

>>> say("{wells} amplified at Ct {cq:.2f}.", wells="A1", cq=30.0)
'A1 amplified at Ct 30.00.'
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Said(str):
    """A sentence in English, with the template and the values it was made from.

    Attributes
    ----------
    template
        As ``str.format`` takes it.
    values
        By the template's names.
    """

    template: str
    values: Mapping[str, Any]

    __slots__ = ("template", "values")

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Said:
        """Fill the template."""
        made = super().__new__(cls, template.format(**values))
        made.template = template
        made.values = dict(values)
        return made

    def __reduce__(self) -> tuple[type[Said], tuple[str, dict[str, Any]]]:
        """Pickle by template and values."""
        return Said, (self.template, dict(self.values))


def say(template: str, /, **values: Any) -> Said:
    """Make a sentence; `template` is a literal, so that a test can find it in every catalogue."""
    return Said(template, values)


def as_said(reason: str) -> str:
    """A reason of :mod:`calibration`, which knows no catalogue, as a sentence; others stay.

    Told by its template and values, so that nothing of that package is loaded here.

    >>> from calibration.stated import state
    >>> as_said(state("{wells} wells", wells=2)).template
    '{wells} wells'
    """
    template, values = getattr(reason, "template", None), getattr(reason, "values", None)
    if isinstance(reason, Said) or template is None or values is None:
        return reason
    inside = {
        name: as_said(value) if isinstance(value, str) else value for name, value in values.items()
    }
    return Said(template, inside)


def translated(text: str, catalogue: Mapping[str, str]) -> str:
    """Say `text` by the templates of `catalogue` (English template to the other language's)."""
    if isinstance(text, StrEnum):
        return catalogue.get(text.value, text.value)
    if not isinstance(text, Said):
        return text
    values = {
        name: translated(value, catalogue) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return catalogue.get(text.template, text.template).format(**values)
