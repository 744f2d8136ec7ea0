"""Real curves that people judged, for tests and for training; nothing of them is kept here."""

from __future__ import annotations

import csv
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

RDML_SETS = ("lc96_bACTXY", "stepone_std")


@dataclass
class LabelledSet:
    """One set: cycles (C,), raw signal (R, C), names, and the raters' verdicts (R,).

    `majority` holds 1 (amplified), 0 (not) or −1 (ambiguous); `ratings` (R, 3) counts the raters
    who said yes, ambiguous, no.
    """

    name: str
    cycles: np.ndarray
    rn: np.ndarray
    curves: list[str]
    majority: np.ndarray
    unanimous: np.ndarray
    ratings: np.ndarray


def labelled_sets(data: Path) -> dict[str, LabelledSet]:
    """Every set that people judged, by name; curves without a verdict are left out."""
    verdicts: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    with (data / "labels" / "human_ratings.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            verdicts[row["dataset"]][row["curve"]] = row
    return {name: _labelled(data, name, rows) for name, rows in verdicts.items()}


def _labelled(data: Path, name: str, rows: dict[str, dict[str, str]]) -> LabelledSet:
    if name in RDML_SETS:
        cycles, found = _rdml_curves(data / "rdml" / f"{name}.rdml", list(rows))
    else:
        cycles, found = _table_curves(data / "curves" / f"{name}.csv")
    curves = list(rows)
    verdict = {"y": 1, "n": 0, "a": -1}
    return LabelledSet(
        name,
        cycles,
        np.array([found[curve] for curve in curves]),
        curves,
        np.array([verdict[rows[curve]["majority"]] for curve in curves]),
        np.array([rows[curve]["unanimous"] == "1" for curve in curves]),
        np.array([[int(rows[curve][key]) for key in "yan"] for curve in curves]),
    )


def _table_curves(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    return values[:, 0], {name: values[:, 1 + i] for i, name in enumerate(head[1:])}


def _rdml_curves(path: Path, wanted: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Curves of an RDML file by the names that the raters saw: well first, target in the name."""
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("rdml_data.xml"))
    name = {"r": root.tag[1:].partition("}")[0]}
    columns = int(root.findtext(".//r:pcrFormat/r:columns", default="8", namespaces=name))
    curves: dict[tuple[str, str], np.ndarray] = {}
    for react in root.iterfind(".//r:react", name):
        for data in react.iterfind("r:data", name):
            target = data.find("r:tar", name).get("id").partition("@")
            points = [
                float(p.findtext("r:fluor", namespaces=name))
                for p in data.iter(f"{{{name['r']}}}adp")
            ]
            curves[_place(react.get("id"), columns), target[2] or target[0]] = np.array(points)
    found = {}
    for curve in wanted:
        place, target = curve[:3], curve.split("~")[3] if "~" in curve else curve.split("_")[-1]
        found[curve] = curves[place, target]
    return np.arange(1.0, 1 + len(next(iter(found.values())))), found


def _place(react: str, columns: int) -> str:
    """Name of a well (A01) from its name (A1) or its number, counted along the rows from 1."""
    if react.isdigit():
        row, column = divmod(int(react) - 1, columns)
        return f"{chr(ord('A') + row)}{column + 1:02d}"
    return f"{react[0]}{int(react[1:]):02d}"
