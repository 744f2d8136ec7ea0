"""What a person may choose about an analysis; everything else follows from the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qpcr._frozen import FrozenMap
from qpcr.instrument import rule_sets

WORDS = ("protocol", "auto", "file")
BY_PANEL = "panel"
"""One word more for thresholds, and what holds where nothing is said."""


@dataclass(frozen=True)
class Settings:
    """How baselines and thresholds are chosen.

    Attributes
    ----------
    baseline
        ``"protocol"``: as the file's analysis protocol asks, automatic where it says automatic and
        the recorded window where a person chose it. ``"auto"``: always computed. ``"file"``: always
        the recorded window. Or one window (first, last cycle) for all.
    threshold
        ``"panel"``: as the panel fixes it; where there is none, or none it fixes, as
        ``"protocol"``. Or the words above, one number (ΔRn) for all targets, or numbers by target
        name (the others as ``"panel"``).
    rules
        Name of a rule set, or ``None``: that of the software that wrote the file.

    Raises
    ------
    ValueError
        Another word, a window or threshold that cannot be, an unknown rule set.
    """

    baseline: str | tuple[int, int] = "protocol"
    threshold: str | float | Mapping[str, float] = BY_PANEL
    rules: str | None = None

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        if isinstance(self.baseline, str):
            _word("baseline", self.baseline, WORDS)
        else:
            set_(self, "baseline", _window(self.baseline))
        if isinstance(self.threshold, str):
            _word("threshold", self.threshold, (BY_PANEL, *WORDS))
        elif isinstance(self.threshold, Mapping):
            values = {name: _positive(value) for name, value in self.threshold.items()}
            set_(self, "threshold", FrozenMap(values))
        else:
            set_(self, "threshold", _positive(self.threshold))
        if self.rules is not None and self.rules not in rule_sets():
            raise ValueError(f"no rule set {self.rules!r}; there are {', '.join(rule_sets())}")


def _word(name: str, value: str, words: Sequence[str]) -> None:
    if value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)} or a value: {value!r}")


def _window(value: Sequence[int]) -> tuple[int, int]:
    window = tuple(value)
    if len(window) != 2 or not all(isinstance(cycle, int) for cycle in window):
        raise ValueError(f"the baseline must be a first and a last cycle: {value!r}")
    if not 1 <= window[0] <= window[1]:
        raise ValueError(f"the baseline must be a first and a last cycle: {value!r}")
    return window[0], window[1]


def _positive(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise ValueError(f"threshold {value!r}: a positive number was expected")
    return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the curves are fitted: model, shape of the baseline, and whether lmfit has the last word.

    See :func:`qpcr.fits.fit_curves`.
    """

    model: str = "auto"
    baseline: Literal["flat", "slope"] = "flat"
    polish: bool = True


def parse_settings(baseline: str, thresholds: Sequence[str], rules: str | None) -> Settings:
    """Make settings of texts, as a person types them.

    Parameters
    ----------
    baseline
        A word of :data:`WORDS`, or ``FIRST-LAST``.
    thresholds
        Nothing (as the panel says), one word, one number, or ``TARGET=NUMBER`` as often as wanted.
    rules
        Name of a rule set, or ``None``.

    Raises
    ------
    ValueError
        A text that means nothing.
    """
    first, dash, last = baseline.partition("-")
    plain = dash and baseline.isascii() and first.isdigit() and last.isdigit()
    window = (int(first), int(last)) if plain else baseline
    values: dict[str, float] = {}
    for text in thresholds:
        target, equals, number = text.rpartition("=")
        if equals:
            values[target] = _threshold(number)
        elif len(thresholds) > 1:
            raise ValueError(f"threshold {text!r}: several thresholds need TARGET=NUMBER each")
        else:
            word = text if text[:1].isalpha() else _threshold(text)
            return Settings(window, word, rules)
    return Settings(window, values or BY_PANEL, rules)


def _threshold(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError(f"threshold {text!r}: a positive number was expected")
    return value
