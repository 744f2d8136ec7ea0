"""What the file of a run and the panel state by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from primers import Oligo, Panel
from qpcr.record import Record, versions
from qpcr.run import Stage

HINTS = {
    "primer_sequences": "Name the panel: --panel.",
    "gene": "Name the panel: --panel.",
    "cycling": "The file holds no thermal protocol.",
    "buffer": "Lots of reagents: qpcr analyze --lot, or qpcr records lots of a run on record.",
    "calibration": "Needs standards of known quantity on the plate.",
    "efficiency": "Needs standards of known quantity on the plate.",
    "efficiency_interval": "Needs standards of known quantity on the plate.",
    "r2": "Needs standards of known quantity on the plate.",
    "dynamic_range": "Needs standards at several levels.",
    "variation_low": "Needs replicates of the lowest standard.",
    "intervals_range": "Needs standards of known quantity on the plate.",
    "quantities": "Needs a standard curve: qpcr standards, with --curves for a stored one.",
    "lod": "Needs replicates of a dilution series: qpcr lod.",
    "reproducibility": "Needs several runs: qpcr control-chart.",
    "normalisation": "See qpcr relative.",
    "ntc": "No well of the plate is an NTC.",
    "repeatability": "Needs replicates with a Ct.",
}
"""Where to find what this run does not hold."""

REST = {
    "multiplex": "To add: the limit of detection of each (qpcr lod).",
    "modifications": "To add: where on the oligonucleotide each dye is.",
    "concentrations": "To add: the concentrations that were really used.",
    "raw_data": "To add: where the data are deposited (qpcr convert --to rdml writes them).",
    "instrument": "To add: its maker.",
    "buffer": "To add: the kit and its maker.",
}
"""What is left to add where the answers here are no more than a part."""
UNDISCLOSED = "To add: what identifies the bought assay (catalogue number, context sequence)."


def known(record: Record) -> dict[str, list[str]]:
    """Answers by item."""
    run, source = record.run, record.run.provenance
    found = {
        "instrument": [text for text in (source.instrument, source.software) if text],
        "cycling": [_stage(stage) for stage in run.protocol],
        "modifications": [
            f"{name}: reporter {target.reporter}, quencher {target.quencher}"
            for name, target in run.targets.items()
            if target.quencher is not None
        ],
        "program": [f"ikaros-qpcr {versions()['ikaros-qpcr']}"],
        "software": [f"{name} {version}" for name, version in record.versions.items()],
        "cq_method": _cq_method(record),
        "raw_data": [
            f"{source.file}, SHA-256 {source.sha256}",
        ],
    }
    found["buffer"] = [f"Lot of {one}" for one in record.lots]
    if record.panel is not None:
        found |= _panel(record.panel, {reaction.target for reaction in run.reactions})
    return {item: texts for item, texts in found.items() if texts}


def _cq_method(record: Record) -> list[str]:
    rule = (
        "Cycle at which the curve fitted by ikaros-qpcr crosses the threshold; baseline, threshold "
        f"and the instrument-style Ct by the rules {record.curves.rules}"
    )
    lines = [
        rule,
        f"Curve model {record.fit_settings.model}, baseline {record.fit_settings.baseline}.",
    ]
    if record.quantification is not None:
        lines.append(f"Quantities: {record.quantification.said}")
    for target, threshold in record.curves.thresholds.items():
        if threshold.value is not None:
            lines.append(f"{target}: threshold {threshold.value:.6g} ({threshold.source})")
    return lines


def _stage(stage: Stage) -> str:
    steps = ", ".join(
        f"{one.temperature_celsius:g} °C for {one.hold_seconds:g} s"
        f"{' with reading' if one.reads else ''}"
        for one in stage.steps
    )
    return f"{stage.repetitions} × ({steps})"


def _panel(panel: Panel, targets: set[str]) -> dict[str, list[str]]:
    """Answers from the panel, for the targets that are on the plate."""
    places = [place for name in sorted(targets) if (place := panel.find_channel(name))]
    if not places:
        return {}
    assays = list(
        {name: panel.assay(name) for _, channel in places for name in channel.reads}.values()
    )
    names = dict.fromkeys(name for assay in assays for name in (assay.forward, assay.reverse))
    primers = [panel.oligo(name) for name in names]
    inside = dict.fromkeys(name for reaction, _ in places for name in reaction.oligos)
    probes = [one for name in inside if (one := panel.oligo(name)).role == "probe"]
    chemistry, transcript = panel.chemistry, panel.transcript
    found = {
        "primer_sequences": [_oligo(one) for one in primers],
        "probe_sequences": [_oligo(one) for one in probes],
        "primer_place": [f"{one.name}: {one.binds}" for one in primers],
        "amplicon_length": [
            f"{assay.name}: "
            + ", ".join(f"{one.low_bp} to {one.high_bp} bp" for one in assay.amplicons)
            for assay in assays
            if assay.amplicons
        ],
        "amplicon_place": [
            f"{assay.name}: {one.description} ({one.assembly})"
            for assay in assays
            for one in assay.hgvs
        ],
    }
    if transcript is not None and any(assay.role == "target" for assay in assays):
        found["gene"] = [f"{transcript.gene} (HGNC {transcript.hgnc})"]
        found["accession"] = [f"{transcript.refseq}, {transcript.ensembl}"]
    if chemistry is not None:
        told = (
            f"As the panel {panel.name} {panel.version} states: Na+ "
            f"{chemistry.sodium_millimolar:g} mM, Mg2+ {chemistry.magnesium_millimolar:g} mM, dNTP "
            f"{chemistry.dntp_millimolar:g} mM, oligonucleotides {chemistry.oligo_nanomolar:g} nM "
            f"(evidence: {chemistry.source.evidence})."
        )
        found["concentrations"] = [told]
    return found


def _oligo(oligo: Oligo) -> str:
    return f"{oligo.name}: {oligo.sequence or oligo.undisclosed or 'not disclosed'}"


def unfinished(record: Record, given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What is left to add, by item: always, or because the panel does not disclose it."""
    rest = dict(REST)
    names = {} if record.panel is None else {one.name: one for one in record.panel.oligos}
    for item in ("primer_sequences", "probe_sequences"):
        listed = (names.get(text.partition(": ")[0]) for text in given.get(item, ()))
        if any(oligo is not None and oligo.sequence is None for oligo in listed):
            rest[item] = UNDISCLOSED
    return rest
