"""Runs and records said in words: what ``qpcr inspect`` and ``qpcr analyze`` show."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from qpcr._possible import possible
from qpcr.counted import counted
from qpcr.formats import formats
from qpcr.instrument import rules_for
from qpcr.light_level import light_level
from qpcr.record import Record
from qpcr.replicates import replicates
from qpcr.run import Run, Stage


def facts(run: Run) -> list[tuple[str, str]]:
    """Facts about a run as pairs of a label and a text, in reading order."""
    source = run.provenance
    rules = rules_for(source.software)
    known = "not known: results may differ from the instrument's" if rules is None else rules.name
    pairs = [
        ("file", f"{source.file}  ({source.size:,} bytes, SHA-256 {source.sha256})"),
        ("format", _described(source.reader) + ("  SIMULATED" if source.simulated else "")),
        ("software", f"{source.software or 'not named'}  (rules: {known})"),
        ("instrument", _joined(source.instrument, source.instrument_serial, "serial")),
        ("experiment", source.experiment),
        ("type", _joined(source.experiment_type, source.chemistry, "chemistry")),
        ("comment", source.comment),
        ("operator", source.operator),
        ("barcode", source.barcode),
        ("run", _joined(source.run_state, _span(source.started, source.ended), "run")),
        ("plate", _plate(run)),
        ("targets", "; ".join(_target(run, name) for name in run.targets)),
        ("tasks", _numbers(Counter(str(r.task) for r in run.reactions))),
        ("standards", _standards(run)),
        ("omitted", ", ".join(r.well_name for r in run.reactions if r.omitted)),
        ("passive reference", run.passive_reference or "none"),
        ("protocol", "; ".join(_stage(stage) for stage in run.protocol)),
        ("cycles", str(len(run.cycles))),
        ("lots", "; ".join(map(str, run.reagents))),
        ("light source", "; ".join(run.light.told())),
        ("light level", "; ".join(light_level(run).told())),
        *_layers(run),
        *_recorded(run),
        *_analyses(run),
        *(("note", note) for note in run.notes),
        *(("not read", name) for name in run.unread),
    ]
    return [(label, text) for label, text in pairs if text]


RUN_COLUMNS = {
    "Run": "left",
    "Plate": "left",
    "Wells": "right",
    "Reactions": "right",
    "Samples": "right",
    "Targets": "right",
    "Cycles": "right",
    "With Ct": "right",
    "Not read": "left",
}
"""Columns of the runs of one file: the name, those of :func:`run_row`, and what is wrong."""


def run_row(run: Run) -> tuple[str, ...]:
    """A run in short as texts, in the order of :data:`RUN_COLUMNS`: its plate, and counts.

    "With Ct" counts the reactions that the file states a Ct of.
    """
    counts = (
        len({reaction.well for reaction in run.reactions}),
        len(run.reactions),
        len({reaction.sample for reaction in run.reactions if reaction.sample}),
        len(run.targets),
        len(run.cycles),
        sum(result.cq is not None for result in run.results.values()),
    )
    return (f"{run.rows} × {run.columns}", *map(str, counts))


def _analyses(run: Run) -> list[tuple[str, str]]:
    """What can be made of the run, and what is missing for the rest."""
    kinds = possible(run)
    ready = [kind for kind, missing in kinds if not missing]
    lacking = [f"{kind}: no {', no '.join(missing)}" for kind, missing in kinds if missing]
    return [
        ("possible", "; ".join(ready) or "nothing"),
        *(("not possible", text) for text in lacking),
    ]


def _described(reader: str) -> str:
    """Name of a format, and what it is."""
    known = formats().get(reader)
    return reader if known is None else f"{reader}: {known.describes}"


def _joined(first: str | None, second: str | None, label: str) -> str:
    return "  ".join(filter(None, (first, f"({label}: {second})" if second else None)))


def _span(start: datetime | None, end: datetime | None) -> str | None:
    if start is None:
        return f"ended {end:%Y-%m-%d %H:%M} UTC" if end else None
    return f"{start:%Y-%m-%d %H:%M} to {f'{end:%H:%M}' if end else 'not ended'} UTC"


def _numbers(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def _plate(run: Run) -> str:
    used = len({r.well for r in run.reactions})
    samples = len({r.sample for r in run.reactions if r.sample})
    return (
        f"{run.rows} × {run.columns}; {counted(used, 'well')} in use, "
        f"{counted(len(run.reactions), 'reaction')}, {counted(samples, 'sample')}"
    )


def _target(run: Run, name: str) -> str:
    target = run.targets[name]
    return f"{name} ({target.reporter}, quencher {target.quencher or 'none'})"


def _standards(run: Run) -> str:
    values = sorted({r.quantity for r in run.reactions if r.quantity is not None}, reverse=True)
    return ", ".join(f"{value:g}" for value in values)


def _stage(stage: Stage) -> str:
    steps = ", ".join(
        f"{s.temperature_celsius:g} °C {s.hold_seconds:g} s{' (read)' if s.reads else ''}"
        for s in stage.steps
    )
    return f"{stage.repetitions} × [{steps}]" if stage.repetitions > 1 else f"[{steps}]"


def _layers(run: Run) -> list[tuple[str, str]]:
    """Which layers of the data there are, from the detector to the instrument's Ct."""
    raw = "none"
    if run.raw is not None:
        raw = f"filters {', '.join(run.filters)} of {counted(run.wells, 'well')}"
        raw += f", from {run.raw_source}"
    calibration = "none"
    if run.calibration is not None:
        days: dict[str, list[str]] = {}
        for name, when in run.calibration.dates.items():
            days.setdefault(f"{when:%Y-%m-%d}", []).append(name)
        dates = [f"{', '.join(names)} {day}" for day, names in days.items()]
        calibration = f"pure dyes {', '.join(sorted(run.calibration.pure_dyes))}"
        calibration += f"; calibrated: {'; '.join(dates)}" if dates else ""
    determined = sum(result.cq is not None for result in run.results.values())
    stored = ", ".join(
        f"{name} of {counted(count, 'reaction')}"
        for name, count in (
            ("Rn", sum(result.rn is not None for result in run.results.values())),
            ("ΔRn", sum(result.drn is not None for result in run.results.values())),
        )
        if count
    )
    return [
        ("raw fluorescence", raw),
        ("optical calibration", calibration),
        ("dye signals", f"of {counted(len(run.signals), 'well')}" if run.signals else "none"),
        ("stored curves", stored or "none"),
        (
            "instrument's results",
            f"{counted(len(run.results), 'reaction')}, {determined} with Ct"
            if run.results
            else "none",
        ),
    ]


