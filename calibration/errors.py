"""The one error of this package."""

from __future__ import annotations


class CalibrationError(ValueError):
    """A calibration does not fit the data, or cannot be used for arithmetic at all."""
