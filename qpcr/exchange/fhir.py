"""One patient as a FHIR R4 bundle, in the words of the HL7 genomics-reporting guide.

A collection of Patient, and for every result that stands a Specimen, one Variant observation for
each deletion, and a DiagnosticReport. Codes are LOINC's and the Sequence Ontology's as the guide
uses them (profile Variant: code 69548-6; value LOINC list LL1971-2). A deletion that was looked for
and not found is a Variant with the value Absent, and carries what the assay cannot see. Of a panel
that looks for no deletion there is no Variant, whatever an older record calls the sample. The two
assemblies' descriptions of one deletion are two codings of the same concept; the component for the
assembly names the first.

How results belong together is told by what R4 itself has. A signed result that replaces a signed
one is ``amended`` and names that report by R4's extension diagnosticReport-replaces, by identifier,
for it is not in the bundle. An unsigned revision stands beside the report that is still valid, and
must not displace it: a Provenance says that it is a revision (entity role ``revision``) of that
one, and the conclusions of both say which of them counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from primers.panel import SOME_DELETION
from qpcr.calls import Outcome, tested
from qpcr.exchange.outgoing import Outgoing
from qpcr.records.patient import Patient

if TYPE_CHECKING:
    from primers import Panel

LOINC = "http://loinc.org"
HGNC = "http://www.genenames.org/geneId"
HGVS = "http://varnomen.hgvs.org"
ONTOLOGY = "http://www.sequenceontology.org"
SERVICE = "http://terminology.hl7.org/CodeSystem/v2-0074"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
VARIANT = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/variant"
ASSEMBLY = ("GRCh38", "LA26806-2")
"""The assembly that is named, and its code."""
VALUES = {
    "present": ("LA9633-4", "Present"),
    "absent": ("LA9634-2", "Absent"),
    Outcome.INCONCLUSIVE: ("LA11884-6", "Indeterminate"),
    Outcome.INVALID: ("LA18198-4", "No call"),
}
SENTENCES = {
    Outcome.NOT_DETECTED: "No deletion that this assay can see was found.",
    Outcome.INCONCLUSIVE: "Inconclusive: the assay has to be repeated.",
    Outcome.INVALID: "No result: the run or the sample is invalid.",
    Outcome.NOT_TESTED: "The reference gene amplified; no deletion was tested for.",
}
REPLACES = "http://hl7.org/fhir/StructureDefinition/diagnosticReport-replaces"
"""R4 (4.0.1): used on DiagnosticReport, its value a Reference to a DiagnosticReport."""
URI = "urn:ietf:rfc:3986"
"""System of identifiers that are URIs (R4, Identifier.system)."""
LABORATORY = "the laboratory"
WAITING = (
    "A later analysis of this sample is not signed yet: this report is the valid one until it is."
)
WITHDRAWN = "Withdrawn: this report was issued and must not be used."
CHANGED = "An earlier version of this result was signed; this version is not signed yet."
_SPACE = uuid.UUID("6f3a0b7e-2d0c-5f43-9d2b-7f6a4c1e8a55")


def bundle(patient: Patient, results: Sequence[Outgoing]) -> dict[str, Any]:
    """Make the bundle.

    Parameters
    ----------
    patient
        As it may be told: with pseudonyms if wanted.
    results
        Of :func:`~qpcr.exchange.outgoing.outgoing`.

    Returns
    -------
    dict
        Plain values for JSON. Same input, same bundle.
    """
    subject = _address("Patient", patient.id)
    entries = [(subject, _patient(patient))]
    for one in results:
        entries += _result(patient, one, subject)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": address, "resource": resource} for address, resource in entries],
    }


def _address(*parts: str) -> str:
    """The same address for the same thing, always."""
    return f"urn:uuid:{uuid.uuid5(_SPACE, chr(0).join(parts))}"


def _coded(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    coding = {"system": system, "code": code}
    return {"coding": [coding | ({"display": display} if display else {})]}


def _component(code: str, display: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"code": _coded(LOINC, code, display), "valueCodeableConcept": value}


def _patient(patient: Patient) -> dict[str, Any]:
    sex = patient.clinical.get("sex")
    return {
        "resourceType": "Patient",
        "identifier": [{"value": patient.id}],
        "gender": sex if sex in ("male", "female") else "unknown",
    }


def _result(patient: Patient, one: Outgoing, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """Resources of one result, each with its address."""
    place = patient.id, one.result.path
    specimen = _address("Specimen", *place)
    date = _collected(patient, one)
    shared = {
        "status": one.status,
        "category": [_coded(CATEGORY, "laboratory"), _coded(SERVICE, "GE", "Genetics")],
        "subject": {"reference": subject},
        **({"effectiveDateTime": date} if date else {}),
    }
    variants = [
        (_address("Observation", *place, name), observation | shared)
        for name, observation in _variants(one)
    ]
    for _, observation in variants:
        observation["specimen"] = {"reference": specimen}
    report = {
        "resourceType": "DiagnosticReport",
        **_linked(one, place),
        **shared,
        "category": [_coded(SERVICE, "GE", "Genetics")],
        "code": _coded(LOINC, "51969-4", "Genetic analysis report"),
        "specimen": [{"reference": specimen}],
        **({"result": [{"reference": address} for address, _ in variants]} if variants else {}),
        "conclusion": " ".join(_conclusion(one)),
    }
    if one.issued is not None:
        report["issued"] = one.issued.isoformat(timespec="seconds")
    if one.result.signed_by is not None:
        report["resultsInterpreter"] = [{"display": one.result.signed_by}]
    return [
        (specimen, _specimen(one, subject, date)),
        *variants,
        (_address("DiagnosticReport", *place), report),
        *_revision(patient, one),
    ]


def _linked(one: Outgoing, place: tuple[str, str]) -> dict[str, Any]:
    """What a report is known by, and which signed report it replaces."""
    made: dict[str, Any] = {"identifier": [_identifier(*place)]}
    if one.status == "amended" and one.earlier is not None:
        replaced = {
            "type": "DiagnosticReport",
            "identifier": _identifier(place[0], one.earlier),
            "display": "the earlier signed report of this sample",
        }
        made["extension"] = [{"url": REPLACES, "valueReference": replaced}]
    return made


def _identifier(patient: str, path: str) -> dict[str, str]:
    return {"system": URI, "value": _address("DiagnosticReport", patient, path)}


def _revision(patient: Patient, one: Outgoing) -> list[tuple[str, dict[str, Any]]]:
    """What ties an unsigned revision to the report that is valid as long as it is not signed."""
    earlier = None if one.earlier is None else patient.results.get(one.earlier)
    if one.result.state.final or earlier not in patient.final_results or one.recorded is None:
        return []
    places = (patient.id, one.result.path), (patient.id, one.earlier or "")
    new, old = ({"reference": _address("DiagnosticReport", *place)} for place in places)
    provenance = {
        "resourceType": "Provenance",
        "target": [new],
        "recorded": one.recorded.isoformat(timespec="seconds"),
        "agent": [{"who": {"display": LABORATORY}}],
        "entity": [{"role": "revision", "what": old}],
    }
    return [(_address("Provenance", *places[0]), provenance)]


def _collected(patient: Patient, one: Outgoing) -> str | None:
    """Day on which the specimen was taken, where exactly one specimen can be meant."""
    wanted = one.result.timepoint
    dates = {s.date for s in patient.specimens.values() if s.timepoint == wanted and wanted}
    found = dates.pop() if len(dates) == 1 else None
    return found if isinstance(found, str) else None


def _specimen(one: Outgoing, subject: str, date: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Specimen",
        "identifier": [{"value": one.result.sample}],
        "subject": {"reference": subject},
    }
    if one.result.specimen:
        made["type"] = {"text": one.result.specimen}
    if date:
        made["collection"] = {"collectedDateTime": date}
    if one.result.timepoint:
        made["note"] = [{"text": f"Time point: {one.result.timepoint}"}]
    return made


def _variants(one: Outgoing) -> list[tuple[str, dict[str, Any]]]:
    """Variant observations of one result, by what each is about; none where nothing was tested."""
    if _effective(one) == Outcome.NOT_TESTED or (one.panel is not None and not tested(one.panel)):
        return []
    outcome, value, names = one.result.outcome, str(one.result.outcome), list[str]()
    if outcome == Outcome.DETECTED:
        value, names = "present", list(one.result.deletions)
    elif outcome == Outcome.NOT_DETECTED:
        value, names = "absent", [] if one.panel is None else list(tested(one.panel))
    return [(name, _variant(value, name, one)) for name in names or [SOME_DELETION]]


def _effective(one: Outgoing) -> Outcome:
    """The outcome; an earlier version's "not detected" of a panel without targets is none."""
    outcome = Outcome(str(one.result.outcome))
    blind = one.panel is not None and not tested(one.panel)
    return Outcome.NOT_TESTED if blind and outcome is Outcome.NOT_DETECTED else outcome


