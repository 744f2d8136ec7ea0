"""What a report says in words: the run, the counts, the warnings, the settings.

Each function returns plain values for the template; every word comes from the catalogue.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from qpcr.calls import Outcome, product
from qpcr.instrument import rules_for
from qpcr.light_level import LightLevel, light_level
from qpcr.report.language import Language

if TYPE_CHECKING:
    from qpcr.record import Record
    from qpcr.run import Step

Texts = Mapping[str, str]
Fact = tuple[str, str]
"""A label and its value."""


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the summary; `kind` names its look."""

    label: str
    value: int
    kind: str = "plain"


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def header(record: Record, tongue: Language) -> list[Fact]:
    """Facts about the run, in the order a person looks for them."""
    t = tongue.texts
    run, source = record.run, record.run.provenance
    wells = len({reaction.well for reaction in run.reactions})
    lit = run.light.reason is None
    facts: list[tuple[str, str | None]] = [
        (t["file"], source.file),
        (t["experiment"], source.experiment),
        (t["instrument"], _joined(source.instrument, source.instrument_serial)),
        (t["software"], source.software),
        (t["run_started"], _when(source.started)),
        (t["run_ended"], _when(source.ended)),
        (t["operator"], source.operator),
        (t["barcode"], source.barcode),
        (t["chemistry"], source.chemistry),
        (t["passive_reference"], run.passive_reference or t["none"]),
        (t["cycles"], str(len(run.cycles))),
        (t["plate"], t["plate_value"].format(wells=run.wells, used=wells)),
        (t["lots"], "; ".join(tongue.say_all(one.told() for one in record.lots)) or None),
        (t["light_source"], "; ".join(tongue.say_all(run.light.told())) if lit else None),
        (t["light_level"], tongue.say(_light(record).short())),
        (t["comment"], source.comment),
    ]
    optional = {t["barcode"], t["comment"], t["chemistry"], t["lots"], t["light_source"]}
    return [
        (label, value or t["not_stated"])
        for label, value in facts
        if value or label not in optional
    ]


def _light(record: Record) -> LightLevel:
    """The light level; looked for now where an earlier version did not."""
    return record.light_level or light_level(record.run)


def _joined(name: str | None, serial: str | None) -> str | None:
    return " · ".join(part for part in (name, serial) if part) or None


def warnings(record: Record, tongue: Language) -> list[str]:
    """What must not be overlooked, as sentences."""
    t = tongue.texts
    run, curves = record.run, record.curves
    found = []
    if run.passive_reference is None:
        found.append(t["warn_no_reference"])
    if record.settings.rules is None and rules_for(run.provenance.software) is None:
        found.append(t["warn_rules"].format(rules=curves.rules))
    state = run.provenance.run_state
    if state is not None and state.upper() != "COMPLETE":
        found.append(t["warn_state"].format(state=state))
    for target, threshold in curves.thresholds.items():
        if threshold.value is None:
            found.append(
                t["warn_threshold"].format(
                    target=target, reason=tongue.say(threshold.reason or t["unknown"])
                )
            )
        elif threshold.reason is not None:
            found.append(
                t["warn_default"].format(
                    target=target,
                    value=f"{threshold.value:.6g}",
                    reason=tongue.say(threshold.reason),
                )
            )
    problems: dict[str, list[str]] = {}
    for reaction, problem in zip(run.reactions, curves.problems, strict=True):
        if problem is not None:
            problems.setdefault(problem, []).append(reaction.well_name)
    found += [
        t["warn_problem"].format(wells=_listed(wells, t), problem=tongue.say(problem))
        for problem, wells in problems.items()
    ]
    return found


def _listed(names: list[str], t: Texts, limit: int = 12) -> str:
    names = list(dict.fromkeys(names))
    if len(names) <= limit:
        return ", ".join(names)
    return t["and_more"].format(names=", ".join(names[:limit]), count=len(names) - limit)


