"""What each page shows, as plain values, and what each button does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qpcr.calls import Outcome
from qpcr.clinical.fields import schema
from qpcr.errors import InputError
from qpcr.quantities.kept import CURVE, LIMIT, QUANTITIES
from qpcr.quantities.mrd_kept import PREFIX
from qpcr.quantities.mrd_tables import outcome_word
from qpcr.records import Change, Kind, PatientQuery, RunQuery, State, Store
from qpcr.records.assays import Assay, assays
from qpcr.records.query import is_day
from qpcr.records.residual import residual_on_record, treatments_on_record
from qpcr.records.seen import OvertakenError, Seen

if TYPE_CHECKING:
    from qpcr.records import Event, Patient, Result, RunSummary

MOST = 500
"""Rows of a list."""
STEPS = ("review", "sign", "amend")
OUTCOMES = tuple(str(one) for one in Outcome)


@dataclass(frozen=True, slots=True)
class Row:
    """A result, whose it is, and which steps are open to it.

    `waiting`: it is valid, but a later analysis waits for its signature.
    """

    patient: str
    result: Result
    steps: tuple[str, ...]
    waiting: bool = False


def run_list(store: Store, asked: Mapping[str, str]) -> dict[str, Any]:
    """Runs, the newest first, as the search fields ask."""
    search = {
        name: asked.get(name, "").strip() for name in ("since", "until", "sample", "deletion")
    }
    wrong = tuple(name for name in ("since", "until") if search[name] and not is_day(search[name]))
    runs: tuple[RunSummary, ...] = ()
    if not wrong:
        query = RunQuery(
            since=search["since"] or None,
            until=search["until"] or None,
            sample=search["sample"] or None,
            deletion=search["deletion"] or None,
            limit=MOST + 1,
        )
        runs = store.runs(query)
    return {"runs": runs[:MOST], "search": search, "more": len(runs) > MOST, "wrong_days": wrong}


def run_page(store: Store, run: str, lang: str) -> dict[str, Any]:
    """One run, the results that come from it, and the assays on record that do."""
    summary = store.summary(run)
    asked = PatientQuery(run=run, replaced=True)
    patients = [store.patient(one.patient) for one in store.patients(asked)]
    rows = [row for patient in patients for row in result_rows(patient) if row.result.run == run]
    return {
        "run": summary,
        "rows": rows,
        "outcomes": OUTCOMES,
        "sequences": {one.id: one.sequence for one in patients},
        "assays": assay_rows(assays(store, run=run), lang),
    }


@dataclass(frozen=True, slots=True)
class AssayRow:
    """What is on record of an assay, in the words of a language."""

    what: str
    target: str
    lot: str | None
    made: str | None
    says: tuple[str, ...]
    notes: tuple[str, ...]
    assay: Assay


def assay_rows(found: Iterable[Assay], lang: str) -> list[AssayRow]:
    """Values on record in the words of a language."""
    from qpcr.quantities.kept_view import shown_of
    from qpcr.report.language import language

    tongue, rows = language(lang), []
    for one in found:
        told = shown_of(one.value)
        says, notes = tuple(tongue.say_all(told.says)), tuple(tongue.say_all(told.notes))
        rows.append(AssayRow(one.what, told.target, told.lot, told.made, says, notes, one))
    return rows


def assay_list(store: Store, asked: Mapping[str, str], lang: str) -> dict[str, Any]:
    """Assays on record, as the search fields ask."""
    search = {name: asked.get(name, "").strip() for name in ("what", "target")}
    found = assays(store, what=search["what"] or None, target=search["target"] or None)
    return {
        "assays": assay_rows(found[:MOST], lang),
        "search": search,
        "more": len(found) > MOST,
        "kinds": (CURVE, LIMIT, QUANTITIES),
        "most": MOST,
    }


def residual_report(store: Store, patient: str, lang: str) -> str:
    """The sheet of a patient's residual disease.

    Raises
    ------
    InputError
        There is no such patient, or no such result.
    """
    from qpcr.report.residual import render_residual

    found = store.patient(patient)
    return render_residual(patient, residual_on_record(found), treatments_on_record(found), lang)


def patient_list(store: Store, asked: Mapping[str, str]) -> dict[str, Any]:
    """Patients, as the search fields ask."""
    search = {name: asked.get(name, "").strip() for name in ("id", "deletion", "outcome", "state")}
    state = State(search["state"]) if search["state"] in list(State) else None
    if search["id"]:
        query = PatientQuery(patient=search["id"])
    else:
        query = PatientQuery(
            outcome=search["outcome"] or None,
            deletion=search["deletion"] or None,
            state=state,
            limit=MOST + 1,
        )
    found = store.patients(query)
    return {
        "patients": found[:MOST],
        "search": search,
        "more": len(found) > MOST,
        "states": [str(one) for one in State],
        "outcomes": OUTCOMES,
    }


def patient_page(store: Store, patient: str) -> dict[str, Any]:
    """One patient, whole."""
    found = store.patient(patient)
    return {
        "patient": found,
        "rows": result_rows(found),
        "residual": sum(name.startswith(PREFIX) for name in found.clinical),
        "clinical": {n: v for n, v in found.clinical.items() if not n.startswith(PREFIX)},
        "events": tuple(reversed(found.events)),
        "outcomes": OUTCOMES,
        "sequences": {found.id: found.sequence},
    }


def result_rows(patient: Patient) -> list[Row]:
    """Results of a patient with the steps that are open to each."""
    valid = {one.path for one in patient.final_results}
    return [
        Row(patient.id, one, _steps(one), one.superseded_by is not None and one.path in valid)
        for one in patient.results.values()
    ]


def _steps(result: Result) -> tuple[str, ...]:
    if result.superseded_by is not None:
        return ("amend",) if result.state.final else ()
    if result.state in (State.PRELIMINARY, State.AMENDED):
        return ("review", "amend")
    return ("sign", "amend") if result.state is State.REVIEWED else ("amend",)


def patient_report(store: Store, patient: str, path: str, lang: str) -> str:
    """The patient's report for one result, as it stands now.

    Raises
    ------
    InputError
        There is no such patient or result, or the result has no call.
    """
    from qpcr.records.cases import stored_case
    from qpcr.report import render_patient

    return render_patient(stored_case(store, patient, path), lang)


def take_step(store: Store, step: str, form: Mapping[str, str], user: str) -> None:
    """Review, sign or amend, as the person saw it.

    The form carries the sequence of the patient's last change when the page was made: where
    somebody was quicker, nothing is done, and the page has to be looked at again.

    Raises
    ------
    InputError
        The store's rules do not allow it, something is missing, or somebody was quicker.
    """
    patient, path = form.get("patient", ""), form.get("path", "")
    found = store.patient(patient)
    if form.get("sequence") != str(found.sequence):
        raise OvertakenError(
            "this patient's record was changed since the page was opened",
            remedy="go back, look at the record as it is now, and decide again",
        )
    seen = Seen(patients={patient: found.sequence})  # who is quicker from here on is found, too
    if path not in found.results:
        raise InputError("the patient has no such result")
    if step == "review":
        store.review(patient, path, user=user, seen=seen)
    elif step == "sign":
        store.sign(patient, path, user=user, seen=seen)
    else:
        _amend(store, path, form, user, seen)


def _amend(store: Store, path: str, form: Mapping[str, str], user: str, seen: Seen) -> None:
    """Change a result's outcome and deletions, with a reason."""
    reason = form.get("reason", "").strip()
    if not reason:
        raise InputError("a change needs a reason", remedy="go back and say why")
    deletions = [one.strip() for one in form.get("deletions", "").split("+") if one.strip()]
    new = {"outcome": form.get("outcome", ""), "deletions": deletions}
    change = Change(form["patient"], Kind.RESULT, path, new, reason)
    store.amend(change, user=user, seen=seen)


