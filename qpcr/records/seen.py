"""What a caller had seen of a store when deciding what to write, checked when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpcr._frozen import FrozenMap
from qpcr.errors import InputError
from qpcr.records.run_lots import lots_known

if TYPE_CHECKING:
    from qpcr.lots import Lot
    from qpcr.records.index import Index


class OvertakenError(InputError):
    """Somebody else was quicker: what was to be written rests on what holds no more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a decision rests on; a commit is refused where any of it is otherwise by then.

    Attributes
    ----------
    run
        The last revision of the run that is analyzed again; ``None``: not looked at.
    lots
        Of that run.
    patients
        Sequence of the last commit that touched each patient
        (:attr:`qpcr.records.patient.Patient.sequence`).
    """

    run: str | None = None
    lots: tuple[Lot, ...] = ()
    patients: Mapping[str, int] = field(default_factory=FrozenMap)

    def check(self, index: Index, latest: str | None) -> None:
        """Refuse where somebody was quicker; call it with the store for oneself.

        Parameters
        ----------
        index
            Of the store, up to date.
        latest
            The last revision of the file that is to be written; ``None``: no run is.

        Raises
        ------
        OvertakenError
            A later revision is on record, a lot is another, or a patient's record was changed.
        """
        if self.run is not None and self.run != latest:
            raise OvertakenError(
                "another analysis of this run was put on record in the meantime",
                expected=f"run {self.run} as the last one",
                found="none" if latest is None else f"run {latest}",
                remedy="look at what is on record now, and decide again",
            )
        if self.run is not None and self.lots != lots_known(index, self.run):
            raise OvertakenError(
                "lots of this run were said or corrected in the meantime",
                place=f"run {self.run}",
                remedy="look at what is on record now, and decide again",
            )
        select = "SELECT sequence FROM patients WHERE patient = ?"
        for patient, sequence in self.patients.items():
            row = index.db.execute(select, (patient,)).fetchone()
            if row is None or row[0] != sequence:
                raise OvertakenError(
                    "this patient's record was changed since it was looked at",
                    remedy="look at the record as it is now, and decide again",
                )
