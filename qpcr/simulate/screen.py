"""Plates of many patients: what each well holds follows from what is in the patient's DNA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qpcr.errors import InputError
from qpcr.simulate.patient import PatientSpec, check_range
from qpcr.simulate.spec import (
    MOST_WELLS,
    NO_TEMPLATE,
    POSITIVE_CONTROL,
    PlateSpec,
    ReactionSpec,
    TargetSpec,
    WellSpec,
)


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A target of a well, and what makes it amplify.

    Attributes
    ----------
    target
        Name, dyes and efficiency.
    reads
        Primer pairs that it reads, each with the deletion that the pair shows:
        ``(("F.4/R-7", "Δ4-7"),)``. Empty for a reference gene.
    reference
        It reads a gene that a haploid genome holds once.

    Raises
    ------
    InputError
        When it reads neither deletions nor a reference gene, or both.
    """

    target: TargetSpec
    reads: tuple[tuple[str, str], ...] = ()
    reference: bool = False

    def __post_init__(self) -> None:
        if bool(self.reads) == self.reference:
            raise InputError(
                "a channel reads either deletions or a reference gene", place=self.target.name
            )

    def copies(self, patient: PatientSpec, pairs: dict[str, tuple[str, ...]]) -> float:
        """Mean copies a well of what it reads; `pairs` are those of each deletion."""
        if self.reference:
            return patient.input_copies
        own = {pair for pair, _ in self.reads}
        return sum(
            (
                patient.copies(clone)
                for clone in patient.clones
                if own & set(pairs[clone.deletion][:1] if clone.pairs is None else clone.pairs)
            ),
            0.0,
        )


@dataclass(frozen=True, slots=True)
class Controls:
    """Control wells of a plate, for each kind of well.

    Attributes
    ----------
    ntc, positive
        Numbers of wells; as many times more of the reference gene as a patient has.
    positive_copies
        Mean copies of each target in a positive control.
    standards
        Quantities of a standard curve of the reference gene, copies; none: no curve.
    standard_replicates
        Wells of each.

    Raises
    ------
    InputError
        When a number is negative, or too large for any plate.
    """

    ntc: int = 1
    positive: int = 1
    positive_copies: float = 1_000.0
    standards: tuple[float, ...] = ()
    standard_replicates: int = 2

    def __post_init__(self) -> None:
        for number in (self.ntc, self.positive, self.standard_replicates):
            check_range("a number of control wells", number, 0, MOST_WELLS)
        check_range("copies of a positive control", self.positive_copies, 0, 1e12)


Wells = Sequence[Sequence[ChannelSpec]]
"""The kinds of well that a sample is tested in, and the channels of each."""


