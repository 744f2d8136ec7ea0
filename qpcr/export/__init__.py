"""A run in other programs' formats: one writer a file, found by looking in this folder.

Which to use when
-----------------
``rdml``
    Other qPCR programs, and the supplement of a publication.
``csv``
    Spreadsheets, R, anything: one row a reaction and cycle.
``xlsx``
    A person with a spreadsheet: reactions and cycles on a sheet each.
``parquet``
    Many runs at once. Needs the optional package pyarrow.
``json``
    Programs that want one document.

A writer states one constant ``WRITER``. What is written is a
:class:`~qpcr.export._content.Content`: every number once, whatever the format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qpcr._registry import find
from qpcr.errors import InputError
from qpcr.export._content import CQ_KINDS, Content, content_of
from qpcr.export._file import write_file

__all__ = ["CQ_KINDS", "Content", "Writer", "content_of", "write", "write_file", "writers"]


@dataclass(frozen=True, slots=True)
class Writer:
    """One format that runs can be written in.

    Attributes
    ----------
    name
        Short and stable, as the user writes it.
    describes
        For people.
    suffix
        Usual ending of the file's name.
    render
        Content and version to the bytes of the file.
    versions
        Versions of the format, the usual one first; ``("",)`` where there is only one.
    """

    name: str
    describes: str
    suffix: str
    render: Callable[[Content, str], bytes]
    versions: tuple[str, ...] = ("",)


def writers() -> Mapping[str, Writer]:
    """Every writer there is, by name."""
    return {one.name: one for one in find("qpcr.export", "WRITER").values()}


def write(
    content: Content, to: str, path: Path, *, source: Path | None = None, version: str | None = None
) -> Path:
    """Write a run into a file: the whole file or, if anything goes wrong, none.

    Parameters
    ----------
    content
        What to write.
    to
        Name of the writer.
    path
        The file; one that is there is replaced.
    source
        The file the run was read from: it is never overwritten.
    version
        Version of the format; ``None``: the usual one.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        There is no such writer or version, the run cannot be said in this format, or the file
        cannot be written.
    """
    writer = writers().get(to)
    if writer is None:
        raise InputError("no such format", expected=", ".join(writers()), found=repr(to)[:60])
    chosen = writer.versions[0] if version is None else version
    if chosen not in writer.versions:
        raise InputError(
            f"this version of {to} is not written",
            expected=", ".join(filter(None, writer.versions)) or "no version",
            found=repr(version)[:60],
        )
    write_file(writer.render(content, chosen), path, source)
    return path
