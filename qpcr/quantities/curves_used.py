"""Which of the curves that were given serve, and what has none: said, so that nothing is silent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from calibration.stored_curve import StoredCurve
from qpcr._nearest import nearest
from qpcr.quantities.quantify import Quantities
from qpcr.run import Task
from qpcr.said import Said, say


def origin(stored: StoredCurve) -> Said:
    """Lot and day of a stored curve."""
    return say(
        "standard curve of lot {lot}, made {made}",
        lot=stored.lot or say("not stated"),
        made=str(stored.made or say("on an unknown day")),
    )


def _near(target: str, names: Collection[str]) -> str | None:
    """The name a target was probably meant to have: a slip of it, or with a word more or less."""
    slip = nearest(target, names)
    if slip is not None:
        return slip
    word = target.casefold()
    for one in names:
        short, long = sorted((word, one.casefold()), key=len)
        if long.startswith(short) and not long[len(short) : len(short) + 1].isalnum():
            return one
    return None


def lacking(target: str, stored: Collection[StoredCurve]) -> Said:
    """Say that none of the curves that were given is of a target, and which name is near."""
    names = sorted({one.target for one in stored})
    near = _near(target, names)
    if near is None:
        return say(
            "None of the given curves is of {target}; they are of {targets}.",
            target=target, targets=", ".join(names),
        )  # fmt: skip
    return say(
        "None of the given curves is of {target}; the nearest name is {near}.",
        target=target, near=near,
    )  # fmt: skip


def unused(
    stored: Collection[StoredCurve], used: Collection[str], here: Collection[str]
) -> list[Said]:
    """Say which of the curves that were given serve nothing.

    Parameters
    ----------
    used
        Targets that were read from them.
    here
        All targets of the plates or tables.
    """
    said = []
    for target in sorted({one.target for one in stored} - set(used)):
        if target in here:
            said.append(
                say("The given curve of {target} is not used: there are standards.", target=target)
            )
            continue
        near = _near(target, sorted(here))
        said.append(
            say("The given curve of {target} is not used: there is no such target.", target=target)
            if near is None
            else say(
                "The given curve of {target} is not used: there is no such target; the nearest "
                "name is {near}.", target=target, near=near,
            )
        )  # fmt: skip
    return said


def with_curves_said(
    found: Quantities,
    stored: Sequence[StoredCurve],
    others: Mapping[str, Sequence[str]] | None = None,
) -> Quantities:
    """The same quantities; curves say which given curve serves them, or that none does.

    Parameters
    ----------
    stored
        The curves that were given.
    others
        By target, all lots that there are curves of, where the newest of any was taken.
    """
    if not stored:
        return found
    with_standards = {
        (row.measured.file, row.measured.target)
        for row in found.wells
        if row.measured.task is Task.STANDARD
    }
    curves = []
    for one in found.curves:
        said: list[Said] = []
        if one.stored is not None and one.curve is not None:
            said = _taken(one.stored, (others or {}).get(one.target, ()))
        elif (one.file, one.target) not in with_standards and one.curve is None:
            said = [lacking(one.target, stored)]
        curves.append(replace(one, notes=(*one.notes, *said)))
    return replace(found, curves=tuple(curves))


def _taken(stored: StoredCurve, lots: Sequence[str]) -> list[Said]:
    said = []
    if stored.curve.between_sd:
        said.append(say("The curve was stored: a pooled {origin}.", origin=origin(stored)))
    if len(lots) > 1:
        said.append(
            say(
                "There are curves of the lots {lots}; the newest was taken, which is of lot {lot}. "
                "Name another with --lot.",
                lots=", ".join(lots),
                lot=stored.lot or say("not stated"),
            )
        )
    return said
