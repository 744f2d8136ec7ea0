"""Ways to read a Cq, an efficiency and a quantity off curves. One file a method, found by looking.

Which to use when
-----------------
``instrument``
    Deletion calls and everything else whose cut-offs were set with the instrument's software.
``recommended``
    Quantification: relative quantities, standard curves, replicates. Uses what wells of a target
    have in common, so it wants all wells of a target together; with one well it falls back on
    that well's own curve.
``threshold``, ``cpd2``, ``cpd1``, ``cy0``, ``takeoff``, ``window``, ``mak2``, ``shared``
    To compare with published work, and to see whether a conclusion hangs on the method.

`METHODS.md` beside this file says what was measured, and what did not help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpcr._registry import find

if TYPE_CHECKING:
    from qpcr.methods._batch import Batch, Estimates


@dataclass(frozen=True, slots=True)
class Method:
    """A method.

    Attributes
    ----------
    name
        As the user writes it; the name of its module.
    title
        What it is called in the field.
    reference
        Where it comes from, with DOI.
    assumes
        What must be true for it to be right.
    use
        When to use it.
    estimate
        The method itself: all curves of a batch at once.
    version
        Raised whenever its numbers change: what was stored says by which it was made.
    settings
        Its own constants by name, to be kept beside its numbers.
    """

    name: str
    title: str
    reference: str
    assumes: str
    use: str
    estimate: Callable[[Batch], Estimates]
    version: int = 1
    settings: tuple[tuple[str, float], ...] = ()


def methods() -> Mapping[str, Method]:
    """All methods by name."""
    return find("qpcr.methods", "METHOD")
