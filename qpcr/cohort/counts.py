"""How many are at risk and how many have each event, at every time and in every group.

Every estimator of this package is arithmetic on these counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qpcr._frozen import FloatArray, IntArray, frozen


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """Counts at T times in G groups for causes 1 … J.

    Attributes
    ----------
    times
        (T,) the distinct times of observation, ascending; events and censorings.
    at_risk
        (T, G) observed up to the time or longer: just before anything happens at it.
    events
        (J, T, G) events of each cause at the time.
    groups
        Names of the G groups.
    """

    times: FloatArray
    at_risk: FloatArray
    events: FloatArray
    groups: tuple[str, ...]

    @property
    def any_event(self) -> FloatArray:
        """(T, G) events of any cause."""
        total: FloatArray = self.events.sum(axis=0)
        return total


def count(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
    names: tuple[str, ...] | None = None,
) -> Counts:
    """Count.

    Parameters
    ----------
    time
        (n,) follow-up of each patient, any unit, not negative.
    cause
        (n,) 0 = censored, 1 … J = the event that ended it. Who is censored at a time counts as
        observed at it, after the events of that time.
    group
        (n,) whole numbers from 0, or ``None``: one group.
    names
        Of the groups, in the order of their numbers.

    Raises
    ------
    ValueError
        Lengths differ, a time is negative or not finite, or a number is out of range.
    """
    t = np.asarray(time, dtype=np.float64)
    c = np.asarray(cause, dtype=np.int64)
    g: IntArray = np.zeros(len(t), np.int64) if group is None else np.asarray(group, np.int64)
    if not (t.ndim == c.ndim == g.ndim == 1 and len(t) == len(c) == len(g)):
        raise ValueError("time, cause and group must be of one length")
    if not np.isfinite(t).all() or (t < 0).any() or (c < 0).any() or (g < 0).any():
        raise ValueError("times are finite and not negative; causes and groups count from 0")
    size = int(g.max(initial=0)) + 1 if names is None else len(names)
    if g.max(initial=0) >= size:
        raise ValueError("a group has no name")
    labels = names or tuple(str(one) for one in range(size))
    times, at = np.unique(t, return_inverse=True)
    causes = max(int(c.max(initial=0)), 1)
    table = np.zeros((causes + 1, len(times), size))
    np.add.at(table, (c, at, g), 1.0)
    leaving = table.sum(axis=0)
    at_risk = leaving[::-1].cumsum(axis=0)[::-1]
    return Counts(
        frozen(times, np.float64, (None,)),
        frozen(at_risk, np.float64, (None, size)),
        frozen(table[1:], np.float64, (causes, None, size)),
        labels,
    )


def divided(above: FloatArray, below: FloatArray, otherwise: float = 0.0) -> FloatArray:
    """`above` / `below`, and `otherwise` where nobody is at risk."""
    made = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=made, where=below > 0)
    return made