def _recorded(run: Run) -> list[tuple[str, str]]:
    """Thresholds and baselines as the file records them."""
    words = {True: "automatic", False: "manual", None: "not said"}
    alike: dict[str, list[str]] = {}
    for name, setting in run.settings.thresholds.items():
        if setting.value is not None:
            value = f"{setting.value:.6g} ({words[setting.automatic]})"
            alike.setdefault(value, []).append(name)
    pairs = [
        ("recorded threshold", f"{', '.join(names)}: {value}") for value, names in alike.items()
    ]
    chosen = Counter(words[w.automatic] for w in run.settings.baselines.values())
    pairs.append(("recorded baselines", _numbers(chosen)))
    flags = "; ".join(f"{name} {text}" for name, text in run.settings.other.items())
    return [*pairs, ("recorded quality rules", flags)]


COLUMNS = {
    "Well": "left",
    "Sample": "left",
    "Target": "left",
    "Task": "left",
    "Ct": "right",
    "±SE": "right",
    "95 %": "right",
    "Ct by rule": "right",
    "Ct in file": "right",
    "Baseline": "left",
    "Threshold": "right",
    "Why no Ct": "left",
}
"""Columns of :func:`reaction_rows` and how they are set."""
LESS_WANTED = ("95 %", "Threshold", "Baseline", "Ct in file", "Task")
"""Columns that a line too short for all can do without, the first first."""


