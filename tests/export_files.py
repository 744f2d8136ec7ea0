"""Synthetic exports in the layouts of instrument software, made here: tables first, then a file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import xlsxwriter

HEAD_7500 = {
    "Block Type": "96fast",
    "Chemistry": "TAQMAN",
    "Experiment File Name": "D:\\experiments\\synthetic.eds",
    "Experiment Run End Time": "2024-02-03 14:05:06 PM CET",
    "Instrument Type": "sds7500fast",
    "Passive Reference": "ROX",
}
HEAD_QS = {
    "Block Type": "96-Well 0.2-mL Block",
    "Instrument Type": "QuantStudio™ 5 System",
    "Software Name and Version": "Design & Analysis Software v2.6.0",
    "Passive Reference": "ROX",
    "Run End Date/Time": "2024-02-03 02:05:06 PM UTC",
}


@dataclass
class Synthetic:
    """A plate of logistic curves.

    Attributes
    ----------
    keys
        (well, target) of each reaction.
    rn, drn
        (R, C).
    ct
        By reaction, ``None`` where none is determined.
    """

    keys: list[tuple[int, str]]
    rn: np.ndarray
    drn: np.ndarray
    ct: list[float | None]
    columns: int = 12
    samples: dict[int, str] = field(default_factory=dict)

    def name(self, well: int) -> str:
        return "ABCDEFGHIJKLMNOP"[well // self.columns] + str(well % self.columns + 1)


@cache
def synthetic(wells: int = 6, targets: int = 2, cycles: int = 40, columns: int = 12) -> Synthetic:
    """Curves with midpoints spread over the run; every fifth reaction stays flat."""
    noise = np.random.default_rng(7)
    names = ["ALB", "IKZF1 d4-7", "Δ2-8", "内参"][:targets]
    keys = [(well, name) for well in range(wells) for name in names]
    axis = np.arange(1, cycles + 1)
    middle = noise.uniform(cycles * 0.45, cycles * 0.85, len(keys))[:, None]
    flat = np.arange(len(keys)) % 5 == 4
    drn = np.where(flat[:, None], 0.0, 3.0 / (1 + np.exp(-(axis - middle) / 1.6)))
    drn += noise.normal(0, 0.002, drn.shape)
    drn = drn.astype(np.float32).astype(float)
    rn = (drn + 0.6).astype(np.float32).astype(float)
    ct = [None if f else round(float(m) - 3.1, 6) for f, m in zip(flat, middle[:, 0], strict=True)]
    samples = {well: f"样本 {well}" if well else "NTC" for well in range(wells)}
    return Synthetic(keys, rn, drn, ct, columns, samples)


def tables_7500(plate: Synthetic, undetermined: object = "Undetermined") -> dict[str, list[list]]:
    """Setup, results and amplification data as 7500 software 2.x lays them out."""
    setup = [["Well", "Sample Name", "Target Name", "Task", "Reporter", "Quencher", "Quantity"]]
    results = [
        ["Well", "Sample Name", "Target Name", "Task", "Reporter", "Quencher", "Cт", "Cт Mean",
         "Automatic Ct Threshold", "Ct Threshold", "Automatic Baseline", "Baseline Start",
         "Baseline End", "NOAMP"]
    ]  # fmt: skip
    curves = [["Well", "Cycle", "Target Name", "Rn", "ΔRn"]]
    for row, (well, target) in enumerate(plate.keys):
        what = [plate.name(well), plate.samples[well], target, "UNKNOWN", "FAM", "NFQ-MGB"]
        setup.append([*what, ""])
        ct = undetermined if plate.ct[row] is None else plate.ct[row]
        results.append([*what, ct, "", False, 0.2, True, 3, 15, "N"])
        for cycle in range(plate.rn.shape[1]):
            values = float(plate.rn[row, cycle]), float(plate.drn[row, cycle])
            curves.append([plate.name(well), cycle + 1, target, *values])
    return {"Sample Setup": setup, "Results": results, "Amplification Data": curves}


def tables_qs(plate: Synthetic, undetermined: object = "UNDETERMINED") -> dict[str, list[list]]:
    """Results, amplification, multicomponent and raw data as Design & Analysis lays them out."""
    results = [
        ["Well", "Well Position", "Omit", "Sample", "Target", "Task", "Reporter", "Quencher",
         "Amp Status", "Cq", "Auto Threshold", "Threshold", "Auto Baseline", "Baseline Start",
         "Baseline End"]
    ]  # fmt: skip
    curves = [["Well", "Well Position", "Cycle Number", "Target", "Rn", "dRn", "Sample", "Omit"]]
    dyes = ["FAM", "VIC", "ABY", "JUN"]
    names = list(dict.fromkeys(target for _, target in plate.keys))
    cycles = plate.rn.shape[1]
    where = {key: row for row, key in enumerate(plate.keys)}
    for row, (well, target) in enumerate(plate.keys):
        ct = undetermined if plate.ct[row] is None else plate.ct[row]
        results.append(
            [well + 1, plate.name(well), "FALSE", plate.samples[well], target, "UNKNOWN",
             dyes[names.index(target)], "None", "AMP", ct, "TRUE", 0.2, "TRUE", 3, 15]
        )  # fmt: skip
        curves += [
                [well + 1, plate.name(well), cycle + 1, target, float(plate.rn[row, cycle]),
                 float(plate.drn[row, cycle]), plate.samples[well], "FALSE"]
            for cycle in range(cycles)
        ]  # fmt: skip
    used = dyes[: len(names)]
    multi = [["Well", "Well Position", "Cycle Number", *used, "ROX"]]
    raw = [["Well", "Well Position", "Cycle Number", "X1_M1", "X2_M2", "X4_M4"]]
    for well in sorted({well for well, _ in plate.keys}):
        for cycle in range(cycles):
            rox = np.float32(100_000 + 10 * well)
            rns = [np.float32(plate.rn[where[well, name], cycle]) for name in names]
            at = [well + 1, plate.name(well), cycle + 1]
            multi.append([*at, *(float(rn * rox) for rn in rns), float(rox)])
            raw.append([*at, 1000.5 + well, 2000.25 + cycle, 3.0])
    return {
        "Results": results, "Amplification Data": curves, "Multicomponent": multi, "Raw Data": raw,
    }  # fmt: skip


def as_xlsx(tables: dict[str, list[list]], head: dict[str, str]) -> bytes:
    """A workbook with the head lines on every sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True, "strings_to_numbers": False})
    for name, rows in tables.items():
        sheet = book.add_worksheet(name)
        lines = [*([key, value] for key, value in head.items()), *([[]] if head else []), *rows]
        for at, row in enumerate(lines):
            sheet.write_row(at, 0, row)
    book.close()
    return stream.getvalue()


