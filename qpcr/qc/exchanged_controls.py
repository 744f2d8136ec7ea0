"""A control and a sample behave as if they had changed places.

* A control without template shows the reference gene as samples do, and in all wells of a sample
  nothing amplifies.
* A positive control is silent in most targets that it must show, and a sample amplifies in all of
  them, three at least.

Then nobody knows what the wells hold, and no result of the run may be used. The other rules judge
the control as failed; this one says which sample to look at. Two samples that changed places look
like any two samples: nothing on one plate tells (:mod:`qpcr.expected` compares with what is known
of them).

Limits
    ``reference_within``: cycles from the samples' median within which the reference gene of a
    control without template looks like a sample's.
    ``fewest_targets``: that a sample must show, and a positive control must have been tested for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qpcr._lists import grouped
from qpcr.findings import Finding, Severity
from qpcr.qc import Limits, Plate, Rule
from qpcr.qc._plate import Part, fitted_cq, grows, is_reference, rows_of, sample_of, target_of
from qpcr.said import say

NAME = "exchanged_controls"
FEWEST_WELLS = 2
"""One silent well is a dropout; a sample that is not there is silent in several."""


@dataclass(frozen=True, slots=True)
class _Tube:
    """The wells of one name: all rows, and Ct by row of those that amplified."""

    name: str
    rows: tuple[int, ...]
    cqs: dict[int, float]

    def targets(self, plate: Plate, amplified: bool) -> set[str]:
        """Targets, no reference genes, that were tested, or that amplified."""
        rows = self.cqs if amplified else self.rows
        return {target_of(plate, row) for row in rows if not is_reference(plate, row)}

    def reference(self, plate: Plate) -> float | None:
        """Earliest Ct of the reference gene, or ``None``."""
        return min((cq for row, cq in self.cqs.items() if is_reference(plate, row)), default=None)


def _check(plate: Plate, limits: Limits) -> Iterator[Finding]:
    samples = _tubes(plate, Part.SAMPLE)
    references = [cq for tube in samples if (cq := tube.reference(plate)) is not None]
    absent = [tube for tube in samples if len(tube.rows) >= FEWEST_WELLS and not tube.cqs]
    if references:
        middle = float(np.median(references))
        for control in _tubes(plate, Part.NTC):
            cq = control.reference(plate)
            if cq is not None and abs(cq - middle) <= limits["reference_within"]:
                for sample in absent:
                    yield _full(control, sample, cq, middle, limits["reference_within"])
    few = limits["fewest_targets"]
    complete = [tube for tube in samples if len(tube.targets(plate, amplified=True)) >= few]
    for control in _tubes(plate, Part.POSITIVE):
        tested = control.targets(plate, amplified=False)
        silent = tested - control.targets(plate, amplified=True)
        if len(tested) < few or 2 * len(silent) <= len(tested):
            continue
        for sample in complete:
            if tested <= sample.targets(plate, amplified=True):
                yield _silent(control, sample, len(silent), len(tested))


def _tubes(plate: Plate, part: Part) -> list[_Tube]:
    known = [row for row in rows_of(plate, part) if plate.channels[row] is not None]
    found = []
    for name, rows in grouped(known, lambda row: sample_of(plate, row)).items():
        cqs = {
            row: cq
            for row in rows
            if grows(plate, row) and (cq := fitted_cq(plate, row)) is not None
        }
        found.append(_Tube(name, tuple(rows), cqs))
    return found


def _full(control: _Tube, sample: _Tube, cq: float, middle: float, limit: float) -> Finding:
    return Finding(
        NAME,
        Severity.RUN,
        (*control.rows, *sample.rows),
        say(
            "{control} shows the reference gene like a sample (Ct {cq:.2f}), and nothing amplifies "
            "in {sample}: they may have been exchanged.",
            control=control.name, cq=cq, sample=sample.name,
        ),
        say(
            "Compare the plate set-up with the pipetting record; repeat {sample} and the control.",
            sample=sample.name,
        ),
        value=abs(cq - middle),
        limit=limit,
    )  # fmt: skip


def _silent(control: _Tube, sample: _Tube, silent: int, tested: int) -> Finding:
    return Finding(
        NAME,
        Severity.RUN,
        (*control.rows, *sample.rows),
        say(
            "{control} is silent in {silent} of {tested} targets, and {sample} amplifies in all of "
            "them like a positive control: they may have been exchanged.",
            control=control.name, silent=silent, tested=tested, sample=sample.name,
        ),
        say(
            "Compare the plate set-up with the pipetting record; repeat {sample} and the control.",
            sample=sample.name,
        ),
        value=float(silent),
        limit=tested / 2.0,
    )  # fmt: skip


RULE = Rule(
    name=NAME,
    describes="No control behaves like a sample while a sample behaves like that control.",
    severity=Severity.RUN,
    limits={"reference_within": 4.0, "fewest_targets": 3.0},
    needs_panel=True,
    check=_check,
)
