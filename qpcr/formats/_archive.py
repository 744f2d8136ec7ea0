r"""Zip containers and XML from strangers, with every size bounded.

Real instrument files hold at most 300 members, 8 MB in all, at ratios up to 101:1. Nothing is ever
extracted to disk; members are found by normalised name (``\\`` is ``/``, case is folded), since the
7500 mixes both.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qpcr.errors import InputError

if TYPE_CHECKING:
    from lxml import etree

MAX_FILE = 256 << 20
MAX_MEMBERS = 5_000
MAX_MEMBER = 64 << 20
MAX_TOTAL = 256 << 20
MAX_RATIO = 200
RATIO_FREE = 64 << 10
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 64
CHUNK = 1 << 16

_WRITING = "if the instrument is still writing the file, wait until it has finished; else copy the file from the instrument again"  # noqa: E501
_EMPTY = "if a program is still writing it, wait until it has finished; else save or copy it again"


def unreadable(path: Path, error: OSError) -> InputError:
    """Say of a file that the system does not let it be read."""
    return InputError(
        "the file cannot be read",
        file=path,
        found=error.strerror or str(error),
        remedy="check the name, and that you may read it",
    )


def read_whole(path: Path) -> bytes:
    """Read a regular file that nobody is writing to.

    Raises
    ------
    InputError
        It is missing, not a regular file, empty, larger than :data:`MAX_FILE`, or changed while it
        was read.
    """
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            kind = "a folder" if stat.S_ISDIR(before.st_mode) else "not a regular file"
            raise InputError(f"this is {kind}", file=path, expected="an instrument file")
        if before.st_size > MAX_FILE:
            raise InputError(
                "the file is too large for an instrument file",
                file=path,
                expected=f"at most {MAX_FILE >> 20} MiB",
                found=f"{before.st_size >> 20} MiB",
            )
        data = path.read_bytes()
        after = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != after.st_size:
        raise InputError("the file changed while it was read", file=path, remedy=_WRITING)
    if not data:
        raise InputError("the file is empty", file=path, remedy=_EMPTY)
    return data


@dataclass(frozen=True, eq=False)
class Archive:
    """An opened zip container.

    Attributes
    ----------
    path
        The file.
    sha256
        Of its bytes, in hexadecimal.
    size
        In bytes.
    members
        Normalised name to the entry; folders are left out.
    """

    path: Path
    sha256: str
    size: int
    members: dict[str, zipfile.ZipInfo]
    _zip: zipfile.ZipFile
    _used: list[int] = field(default_factory=lambda: [0])
    touched: set[str] = field(default_factory=set)
    _roots: dict[str, etree._Element] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Open a zip container.

        Raises
        ------
        InputError
            Not a zip, cut off, or with members no instrument writes.
        """
        data = read_whole(path)
        try:
            container = zipfile.ZipFile(io.BytesIO(data))
            entries = container.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            known = data[:2] == b"PK"
            raise InputError(
                "the file is cut off or damaged" if known else "this is not an .eds file",
                file=path,
                expected="a complete zip container",
                found="its directory cannot be read" if known else f"{len(data)} other bytes",
                remedy=_WRITING if known else "choose the file the instrument's software saved",
            ) from error
        if len(entries) > MAX_MEMBERS:
            raise InputError(
                "the archive has too many members",
                file=path,
                expected=f"at most {MAX_MEMBERS}",
                found=str(len(entries)),
            )
        members: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            if entry.is_dir():
                continue
            name = _normalise(entry.filename, path)
            if name in members:
                raise InputError("a member occurs twice", file=path, place=_shown(entry.filename))
            members[name] = entry
        return cls(path, hashlib.sha256(data).hexdigest(), len(data), members, container)

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def read(self, name: str) -> bytes:
        """Read one member, counting what really comes out.

        Raises
        ------
        InputError
            It is missing, damaged, encrypted, or larger than it may be.
        """
        entry = self.members.get(name)
        if entry is None:
            raise InputError(
                "a part of the file is missing",
                file=self.path,
                place=name,
                remedy="copy the file from the instrument again, or save it anew in its software",
            )
        if entry.flag_bits & 1:
            raise InputError("a member is encrypted", file=self.path, place=name)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError("a member is packed in an unknown way", file=self.path, place=name)
        limit = min(MAX_MEMBER, max(RATIO_FREE, MAX_RATIO * entry.compress_size))
        limit = min(limit, MAX_TOTAL - self._used[0])
        parts: list[bytes] = []
        size = 0
        try:
            with self._zip.open(entry) as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise InputError(
                            "a member unpacks to more than any instrument writes",
                            file=self.path,
                            place=name,
                            expected=f"at most {limit} bytes",
                        )
                    parts.append(chunk)
        except (
            zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError,
            NotImplementedError,
        ) as error:  # fmt: skip
            raise InputError(
                "a part of the file is damaged",
                file=self.path,
                place=name,
                found=str(error),
                remedy=_WRITING,
            ) from error
        self._used[0] += size
        self.touched.add(name)
        return b"".join(parts)

    def text(self, name: str) -> str:
        """Read one member as UTF-8 text."""
        try:
            return self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(
                "a part of the file is not UTF-8 text",
                file=self.path,
                place=f"{name}, byte {error.start}",
                found="text in another encoding, or damage",
                remedy="save the file anew in the instrument's software",
            ) from error

    def xml(self, name: str) -> etree._Element:
        """Read one member as XML: UTF-8, no document type, no entities, bounded in size.

        It is parsed once, however often it is asked for.
        """
        if name in self._roots:
            return self._roots[name]
        data = self.read(name)
        try:
            root = self._roots[name] = parse_xml(data)
        except InputError as error:
            error.place = name if error.place is None else f"{name}, {error.place}"
            raise error.at(self.path) from error.__cause__
        return root

    def unread(self) -> tuple[str, ...]:
        """Names of the members that nobody read, in order."""
        return tuple(
            sorted(
                entry.filename for name, entry in self.members.items() if name not in self.touched
            )
        )


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:200]


def _normalise(name: str, path: Path) -> str:
    plain = name.replace("\\", "/")
    parts = plain.split("/")
    if plain.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", plain):
        raise InputError(
            "a member's name points outside the archive",
            file=path,
            place=_shown(name),
            remedy="do not open this file: no instrument writes such names",
        )
    return plain.lower()


def parse_xml(data: bytes) -> etree._Element:
    """Parse XML that may be hostile.

    Raises
    ------
    InputError
        Not UTF-8, not well-formed, with a document type or entities, too deep or too large.
    """
    from lxml import etree

    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise InputError(
            "the XML declares a document type or entities",
            expected="plain XML, as instruments write it",
            remedy="do not open this file: no instrument writes such XML",
        )
    declared = re.match(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""", data)
    encoding = declared[1].decode("latin-1") if declared else "UTF-8"
    if encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII") or data[:2] in (
        b"\xff\xfe",
        b"\xfe\xff",
    ):
        raise InputError("the XML is not in UTF-8", expected="UTF-8", found=_shown(encoding))
    if data.count(b"<") > 2 * MAX_ELEMENTS:
        raise InputError("the XML has too many elements", expected=f"at most {MAX_ELEMENTS}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InputError(
            "the XML is damaged",
            place=f"line {error.lineno}",
            found=_shown(str(error.msg)),
            remedy=_WRITING,
        ) from error
    depth, node = 0, root
    for event, node in etree.iterwalk(root, events=("start", "end")):  # noqa: B007
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise InputError("the XML is nested too deeply", expected=f"at most {MAX_DEPTH} levels")
    return root
