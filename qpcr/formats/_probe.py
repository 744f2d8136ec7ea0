"""What a format may look at to recognise and read a file; everything is opened once and lazily."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from qpcr.errors import InputError
from qpcr.formats._archive import Archive, read_whole, unreadable
from qpcr.formats._decoding import decode, decode_head
from qpcr.formats._ole import MAGIC
from qpcr.formats._workbook import Workbook

HEAD = 1 << 16
MAX_TEXT = 32 << 20
"""Bytes of a text export; 384 wells with six dyes and all tables take some 20 MB."""


@dataclass(frozen=True, eq=False)
class Probe:
    """What a format may look at.

    Attributes
    ----------
    path
        The file.
    head
        Its first 65,536 bytes.
    archive
        The opened container when it is a zip, else ``None``.
    wanted
        Name of the run to read, for formats that hold several in a file.
    """

    path: Path
    head: bytes
    archive: Archive | None = None
    wanted: str | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    """What formats have found out and share."""

    @classmethod
    def of(cls, path: Path, wanted: str | None = None) -> Probe:
        """Look at a file: its head, and its directory if it is a zip.

        Raises
        ------
        InputError
            It is missing, empty, no regular file, or a damaged container.
        """
        head = _head(path)
        zipped = path.suffix.lower() == ".eds" or head[:2] == b"PK"
        return cls(path, head, Archive.open(path) if zipped else None, wanted)

    @cached_property
    def data(self) -> bytes:
        """The whole file."""
        return read_whole(self.path)

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes, in hexadecimal."""
        if self.archive is not None:
            return self.archive.sha256
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.archive.size if self.archive is not None else len(self.data)

    @property
    def is_workbook(self) -> bool:
        """Whether it is an xlsx or xls file, by its content."""
        if self.archive is not None:
            names = self.archive.members
            return "xl/workbook.xml" in names and not any(n.startswith("apldbio/") for n in names)
        return self.head[: len(MAGIC)] == MAGIC

    @cached_property
    def book(self) -> Workbook | None:
        """The workbook, its sheets not yet parsed, or ``None`` where it is none."""
        return Workbook.open(self.path, self.data, self.archive) if self.is_workbook else None

    @cached_property
    def text_head(self) -> str | None:
        """The head as text, or ``None`` where it is none; the last line may be cut."""
        return None if self.archive or self.is_workbook else decode_head(self.head)

    @cached_property
    def text(self) -> str:
        """The whole file as text.

        Raises
        ------
        InputError
            No text, or more of it than any instrument writes.
        """
        if self.path.stat().st_size > MAX_TEXT:
            raise InputError(
                "the text file is too large for an export of an instrument",
                file=self.path,
                expected=f"at most {MAX_TEXT >> 20} MiB",
                found=f"{self.path.stat().st_size >> 20} MiB",
                remedy="export one run to one file",
            )
        return decode(self.data, self.path)


def _head(path: Path) -> bytes:
    """First bytes of a regular file; a pipe is not opened, for it may never end."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise InputError(f"this is {kind}", file=path, expected="an instrument file")
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise unreadable(path, error) from error
    if not head:
        raise InputError(
            "the file is empty",
            file=path,
            remedy="if the instrument is still writing it, wait; else copy it again",
        )
    return head
