"""Calibration in both meanings: the optics of the instrument, and quantities from Ct.

Optics (uniformity, background, pure dyes, unmixing) are re-exported here. Quantities are in modules
of their own, imported where they are needed: ``standard_curve``, ``curve_checks``,
``pooled_curves``, ``stored_curve``, ``read_at``, ``levels``, ``installation``, ``hit_rates``,
``lod``, ``loq``, ``westgard``, ``relative``, ``poisson``, ``blasts``, ``mrd_profile``,
``mrd_assay``, ``mrd``. Reasons are :mod:`~calibration.stated` with template and values. This
package knows nothing of files, plates or reactions: arrays in, values out.
"""

from calibration.errors import CalibrationError
from calibration.optics import OpticalCalibration, Unmixed, correct, unmix

__all__ = ["CalibrationError", "OpticalCalibration", "Unmixed", "correct", "unmix"]
