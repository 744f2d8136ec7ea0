"""Profiles of rules for residual disease, from TOML: strict, nothing missing and nothing unknown.

Shipped profiles lie in ``calibration/profiles``; a laboratory's own are given by path. A profile
says where its limits come from, and whether anybody compared them with that source.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from calibration.errors import CalibrationError
from calibration.stated import state

Avoid = Literal["false negatives", "false positives"]
Unit = Literal["fraction", "copies"]
AboveRange = Literal["extrapolate", "not quantifiable"]
Weighting = Literal["none", "poisson"]


@dataclass(frozen=True, slots=True)
class About:
    """Who says so; `warning` is shown with every result while `checked` is false.

    `title_zh` and `warning_zh` are the same in Chinese, where the profile has them.
    """

    name: str
    title: str
    source: str
    checked: bool
    warning: str
    title_zh: str | None = None
    warning_zh: str | None = None


@dataclass(frozen=True, slots=True)
class CurveRules:
    """Limits of the standard curve: slope, least |r|, fewest levels in the quantitative range."""

    slope_lowest: float
    slope_highest: float
    least_r: float
    fewest_levels: int


@dataclass(frozen=True, slots=True)
class ReplicateRules:
    """Wells that samples and standards must have, and their largest spread of Ct."""

    sample_wells: int
    standard_wells: int
    largest_spread: float


@dataclass(frozen=True, slots=True)
class BackgroundRules:
    """Wells of normal DNA."""

    fewest_wells: int


@dataclass(frozen=True, slots=True)
class RangeRules:
    """Cycles that the lowest quantitative point lies below the lowest background Ct."""

    below_background: float


@dataclass(frozen=True, slots=True)
class SensitivityRules:
    """Cycles below background, and wells, that make a level detected."""

    below_background: float
    fewest_positive: int


@dataclass(frozen=True, slots=True)
class SampleRules:
    """What makes a sample positive.

    `latest_cq` counts a later Ct as none, in standards and background as well as in samples, so
    that no sensitivity is claimed beyond it.
    """

    avoid: Avoid
    below_background_avoiding_false_negatives: float
    below_background_avoiding_false_positives: float
    fewest_positive: int
    latest_cq: float | None = None

    @property
    def below_background(self) -> float:
        """Cycles below the lowest background Ct that count, for what is to be avoided."""
        if self.avoid == "false negatives":
            return self.below_background_avoiding_false_negatives
        return self.below_background_avoiding_false_positives


@dataclass(frozen=True, slots=True)
class ControlRules:
    """The gene that counts cells, and the DNA of standards."""

    name: str
    copies_per_cell: float
    fewest_copies: float
    fewest_wells: int
    ng_per_well: float
    pg_per_cell: float


@dataclass(frozen=True, slots=True)
class QuantityRules:
    """What the standards' quantities are, and what becomes of samples above them.

    `unit` is that of the standards of targets: ``"fraction"`` of the undiluted diagnostic sample (1
    is undiluted, 0.01 one per cent), or ``"copies"`` per well. Standards of the control gene are in
    copies per well by either.

    `cq_method` names the method of Cq that the limits were set with; ``None``: Ct at the threshold.

    `weighting`: ``"poisson"`` weights standards by the variance of their number of molecules, and
    takes the mean quantity of a sample's wells instead of their mean Ct
    (:mod:`calibration.poisson`).
    """

    unit: Unit
    target_copies_per_cell: float
    above_range: AboveRange
    cq_method: str | None = None
    weighting: Weighting = "none"

    @property
    def unit_words(self) -> str:
        """The unit as a reader is told it."""
        if self.unit == "copies":
            return state("copies per well")
        return state("fractions of the diagnostic sample")


@dataclass(frozen=True, slots=True)
class ResponseRules:
    """Shares that part complete response, intermediate, failure; and the prognostic cut."""

    complete_sensitivity: float
    failure: float
    prognostic: float


@dataclass(frozen=True, slots=True)
class Profile:
    """All rules of one profile."""

    profile: About
    standard_curve: CurveRules
    replicates: ReplicateRules
    background: BackgroundRules
    quantitative_range: RangeRules
    sensitivity: SensitivityRules
    sample: SampleRules
    control_gene: ControlRules
    quantity: QuantityRules
    response: ResponseRules

    def cells_of(self, ng: float) -> float:
        """Cells whose DNA weighs `ng`.

        >>> round(500 * 1000 / 6.6)
        75758
        """
        return ng * 1000 / self.control_gene.pg_per_cell


def profile_names() -> tuple[str, ...]:
    """Names of the profiles that come with this software."""
    folder = resources.files("calibration").joinpath("profiles")
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    )


def profile_text(name: str) -> str:
    """Text of a profile that comes with this software.

    Raises
    ------
    CalibrationError
        There is none of that name.
    """
    if name not in profile_names():
        raise CalibrationError(
            f"there is no profile {name!r}; there are {', '.join(profile_names())}, or give a "
            ".toml file"
        )
    path = resources.files("calibration").joinpath("profiles", f"{name}.toml")
    return path.read_text(encoding="utf-8")


def load_profile(name_or_path: str) -> Profile:
    """Load a profile by name, or by the path of a TOML file.

    Raises
    ------
    CalibrationError
        There is no such profile, or it breaks the format.
    """
    if not name_or_path.endswith(".toml"):
        return parse_profile(profile_text(name_or_path))
    try:
        text = Path(name_or_path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{name_or_path} cannot be read: {error}") from error
    return parse_profile(text)


def parse_profile(text: str) -> Profile:
    """Read a profile.

    Raises
    ------
    CalibrationError
        Not TOML, a table or key that is missing or unknown, or a limit that cannot be.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CalibrationError(f"the profile is not TOML: {error}") from error
    hints = get_type_hints(Profile)
    _same_keys("the profile", set(document), set(hints), set(hints))
    made = Profile(**{name: _table(name, kind, document[name]) for name, kind in hints.items()})
    _check(made)
    return made