def reaction_rows(record: Record) -> list[tuple[str, ...]]:
    """Results of every reaction as texts, in the order of :data:`COLUMNS`.

    "Ct" is of the fitted curve, "Ct by rule" by the instrument's own rule.
    """
    rows: list[tuple[str, ...]] = []
    for index, reaction in enumerate(record.run.reactions):
        fit, style = record.fits[index], record.curves.instrument_cq[index]
        baseline = record.curves.baselines[index]
        stored = record.run.results.get((reaction.well, reaction.target))
        reason = fit.reason_text if fit.cq is None else style.reason
        rows.append(
            (
                reaction.well_name,
                reaction.sample or "",
                reaction.target,
                str(reaction.task),
                number(fit.cq),
                number(fit.cq_se, 3),
                "" if fit.cq_low is None else f"{number(fit.cq_low)}–{number(fit.cq_high)}",
                number(style.value),
                number(None if stored is None else stored.cq),
                "" if baseline is None else f"{baseline.start}–{baseline.stop}",
                number(record.curves.threshold_of(index), 4),
                reason or "",
            )
        )
    return rows


QUANTITY_COLUMNS = {
    "Well": "left",
    "Sample": "left",
    "Target": "left",
    "Cq": "right",
    "±SE": "right",
    "Ct by rule": "right",
    "Factor": "right",
    "N0": "right",
    "±SE of N0": "right",
    "Copies": "right",
    "Poisson SD": "right",
    "Why no Cq": "left",
}
"""Columns of :func:`quantity_rows` and how they are set."""


def quantity_rows(record: Record) -> list[tuple[str, ...]]:
    """Quantities of every reaction as texts, in the order of :data:`QUANTITY_COLUMNS`."""
    if record.quantification is None:
        return []
    curves = record.curves
    return [
        (
            reaction.well_name,
            reaction.sample or "",
            reaction.target,
            number(one.cq),
            number(one.cq_se, 3),
            number(style.value),
            number(one.efficiency, 3),
            "" if one.n0 is None else f"{one.n0:.3g}",
            "" if one.n0_se is None else f"{one.n0_se:.2g}",
            "" if one.copies is None else f"{one.copies:.4g}",
            number(one.poisson_sd, 3),
            one.reason or "",
        )
        for reaction, style, one in zip(
            record.run.reactions, curves.instrument_cq, record.quantification.wells, strict=True
        )
    ]


def replicate_lines(record: Record) -> list[str]:
    """SD of replicates by the method of quantities, a line a target, beside what to expect."""
    lines = []
    for one in replicates(record):
        of = f"{counted(one.wells, 'well')} of {counted(one.groups, 'group')}"
        parts = [f"SD {one.observed:.3f} cycles in {of}"]
        if one.by_rule is not None:
            parts.append(f"{one.by_rule:.3f} by the instrument's rule")
        if one.predicted is not None:
            held = "standard errors" if one.poisson is None else "standard errors and sampling"
            parts.append(f"{one.predicted:.3f} expected from {held}")
        lines.append(f"replicates of {one.target}: {', '.join(parts)}")
    return lines


FINDING_COLUMNS = {"Finding": "left", "Rule": "left", "What, and what to do": "left"}
"""Columns of :func:`finding_rows`."""


def finding_rows(record: Record) -> list[tuple[str, ...]]:
    """Findings as texts, the gravest first."""
    return [(str(f.severity), f.rule, f"{f.message} {f.remedy}") for f in record.findings]


CALL_COLUMNS = {"Sample": "left", "Result": "left", "Deletions": "left", "Why": "left"}
"""Columns of :func:`call_rows`."""


def call_rows(record: Record) -> list[tuple[str, ...]]:
    """Calls as texts."""
    return [
        (
            call.sample,
            str(call.outcome),
            ("mixed: " if call.mixed else "") + " + ".join(call.deletions),
            " ".join((*call.reasons, *call.recommendations)),
        )
        for call in record.calls
    ]


def number(value: float | None, digits: int = 2) -> str:
    """A number as text, nothing for nothing."""
    return "" if value is None else f"{value:.{digits}f}"
