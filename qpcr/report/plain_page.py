"""A page of plain sections: sentences, tables and drawings; no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qpcr.report._templates import template


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table; every cell is escaped."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PlainSection:
    """A part of the page.

    Attributes
    ----------
    title
        Its heading.
    words
        Sentences.
    tables
        In their order.
    drawings
        SVG made by this package: goes into the page as it is.
    """

    title: str
    words: tuple[str, ...] = ()
    tables: tuple[PlainTable, ...] = ()
    drawings: tuple[str, ...] = ()


def render_plain(
    lang: str, title: str, sections: Sequence[PlainSection], banner: str | None = None
) -> str:
    """Make the page; only drawings are not escaped.

    Parameters
    ----------
    lang
        Code of the page's language.
    title
        Of the page.
    sections
        In their order.
    banner
        What must not be overlooked: stands above everything.
    """
    return template("plain.html").render(lang=lang, title=title, sections=sections, banner=banner)
