"""Instrument files in: one format a module, found by looking in this folder.

A format states one constant ``FORMAT``. :func:`read_run` shows a probe of the file to each and lets
the one that recognises it read. Two that claim one file are a mistake in the code, and said so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qpcr._registry import find
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats._probe import Probe
from qpcr.run import Run

__all__ = ["Format", "Probe", "formats", "read_run"]


@dataclass(frozen=True, slots=True)
class Format:
    """One instrument file format.

    Attributes
    ----------
    name
        Short and stable: goes into provenance.
    describes
        For people.
    sniff
        Says whether a file is of this format, without judging whether it is intact.
    read
        Makes a :class:`~qpcr.run.Run`, or raises :class:`~qpcr.errors.InputError`.
    several
        A file of this format may hold several runs, which have names.
    """

    name: str
    describes: str
    sniff: Callable[[Probe], bool]
    read: Callable[[Probe], Run]
    several: bool = False


def formats() -> dict[str, Format]:
    """Every format there is, by name."""
    return {one.name: one for one in find("qpcr.formats", "FORMAT").values()}


def read_run(path: Path | str, run: str | None = None) -> Run:
    """Read an instrument's file, whatever it is.

    Parameters
    ----------
    path
        The file.
    run
        Which run to read, where a file holds several (RDML).

    Returns
    -------
    Run

    Raises
    ------
    InputError
        The file is damaged, hostile, incomplete, or holds no run.
    UnsupportedError
        The file is of a kind that is not read.
    """
    path = Path(path)
    try:
        return _read(path, run)
    except InputError as error:
        raise error.at(path) from error.__cause__


def _read(path: Path, wanted: str | None) -> Run:
    probe = Probe.of(path, wanted)
    claims = [one for one in formats().values() if one.sniff(probe)]
    if len(claims) > 1:
        raise RuntimeError(f"claimed by several formats: {[one.name for one in claims]}")
    if not claims:
        known = "; ".join(one.describes for one in formats().values())
        raise UnsupportedError(
            "this kind of file is not read", file=path, expected=known, found=_kind(probe)
        )
    if wanted is not None and not claims[0].several:
        raise InputError(
            "a file of this format holds one run, which has no name",
            found=f"the name {wanted[:60]!r}",
            remedy="leave the name away",
        )
    return claims[0].read(probe)


def _kind(probe: Probe) -> str:
    if probe.book is not None:
        return f"a workbook with the sheets {', '.join(probe.book.names[:6]) or '(none)'}"
    if probe.archive is None:
        return f"a file that begins with {probe.head[:16]!r}"
    names = sorted(probe.archive.members)
    if any(name.endswith(".json") for name in names) and "summary.json" in names:
        return "a QuantStudio .eds of version 2 (JSON)"
    return f"a zip container with {', '.join(names[:4]) or 'nothing'} …"
