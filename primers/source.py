"""Statements of a panel, and where each comes from; in English, and in Chinese where it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["study", "computed", "literature", "validated", "unverified"]


@dataclass(frozen=True)
class Source:
    """Where a statement comes from.

    Attributes
    ----------
    name
        The key by which the panel file refers to it.
    evidence
        "study": printed in the study the panel follows. "computed": worked out from public
        sequences. "literature": read elsewhere. "validated": measured by the laboratory that uses
        the panel; the citation names its report. "unverified": common knowledge or a laboratory's
        choice that nobody has checked; a setting to edit.
    citation
        What to look up, or how it was computed.
    doi
        Without the leading ``https://doi.org/``.
    zh
        The citation in Chinese, if the panel gives it.
    """

    name: str
    evidence: Evidence
    citation: str
    doi: str | None = None
    zh: str | None = None


@dataclass(frozen=True)
class Statement:
    """A sentence a report may print, and where it comes from; `zh` is the same in Chinese."""

    text: str
    source: Source
    zh: str | None = None


@dataclass(frozen=True)
class Reflex:
    """The panel to run next when this one finds something it cannot name; `zh`: in Chinese."""

    panel: str
    text: str
    source: Source
    zh: str | None = None
