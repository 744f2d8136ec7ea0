"""Which family of software wrote an export; each family is one format."""

from __future__ import annotations

import re

from qpcr.formats._cells import key, plain
from qpcr.formats._probe import Probe
from qpcr.formats._sections import Document, glance

SDS1, SDS2, QUANTSTUDIO, CFX, RESULT = (
    "sds1_export", "sds2_export", "quantstudio_export", "cfx_export", "analysis_result",
)  # fmt: skip


def family_of(probe: Probe) -> str | None:
    """Name of the format that reads a file, ``None`` where none of the exports does."""
    if probe.archive is not None and not probe.is_workbook:
        return None
    if not probe.is_workbook and probe.text_head is None:
        return None
    if "family" not in probe.memory:
        probe.memory["family"] = _family(probe)
    found: str | None = probe.memory["family"]
    return found


def _family(probe: Probe) -> str | None:
    if probe.text_head is not None and re.search(
        r"^(Delta )?Rn values\t", probe.text_head, re.MULTILINE
    ):
        return RESULT
    document = glance(probe)
    if _is_cfx(document):
        return CFX
    kinds = {section.kind for section in document.sections}
    named = _by_name(document)
    if kinds & {"setup", "results", "amplification", "raw", "dyes"} or named:
        return named or _by_layout(document)
    return SDS1 if _is_wide_sds(document) else None


def _by_name(document: Document) -> str | None:
    """By what the head lines say of instrument and software."""
    instrument = plain(document.pairs.get("instrumenttype", ""))
    software = plain(document.pairs.get("softwarenameandversion", ""))
    if re.match(r"sds7500|stepone", instrument, re.IGNORECASE):
        return SDS2
    if re.search(
        r"QuantStudio|ViiA|Design\s*(&|and)\s*Analysis", instrument + " " + software, re.I
    ):
        return QUANTSTUDIO
    if {"documentname", "platetype"} & document.pairs.keys() or any(
        re.match(r"sdsv1", name) for name in document.pairs
    ):
        return SDS1
    return None


def _by_layout(document: Document) -> str:
    """Exports without head lines: their columns tell."""
    heads = {key(cell) for section in document.sections for cell in section.head}
    if {"detector", "detectorname", "stddevct"} & heads:
        return SDS1
    return QUANTSTUDIO if {"wellposition", "ampstatus", "cqconfidence"} & heads else SDS2


def _is_wide_sds(document: Document) -> bool:
    return any(
        section.kind == "wide" and "target" in section.columns for section in document.sections
    )


def _is_cfx(document: Document) -> bool:
    """Bio-Rad: a dye column called Fluor with contents, or an empty first head cell and wells."""
    heads = [{key(cell) for cell in section.head} for section in document.sections]
    if any("fluor" in head and "well" in head and head & {"content", "cq"} for head in heads):
        return True
    return any(
        section.kind == "tall" and section.head[0] == "" and key(section.head[1]) == "cycle"
        for section in document.sections
    )
