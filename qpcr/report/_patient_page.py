"""What the patient report says, in the words of a language, and the page made of it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from qpcr._lists import grouped
from qpcr.calls import Outcome, product
from qpcr.clinical.fields import schema
from qpcr.report._exon_map import exon_map
from qpcr.report._summary import _when
from qpcr.report._templates import template
from qpcr.report._thumbnails import thumbnails
from qpcr.report._verdict import verdict
from qpcr.report.language import Language, language
from qpcr.report.patient_texts import TEXTS
from qpcr.report.residual import residual_sheet

if TYPE_CHECKING:
    from markupsafe import Markup

    from primers.panel import Assay
    from qpcr.calls import Evidence
    from qpcr.report.patient import Case

MOST_CURVES = 8
"""So many thumbnails fit on the page."""
MOST_REASONS = 3
"""So many reasons, and so many recommendations."""
_RANK = {"positive": 0, "unclear": 1, "unusable": 2, "negative": 3}


def style() -> Markup:
    """The style sheet of patients' pages."""
    from markupsafe import Markup

    css = resources.files("qpcr.report").joinpath("templates", "patient.css").read_text("utf-8")
    return Markup(css)  # noqa: S704 - our own file


def page(case: Case, lang: str) -> str:
    """Fill the template."""
    tongue, t = language(lang, case.panel), TEXTS[lang]
    chosen = _curves(case)
    drawn = thumbnails(case.record.curves, chosen)
    text = template("patient.html").render(
        t=t,
        case=case,
        css=style(),
        title=_title(case, t),
        who=_who(case, t, lang),
        headline=_headline(case, tongue, t),
        words=_words(case, tongue, t),
        reasons=_first(case.call.reasons, tongue, t),
        todo=_first(case.call.recommendations, tongue, t),
        meanings=_meanings(case, t),
        sources=_sources(case, tongue, t),
        map=exon_map(case.panel, case.seen),
        method=_method(case, t),
        controls=_controls(case, tongue, t),
        references=[_reading(case, one, t) for one in _references(case)],
        limits=tongue.say_all(one.text for one in case.panel.limitations),
        curves=[(one, _reading(case, one.evidence, t)) for one in drawn],
        more=len(case.call.evidence) - len(chosen),
        history=_history(case, t),
        footer=_footer(case, t),
        residual=residual_sheet(case.residual, case.treatments, lang) if case.residual else None,
    )
    return str(text)


def _first(texts: tuple[str, ...], tongue: Language, t: Any) -> list[str]:
    """As many sentences as fit, and how many more there are."""
    said = tongue.say_all(texts)
    rest = len(said) - MOST_REASONS
    return said if rest <= 0 else [*said[:MOST_REASONS], t["reasons_more"].format(count=rest)]


def _title(case: Case, t: Any) -> str:
    gene = case.panel.transcript
    return str(t["title_plain"] if gene is None else t["title"].format(gene=gene.gene))


def _who(case: Case, t: Any, lang: str) -> list[tuple[str, str]]:
    """Who was examined, on what, when; the record's own words in the page's language."""
    words = schema().labels_zh if lang == "zh" else {}
    source = case.record.run.provenance
    facts = [
        (t["patient"], case.patient),
        (t["sample"], case.call.sample),
        (t["specimen"], words.get(case.specimen or "", case.specimen)),
        (t["timepoint"], words.get(case.timepoint or "", case.timepoint)),
        (t["run_started"], _when(source.started)),
        (t["file"], source.file),
    ]
    return [(label, value or t["not_stated"]) for label, value in facts]


def _headline(case: Case, tongue: Language, t: Any) -> str:
    """The outcome in a few words."""
    call = case.call
    if call.outcome is Outcome.DETECTED:
        what = " + ".join(tongue.say(product(name)) for name in call.deletions)
        return str(t["detected"].format(what=what))
    return str(t[call.outcome.name.lower()])


def _words(case: Case, tongue: Language, t: Any) -> list[str]:
    """The result in sentences."""
    call, panel = case.call, case.panel
    gene = panel.transcript.gene if panel.transcript is not None else ""
    found: list[str] = []
    if call.outcome is Outcome.DETECTED:
        found = [_deletion(case, name, gene, tongue, t) for name in call.deletions]
        if call.mixed:
            found.append(t["mixed"])
    elif call.outcome is Outcome.NOT_DETECTED:
        mine = [one for one in call.evidence if _is_target(case, one)]
        tested = dict.fromkeys(name for one in mine for name in case.products(one))
        found = [t["words_not_detected"].format(tested=", ".join(tested))] if tested else []
    else:
        found = [t[f"words_{call.outcome.name.lower()}"]]
    if call.released is not None:
        released = call.released
        found.append(t["released"].format(user=released.user, reason=released.sentence))
    return found


