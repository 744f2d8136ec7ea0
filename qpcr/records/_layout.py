"""Where things lie in the folder of a store, and reading them with their digests checked."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qpcr.errors import InputError, UnsupportedError
from qpcr.records._files import TEMPORARY, write_file
from qpcr.records.event import canonical
from qpcr.records.ledger import LEDGER, Entry, Position
from qpcr.records.review import Policy
from qpcr.records.seal import broken

DESCRIPTION, HEAD, COMMITS = "store.json", "head.json", "commits"
PATIENTS = "patients"
LOCK, TURN = ".lock", ".turn"
PSEUDONYMS = "pseudonyms.key"
"""Key of the pseudonyms under which patients are exported; absent until one is."""
FORMAT, FORMAT_VERSION = "ikaros-qpcr store", 1
_WAITING = re.compile(rf"({re.escape(DESCRIPTION)}|{re.escape(HEAD)}|{LEDGER})\.[0-9a-f]{{16}}")
"""Names under which a new store's files are written at first."""
A_FOLDER = 1000
"""Commits in one folder."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a store says of itself: its id, when it was made, and the laboratory's rules."""

    id: str
    created: str
    policy: Policy

    @property
    def text(self) -> bytes:
        """As it stands in ``store.json``."""
        told = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "id": self.id,
            "created": self.created,
            "two_persons": self.policy.two_persons,
        }
        return canonical(told).encode() + b"\n"


def read_description(folder: Path) -> Description:
    """Read what a store says of itself.

    Raises
    ------
    InputError
        The folder is no store, or one of a later version.
    """
    path = folder / DESCRIPTION
    try:
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise _no_store(folder, error) from error
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise broken(f"a {DESCRIPTION} that describes no store").at(folder)
    version = told.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise UnsupportedError(
            "the store was written by a later version of this software",
            file=folder,
            expected=f"format version {FORMAT_VERSION} or earlier",
            found=str(version),
            remedy="update this software; the store is not damaged, and needs no backup",
        )
    policy = Policy(told.get("two_persons") is True)
    return Description(str(told.get("id")), str(told.get("created")), policy)


def _no_store(folder: Path, error: OSError) -> InputError:
    """The error for a folder that says nothing of itself: what it is, and how to make a store."""
    found, remedy = error.strerror or str(error), "make one: qpcr records init --store FOLDER"
    if not folder.exists():
        found = "there is no such folder"
    elif not folder.is_dir():
        found, remedy = "a file, not a folder", f"name a folder; {remedy}"
    elif begun(folder):
        found, remedy = "making it was interrupted", "make it: qpcr records init --store FOLDER"
    elif isinstance(error, FileNotFoundError):
        names = sorted(path.name for path in folder.iterdir())
        if LEDGER in names or COMMITS in names:
            found = f"a store that has lost its {DESCRIPTION}"
            remedy = "take the store from a backup: qpcr records restore"
        else:
            found = f"a folder without {DESCRIPTION}"
            found += f", with {len(names)} other files and folders" if names else ", empty"
            remedy += ", in a folder that is empty or does not exist"
    return InputError("this is no store of records", file=folder, found=found, remedy=remedy)


def begun(folder: Path) -> bool:
    """Whether a folder holds only what making a store leaves when it is interrupted.

    :mod:`qpcr.records._init` writes the description last; until then no commit can have been made.
    """
    left = {path.name for path in folder.iterdir()}
    if not left or not left <= {TEMPORARY, COMMITS, PATIENTS, LEDGER, HEAD, LOCK}:
        return False
    if any(any((folder / name).iterdir()) for name in left & {COMMITS, PATIENTS}):
        return False
    waiting = (folder / TEMPORARY).iterdir() if TEMPORARY in left else ()
    if not all(_WAITING.fullmatch(path.name) for path in waiting):
        return False
    if HEAD in left and not _no_commit(folder):
        return False
    ledger = folder / LEDGER
    return LEDGER not in left or (ledger.is_file() and ledger.read_bytes().count(b"\n") <= 1)


def _no_commit(folder: Path) -> bool:
    """Whether the head says that none was made; one that cannot be read says nothing."""
    try:
        return read_head(folder)[0] == 0
    except InputError:
        return False


def commit_name(sequence: int) -> str:
    """Path of the file of a commit in the store."""
    return f"{COMMITS}/{sequence // A_FOLDER:05d}/{sequence:08d}.h5"


def read_checked(folder: Path, file: str, size: int, sha256: str) -> bytes:
    """Read a file that the ledger names.

    Raises
    ------
    InputError
        It is gone, or not what was written.
    """
    try:
        data = (folder / file).read_bytes()
    except OSError as error:
        raise broken(error.strerror or "it cannot be read").at(folder / file) from error
    if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
        raise broken("its digest is not the one in the ledger").at(folder / file)
    return data


def entry_of(position: Position, file: str, data: bytes, at: str) -> Entry:
    """The ledger entry of a file, the one behind `position`."""
    sha256 = hashlib.sha256(data).hexdigest()
    return Entry(position.sequence + 1, file, len(data), sha256, at, position.hash)


def write_head(folder: Path, position: Position) -> None:
    """Write down how far the ledger goes, so that an end that was cut off is noticed."""
    told: dict[str, Any] = {"sequence": position.sequence, "hash": position.hash}
    write_file(folder, folder / HEAD, canonical(told).encode() + b"\n")


def read_head(folder: Path) -> tuple[int, str]:
    """Read what :func:`write_head` wrote.

    Raises
    ------
    InputError
        It is gone or damaged.
    """
    path = folder / HEAD
    try:
        data = path.read_bytes()
        told = json.loads(data)
        sequence, digest = told["sequence"], told["hash"]
        good = canonical({"sequence": int(sequence), "hash": str(digest)}).encode() + b"\n" == data
    except OSError as error:
        raise broken(error.strerror or "it cannot be read").at(path) from error
    except (ValueError, TypeError, KeyError) as error:
        raise broken("no head of a ledger").at(path) from error
    if not good:
        raise broken("no head of a ledger").at(path)
    return int(sequence), str(digest)


def ledger_tail(folder: Path, end: int) -> bytes:
    """What stands in the ledger behind its last whole line."""
    with (folder / LEDGER).open("rb") as stream:
        stream.seek(end)
        return stream.read()
