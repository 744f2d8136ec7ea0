"""What the arrays of a record mean, by the path of their data set under ``run/values``."""

from __future__ import annotations

_FLUORESCENCE = "arbitrary fluorescence units"
VALUES: dict[str, tuple[str, str]] = {
    "run/cycles": ("cycle", "(C,) cycle numbers"),
    "run/raw": (
        "counts",
        "(W, C, F) raw fluorescence by well (row by row, from A1), cycle and filter",
    ),
    "run/calibration/pure_dyes": ("1", "(dye, W, F) emission of pure dyes, strongest filter 1"),
    "run/calibration/uniformity": ("1", "(W, F) multipliers"),
    "run/calibration/background": ("counts", "(W, F) offsets to subtract"),
    "run/calibration/norm_factors": ("1", "(dye, W) divisors"),
    "run/signals/signal": (_FLUORESCENCE, "(well, D, C) the instrument's own dye signals"),
    "run/signals/residual": ("counts", "(well, C) the instrument's own residual"),
    "run/results/rn": ("1", "(reaction, C) Rn as the instrument stored it"),
    "run/results/drn": ("1", "(reaction, C) ΔRn as the instrument stored it"),
    "curves/cycles": ("cycle", "(C,) cycle numbers"),
    "curves/rn": ("1", "(R, C) normalised reporter"),
    "curves/drn": ("1", "(R, C) baseline-corrected Rn"),
    "curves/reporter": (_FLUORESCENCE, "(R, C) reporter"),
    "curves/reference": (_FLUORESCENCE, "(R, C) passive reference"),
    "curves/residual": ("counts", "(R, C) residual standard error of the unmixing"),
    "fits/cycles": ("cycle", "(C,) cycle numbers"),
    "fits/table/model": ("", "(R,) place in the list of models; -1: not fitted"),
    "fits/table/theta": ("coordinates of the model", "(R, 3) shape of the fitted curve"),
    "fits/table/linear": ("ΔRn", "(R, 3) ground, height and slope of the fitted curve"),
    "fits/table/covariance": ("products of those of theta and linear", "(R, 6, 6) covariance"),
    "fits/table/rss": ("ΔRn²", "(R,) residual sum of squares"),
    "fits/table/noise": ("ΔRn", "(R,) standard deviation of one reading"),
    "fits/table/points": ("cycle; last column: factor a cycle", "(R, 4) cpd1, cpd2, cy0, …"),
    "fits/table/points_se": ("as points", "(R, 4) their standard errors"),
    "fits/table/cq": ("cycle", "(R,) Ct; NaN: none, see reason"),
    "fits/table/cq_se": ("cycle", "(R,) its standard error"),
    "fits/table/cq_low": ("cycle", "(R,) lower end of its 95 % interval"),
    "fits/table/cq_high": ("cycle", "(R,) upper end of its 95 % interval"),
    "fits/table/baseline_shift": ("cycle", "(R,) delay of Ct by product inside the baseline"),
    "fits/table/foot_range": ("cycle", "(R, 2) first and last cycle that Ct was read from"),
    "fits/table/reason": ("", "(R,) 0, or the number of the reason why there is no Ct"),
}


def described(path: str) -> tuple[str, str]:
    """Unit and meaning of a data set; those that are not listed are told by their path."""
    known = VALUES.get(path.partition("~")[0])
    return known or ("1", f"{path.replace('/', ', ')}: as the program names it")
