"""Ids of patients that a mistake may have made: they look like others', or hold unseen signs."""

from __future__ import annotations

from collections.abc import Iterable

from qpcr.clinical.patient_ids import same_id, unseen
from qpcr.errors import InputError


def check_new(new: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a new patient whose id only looks like another's: half of a record would lie there.

    An id with a sign that nobody can see is refused on its own: it would look like a later one.

    Parameters
    ----------
    new
        Ids that come on record.
    known
        Ids on record.

    Raises
    ------
    InputError
        Without the ids, but with what cannot be seen in one.
    """
    wanted = dict.fromkeys(new)
    if not wanted:
        return
    taken = {same_id(one) for one in known}
    for one in wanted:
        if (sign := unseen(one)) is not None:
            raise InputError(
                "a patient's id holds a sign that nobody can see",
                expected="letters, digits and signs that can be seen",
                found=sign,
                remedy="type the id anew where it comes from: sample sheet or table",
            )
        if same_id(one) in taken:
            raise InputError(
                "a patient's id differs from another one only by case, width, spaces or dashes, or "
                "by letters of other alphabets that look the same",
                expected="the id as it is on record, or one that nobody can take for it",
                remedy="correct it where it comes from: sample sheet or table; qpcr records find "
                "lists patients",
            )
        taken.add(same_id(one))
