"""The languages a report can be in: the words of the page, and sentences said again.

A language is two catalogues with the same keys in each: labels by key (``texts_xx.py``) and
sentences by their English template (``sentences_xx.toml``). Names from files are never translated.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from qpcr.said import translated

if TYPE_CHECKING:
    from primers import Panel

LANGUAGES = ("en", "zh")
"""Codes of the languages there are."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language of a report.

    Attributes
    ----------
    code
        One of :data:`LANGUAGES`.
    texts
        Labels of the page by key.
    sentences
        Templates by English template; none for English itself.
    statements
        A panel's own sentences by their English.
    """

    code: str
    texts: Mapping[str, str]
    sentences: Mapping[str, str]
    statements: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: str) -> str:
        """Say a sentence of ours, or of the panel, in this language; other texts stay."""
        if text in self.statements:
            return self.statements[text]
        return translated(text, self.sentences) if self.sentences else str(text)

    def word(self, text: str) -> str:
        """Say a word of a closed list, such as a functional class."""
        return self.sentences.get(text, text)

    def say_all(self, texts: Iterable[str]) -> list[str]:
        """Say several."""
        return [self.say(text) for text in texts]


def language(code: str, panel: Panel | None = None) -> Language:
    """Look up a language, with the sentences a panel brings in it.

    Raises
    ------
    ValueError
        There is no such language.
    """
    if code == "en":
        from qpcr.report.texts_en import TEXTS

        return Language("en", TEXTS, {})
    if code == "zh":
        from qpcr.report.texts_zh import TEXTS

        statements = {} if panel is None else panel.chinese()
        return Language("zh", TEXTS, _sentences("zh"), statements)
    raise ValueError(f"there is no language {code!r}, only {', '.join(LANGUAGES)}")


@cache
def _sentences(code: str) -> Mapping[str, str]:
    """Templates and words of a catalogue."""
    text = resources.files("qpcr.report").joinpath(f"sentences_{code}.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    return MappingProxyType({**tables["words"], **tables["sentences"]})


def preferred(environment: Mapping[str, str] | None = None) -> str:
    """The language a person works in, by the locale's variables: Chinese or else English.

    The first of ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` that is set decides, as POSIX has it;
    where none is (as on Windows), the system's own answer does.
    """
    variables = os.environ if environment is None else environment
    said = next((v for n in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := variables.get(n))), None)
    if said is None and environment is None:
        import locale

        said = locale.getlocale()[0]
    return "zh" if (said or "").casefold().startswith(("zh", "chinese")) else "en"
