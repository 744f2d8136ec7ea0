"""Which wells a sample is judged by: those of its own run, or of one that a person named.

Plates lie apart by some tenths of a cycle up to more than one, so that standards, background, wells
without template and the control gene's standards of one plate do not serve the samples of another,
let alone all plates at once. A run that lacks them gives no result, unless it is said which run
lends them; then every result says so. Cells may be counted in another run than the target, for they
are those of the same DNA, but by that run's own standards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calibration.blasts import BlastShare
from calibration.errors import CalibrationError
from calibration.mrd_assay import Assay, assess_assay
from calibration.mrd_cells import Cells, count_cells
from calibration.mrd_profile import Profile
from calibration.standard_curve import StandardCurve, fit_standard_curve
from qpcr._lists import grouped
from qpcr.errors import InputError
from qpcr.quantities.mrd_units import check_control_unit, check_unit
from qpcr.quantities.mrd_wells import MrdWell
from qpcr.said import Said, as_said, say

SHOWN = 6
"""Wells that are named in a sentence; of more the number is said."""


@dataclass(frozen=True, slots=True)
class JudgedAssay:
    """An assay, the wells it rests on, and what must be said of them."""

    made: Assay
    used: tuple[MrdWell, ...]
    remarks: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class JudgedCells:
    """Cells of a sample, the wells they rest on, and what must be said of them."""

    made: Cells
    used: tuple[MrdWell, ...]
    remarks: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Plates:
    """All wells, and the run that lends to those that lack something (``None``: none does)."""

    profile: Profile
    wells: tuple[MrdWell, ...]
    lender: str | None

    @classmethod
    def of(cls, profile: Profile, wells: Sequence[MrdWell], lender: str | None = None) -> Plates:
        """Put wells together.

        Raises
        ------
        InputError
            No well is of the run `lender`, or standards of the control gene cannot be copies.
        """
        made = cls(profile, tuple(wells), lender)
        runs = dict.fromkeys(one.run for one in wells)
        if lender is not None and lender not in runs:
            raise InputError(
                "there is no such run to borrow from", expected=", ".join(runs), found=lender
            )
        standards = [one for one in wells if made.is_control(one) and one.role == "standard"]
        for mine in grouped(standards, lambda one: one.run).values():
            check_control_unit(profile, [(w.quantity or 0.0, w.cq, w.source) for w in mine])
        return made

    def is_control(self, well: MrdWell) -> bool:
        """Whether a well is of the gene that counts cells."""
        return well.target.casefold() == self.profile.control_gene.name.casefold()

    def targets(self, patient: str) -> list[str]:
        """Targets that wells of a patient, or of all, are of."""
        return sorted(
            {
                one.target
                for one in self.wells
                if one.role != "sample"
                and not self.is_control(one)
                and one.patient in (patient, None)
            }
        )

    def assay(self, patient: str, target: str, run: str, blasts: BlastShare | None) -> JudgedAssay:
        """Standards, background and wells without template that judge a patient's target in a run.

        Raises
        ------
        InputError
            Quantities cannot be of the profile's unit.
        """
        of_target = [one for one in self.wells if one.target == target]
        diluted = self._serving(of_target, "standard", run, patient)
        normal = self._serving(of_target, "background", run, patient)
        places = {run, *(one.run for one in (*diluted, *normal))}
        empty = [one for one in of_target if one.role == "ntc" and one.run in places]
        check_unit(self.profile, [(w.quantity or 0.0, w.cq, w.source) for w in diluted])
        made = assess_assay(
            self.profile,
            [(w.quantity or 0.0, w.cq) for w in diluted],
            [w.cq for w in normal],
            [w.cq for w in empty],
            blasts,
        )
        reason = None if made.reason is None else as_said(made.reason)
        if not diluted:
            reason = self._elsewhere(of_target, "standard", run, patient) or reason
        elif not normal:
            reason = self._elsewhere(of_target, "background", run, patient) or reason
        remarks = (*_borrowed(diluted, run), *_borrowed(normal, run))
        made = replace(made, reason=reason, notes=(*map(as_said, made.notes), *remarks))
        return JudgedAssay(made, (*diluted, *normal, *empty), remarks)

    def cells(self, mine: Sequence[MrdWell], run: str, ng: float | None) -> JudgedCells:
        """Cells of a sample, counted in its run, else in the one other run that counted them."""
        counted = [one for one in mine if self.is_control(one)]
        places = list(dict.fromkeys(one.run for one in counted))
        place = run if run in places or not places else places[0]
        if place != run and len(places) > 1:
            several = say(
                "cells were counted in several runs, and not in {run}: {runs}",
                run=run,
                runs=", ".join(places),
            )
            return JudgedCells(Cells(None, None, None, several), (), ())
        counted = [one for one in counted if one.run == place]
        controls = [one for one in self.wells if self.is_control(one)]
        standards = self._serving(controls, "standard", place) if counted else []
        sources = {place, *(one.run for one in standards)}
        empty = [one for one in controls if one.role == "ntc" and one.run in sources]
        made = count_cells(
            self.profile,
            _control_curve(standards),
            [one.cq for one in counted],
            ng,
            [one.cq for one in empty],
        )
        remarks: tuple[Said, ...] = _borrowed(standards, place)
        if counted and not standards:
            reason = self._elsewhere(controls, "standard", place)
            made = made if reason is None else replace(made, reason=reason)
        if counted and place != run:
            remarks = (say("cells were counted in the run {run}", run=place), *remarks)
        used = (*counted, *standards, *empty) if counted else ()
        return JudgedCells(made, used, remarks)

    def _serving(
        self, wells: Sequence[MrdWell], role: str, run: str, patient: str | None = None
    ) -> list[MrdWell]:
        """Wells of a role: of the run, else of the lender; the patient's own, else all's.

        Without a patient, those of the run whosesoever they are.
        """
        for place in (run, self.lender):
            found = _of_patient([w for w in wells if w.role == role and w.run == place], patient)
            if found:
                return found
        return []

    def _elsewhere(
        self, wells: Sequence[MrdWell], role: str, run: str, patient: str | None = None
    ) -> Said | None:
        """Say that other runs have what a run lacks; ``None`` where none has."""
        runs = grouped((one for one in wells if one.role == role), lambda one: one.run)
        others = ", ".join(place for place, of in runs.items() if _of_patient(of, patient))
        if not others:
            return None
        return say(
            "the run {run} has no {role} wells of {target}; those of {others} are on another plate "
            "and not taken unasked",
            run=run,
            role=role,
            target=wells[0].target,
            others=others,
        )


def _of_patient(wells: Sequence[MrdWell], patient: str | None) -> list[MrdWell]:
    """The patient's own wells, else those that serve all; all of them without a patient."""
    if patient is None:
        return list(wells)
    own = [one for one in wells if one.patient == patient]
    return own or [one for one in wells if one.patient is None]