def counts(record: Record, t: Texts) -> list[Count]:
    """The run in numbers."""
    size = len(record.curves)
    determined = int(np.isfinite(record.fits.table.cq).sum())
    problems = sum(problem is not None for problem in record.curves.problems)
    omitted = sum(reaction.omitted for reaction in record.run.reactions)
    found = [
        Count(t["count_reactions"], size),
        Count(t["count_determined"], determined),
        Count(t["count_undetermined"], size - determined),
        Count(t["count_problems"], problems, "alert" if problems else "plain"),
    ]
    if omitted:
        found.append(Count(t["count_omitted"], omitted))
    return found


def differences(record: Record, t: Texts) -> list[str]:
    """Our two Ct values against the instrument's own, where the file holds them."""
    run = record.run
    fitted: list[tuple[float | None, float | None]] = []
    style: list[tuple[float | None, float | None]] = []
    for index, reaction in enumerate(run.reactions):
        stored = run.results.get((reaction.well, reaction.target))
        if stored is not None and stored.determined is not None:
            cq = float(record.fits.table.cq[index])
            fitted.append((cq if np.isfinite(cq) else None, stored.cq))
            style.append((record.curves.instrument_cq[index].value, stored.cq))
    if not fitted:
        return [t["no_instrument_ct"]]
    return [_difference(t["ct_style"], style, t), _difference(t["ct_fitted"], fitted, t)]


def _difference(label: str, pairs: list[tuple[float | None, float | None]], t: Texts) -> str:
    sizes = [abs(ours - own) for ours, own in pairs if ours is not None and own is not None]
    split = sum((ours is None) != (own is None) for ours, own in pairs)
    if not sizes:
        return t["difference_none"].format(label=label, split=split, total=len(pairs))
    return t["difference"].format(
        label=label,
        count=len(sizes),
        median=f"{statistics.median(sizes):.2g}",
        largest=f"{max(sizes):.2g}",
        split=split,
        total=len(pairs),
    )


def settings(record: Record, tongue: Language) -> list[Fact]:
    """How the numbers were made."""
    t = tongue.texts
    chosen, fit = record.settings, record.fit_settings
    words = {"protocol": t["by_protocol"], "auto": t["by_auto"], "file": t["by_file"]}
    fixes = record.panel is not None and any(c.threshold for c in record.panel.channels())
    words["panel"] = t["by_panel"] if fixes else t["by_protocol"]
    if isinstance(chosen.baseline, str):
        baseline = words[chosen.baseline]
    else:
        baseline = t["by_window"].format(start=chosen.baseline[0], stop=chosen.baseline[1])
    if isinstance(chosen.threshold, str):
        threshold = words[chosen.threshold]
    elif isinstance(chosen.threshold, Mapping):
        threshold = ", ".join(f"{name}: {value:.6g}" for name, value in chosen.threshold.items())
    else:
        threshold = f"{chosen.threshold:.6g}"
    used = [
        (
            t["threshold_of"].format(target=name),
            _threshold(record, name, tongue),
        )
        for name in record.curves.thresholds
    ]
    return [
        (t["rules"], record.curves.rules),
        (t["baseline_setting"], baseline),
        (t["threshold_setting"], threshold),
        *used,
        (t["fit_model"], fit.model),
        (t["fit_baseline"], fit.baseline),
        (t["fit_engine"], t["fit_polished"] if fit.polish else t["fit_batch"]),
    ]


def _threshold(record: Record, target: str, tongue: Language) -> str:
    """The threshold of a target, and where it comes from."""
    t, one = tongue.texts, record.curves.thresholds[target]
    if one.value is None:
        return tongue.say(one.reason or t["unknown"])
    found = None if record.panel is None else record.panel.find_channel(target)
    source = None if found is None else found[1].threshold_source
    value = f"{one.value:.6g}"
    if one.source != "panel" or source is None:
        return t["threshold_value"].format(value=value, source=t[f"source_{one.source}"])
    doubtful = source.evidence == "unverified"
    text = t["panel_threshold_doubtful" if doubtful else "panel_threshold"]
    return text.format(value=value, citation=tongue.say(source.citation))


