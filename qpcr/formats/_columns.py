"""What columns of exports are called, in the languages and versions that were seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from qpcr.formats._cells import key

_SPELLINGS = {
    "well": "well wellnumber wellno wellid 孔 孔号 反应孔 孔编号 孔位编号",
    "position": "wellposition welllocation wellpos position 孔位 孔位置 孔位名称",
    "sample": "samplename sample sampleid 样本 样本名称 样品 样品名称 样本名 样品名 样本名稱",
    "target": "targetname target targetid detector detectorname assay assayname gene genename "
    "目标 目标名称 靶标 靶标名称 目的基因 基因 基因名称 目标基因 检测器 靶基因 目标名",
    "task": "task content sampletype welltype 任务 样本类型 样品类型 类型",
    "reporter": "reporter reporterdye dye fluor dyename 报告基团 报告荧光 报告染料 染料 荧光基团 "
    "荧光 荧光染料 报告荧光基团",
    "quencher": "quencher quencherdye 淬灭基团 猝灭基团 淬灭剂 猝灭剂",
    "quantity": "quantity qty startingquantitysq startingquantity sq 数量 浓度 量 起始量",
    "cq": "ct cq crt cp ctvalue cqvalue ct值 cq值 cт",
    "omit": "omit omitted excluded 忽略 省略 排除 剔除",
    "cycle": "cycle cyclenumber cycleno cyclenum cycles 循环 循环数 循环次数 循环号 周期",
    "rn": "rn normalizedreporter rn值",
    "drn": "deltarn drn rndelta deltarn值",
    "threshold": "ctthreshold threshold crtthreshold cqthreshold thresholdct 阈值 ct阈值 cq阈值",
    "auto_threshold": "automaticctthreshold autothreshold automaticcrtthreshold thresholdtype "
    "autoctthreshold automaticthreshold automaticcqthreshold "
    "自动阈值 自动ct阈值",
    "auto_baseline": "automaticbaseline autobaseline baselinetype 自动基线",
    "baseline_start": "baselinestart 基线起点 基线开始 基线起始 起始基线",
    "baseline_stop": "baselineend baselinestop 基线终点 基线结束 结束基线",
    "stage": "stagenumber stage 阶段 阶段编号",
    "step": "stepnumber step 步骤 步骤编号",
    "melt": "reading temperature meltcurve tempc 温度 读数 derivative",
}
NAMES = {spelling: name for name, text in _SPELLINGS.items() for spelling in text.split()}
"""Meaning of a head line's cell, by :func:`~qpcr.formats._cells.key`."""
FLAGS = frozenset(
    [
        "ampnc",
        "badrox",
        "blfail",
        "cqconf",
        "ctfail",
        "drnmin",
        "expfail",
        "highqt",
        "highsd",
        "lowqt",
        "mtp",
        "noamp",
        "noise",
        "nosignal",
        "offscale",
        "outlierrg",
        "prfdrop",
        "prflow",
        "spike",
        "tholdfail",
    ]
)
"""Quality flags of the 7500, StepOne and QuantStudio software: columns that say Y or N."""
FILTER = re.compile(r"x?\d{1,2}(m\d{1,2})?|filter\w{1,3}|bin\d+")
_WIDE = re.compile(r"(?:cycle|cyc|c|循环|周期|第)?(\d{1,3})(?:循环)?")
_READING = re.compile(r"reading\d+")
_WELL = re.compile(r"([a-z]{1,2})0*([1-9]\d?)", re.IGNORECASE)
MIN_WIDE = 5


def meanings(head: Sequence[Any]) -> dict[str, int]:
    """Column of each meaning; where two columns mean the same, the first counts."""
    found: dict[str, int] = {}
    for at, cell in enumerate(head):
        text = key(cell)
        name = NAMES.get(text) or ("melt" if _READING.fullmatch(text) else None)
        if name is not None:
            found.setdefault(name, at)
    return found


def flag_columns(head: Sequence[Any]) -> dict[str, int]:
    """Column of each quality flag, by its name in capitals."""
    return {key(cell).upper(): at for at, cell in enumerate(head) if key(cell) in FLAGS}


def wide_cycles(head: Sequence[Any]) -> dict[int, int]:
    """Column by cycle in a head line such as ``Well, …, Cycle 1, Cycle 2, …``; empty for others."""
    found: dict[int, int] = {}
    for at, cell in enumerate(head):
        match = _WIDE.fullmatch(key(cell))
        if match and int(match[1]) not in found:
            found[int(match[1])] = at
    run = sorted(found)
    if len(run) < MIN_WIDE or run != list(range(run[0], run[0] + len(run))) or run[0] < 1:
        return {}
    return found


def well_columns(head: Sequence[Any]) -> dict[int, tuple[int, int]]:
    """(Row, column) of the well, 0-based, by column of a head line ``Cycle, A1, A2, …``."""
    found = {}
    for at, cell in enumerate(head):
        place = row_column(cell)
        if place is not None:
            found[at] = place
    return found


@lru_cache(8192)
def row_column(cell: Any) -> tuple[int, int] | None:
    """Row and column, 0-based, of a well's name (``A1``, ``a01``, ``A:1``), or ``None``.

    >>> row_column("H12"), row_column(" A01"), row_column("AF48"), row_column("Cq")
    ((7, 11), (0, 0), (31, 47), None)
    """
    if not isinstance(cell, str):
        return None
    match = _WELL.fullmatch(cell.strip().replace(":", "").replace("-", ""))
    if match is None:
        return None
    row = 0
    for letter in match[1].upper():
        row = row * 26 + ord(letter) - 64
    row, column = row - 1, int(match[2]) - 1
    return (row, column) if row < 32 and column < 48 else None
