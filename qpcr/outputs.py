"""The files of one analyzed run, as :func:`write_outputs` lists them.

All are written beside each other under temporary names first and moved into place when all are
complete, so that a crash or a full disk leaves no half-written file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from qpcr import frames
from qpcr.document import document, dump
from qpcr.errors import InputError
from qpcr.record import Record
from qpcr.report import render

RUN, SEAL = "run.json", "seal"
SOMETIMES = ("calls.csv", "quantification.csv")
"""Files of a run that only some analyses have."""


def output_names(called: bool, quantified: bool) -> tuple[str, ...]:
    """Names of the files of a run, with a panel and with a method or without."""
    more = ("calls.csv",) * called + ("quantification.csv",) * quantified
    return ("reactions.csv", "cycles.csv", "findings.csv", *more, RUN, "report.html")


def write_outputs(
    record: Record, folder: Path, lang: str = "en", made_by: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write ``reactions.csv``, ``cycles.csv``, ``findings.csv``, ``run.json``, ``report.html``.

    With a panel ``calls.csv`` too, with a quantification ``quantification.csv``.

    Parameters
    ----------
    record
        The analyzed run.
    folder
        Where to; made if it does not exist. Files of the same names are replaced, and calls or
        quantification of an earlier analysis are removed where this one has none; others stay.
    lang
        Language of the report.
    made_by
        What they were made by, in plain values; kept in ``run.json`` with digests of all files
        (:func:`seal`). That file is written last: where it stands, everything stands.

    Returns
    -------
    list of Path
        The files; the report is the last.

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    tables = {
        "reactions.csv": frames.reactions(record),
        "cycles.csv": frames.cycles(record),
        "findings.csv": frames.findings(record),
    }
    if record.panel is not None:
        tables["calls.csv"] = frames.calls(record)
    if record.quantification is not None:
        tables["quantification.csv"] = frames.quantification(record, record.quantification)
    texts = {name: table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
    texts[RUN] = ""  # in its place of the list
    texts["report.html"] = render(record, lang)
    texts[RUN] = _sealed(record, texts, made_by or {})
    return write_texts(texts, folder, replaces=SOMETIMES, last=RUN)


def _sealed(record: Record, texts: Mapping[str, str], made_by: Mapping[str, Any]) -> str:
    """The document of a run, with what seals it and the files beside it."""
    told = document(record)
    files = {name: digest(text) for name, text in texts.items() if name != RUN}
    return dump({**told, SEAL: {**made_by, "document": digest(dump(told)), "files": files}})


def unsealed(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The document and the seal of a folder's ``run.json``, if all is as it was written.

    Parameters
    ----------
    folder
        That :func:`write_outputs` wrote to.

    Returns
    -------
    tuple or None
        ``None`` where a file is missing, or any bit of one is not what was written.
    """
    try:
        told = json.loads((folder / RUN).read_text(encoding="utf-8"))
        seal = told.pop(SEAL)
        files = seal["files"]
        whole = digest(dump(told)) == seal["document"] and all(
            Path(name).name == name and digest((folder / name).read_bytes()) == sha256
            for name, sha256 in files.items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return (told, seal) if whole else None


def digest(data: str | bytes) -> str:
    """SHA-256 of a file with this content."""
    return hashlib.sha256(_bytes(data)).hexdigest()


def _bytes(data: str | bytes) -> bytes:
    """A file's name need not be UTF-8: what cannot be written stays visible."""
    return data if isinstance(data, bytes) else data.encode("utf-8", "backslashreplace")


def write_texts(
    texts: Mapping[str, str | bytes],
    folder: Path,
    *,
    private: bool = False,
    replaces: Collection[str] = (),
    last: str | None = None,
) -> list[Path]:
    """Write several files into a folder: all of them, or none that is incomplete.

    With `private`, their owner alone can read them, and a new folder. Files called as `replaces`
    says are what an earlier time wrote: those that are not written now are removed, since beside
    the new files they would be taken for part of them. The file named `last` goes before any other
    is replaced and comes after all: where it stands, the others belong to it.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
        waiting = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
        try:
            for name, text in texts.items():
                with (waiting / name).open("wb") as stream:
                    stream.write(_bytes(text))
                    stream.flush()
                    os.fsync(stream.fileno())
                if private:
                    (waiting / name).chmod(0o600)
            stale = [folder / name for name in replaces if name not in texts]
            _check_targets([*(folder / name for name in texts), *stale])
            for path in [*([folder / last] if last is not None else []), *stale]:
                path.unlink(missing_ok=True)
            for name in sorted(texts, key=lambda name: name == last):
                (waiting / name).replace(folder / name)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)
    except OSError as error:
        raise InputError(
            "the results cannot be written",
            file=folder,
            found=error.strerror or str(error),
            remedy="choose another folder with --out, or make room on the disk",
        ) from error
    return [folder / name for name in texts]


def _check_targets(targets: list[Path]) -> None:
    """Refuse what cannot be replaced (a folder, a file another program locks) before any is."""
    for target in targets:
        if target.exists() and not target.is_file() and not target.is_dir():
            raise InputError("the results cannot be written: this is no file", file=target)
        try:
            if target.exists():
                target.open("r+b").close()
        except OSError as error:
            raise InputError(
                "the results cannot be written: a file cannot be replaced",
                file=target,
                found=error.strerror or str(error),
                remedy="close the program that has it open, or choose another folder with --out",
            ) from error
