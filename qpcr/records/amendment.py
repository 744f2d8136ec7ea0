"""What a result may be amended to: the same rules for every way to amend it.

Outcome and deletions have to fit each other and the panel that the run was called by; the
functional classes follow from the deletions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from primers import Panel
from qpcr.calls import Outcome, classes_of, tested
from qpcr.errors import InputError

CALL = ("outcome", "deletions", "classes")
"""Parts of a result that depend on each other."""


def amended(old: Mapping[str, Any], new: Mapping[str, Any], panel: Panel | None) -> dict[str, Any]:
    """Lay an amendment over a result.

    Parameters
    ----------
    old
        The whole result.
    new
        What changes.
    panel
        The panel of the result's run.

    Returns
    -------
    dict
        The whole result as it becomes.

    Raises
    ------
    InputError
        Outcome and deletions contradict each other, or the panel does not know them.
    """
    result = {**old, **new}
    if not any(name in new for name in CALL):
        return result
    if panel is None:
        raise InputError(
            "the run was analyzed without a panel: it has no call to amend",
            remedy="analyze it with a panel, or reanalyze the store",
        )
    senseless = (Outcome.NOT_TESTED,) if tested(panel) else (Outcome.DETECTED, Outcome.NOT_DETECTED)
    outcomes = [str(one) for one in Outcome if one not in senseless]
    if result.get("outcome") not in outcomes:
        raise InputError(
            "the outcome is not one of those that the panel can have",
            expected=", ".join(outcomes),
            found=str(result.get("outcome")),
        )
    deletions = _deletions(result.get("deletions"), panel)
    if (result["outcome"] == Outcome.DETECTED) is not bool(deletions):
        raise InputError(
            "outcome and deletions contradict each other",
            expected="deletions with the outcome detected, and with no other",
            found=f"{result['outcome']}; {' + '.join(deletions) or 'no deletion'}",
        )
    classes = list(classes_of(panel, deletions))
    if "classes" in new and sorted(new["classes"] or []) != classes:
        raise InputError(
            "the functional classes do not follow from the deletions",
            expected=", ".join(classes) or "none",
            found=str(new["classes"]),
        )
    return {**result, "deletions": deletions, "classes": classes}


def _deletions(told: Any, panel: Panel) -> list[str]:
    """Deletions as a list without doubles, each one that the panel can report."""
    known = tested(panel)
    listed = isinstance(told, list | tuple) and all(isinstance(one, str) for one in told)
    if told is not None and not listed:
        raise InputError("deletions are a list of texts", found=repr(told))
    names = list(dict.fromkeys(told or ()))
    for name in names:
        if name not in known:
            raise InputError(
                "the panel does not know this deletion",
                expected=", ".join(known) or "none",
                found=name,
            )
    return names
