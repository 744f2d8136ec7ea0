"""Who may do what with a result: its states, the steps between them, and the rules, in one place.

``preliminary → reviewed → signed``; whoever changes a result makes it *amended*, and it has to be
reviewed and signed again. Only signed results go out as final.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qpcr.errors import InputError


class State(StrEnum):
    """How far a result is."""

    PRELIMINARY = "preliminary"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    AMENDED = "amended"

    @property
    def final(self) -> bool:
        """It may leave the laboratory as a final result."""
        return self is State.SIGNED


STEPS = {
    State.PRELIMINARY: (State.REVIEWED,),
    State.REVIEWED: (State.SIGNED, State.AMENDED),
    State.SIGNED: (State.AMENDED,),
    State.AMENDED: (State.REVIEWED,),
}
"""From each state to those that may follow it."""


_FIRST = "review it first (qpcr records review), then sign it"
_AMEND = "a signed result is changed by amending it (qpcr records amend), which needs a reason"
_REMEDIES = {
    (State.PRELIMINARY, State.SIGNED): _FIRST,
    (State.AMENDED, State.SIGNED): f"it was changed since: {_FIRST}",
    (State.REVIEWED, State.REVIEWED): "sign it (qpcr records sign), or amend it",
    (State.SIGNED, State.SIGNED): f"nothing is left to do; {_AMEND}",
    (State.SIGNED, State.REVIEWED): _AMEND,
    (State.PRELIMINARY, State.AMENDED): "amend what it says (qpcr records amend)",
}
"""What to do instead of a step that is not possible."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a laboratory decides about reviews; kept in the store.

    Attributes
    ----------
    two_persons
        Whoever signs must not be who reviewed. By default both may be one person; who did what is
        always kept, and :attr:`qpcr.records.patient.Result.one_person` says so.
    """

    two_persons: bool = False


def check_step(
    old: State, new: State, user: str, reviewer: str | None, policy: Policy | None = None
) -> None:
    """Refuse a step that the rules do not allow.

    Parameters
    ----------
    old, new
        States before and after.
    user
        Who wants it.
    reviewer
        Who reviewed the result as it is now, or ``None``.
    policy
        The laboratory's rules.

    Raises
    ------
    InputError
        With the steps that are possible.
    """
    if new not in STEPS[old]:
        raise InputError(
            f"the result is {old} already"
            if new is old
            else f"a result that is {old} cannot become {new}",
            expected=" or ".join(STEPS[old]),
            found=str(new),
            remedy=_REMEDIES.get((old, new), "see its history: qpcr records history"),
        )
    if new is State.SIGNED and policy is not None and policy.two_persons and user == reviewer:
        raise InputError(
            "whoever reviewed a result must not sign it: this store asks for two persons",
            remedy="let a colleague sign it",
        )