class Words:
    """Fields, values and events of a record in the words of a language."""

    def __init__(self, lang: str, texts: Mapping[str, str]) -> None:
        self._chinese, self._texts = lang == "zh", texts

    def word(self, text: str | None) -> str:
        """A time point or a kind of specimen; names that are nobody's words stay."""
        if text is None:
            return "–"
        return schema().labels_zh.get(text, text) if self._chinese else text

    def field(self, name: str) -> str:
        """Label of a clinical field."""
        known = schema().fields.get(name)
        return name if known is None else known.zh if self._chinese else known.en

    def value(self, value: Any) -> str:
        """A clinical value, with its unit."""
        if value is None:
            return "–"
        if isinstance(value, bool):
            return self._texts["yes"] if value else self._texts["no"]
        if isinstance(value, float):
            return f"{value:g}"
        if isinstance(value, Mapping):
            parts = (self.value(one) for one in _in_order(value) if one is not None)
            return " ".join(parts)
        return str(value)

    def what(self, event: Event) -> str:
        """What an event is about."""
        if event.path.startswith(PREFIX):
            return f"{self._texts['residual']}: {event.path.removeprefix(PREFIX)}"
        return self.field(event.path) if event.kind is Kind.CLINICAL else event.path

    def _residual(self, value: Mapping[str, Any]) -> str:
        """A result of residual disease in short."""
        from qpcr.report.language import language

        tongue = language("zh" if self._chinese else "en")
        share, outcome = value.get("value"), outcome_word(str(value.get("outcome")))
        told = "" if not isinstance(share, (int, float)) else f"{share * 100:.3g} %"
        parts = (tongue.say(outcome), told, str(value.get("date") or ""))
        return " ".join(part for part in parts if part)

    def held(self, event: Event, value: Any) -> str:
        """A value of the history in short."""
        if event.path.startswith(PREFIX) and isinstance(value, Mapping):
            return self._residual(value)
        if value is None or event.kind in (Kind.CLINICAL, Kind.SPECIMEN):
            return self.value(value)
        if event.kind is Kind.RESULT and isinstance(value, Mapping):
            found = " + ".join(value.get("deletions") or ())
            outcome = str(value.get("outcome") or "–")
            return f"{self._texts.get(outcome, outcome)}{': ' if found else ''}{found}"
        return self._texts.get(str(value), str(value))


def _in_order(value: Mapping[str, Any]) -> Iterator[Any]:
    """Parts of a value: itself, its unit, then whatever else there is."""
    first = [name for name in ("value", "unit") if name in value]
    return (value[name] for name in (*first, *(one for one in value if one not in first)))
