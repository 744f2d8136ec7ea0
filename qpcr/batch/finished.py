"""What an earlier batch made of a run.

A run is *finished* when its folder holds all its results and a ``run.json`` that names the same
instrument file (SHA-256), the same run of it, and the same order (:meth:`Order.mark`: versions,
settings, panel, samples, language, …). ``run.json`` is written last.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr.batch.analyzed import Analyzed
from qpcr.findings import Severity
from qpcr.outputs import RUN, output_names
from qpcr.unmatched import matched_document

if TYPE_CHECKING:
    from qpcr.batch.order import Order


def finished(blank: Analyzed, folder: Path, order: Order) -> Analyzed | None:
    """What is there of a run, if it is the whole of what is asked for now."""
    names = output_names(order.panel is not None, order.method is not None)
    written = tuple(folder / name for name in names)
    if not all(path.is_file() for path in written):
        return None
    try:
        told = json.loads((folder / RUN).read_text(encoding="utf-8"))
        if not (told["asked"] == order.mark() and _same(told["run"]["provenance"], blank)):
            return None
        grave = [one for one in told["findings"] if one["severity"] == str(Severity.RUN)]
        why = tuple(str(one["message"]) for one in grave)
        whose = matched_document(told)
    except (OSError, ValueError, LookupError, TypeError):  # not one that this software wrote
        return None
    return replace(
        blank, written=written, finished=True, invalid=bool(grave), why=why, matched=whose
    )


def _same(source: dict[str, Any], blank: Analyzed) -> bool:
    """Whether results are of this very file, byte by byte."""
    if source["file"] != blank.file.name:
        return False
    with blank.file.open("rb") as stream:
        return bool(source["sha256"] == hashlib.file_digest(stream, "sha256").hexdigest())
