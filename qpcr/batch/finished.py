"""What an earlier batch made of a run.

A run is *finished* when its folder holds all its results, bit for bit as they were written
(:func:`qpcr.outputs.unsealed`), made by the same order (:meth:`Order.mark`: versions, settings,
panel, samples, language, …) from the same instrument file (SHA-256), and when the store that the
order names, if any, holds it. Whatever else is there is made anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpcr.batch.analyzed import Analyzed
from qpcr.batch.kept import Kept, is_kept
from qpcr.findings import Severity
from qpcr.outputs import RUN, output_names, unsealed
from qpcr.unmatched import matched_document

if TYPE_CHECKING:
    from qpcr.batch.order import Order


def made_by(order: Order, kept: Kept | None) -> dict[str, Any]:
    """What results are sealed with: the order, and where the run was kept."""
    place = None if kept is None else {"store": kept.store, "run": kept.run}
    return {"order": order.mark(), "kept": place}


def finished(blank: Analyzed, folder: Path, order: Order) -> Analyzed | None:
    """What is there of a run, if it is the whole of what is asked for now.

    Raises
    ------
    InputError
        The store of the order cannot be opened.
    """
    found = unsealed(folder)
    if found is None:
        return None
    told, seal = found
    names = output_names(order.panel is not None, order.method is not None)
    try:
        if seal["order"] != order.mark() or not _same(told["run"]["provenance"], blank):
            return None
        if not {*names} <= {*seal["files"], RUN} or not _on_record(seal["kept"], order):
            return None
        why = tuple(
            str(one["message"]) for one in told["findings"] if one["severity"] == str(Severity.RUN)
        )
        whose = matched_document(told)
    except (OSError, LookupError, TypeError):  # not one that this software wrote
        return None
    written = tuple(folder / name for name in names)
    return replace(blank, written=written, finished=True, why=why, matched=whose)


def _on_record(kept: dict[str, str] | None, order: Order) -> bool:
    if order.store is None:
        return True
    return kept is not None and is_kept(order.store, kept["store"], kept["run"])


def _same(source: dict[str, Any], blank: Analyzed) -> bool:
    """Whether results are of this very file, byte by byte."""
    if source["file"] != blank.file.name:
        return False
    with blank.file.open("rb") as stream:
        return bool(source["sha256"] == hashlib.file_digest(stream, "sha256").hexdigest())
