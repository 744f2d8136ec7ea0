"""Calibration: the optics of the instrument (uniformity, background, pure dyes, unmixing).

Standard curves, the other meaning of the word, are not here yet. This package knows nothing of
files, plates or reactions: arrays in, arrays out.
"""

from calibration.errors import CalibrationError
from calibration.optics import OpticalCalibration, Unmixed, correct, unmix

__all__ = ["CalibrationError", "OpticalCalibration", "Unmixed", "correct", "unmix"]
