"""What an assay panel is: oligos, assays, the wells they share, and the rules a run must keep.

A panel says for each well which oligos are in it, which dye reads which products, and what
follows when that dye amplifies; and it names the source of every such statement. Values here are
plain and read-only; `primers.loader` makes them from TOML and checks that they fit together.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from primers.source import Reflex, Source, Statement

Role = Literal["target", "reference", "control"]
FunctionalClass = Literal["dominant negative", "loss of function"]
ControlKind = Literal["ntc", "positive", "negative", "no_enzyme"]
Limit = float | int | bool | str | tuple[float, ...]

SOME_DELETION = "some deletion"
"""All that a channel of a pooled well can report."""

REPORTER_FILTERS = {
    "FAM": 1, "SYBR": 1,
    "VIC": 2, "JOE": 2, "HEX": 2, "TET": 2,
    "NED": 3, "TAMRA": 3, "CY3": 3,
    "ROX": 4, "TEXAS RED": 4,
    "CY5": 5,
}  # fmt: skip
"""Dyes of the ABI 7500 and the emission filter, 1 to 5, in which each is brightest."""

QUENCHERS = ("TAMRA", "NFQ-MGB", "NFQ", "BHQ1", "BHQ2", "BHQ3", "QSY", "none")


@dataclass(frozen=True)
class OligoForm:
    """Another sequence found under the name of an oligo, and why it is not the one in use."""

    label: str
    sequence: str
    reason: str
    source: Source


@dataclass(frozen=True)
class Oligo:
    """A primer or a probe.

    Attributes
    ----------
    name
        As printed by its source.
    role
        "forward", "reverse" or "probe".
    sequence
        5' to 3'; ``None`` if its maker does not publish it, with `undisclosed` saying so.
    binds
        Where, in words.
    other_forms
        Other sequences that go by this name.
    """

    name: str
    role: Literal["forward", "reverse", "probe"]
    sequence: str | None
    binds: str
    source: Source
    undisclosed: str | None = None
    note: str | None = None
    other_forms: tuple[OligoForm, ...] = ()


@dataclass(frozen=True)
class Amplicon:
    """An expected product size, both ends included, and on how many junctions it rests."""

    low_bp: int
    high_bp: int
    source: Source
    junctions: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class Hgvs:
    """The HGVS description of a product's deletion on one assembly."""

    assembly: Literal["GRCh37", "GRCh38"]
    description: str
    source: Source