def as_text(
    tables: dict[str, list[list]], head: dict[str, str], delimiter: str = "\t",
    style: str = "* {} = {}", decimal: str = ".", titles: bool = True,
) -> str:  # fmt: skip
    """A text with a title before each table."""

    def cell(value: object) -> str:
        text = repr(value) if isinstance(value, float) else str(value)
        text = text.replace(".", decimal) if isinstance(value, float) else text
        return f'"{text}"' if delimiter in text else text

    lines = [style.format(key, value) for key, value in head.items()]
    for name, rows in tables.items():
        lines += ["", f"[{name}]"] if titles else [""]
        lines += [delimiter.join(cell(value) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def tables_sds1(plate: Synthetic, undetermined: object = "Undet.") -> dict[str, list[list]]:
    """Delta Rn a curve a line and results, as SDS 1.x lays them out; one target a well."""
    cycles = plate.rn.shape[1]
    curves = [["Well", "Detector", "Reporter Dye", *(f"Cycle {c}" for c in range(1, cycles + 1))]]
    results = [["Well", "Sample Name", "Detector", "Task", "Ct", "StdDev Ct", "Qty", "Tm"]]
    for row, (well, target) in enumerate(plate.keys):
        curves.append([well + 1, target, "FAM", *map(float, plate.drn[row])])
        ct = undetermined if plate.ct[row] is None else plate.ct[row]
        results.append([plate.name(well), plate.samples[well], target, "Unknown", ct, "", "", ""])
    return {"Sheet1": curves, "plate 7": results}


HEAD_SDS1 = {"Document Name": "synthetic.sds", "Plate Type": "Absolute Quantification"}


def tables_cfx(plate: Synthetic, undetermined: object = "NaN") -> dict[str, list[list]]:
    """Amplification (a dye a sheet) and Cq, as CFX software lays them out."""
    dyes = ["FAM", "HEX", "Cy5", "Texas Red"]
    names = list(dict.fromkeys(target for _, target in plate.keys))
    wells = sorted({well for well, _ in plate.keys})
    where = {key: row for row, key in enumerate(plate.keys)}
    made: dict[str, list[list]] = {}
    for name, dye in zip(names, dyes, strict=False):
        rows = [["", "Cycle", *(plate.name(well) for well in wells)]]
        for cycle in range(plate.rn.shape[1]):
            values = [float(1000 * plate.drn[where[well, name], cycle]) for well in wells]
            rows.append(["", cycle + 1, *values])
        made[dye] = rows
    cq = [["", "Well", "Fluor", "Target", "Content", "Sample", "Cq", "Cq Mean", "SQ"]]
    for row, (well, target) in enumerate(plate.keys):
        ct = undetermined if plate.ct[row] is None else plate.ct[row]
        place = plate.name(well)
        padded = f"{place[0]}{int(place[1:]):02}"
        dye = dyes[names.index(target)]
        cq.append(["", padded, dye, target, f"Unkn-{well + 1:02}", plate.samples[well], ct, "", ""])
    return {**made, "0": cq}


def plain_rows(plate: Synthetic, names: list[str]) -> list[list]:
    """Cycles in rows, a curve a column."""
    values = plate.rn[: len(names)].T
    return [["Cycle", *names], *([at + 1, *map(float, row)] for at, row in enumerate(values))]


def result_text(plate: Synthetic) -> str:
    """``analysis_result.txt``: wells from 0, an undetermined Ct is the number of cycles."""
    lines = ["Session Name\t", "Well\tSample Name\tDetector\tTask\tCt\tAvg Ct\tQty"]
    for row, (well, target) in enumerate(plate.keys):
        ct = float(plate.rn.shape[1]) if plate.ct[row] is None else plate.ct[row]
        lines.append(f"{well}\t{plate.samples[well]}\t{target}\tTarget\t{ct}\t\t")
        lines.append("\t".join(["Rn values", *map(str, plate.rn[row])]))
        lines.append("\t".join(["Delta Rn values", *map(str, plate.drn[row])]))
        lines.append(f"DDCT Values\t{well}\t\tfalse")
    return "\r\n".join(lines) + "\r\n"
