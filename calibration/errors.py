"""The one error of this package."""

from __future__ import annotations


class CalibrationError(ValueError):
    """A calibration does not fit the data, or cannot be used for arithmetic at all.

    Where a person may meet the reason in a report it is :class:`~calibration.stated.Stated`.
    """

    @property
    def reason(self) -> str:
        """What is wrong, as it was stated."""
        return str(self) if not isinstance(self.args[0], str) else self.args[0]
