"""Instrument files in: one format a module, found by looking in this folder.

A format states one constant ``FORMAT``. :func:`read_run` shows a probe of the file to each and lets
the one that recognises it read. Two that claim one file are a mistake in the code, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qpcr._registry import find
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats._probe import Probe
from qpcr.formats._run_in import RunIn
from qpcr.run import Run

__all__ = ["Format", "Probe", "RunIn", "formats", "read_run", "read_runs", "runs_in"]


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
        Lists the runs of a file that may hold several, which have names; ``None`` for a format
        with one run a file.
    """

    name: str
    describes: str
    sniff: Callable[[Probe], bool]
    read: Callable[[Probe], Run]
    several: Callable[[Probe], list[RunIn]] | None = None


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


def runs_in(path: Path | str) -> list[RunIn]:
    """List the runs of a file, which is opened once; each is read when it is asked for.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of RunIn
        In the file's order; one without a name where :func:`read_run` would need no name.

    Raises
    ------
    InputError
        The file is damaged, hostile, or holds no run.
    UnsupportedError
        The file is of a kind that is not read.
    """
    path = Path(path)
    try:
        probe = Probe.of(path)
        claim = _claim(probe)
        if claim.several is not None:
            return claim.several(probe)
        return [RunIn(path, None, partial(claim.read, probe))]
    except InputError as error:
        raise error.at(path) from error.__cause__


def read_runs(path: Path | str) -> Iterator[Run]:
    """Read every run of a file, one after the other; the file is read once.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    Run
        As :func:`read_run` reads it by its name.

    Raises
    ------
    InputError
        The file or the next run cannot be read. Use :func:`runs_in` to go on with the others.
    UnsupportedError
        The file is of a kind that is not read.
    """
    for one in runs_in(path):
        yield one.read()


def _read(path: Path, wanted: str | None) -> Run:
    probe = Probe.of(path, wanted)
    claim = _claim(probe)
    if wanted is not None and claim.several is None:
        raise InputError(
            "a file of this format holds one run, which has no name",
            found=f"the name {wanted[:60]!r}",
            remedy="leave the name away",
        )
    return claim.read(probe)


def _claim(probe: Probe) -> Format:
    """The format that recognises the file."""
    known = formats().values()
    claims = [one for one in known if one.sniff(probe)]
    if len(claims) > 1:
        raise RuntimeError(f"claimed by several formats: {[one.name for one in claims]}")
    if not claims:
        raise UnsupportedError(
            "this kind of file is not read",
            file=probe.path,
            expected="; ".join(one.describes for one in known),
            found=_kind(probe),
        )
    return claims[0]


def _kind(probe: Probe) -> str:
    if probe.book is not None:
        return f"a workbook with the sheets {', '.join(probe.book.names[:6]) or '(none)'}"
    if probe.archive is None:
        return f"a file that begins with {probe.head[:16]!r}"
    names = sorted(probe.archive.members)
    if any(name.endswith(".json") for name in names) and "summary.json" in names:
        return "a QuantStudio .eds of version 2 (JSON)"
    return f"a zip container with {', '.join(names[:4]) or 'nothing'} …"