def _deletion(case: Case, name: str, gene: str, tongue: Language, t: Any) -> str:
    """One deletion in a sentence."""
    exons = next((a.deleted_exons for a in _assays(case, name) if a.deleted_exons), None)
    if exons is not None:
        return str(t["words_detected"].format(gene=gene, what=name, first=exons[0], last=exons[1]))
    if product(name) is not name:
        return str(t["words_some"].format(gene=gene))
    return str(t["words_product"].format(what=tongue.say(product(name))))


def _assays(case: Case, name: str) -> list[Assay]:
    return [assay for assay in case.panel.assays if assay.product == name]


def _classified(case: Case) -> list[Assay]:
    """For each deletion that was named and has a functional class, its assay."""
    found = [
        next((one for one in _assays(case, name) if one.functional_class), None)
        for name in case.call.deletions
    ]
    return [assay for assay in found if assay is not None]


def _meanings(case: Case, t: Any) -> list[dict[str, Any]]:
    """What each deletion that was named means, and its HGVS descriptions, as far as they fit."""
    most = 2 if len(case.call.deletions) == 1 else 1
    return [
        {
            "name": assay.product,
            "text": t[f"class_{assay.functional_class}"],
            "hgvs": [f"{one.assembly}: {one.description}" for one in assay.hgvs][:most],
        }
        for assay in _classified(case)
    ]


def _sources(case: Case, tongue: Language, t: Any) -> list[str]:
    """Where the meanings come from, each source once."""
    return [
        f"{tongue.say(source.citation)} ({t[f'evidence_{source.evidence}']})"
        + ("" if source.doi is None else f" doi:{source.doi}")
        for source in dict.fromkeys(assay.source for assay in _classified(case))
    ]


def _method(case: Case, t: Any) -> str:
    source, panel = case.record.run.provenance, case.panel
    named = ", ".join(x for x in (source.instrument, source.software) if x) or t["not_stated"]
    key = "method_reference" if panel.transcript is None else "method_value"
    said = t[key].format(
        instrument=named,
        panel=panel.name,
        version=panel.version,
        cutoff=f"{panel.cutoffs.cq_below:g}",
    )
    single = " " + t["method_single"] if case.call.fewest_wells == 1 else ""
    return str(said + _thresholds(case, t) + single)


def _thresholds(case: Case, t: Any) -> str:
    """That Ct were read at thresholds of the panel, if they were, and how good those are."""
    curves = case.record.curves
    targets = {curves.reactions[one.reaction].target for one in case.call.evidence}
    if not targets or any(curves.thresholds[name].source != "panel" for name in targets):
        return ""
    found = [case.panel.find_channel(name) for name in targets]
    sources = [one[1].threshold_source for one in found if one is not None]
    doubtful = any(one is None or one.evidence == "unverified" for one in sources)
    return " " + str(t["method_doubtful" if doubtful else "method_fixed"])


def _controls(case: Case, tongue: Language, t: Any) -> list[str]:
    """One sentence a kind of control, and the findings that make the run invalid."""
    lines = verdict(case.record, tongue).controls
    said = [
        t["control_line"].format(
            part=part, ok=sum(one.kind == "ok" for one in mine), total=len(mine)
        )
        for part, mine in grouped(lines, lambda line: line.part).items()
    ]
    return said or [t["no_controls"]]


def _is_target(case: Case, one: Evidence) -> bool:
    found = case.panel.find_channel(one.target)
    return found is not None and found[1].role == "target"


def _references(case: Case) -> list[Evidence]:
    return [one for one in case.call.evidence if not _is_target(case, one)]


def _curves(case: Case) -> tuple[Evidence, ...]:
    """The reactions that are drawn: what decides first, then in the order of the plate."""
    ordered = sorted(case.call.evidence, key=lambda one: _RANK[str(one.answer)])
    return tuple(sorted(ordered[:MOST_CURVES], key=lambda one: one.reaction))


def _reading(case: Case, one: Evidence, t: Any) -> dict[str, str]:
    """One reaction in words; of an invalid sample no reaction says anything."""
    answer = "unusable" if case.call.outcome is Outcome.INVALID else str(one.answer)
    cq = t["no_cq"]
    if one.cq is not None:
        cq = t["cq"].format(value=f"{one.cq:.2f}", se=f"{one.cq_se or 0.0:.2f}")
    return {
        "where": f"{one.well} · {one.target}",
        "cq": cq,
        "answer": t[f"answer_{answer}"],
        "kind": answer,
    }


def _history(case: Case, t: Any) -> list[str]:
    """Events in words; only a history that amended something is printed."""
    steps = case.review.history
    if not any(step.state == "amended" for step in steps):
        return []
    return [
        " · ".join(x for x in (step.when, step.who, t[f"event_{step.state}"], step.reason) if x)
        for step in steps
    ]


def _footer(case: Case, t: Any) -> str:
    record = case.record
    return str(
        t["footer"].format(
            software=f"ikaros-qpcr {record.versions.get('ikaros-qpcr', '')}".strip(),
            created=_when(record.created),
            sha256=record.run.provenance.sha256,
        )
    )
