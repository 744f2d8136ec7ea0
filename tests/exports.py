"""A loader for instrument exports (xls, xlsx), for tests only: the instrument's own numbers."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import python_calamine

CT = ("Cт", "CT", "Ct", "Cq")


@dataclass
class Exported:
    """What an export says of one reaction."""

    well: str
    target: str
    rn: np.ndarray
    drn: np.ndarray
    ct: float | None
    threshold: float
    auto_threshold: bool
    auto_baseline: bool
    start: int | None
    stop: int | None
    omitted: bool


def _table(book: python_calamine.CalamineWorkbook, sheet: str) -> list[dict[str, Any]]:
    rows = book.get_sheet_by_name(sheet).to_python()
    at = next(i for i, row in enumerate(rows) if "Well" in row or "Well Position" in row)
    head = [str(cell).strip() for cell in rows[at]]
    return [dict(zip(head, row, strict=True)) for row in rows[at + 1 :] if str(row[0]).strip()]


def _first(row: dict[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if name in row), "")


def _number(cell: Any) -> float | None:
    try:
        return float(str(cell).replace(",", ""))
    except ValueError:
        return None


def _flag(cell: Any) -> bool:
    return str(cell).strip().lower() in ("true", "1", "1.0")


def load_export(path: Path) -> list[Exported]:
    """Read an export that has amplification data and results."""
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    curves: dict[tuple[str, str], dict[int, tuple[float, float]]] = {}
    for row in _table(book, "Amplification Data"):
        well = str(_first(row, "Well Position", "Well"))
        target = str(_first(row, "Target Name", "Target"))
        cycle = _number(_first(row, "Cycle", "Cycle Number"))
        rn, drn = _number(row.get("Rn")), _number(_first(row, "ΔRn", "Delta Rn", "dRn"))
        if target and cycle is not None and rn is not None and drn is not None:
            curves.setdefault((well, target), {})[int(cycle)] = (rn, drn)
    found = []
    for row in _table(book, "Results"):
        well = str(_first(row, "Well Position", "Well"))
        target = str(_first(row, "Target Name", "Target"))
        points = curves.get((well, target))
        threshold = _number(_first(row, "Ct Threshold", "Threshold"))
        if not points or threshold is None:
            continue
        values = np.array([points[c] for c in sorted(points)])
        start, stop = _number(row.get("Baseline Start")), _number(row.get("Baseline End"))
        found.append(
            Exported(
                well, target, values[:, 0].astype(np.float32).astype(float), values[:, 1],
                _number(_first(row, *CT)), threshold,
                _flag(_first(row, "Automatic Ct Threshold", "Auto Threshold")),
                _flag(_first(row, "Automatic Baseline", "Auto Baseline")),
                None if start is None else int(start), None if stop is None else int(stop),
                _flag(row.get("Omit", "")),
            )
        )  # fmt: skip
    return found


def load_rdml(path: Path) -> list[tuple[str, str, np.ndarray, float | None]]:
    """Well, target, Rn and Ct of every reaction of an RDML file of SDS 2.x."""
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("rdml_data.xml"))
    name = {"r": root.tag[1:].partition("}")[0]}
    found = []
    for react in root.iterfind(".//r:react", name):
        for data in react.iterfind("r:data", name):
            rn = [
                float(adp.findtext("r:fluor", namespaces=name))
                for adp in data.iterfind("r:adp", name)
            ]
            values = np.array(rn).astype(np.float32).astype(float)
            ct = _number(data.findtext("r:cq", default="", namespaces=name))
            ct = None if ct is None or ct >= len(rn) else ct
            found.append((react.get("id"), data.find("r:tar", name).get("id"), values, ct))
    return found