@dataclass(frozen=True)
class Assay:
    """One product: a forward and a reverse primer, and what it means when it appears.

    Attributes
    ----------
    name
        For example ``F.4/R-7``.
    product
        The meaning, for example ``Δ4-7``; assays of one product may share a channel.
    role
        "target" (a deletion), "reference" (a gene that every sample has), or "control".
    functional_class
        For a target.
    deleted_exons
        First and last exon lost, for a target.
    amplicons
        Expected sizes; none if no junction is known, and `note` says so.
    """

    name: str
    forward: str
    reverse: str
    product: str
    role: Role
    source: Source
    functional_class: FunctionalClass | None = None
    deleted_exons: tuple[int, int] | None = None
    hgvs: tuple[Hgvs, ...] = ()
    amplicons: tuple[Amplicon, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Channel:
    """One reporter in one kind of well: a reaction in the sense of MIQE.

    Attributes
    ----------
    target
        The target name expected in the plate set-up.
    aliases
        Other target names that mean the same.
    reporter, quencher
        Dye names as the instrument spells them.
    reads
        Names of the assays whose products this reporter shows.
    reports
        What amplification means: the product shared by all assays read, or `SOME_DELETION`.
    role
        The role shared by all assays read.
    cq_below
        Amplification counts below this Cq.
    threshold
        ΔRn at which Cq is read on every plate; ``None``: each plate has its own.
    threshold_source
        Where that number comes from; there whenever `threshold` is.
    """

    target: str
    reporter: str
    quencher: str
    reads: tuple[str, ...]
    reports: str
    role: Role
    cq_below: float
    aliases: tuple[str, ...] = ()
    threshold: float | None = None
    threshold_source: Source | None = None

    def matches(self, target: str) -> bool:
        """Say whether a target name of a plate means this channel, ignoring case and spaces."""
        return _plain(target) in {_plain(name) for name in (self.target, *self.aliases)}


def _plain(name: str) -> str:
    """Return a name without what people vary: case, spaces, and the two kinds of multiply."""
    return "".join(name.casefold().split()).replace("×", "x")


@dataclass(frozen=True)
class ReactionDefinition:
    """One kind of well: what is in it, and which channels read it."""

    name: str
    oligos: tuple[str, ...]
    channels: tuple[Channel, ...]
    pooled: bool
    source: Source
    note: str | None = None


@dataclass(frozen=True)
class Cutoffs:
    """When a reaction counts as amplified: a proper curve, if asked for, and Cq below a limit.

    `grey_cq` is the width in cycles of the zone around the limit in which a result is repeated;
    ``None`` if the panel has none.
    """

    cq_below: float
    proper_curve: bool
    source: Source
    grey_cq: float | None = None
    grey_source: Source | None = None


@dataclass(frozen=True)
class QcRule:
    """A rule that the run must pass, by name, with its limits as plain data."""

    name: str
    limits: tuple[tuple[str, Limit], ...]
    source: Source

    def limit(self, name: str) -> Limit | None:
        """Return one limit, or ``None`` if the panel does not state it."""
        return dict(self.limits).get(name)


@dataclass(frozen=True)
class Control:
    """Control wells a run must have for each target: how many, and what they must show.

    `samples` are patterns of sample names that mean this control where the plate set-up marks its
    wells as unknown samples: ``*`` any text, ``?`` one character, ``[0-9]`` one of several.
    """

    kind: ControlKind
    minimum: int
    expect: Literal["amplified", "not amplified"]
    source: Source
    samples: tuple[str, ...] = ()

    def matches(self, sample: str) -> bool:
        """Say whether a sample name means this control; case and width never matter."""
        return any(fnmatchcase(_folded(sample), _folded(pattern)) for pattern in self.samples)


def _folded(name: str) -> str:
    """Return a name without case and outer spaces; full-width letters become ordinary ones."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


@dataclass(frozen=True)
class Layout:
    """What the plate must hold."""

    replicates: int
    passive_reference: str | None
    controls: tuple[Control, ...]
    source: Source

    def control_kind(self, sample: str | None) -> ControlKind | None:
        """Return the kind of control that a sample name means, or ``None``."""
        if sample is None:
            return None
        return next((control.kind for control in self.controls if control.matches(sample)), None)

    def is_control(self, sample: str | None) -> bool:
        """Say whether a sample name means a control of any kind."""
        return self.control_kind(sample) is not None


@dataclass(frozen=True)
class Chemistry:
    """Concentrations at which melting temperatures of the panel are stated."""

    sodium_millimolar: float
    magnesium_millimolar: float
    dntp_millimolar: float
    oligo_nanomolar: float
    source: Source


@dataclass(frozen=True)
class Exon:
    """An exon on the forward strand of each assembly, 1-based, both ends included."""

    number: int
    grch38: tuple[int, int]
    grch37: tuple[int, int]


@dataclass(frozen=True)
class Transcript:
    """The transcript whose exons number the deletions."""

    gene: str
    refseq: str
    ensembl: str
    hgnc: str
    exons: tuple[Exon, ...]
    source: Source


@dataclass(frozen=True)
class Panel:
    """Everything a laboratory states about an assay before it runs a plate.

    Attributes
    ----------
    name, version
        A result cites both; a change of any value needs a new version.
    limitations
        What the panel cannot see; every negative report prints them.
    notes
        What the reader of a result should know.
    file
        Where it was read from.
    zh
        The title in Chinese, if the panel gives it.
    """

    name: str
    version: str
    title: str
    oligos: tuple[Oligo, ...]
    assays: tuple[Assay, ...]
    reactions: tuple[ReactionDefinition, ...]
    cutoffs: Cutoffs
    layout: Layout
    qc: tuple[QcRule, ...]
    sources: tuple[Source, ...]
    chemistry: Chemistry | None = None
    transcript: Transcript | None = None
    limitations: tuple[Statement, ...] = ()
    notes: tuple[Statement, ...] = ()
    reflex: Reflex | None = None
    file: str | None = None
    zh: str | None = None

    def chinese(self) -> dict[str, str]:
        """Return the panel's own sentences in Chinese by their English, as far as it gives them."""
        said = [(self.title, self.zh)]
        said += [(source.citation, source.zh) for source in self.sources]
        said += [(one.text, one.zh) for one in (*self.limitations, *self.notes)]
        if self.reflex is not None:
            said.append((self.reflex.text, self.reflex.zh))
        return {english: chinese for english, chinese in said if chinese is not None}

    def oligo(self, name: str) -> Oligo:
        """Return an oligo by name; ``KeyError`` if there is none."""
        return {oligo.name: oligo for oligo in self.oligos}[name]

    def assay(self, name: str) -> Assay:
        """Return an assay by name; ``KeyError`` if there is none."""
        return {assay.name: assay for assay in self.assays}[name]

    def channels(self) -> tuple[Channel, ...]:
        """Return the channels of all wells, in the order of the panel."""
        return tuple(channel for reaction in self.reactions for channel in reaction.channels)

    def find_channel(self, target: str) -> tuple[ReactionDefinition, Channel] | None:
        """Return the well and channel that a plate's target name means, or ``None``."""
        for reaction in self.reactions:
            for channel in reaction.channels:
                if channel.matches(target):
                    return reaction, channel
        return None

    def deletion_bounds(
        self, assay: str, assembly: Literal["GRCh37", "GRCh38"]
    ) -> tuple[int, int, int, int | None] | None:
        """Return where a deletion can begin and end, from the exon boundaries alone.

        The four positions (1-based) are: the first base after the last exon kept upstream, the
        first and the last base of the exons lost, and the last base before the next exon kept,
        which is ``None`` if the last exon is lost. The breakpoints lie between the first two and
        between the last two. ``None`` if the panel states no transcript or no exons for it, or
        if the first exon is lost.
        """
        exons = self.assay(assay).deleted_exons
        if exons is None or self.transcript is None or exons[0] < 2:
            return None
        place = {
            exon.number: exon.grch38 if assembly == "GRCh38" else exon.grch37
            for exon in self.transcript.exons
        }
        after = place.get(exons[1] + 1)
        return (
            place[exons[0] - 1][1] + 1,
            place[exons[0]][0],
            place[exons[1]][1],
            None if after is None else after[0] - 1,
        )