def _variant(value: str, deletion: str, one: Outgoing) -> dict[str, Any]:
    panel = one.panel
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "meta": {"profile": [VARIANT]},
        "code": _coded(LOINC, "69548-6", "Genetic variant assessment"),
        "valueCodeableConcept": {**_coded(LOINC, *VALUES[value]), "text": f"{deletion}: {value}"},
        "method": {"text": _method(one)},
    }
    notes = _limitations(one)
    if notes:
        made["note"] = [{"text": text} for text in notes]
    if panel is not None and panel.transcript is not None:
        made["component"] = _components(panel, deletion)
    return made


def _components(panel: Panel, deletion: str) -> list[dict[str, Any]]:
    """Gene, kind of change, and where: the last only for a deletion that has a name."""
    transcript = panel.transcript
    gene = [] if transcript is None else [(transcript.hgnc, transcript.gene)]
    made = [_component("48018-6", "Gene studied [ID]", _coded(HGNC, *one)) for one in gene]
    made += [
        _component("48002-0", "Genomic source class", _coded(LOINC, "LA6684-0", "Somatic")),
        _component("48019-4", "DNA change type", _coded(ONTOLOGY, "SO:0000159", "deletion")),
    ]
    stated = [h for assay in panel.assays if assay.product == deletion for h in assay.hgvs]
    first = sorted({(h.assembly != ASSEMBLY[0], h.description) for h in stated})
    if not first or first[0][0]:
        return made
    codings = [{"system": HGVS, "code": text, "display": text} for _, text in first]
    assembly = _coded(LOINC, ASSEMBLY[1], ASSEMBLY[0])
    return [
        *made,
        _component("62374-4", "Human reference sequence assembly version", assembly),
        _component("48004-6", "DNA change (c.HGVS)", {"coding": codings, "text": deletion}),
    ]


def _method(one: Outgoing) -> str:
    name = one.result.panel or "unknown"
    return f"Breakpoint-spanning qPCR, panel {name}, version {one.result.panel_version or '?'}"


def _limitations(one: Outgoing) -> list[str]:
    """What a result without a deletion does not exclude."""
    if one.result.outcome == Outcome.DETECTED or one.panel is None:
        return []
    return [statement.text for statement in one.panel.limitations]


def _conclusion(one: Outgoing) -> list[str]:
    outcome = _effective(one)
    gene = "" if one.panel is None or one.panel.transcript is None else one.panel.transcript.gene
    if outcome == Outcome.DETECTED:
        names = " and ".join(one.result.deletions) or SOME_DELETION
        said = f"{gene} deletion detected: {names}.".strip()
    else:
        said = SENTENCES[outcome]
    remarks = {
        WITHDRAWN: one.status == "entered-in-error", WAITING: one.waiting, CHANGED: one.changed,
    }  # fmt: skip
    return [said, *_limitations(one), *(text for text, holds in remarks.items() if holds)]
