"""What is written of a run, whatever the format: its reactions with curves, Cq and remarks.

Two Cq can be written: *ours* (the run is analyzed; the fitted Ct, our baselines, thresholds and
exclusions) or the *instrument's* (nothing is computed beyond Rn; what the file holds is passed on).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from primers import Panel
from qpcr._frozen import FloatArray, FrozenMap, IntArray
from qpcr.curves import Curves, from_run
from qpcr.errors import InputError
from qpcr.findings import Severity
from qpcr.pipeline import analyze
from qpcr.quantification import Quantification
from qpcr.record import Record, versions
from qpcr.run import Reaction, Run
from qpcr.said import say

CQ_KINDS = ("ours", "instrument")


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """One reaction.

    Attributes
    ----------
    cq, cq_se, cq_low, cq_high
        The Cq that was chosen, cycles; standard error and 95 % interval where it is ours.
    cq_instrument
        The instrument's own, cycles.
    rn, drn, reporter, reference
        (C,) normalised reporter, the same without baseline, and the dye signals; ``None`` where
        there are none.
    baseline
        First and last cycle, intercept at cycle 0 and slope of the line under `drn`.
    threshold
        In ΔRn.
    excluded
        Why the reaction must not be used; empty: it may be.
    remarks
        What else is to be known about it.
    efficiency, efficiency_se, n0, n0_se
        Amplification factor per cycle, and signal of the template before the first cycle, where the
        Cq is by a method that was named.
    """

    reaction: Reaction
    cq: float | None
    cq_instrument: float | None
    cq_se: float | None = None
    cq_low: float | None = None
    cq_high: float | None = None
    rn: FloatArray | None = None
    drn: FloatArray | None = None
    reporter: FloatArray | None = None
    reference: FloatArray | None = None
    baseline: tuple[int, int, float, float] | None = None
    threshold: float | None = None
    excluded: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    efficiency: float | None = None
    efficiency_se: float | None = None
    n0: float | None = None
    n0_se: float | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """A run to be written.

    Attributes
    ----------
    run
        As it was read.
    rows
        One a reaction, in the order of the run.
    cycles
        (C,) cycle numbers.
    cq_kind
        One of :data:`CQ_KINDS`.
    panel
        Whose oligos and target names are meant, or ``None``.
    about
        Where the numbers come from: file, instrument, software, settings.
    notes
        Sentences about the run as a whole.
    """

    run: Run
    rows: tuple[Row, ...]
    cycles: IntArray
    cq_kind: str
    panel: Panel | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    automatic: bool | None = None
    """Whether thresholds and baselines were chosen by the software; ``None``: not known."""
    method: str | None = None
    """Method of Cq that was named; ``None``: the fitted Ct, or the instrument's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "about", FrozenMap(self.about))


def content_of(
    run: Run, *, cq: str = "ours", panel: Panel | None = None, method: str | None = None
) -> Content:
    """Collect what is written of a run.

    Parameters
    ----------
    run
        As it was read.
    cq
        Which Cq: one of :data:`CQ_KINDS`.
    panel
        What the targets mean, and which rules the run must pass.
    method
        Our Cq by this method, one of :func:`qpcr.methods.methods`, with its efficiency and N0,
        instead of the fitted Ct.

    Returns
    -------
    Content

    Raises
    ------
    InputError
        Our Cq is asked for and the run cannot be analyzed, or there is no such method.
    """
    if cq not in CQ_KINDS:
        raise ValueError(f"cq must be one of {CQ_KINDS}")
    if cq == "ours":
        made = analyze(run, panel=panel, method=method)
        return _by_method(_ours(made), made.quantification)
    if method is not None:
        raise ValueError("a method is for our Cq")
    return _theirs(run, panel)


def _by_method(content: Content, found: Quantification | None) -> Content:
    """The same with Cq, efficiency and N0 of a quantification."""
    if found is None:
        return content
    rows = []
    for row, one in zip(content.rows, found.wells, strict=True):
        told = row.remarks if row.cq is not None else row.remarks[1:]  # the first: why no Ct
        if one.reason is not None:
            told = (one.reason, *told)
        rows.append(
            replace(
                row, cq=one.cq, cq_se=one.cq_se, cq_low=None, cq_high=None,
                efficiency=one.efficiency, efficiency_se=one.efficiency_se,
                n0=one.n0, n0_se=one.n0_se, remarks=tuple(dict.fromkeys(told)),
            )
        )  # fmt: skip
    about = {**content.about, "Cq": f"by the method {found.method}, version {found.version}"}
    automatic = content.automatic if found.method in ("threshold", "instrument") else None
    return replace(content, rows=tuple(rows), about=about, automatic=automatic, method=found.method)


