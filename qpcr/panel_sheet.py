"""A panel as a technician reads it: its wells, what they mean, all limits, and every source.

Sources are numbered in the order of the last table, ``[1]``; a value without a number is the
software's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from primers import Assay, Channel, Panel
from primers.source import Source
from qpcr.qc import check_panel_rules, rules


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the sheet: title, heads of the columns, and a text a column for each row."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def panel_sheet(panel: Panel) -> tuple[Section, ...]:
    """Everything a panel states, as tables.

    Raises
    ------
    InputError
        The panel names a rule or a limit that does not exist.
    """
    sections = (
        Section(
            "Reactions",
            (
                *("Well", "Oligos", "Target", "Also called", "Dye", "Threshold", "Ct below"),
                *("Means", "Source"),
            ),
            tuple(_reactions(panel)),
        ),
        Section(
            "Products",
            ("Pair", "Means", "Class", "Exons", "Size bp", "Note", "Source"),
            tuple(_product(panel, assay) for assay in panel.assays),
        ),
        Section("HGVS", ("Means", "Assembly", "Description", "Source"), tuple(_hgvs(panel))),
        Section("Oligos", ("Oligo", "5'-3'", "Binds", "Note", "Source"), tuple(_oligos(panel))),
        Section("Positive when", ("What", "Value", "Source"), tuple(_cutoffs(panel))),
        Section("Plate", ("What", "Value", "Names on the plate", "Source"), tuple(_layout(panel))),
        Section("Quality rules", ("Rule", "Looks for", "Limits", "Source"), tuple(_rules(panel))),
        Section("What to know", ("", "Statement", "Source"), tuple(_statements(panel))),
        Section("Exons", ("Exon", "GRCh38", "GRCh37", "Source"), tuple(_exons(panel))),
        Section("Sources", ("No.", "Source", "Evidence", "What"), tuple(_sources(panel))),
    )
    return tuple(section for section in sections if section.rows)


def _number(panel: Panel, *sources: Source | None) -> str:
    places = [panel.sources.index(one) + 1 for one in dict.fromkeys(sources) if one is not None]
    return ", ".join(f"[{place}]" for place in places)


def _reactions(panel: Panel) -> Iterator[tuple[str, ...]]:
    for reaction in panel.reactions:
        name, oligos = reaction.name, " + ".join(reaction.oligos)
        for channel in reaction.channels:
            quencher = "" if channel.quencher == "none" else f" / {channel.quencher}"
            yield (
                name,
                oligos,
                channel.target,
                ", ".join(channel.aliases),
                channel.reporter + quencher,
                "per plate" if channel.threshold is None else f"{channel.threshold:g}",
                f"{channel.cq_below:g}",
                _meaning(channel, reaction.pooled),
                _number(panel, reaction.source, channel.threshold_source),
            )
            name = oligos = ""


def _meaning(channel: Channel, pooled: bool) -> str:
    """What amplification means: the product, of which pairs, and what it is for."""
    reads = ", ".join(channel.reads)
    told = channel.reports if reads == channel.reports else f"{channel.reports} ({reads})"
    return f"{told}; {channel.role}" + ("; pooled" if pooled and channel.role == "target" else "")


def _product(panel: Panel, assay: Assay) -> tuple[str, ...]:
    sizes = [
        (f"{one.low_bp}" if one.low_bp == one.high_bp else f"{one.low_bp}-{one.high_bp}")
        + ("" if one.junctions is None else f" (n = {one.junctions})")
        + ("" if one.note is None else f": {one.note}")
        for one in assay.amplicons
    ]
    exons = assay.deleted_exons
    return (
        assay.name,
        assay.product,
        assay.functional_class or assay.role,
        "" if exons is None else f"{exons[0]}-{exons[1]}",
        "; ".join(sizes),
        assay.note or "",
        _number(panel, assay.source, *(one.source for one in assay.amplicons)),
    )


def _hgvs(panel: Panel) -> Iterator[tuple[str, ...]]:
    """One row a deletion and assembly: pairs that show the same deletion share it."""
    said = {
        (assay.product, one.assembly, one.description): one.source
        for assay in panel.assays
        for one in assay.hgvs
    }
    for (product, assembly, description), source in said.items():
        yield product, assembly, description, _number(panel, source)


def _exons(panel: Panel) -> Iterator[tuple[str, ...]]:
    if panel.transcript is not None:
        source = _number(panel, panel.transcript.source)
        for exon in panel.transcript.exons:
            places = (f"{first}-{last}" for first, last in (exon.grch38, exon.grch37))
            yield f"{exon.number}", *places, source


def _oligos(panel: Panel) -> Iterator[tuple[str, ...]]:
    for oligo in panel.oligos:
        sequence = oligo.sequence or oligo.undisclosed or ""
        note = oligo.note or ""
        yield (
            f"{oligo.name} ({oligo.role})",
            sequence,
            oligo.binds,
            note,
            _number(panel, oligo.source),
        )
        for form in oligo.other_forms:
            source = _number(panel, form.source)
            yield f"  not used: {form.label}", form.sequence, "", form.reason, source


def _cutoffs(panel: Panel) -> Iterator[tuple[str, ...]]:
    cutoffs, source = panel.cutoffs, _number(panel, panel.cutoffs.source)
    yield "Ct below, unless a reaction has its own", f"{cutoffs.cq_below:g}", source
    yield "Proper amplification curve", "asked for" if cutoffs.proper_curve else "no", source
    if cutoffs.grey_cq is not None:
        width, source = f"± {cutoffs.grey_cq:g} cycles", _number(panel, cutoffs.grey_source)
        yield "Repeat when the Ct is this near", width, source


def _layout(panel: Panel) -> Iterator[tuple[str, ...]]:
    layout = panel.layout
    source = _number(panel, layout.source)
    yield "Replicates of each target", f"{layout.replicates}", "", source
    yield "Passive reference", layout.passive_reference or "none", "", source
    for control in layout.controls:
        yield (
            {"ntc": "no-template control", "no_enzyme": "no-enzyme control"}.get(
                control.kind, f"{control.kind} control"
            ),
            f"at least {control.minimum} for each target; {control.expect}",
            ", ".join(control.samples),
            _number(panel, control.source),
        )


def _rules(panel: Panel) -> Iterator[tuple[str, ...]]:
    every, limits = rules(), check_panel_rules(panel)
    for asked in panel.qc:
        stated = dict(asked.limits)
        yield (
            asked.name,
            every[asked.name].describes,
            ", ".join(
                f"{name} {value:g}" + ("" if name in stated else " (default)")
                for name, value in limits[asked.name].items()
            ),
            _number(panel, asked.source),
        )


def _statements(panel: Panel) -> Iterator[tuple[str, ...]]:
    for reaction in panel.reactions:
        if reaction.note is not None:
            yield f"well {reaction.name}", reaction.note, _number(panel, reaction.source)
    for limitation in panel.limitations:
        yield "not seen", limitation.text, _number(panel, limitation.source)
    for note in panel.notes:
        yield "note", note.text, _number(panel, note.source)
    if panel.reflex is not None:
        text = f"{panel.reflex.text} (panel {panel.reflex.panel})"
        yield "when positive", text, _number(panel, panel.reflex.source)
    if panel.transcript is not None:
        one = panel.transcript
        text = f"{one.gene} {one.refseq} = {one.ensembl}, {one.hgnc}, {len(one.exons)} exons"
        yield "transcript", text, _number(panel, one.source)
    if panel.chemistry is not None:
        mix = panel.chemistry
        text = (
            f"Na+ {mix.sodium_millimolar:g} mM, Mg2+ {mix.magnesium_millimolar:g} mM, dNTP "
            f"{mix.dntp_millimolar:g} mM, oligos {mix.oligo_nanomolar:g} nM"
        )
        yield "melting temperatures at", text, _number(panel, mix.source)


def _sources(panel: Panel) -> Iterator[tuple[str, ...]]:
    for number, source in enumerate(panel.sources, 1):
        doi = "" if source.doi is None else f" doi:{source.doi}"
        yield f"[{number}]", source.name, source.evidence, source.citation + doi
