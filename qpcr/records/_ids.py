"""Ids of patients that a mistake may have made: alike but for case, width, spaces or dashes."""

from __future__ import annotations

from collections.abc import Iterable

from qpcr.clinical.fields import folded
from qpcr.errors import InputError


def check_new(new: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a new patient whose id only looks like another's: half of a record would lie there.

    Parameters
    ----------
    new
        Ids that come on record.
    known
        Ids on record.

    Raises
    ------
    InputError
        Without the ids.
    """
    wanted = dict.fromkeys(new)
    if not wanted:
        return
    taken = {folded(one) for one in known}
    for one in wanted:
        if folded(one) in taken:
            raise InputError(
                "a patient's id differs from another one only by case, width, spaces or dashes",
                expected="the id as it is on record, or one that nobody can take for it",
                remedy="correct it where it comes from: sample sheet or table; qpcr records find "
                "lists patients",
            )
        taken.add(folded(one))