def origin(record: Record, t: Texts) -> list[Fact]:
    """Which bytes, which software, when."""
    source = record.run.provenance
    return [
        (t["file"], source.file),
        (t["sha256"], source.sha256),
        (t["size"], t["size_value"].format(bytes=source.size)),
        (t["reader"], source.reader),
        (t["raw_source"], record.run.raw_source or t["none"]),
        (t["analyzed"], _when(record.created) or t["unknown"]),
        *((name, version) for name, version in record.versions.items()),
    ]


def protocol(record: Record, t: Texts) -> list[tuple[str, str, str]]:
    """Thermal protocol: stage, repetitions, steps."""
    return [
        (
            stage.name,
            t["repetitions"].format(count=stage.repetitions),
            " → ".join(_step(step, t) for step in stage.steps),
        )
        for stage in record.run.protocol
    ]


def _step(step: Step, t: Texts) -> str:
    text = t["step_reads"] if step.reads else t["step"]
    return text.format(celsius=f"{step.temperature_celsius:g}", seconds=f"{step.hold_seconds:g}")


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding for the page: its look, where, what, and what to do."""

    kind: str
    severity: str
    wells: str
    message: str
    remedy: str
    rows: tuple[int, ...] = ()


def seen(record: Record, tongue: Language) -> list[Seen]:
    """Findings of the quality rules, the gravest first; those worth only knowing come last."""
    t = tongue.texts
    names = [reaction.well_name for reaction in record.run.reactions]
    return [
        Seen(
            str(one.severity),
            t[f"severity_{one.severity}"],
            _listed([names[row] for row in one.reactions], t),
            tongue.say(one.message),
            tongue.say(one.remedy),
            one.reactions,
        )
        for one in record.findings
    ]


def shared_reasons(record: Record, tongue: Language) -> dict[str, str] | None:
    """Why no sample has a result and what to do, where it is the same for all; else ``None``."""
    causes = {(call.reasons, call.recommendations) for call in record.calls}
    outcomes = {call.outcome for call in record.calls}
    if len(record.calls) < 2 or len(causes) > 1 or outcomes != {Outcome.INVALID}:
        return None
    reasons, todo = causes.pop()
    return {"reasons": " ".join(tongue.say_all(reasons)), "todo": " ".join(tongue.say_all(todo))}


def called(record: Record, tongue: Language) -> list[dict[str, str | list[str]]]:
    """Calls for the page: sample, outcome with what was detected, why, what to do, the chain."""
    t = tongue.texts
    rows: list[dict[str, str | list[str]]] = []
    for call in record.calls:
        who = record.identities.get(call.sample)
        outcome = t[f"outcome_{call.outcome.name.lower()}"]
        what = " + ".join(tongue.say(product(name)) for name in call.deletions)
        if call.mixed:
            what = t["mixed"].format(deletions=what)
        if what:
            outcome = t["outcome_what"].format(outcome=outcome, what=what)
        rows.append(
            {
                "name": call.sample,
                "sample": call.sample if who is None else f"{call.sample} ({who.patient})",
                "kind": call.outcome.name.lower().replace("_", "-"),
                "outcome": outcome,
                "classes": ", ".join(tongue.word(name) for name in call.classes),
                "reasons": " ".join(tongue.say_all(call.reasons)),
                "todo": " ".join(tongue.say_all(call.recommendations)),
                "chain": tongue.say_all(call.chain()),
            }
        )
    return rows


def limitations(record: Record, tongue: Language) -> str:
    """What the panel cannot see, for a page on which something was not detected."""
    texts = dict.fromkeys(text for call in record.calls for text in call.limitations)
    return " ".join(tongue.say_all(texts))


def single_wells(record: Record, t: Texts) -> str:
    """Which samples rest on one well of a target, so that no replicate shows a failed one."""
    single = [call.sample for call in record.calls if call.fewest_wells == 1]
    if single and len(single) == len(record.calls):
        return t["single_all"]
    return t["single_some"].format(samples=_listed(single, t)) if single else ""
