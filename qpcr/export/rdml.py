"""RDML 1.2 and 1.3, valid by their schemas: samples, targets, dyes, oligos, curves, Cq.

``adp`` is Rn (fluorescence without baseline correction, as the format asks), ``bgFluor`` and
``bgFluorSlp`` the line under it, ``quantFluor`` the threshold above that line. ``excl`` holds why a
reaction must not be used; ``note`` (1.3) what else is to be known. A Cq that does not exist is
−1.0, as the format has it. What the format has no word for is said in the documentation that the
run refers to.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import numpy as np
from lxml import etree

from qpcr.export import Content, Writer
from qpcr.export._content import Row
from qpcr.export._rdml_setup import (
    add_dyes,
    add_protocol,
    add_samples,
    add_targets,
    samples_of,
)
from qpcr.export._rdml_xml import NAMESPACE, add
from qpcr.formats.rdml import DOCUMENT
from qpcr.said import say

MEMBER = "rdml_data.xml"
PROTOCOL = "protocol"
MANUAL = "manual threshold and baseline settings"
AUTOMATIC = "automated threshold and baseline settings"


def render(content: Content, version: str) -> bytes:
    """Write the document in its container."""
    tree = document(content, version)
    data = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(MEMBER), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def document(content: Content, version: str) -> etree._Element:
    """Make the document."""
    run = content.run
    spaces: dict[Any, str] = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}rdml", {"version": version}, spaces)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    add(root, "dateMade", now)
    add(root, "dateUpdated", now)
    words = add(root, "documentation", id=DOCUMENT)
    add_dyes(root, run, version)
    samples, wells = samples_of(run)
    unit = run.settings.other.get("quantity unit", "other")
    lost = add_samples(root, samples, unit, version)
    told = add_targets(root, run, content.panel) + add_protocol(root, run, PROTOCOL)
    if lost:
        told.append(
            say("RDML {version} has no word for the tasks or quantities of {samples}; they are "
                "annotations.", version=version, samples=", ".join(lost[:10]))
        )  # fmt: skip
    add(words, "text", _documentation(content, told))
    experiment = add(root, "experiment", id=run.provenance.experiment or run.provenance.file)
    _add_run(experiment, content, wells, version, any(stage.steps for stage in run.protocol))
    return root


def _documentation(content: Content, told: list[str]) -> str:
    """Lines ``name: value`` that our reader finds again, and a person can read."""
    pairs = {
        "fluorescence": "Rn, reporter over passive reference, without baseline correction"
        if content.run.passive_reference
        else "reporter's signal, without baseline correction",
        **content.about,
    }
    lines = [f"{name}: {' '.join(value.split())}" for name, value in pairs.items()]
    lines += [f"note: {' '.join(note.split())}" for note in (*content.notes, *told)]
    if content.panel is not None:
        lines.append(f"panel: {content.panel.name} {content.panel.version}")
        lines += [
            f"oligo: {one.name} ({one.role}) {one.sequence or 'not disclosed'}"
            for one in content.panel.oligos
        ]
    return "\n".join(lines)


def _add_run(
    parent: etree._Element, content: Content, wells: dict[int, str], version: str, protocol: bool
) -> None:
    run, source = content.run, content.run.provenance
    node = add(parent, "run", id="run 1")
    if source.comment:
        add(node, "description", source.comment)
    add(node, "documentation", id=DOCUMENT)
    if source.instrument:
        add(node, "instrument", source.instrument)
    if source.software:
        software = add(node, "dataCollectionSoftware")
        add(software, "name", source.software)
        add(software, "version", source.software_version or "not stated")
    if content.cq_kind == "ours":
        add(node, "backgroundDeterminationMethod", "straight line through the baseline cycles")
    if content.automatic is not None:
        add(node, "cqDetectionMethod", AUTOMATIC if content.automatic else MANUAL)
    else:
        add(node, "cqDetectionMethod", "other")
    if protocol:
        add(node, "thermalCyclingConditions", id=PROTOCOL)
    form = add(node, "pcrFormat")
    add(form, "rows", str(run.rows))
    add(form, "columns", str(run.columns))
    add(form, "rowLabel", "ABC")
    add(form, "columnLabel", "123")
    if source.started is not None:
        add(node, "runDate", f"{source.started.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    react, last = None, -1
    for row in sorted(content.rows, key=lambda row: row.reaction.well):
        well = row.reaction.well
        if react is None or well != last:
            react, last = add(node, "react", id=str(well + 1)), well
            add(react, "sample", id=wells[well])
        _add_data(react, row, content, version)


def _add_data(react: etree._Element, row: Row, content: Content, version: str) -> None:
    node = add(react, "data")
    add(node, "tar", id=row.reaction.target)
    if row.cq is not None or _undetermined(row, content):
        add(node, "cq", "-1.0" if row.cq is None else repr(float(row.cq)))
    if version != "1.2":
        _add_quantity(node, row, content)
    if row.excluded:
        add(node, "excl", "; ".join(row.excluded))
    if row.remarks and version != "1.2":
        add(node, "note", "; ".join(row.remarks))
    if row.rn is not None:
        for cycle, value in zip(content.cycles, row.rn, strict=True):
            if np.isfinite(value):
                point = add(node, "adp")
                add(point, "cyc", str(int(cycle)))
                add(point, "fluor", repr(float(value)))
    if row.baseline is not None:
        _, _, intercept, slope = row.baseline
        add(node, "bgFluor", repr(float(intercept)))
        add(node, "bgFluorSlp", repr(float(slope)))
    if row.threshold is not None:
        add(node, "quantFluor", repr(float(row.threshold)))


def _add_quantity(node: etree._Element, row: Row, content: Content) -> None:
    """N0 and efficiency by the method that was named; a factor per cycle, as RDML has it."""
    if row.n0 is not None:
        add(node, "N0", repr(float(row.n0)))
    if row.efficiency is not None:
        add(node, "ampEffMet", f"ikaros-qpcr, method {content.method}")
        add(node, "ampEff", repr(float(row.efficiency)))
        if row.efficiency_se is not None:
            add(node, "ampEffSE", repr(float(row.efficiency_se)))


def _undetermined(row: Row, content: Content) -> bool:
    """Whether somebody looked for a Cq and found none; else nothing is said about it."""
    stored = content.run.results.get((row.reaction.well, row.reaction.target))
    return content.cq_kind == "ours" or (stored is not None and stored.determined is False)


WRITER = Writer("rdml", "RDML, for other qPCR programs", ".rdml", render, ("1.2", "1.3"))