def patient_plates(
    patients: Sequence[PatientSpec],
    wells: Wells,
    *,
    name: str = "IKZF1 deletion screen",
    replicates: int = 2,
    reference_replicates: int | None = None,
    controls: Controls | None = None,
    rows: int = 8,
    columns: int = 12,
    cycles: int = 45,
    passive_reference: str | None = "ROX",
) -> tuple[PlateSpec, ...]:
    """Lay out patients and controls on as many plates as they need.

    Samples follow each other down the columns: the patients, then positive control, NTC and
    standards, which every plate has of its own.

    Parameters
    ----------
    patients
        In the order of the plates.
    wells
        Kinds of well; plain values, as a panel may state them.
    name
        Experiment name; several plates are numbered.
    replicates, reference_replicates
        Wells of each kind for a patient, at least 1; the second of those kinds that read only
        reference genes, ``None`` = as many.
    controls
        ``None`` = one NTC and one positive control of each kind.
    rows, columns, cycles, passive_reference
        As in :class:`PlateSpec`.

    Raises
    ------
    InputError
        When a patient's deletion is read by no channel (unless its `pairs` say so), a pair is
        unknown, a name is taken, or one patient and the controls do not fit on a plate.
    """
    controls = Controls() if controls is None else controls
    again = replicates if reference_replicates is None else reference_replicates
    check_range("the number of replicates", min(replicates, again), 1, MOST_WELLS)
    check_range("the number of replicates", max(replicates, again), 1, MOST_WELLS)
    if not patients or not wells or not all(wells):
        raise InputError("a plate needs patients, and kinds of well with channels")
    pairs = _pairs(patients, wells)
    kinds = [kind for kind in wells for _ in range(again if _is_reference(kind) else replicates)]
    fixed = _control_wells(wells, controls, max(again // replicates, 1))
    room = (rows * columns - len(fixed)) // len(kinds)
    if room < 1:
        raise InputError(
            "not one patient fits on the plate with the controls",
            expected=f"{len(kinds)} wells a patient and {len(fixed)} of controls",
            found=f"{rows * columns} wells",
        )
    groups = [patients[at : at + room] for at in range(0, len(patients), room)]
    tested = [[_tested(one, kind, pairs) for one in group for kind in kinds] for group in groups]
    return tuple(
        PlateSpec(
            name if len(groups) == 1 else f"{name}, plate {number} of {len(groups)}",
            _targets(wells),
            _placed(samples + fixed, rows, columns),
            rows,
            columns,
            cycles,
            passive_reference,
            patients=tuple(group),
        )
        for number, (group, samples) in enumerate(zip(groups, tested, strict=True), start=1)
    )


_Content = tuple[str, str | None, tuple[ReactionSpec, ...]]
"""Sample, patient, reactions of a well."""


def _placed(contents: list[_Content], rows: int, columns: int) -> tuple[WellSpec, ...]:
    """Fill the wells down the columns."""
    return tuple(
        WellSpec(place % rows * columns + place // rows, sample, reactions, patient=patient)
        for place, (sample, patient, reactions) in enumerate(contents)
    )


def _tested(
    patient: PatientSpec, kind: Sequence[ChannelSpec], pairs: dict[str, tuple[str, ...]]
) -> _Content:
    reactions = tuple(ReactionSpec(c.target.name, c.copies(patient, pairs)) for c in kind)
    return patient.name, patient.name, reactions


def _control_wells(wells: Wells, controls: Controls, more: int) -> list[_Content]:
    """Positive controls, NTC and standards; the quantity of a standard is that entered."""
    found: list[_Content] = []
    for copies, task, sample, number in (
        (controls.positive_copies, "UNKNOWN", POSITIVE_CONTROL, controls.positive),
        (0.0, "NTC", NO_TEMPLATE, controls.ntc),
    ):
        for kind in wells:
            reactions = tuple(ReactionSpec(c.target.name, copies, task) for c in kind)
            times = number * (more if _is_reference(kind) else 1)
            found += [(sample, None, reactions)] * times
    references = next((kind for kind in wells if _is_reference(kind)), ())
    if controls.standards and not references:
        raise InputError("a standard curve needs wells of a reference gene alone")
    for quantity in controls.standards:
        reactions = tuple(
            ReactionSpec(c.target.name, quantity, "STANDARD", quantity) for c in references
        )
        found += [(f"Standard {quantity:g}", None, reactions)] * controls.standard_replicates
    return found


def _is_reference(kind: Sequence[ChannelSpec]) -> bool:
    return all(channel.reference for channel in kind)


def _targets(wells: Wells) -> tuple[TargetSpec, ...]:
    """Targets in order of appearance; a target of several kinds of well is the same in all."""
    return tuple(dict.fromkeys(channel.target for kind in wells for channel in kind))


def _pairs(patients: Sequence[PatientSpec], wells: Wells) -> dict[str, tuple[str, ...]]:
    """Primer pairs of each deletion that the wells can show; refuse patients they contradict."""
    pairs: dict[str, tuple[str, ...]] = {}
    for kind in wells:
        for channel in kind:
            for pair, deletion in channel.reads:
                pairs[deletion] = (*pairs.get(deletion, ()), pair)
    for patient in patients:
        if patient.name in (NO_TEMPLATE, POSITIVE_CONTROL):
            raise InputError("a patient has the name of a control", found=patient.name)
        for clone in patient.clones:
            known = pairs.get(clone.deletion, ())
            if clone.pairs is None and not known:
                raise InputError(
                    "no channel reads a deletion",
                    place=patient.name,
                    expected=", ".join(pairs),
                    found=clone.deletion,
                    remedy="where no pair is meant to amplify it, give its clone no pairs",
                )
            if strange := set(clone.pairs or ()) - set(known):
                raise InputError(
                    "a primer pair does not read the deletion",
                    place=f"{patient.name}, {clone.deletion}",
                    expected=", ".join(known),
                    found=", ".join(sorted(strange)),
                )
    names = [patient.name for patient in patients]
    if len(set(names)) < len(names):
        raise InputError("a patient is given twice", found=", ".join(names))
    return pairs