def _same_keys(place: str, found: set[str], required: set[str], known: set[str]) -> None:
    if required - found:
        raise CalibrationError(f"{place}: {', '.join(sorted(required - found))} is missing")
    if found - known:
        raise CalibrationError(f"{place}: {', '.join(sorted(found - known))} is not known")


def _table(place: str, kind: Any, values: Any) -> Any:
    """One table of the profile as its dataclass."""
    if not isinstance(values, dict):
        raise CalibrationError(f"{place} must be a table")
    fields = dataclasses.fields(kind)
    needed = {one.name for one in fields if one.default is dataclasses.MISSING}
    _same_keys(place, set(values), needed, {one.name for one in fields})
    hints = get_type_hints(kind)
    return kind(**{key: _value(f"{place}.{key}", hints[key], v) for key, v in values.items()})


def _value(place: str, kind: Any, value: Any) -> Any:
    choices = [one for one in get_args(kind) if isinstance(one, str)]
    if choices:
        if value not in choices:
            raise CalibrationError(f"{place}: {value!r} is not one of {', '.join(choices)}")
        return value
    kind = str if str in get_args(kind) else kind  # one that may be left out
    if kind is str or kind is bool:
        if not isinstance(value, kind) or value == "":
            raise CalibrationError(f"{place}: {value!r} is not a {kind.__name__}")
        return value
    whole = kind is int
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        raise CalibrationError(f"{place}: {value!r} is not a {'whole ' if whole else ''}number")
    return value if whole else float(value)


def _check(made: Profile) -> None:
    """Refuse limits that contradict each other."""
    positive = {
        "standard_curve.fewest_levels": made.standard_curve.fewest_levels - 2,
        "replicates.sample_wells": made.replicates.sample_wells,
        "replicates.standard_wells": made.replicates.standard_wells,
        "replicates.largest_spread": made.replicates.largest_spread,
        "background.fewest_wells": made.background.fewest_wells,
        "sensitivity.fewest_positive": made.sensitivity.fewest_positive,
        "sample.fewest_positive": made.sample.fewest_positive,
        "control_gene.copies_per_cell": made.control_gene.copies_per_cell,
        "control_gene.fewest_copies": made.control_gene.fewest_copies,
        "control_gene.fewest_wells": made.control_gene.fewest_wells,
        "control_gene.ng_per_well": made.control_gene.ng_per_well,
        "control_gene.pg_per_cell": made.control_gene.pg_per_cell,
        "quantity.target_copies_per_cell": made.quantity.target_copies_per_cell,
        "response.complete_sensitivity": made.response.complete_sensitivity,
        "response.failure": made.response.failure,
        "response.prognostic": made.response.prognostic,
    }
    wrong = [name for name, value in positive.items() if value <= 0]
    if wrong:
        raise CalibrationError(f"{wrong[0]} is too small")
    curve = made.standard_curve
    if not curve.slope_lowest < curve.slope_highest < 0:
        raise CalibrationError("standard_curve: slope_lowest < slope_highest < 0 is needed")
    if not 0 < curve.least_r <= 1:
        raise CalibrationError("standard_curve.least_r lies between 0 and 1")
    margins = made.quantitative_range.below_background, made.sensitivity.below_background
    if min(*margins, made.sample.below_background) < 0:
        raise CalibrationError("below_background: cycles are not negative")
    if made.sample.fewest_positive > made.replicates.sample_wells:
        raise CalibrationError("sample.fewest_positive: more wells than a sample has")