def _ours(record: Record) -> Content:
    run, curves = record.run, record.curves
    barred: dict[int, list[str]] = {}
    remarks: dict[int, list[str]] = {}
    for finding in record.findings:
        graver = finding.severity is Severity.REACTION
        for row in finding.reactions:
            (barred if graver else remarks).setdefault(row, []).append(finding.message)
    rows = []
    for index, reaction in enumerate(run.reactions):
        fit, baseline = record.fits[index], curves.baselines[index]
        layers = _curves(curves, index)
        told = remarks.get(index, [])
        if fit.cq is None and fit.reason_text:
            told = [fit.reason_text, *told]
        rows.append(
            Row(
                reaction,
                fit.cq,
                _stored(run, reaction),
                fit.cq_se,
                fit.cq_low,
                fit.cq_high,
                rn=layers["rn"],
                drn=layers["drn"],
                reporter=layers["reporter"],
                reference=layers["reference"],
                baseline=None
                if baseline is None
                else (baseline.start, baseline.stop, baseline.intercept, baseline.slope),
                threshold=curves.threshold_of(index),
                excluded=(*_omitted(reaction), *barred.get(index, [])),
                remarks=tuple(dict.fromkeys(told)),
            )
        )
    sources = {one.source for one in curves.thresholds.values()}
    sources |= {one.source for one in curves.baselines if one is not None}
    whole = [finding.message for finding in record.findings if finding.severity is Severity.RUN]
    about = {
        **_about(run),
        "Cq": "fitted curve crosses the threshold (ikaros-qpcr)",
        "rules of baseline and threshold": curves.rules,
    }
    return Content(
        run,
        tuple(rows),
        curves.cycles,
        "ours",
        record.panel,
        about,
        (*run.notes, *curves.notes, *whole),
        not sources & {"manual", "file", "panel"},
    )


def _theirs(run: Run, panel: Panel | None) -> Content:
    curves: Curves | None = None
    notes = list(run.notes)
    try:
        curves = from_run(run)
    except InputError as error:
        notes.append(say("No curves are written: {problem}.", problem=error.problem))
    rows = []
    for index, reaction in enumerate(run.reactions):
        result = run.results.get((reaction.well, reaction.target))
        layers = _none() if curves is None else _curves(curves, index)
        layers["drn"] = None if result is None else result.drn
        setting = run.settings.thresholds.get(reaction.target)
        stored = _stored(run, reaction)
        rows.append(
            Row(
                reaction,
                stored,
                stored,
                rn=layers["rn"],
                drn=layers["drn"],
                reporter=layers["reporter"],
                reference=layers["reference"],
                threshold=None if setting is None else setting.value,
                excluded=_omitted(reaction),
            )
        )
    chosen = {one.automatic for one in run.settings.thresholds.values()}
    return Content(
        run,
        tuple(rows),
        run.cycles,
        "instrument",
        panel,
        {**_about(run), "Cq": "as the instrument's file holds it"},
        tuple(notes),
        chosen.pop() if len(chosen) == 1 else None,
    )


def _stored(run: Run, reaction: Reaction) -> float | None:
    result = run.results.get((reaction.well, reaction.target))
    return None if result is None else result.cq


def _omitted(reaction: Reaction) -> tuple[str, ...]:
    return (say("The well is marked as omitted in the file."),) if reaction.omitted else ()


def _none() -> dict[str, FloatArray | None]:
    return dict.fromkeys(("rn", "drn", "reporter", "reference"))


def _curves(curves: Curves, index: int) -> dict[str, FloatArray | None]:
    """Layers of one reaction; those without any number are ``None``."""
    layers = {name: getattr(curves, name) for name in ("rn", "drn", "reporter", "reference")}
    return {
        name: None if values is None or not np.isfinite(values[index]).any() else values[index]
        for name, values in layers.items()
    }


def _about(run: Run) -> dict[str, str]:
    """Where the run comes from, in words."""
    source = run.provenance
    pairs = {
        "file": source.file,
        "SHA-256": source.sha256,
        "read as": source.reader,
        "instrument": source.instrument,
        "serial number": source.instrument_serial,
        "instrument's software": source.software,
        "experiment": source.experiment,
        "chemistry": source.chemistry,
        "operator": source.operator,
        "started": None if source.started is None else source.started.isoformat(),
        "simulated": "yes" if source.simulated else None,
        "passive reference": run.passive_reference,
        **{f"version of {name}": version for name, version in versions().items()},
    }
    return {name: value for name, value in pairs.items() if value}