def _borrowed(wells: Sequence[MrdWell], run: str) -> tuple[Said, ...]:
    """Say that wells are of another run."""
    if not wells or wells[0].run == run:
        return ()
    return (
        say(
            "{role} wells of {target} are those of the run {run}: how far the plates lie apart is "
            "not known",
            role=wells[0].role,
            target=wells[0].target,
            run=wells[0].run,
        ),
    )


def unread(wells: Sequence[MrdWell]) -> Said | None:
    """Say that wells cannot be read, which are no wells without Ct; ``None`` where all can.

    A standard that cannot be read only makes the assay less sensitive.
    """
    named = [one for one in wells if one.unread and one.role != "standard"]
    if not named:
        return None
    return say(
        "no Cq of {wells} counts by the method, though the instrument's rule has a Ct",
        wells=_listed(named),
    )


def barred(wells: Sequence[MrdWell]) -> tuple[Said, ...]:
    """Say which wells take part that a quality rule says must not be used."""
    named = [one for one in wells if one.barred]
    if not named:
        return ()
    return (say("the quality rules say not to use {wells}", wells=_listed(named)),)


def _listed(wells: Sequence[MrdWell]) -> str:
    places = list(dict.fromkeys(one.place for one in wells))
    more = f" … ({len(places)})" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def _control_curve(wells: Sequence[MrdWell]) -> StandardCurve | None:
    """Standard curve of the control gene; ``None`` where its standards make none."""
    points = [
        (one.quantity, one.cq) for one in wells if one.cq is not None and one.quantity is not None
    ]
    try:
        curve = fit_standard_curve([q for q, _ in points], [cq for _, cq in points])
    except CalibrationError:
        return None  # count_cells says that there is none
    return curve if curve.slope < 0 else None
