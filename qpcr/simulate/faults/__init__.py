"""What goes wrong on a plate, by the stage at which it acts; add them to ``PlateSpec.faults``.

Which to use when: :mod:`~qpcr.simulate.faults.template` for what was pipetted wrongly,
:mod:`~qpcr.simulate.faults.growth` for reactions that amplify badly,
:mod:`~qpcr.simulate.faults.light` for what changes the dyes of a well, and
:mod:`~qpcr.simulate.faults.detection` for the instrument. Sizes are assumptions, large enough that
a person would see the fault in a plot.
"""

from qpcr.simulate.faults.detection import Crosstalk, Saturation, WeakLamp
from qpcr.simulate.faults.growth import EdgeEffect, Inhibition, Late, outer_wells
from qpcr.simulate.faults.light import Bubble, Drift, Evaporation, Hook, LowReference
from qpcr.simulate.faults.template import (
    ContaminatedControl,
    Contamination,
    Dropout,
    FailedControl,
    SwappedSample,
    swapped,
)

__all__ = [
    "Bubble",
    "ContaminatedControl",
    "Contamination",
    "Crosstalk",
    "Drift",
    "Dropout",
    "EdgeEffect",
    "Evaporation",
    "FailedControl",
    "Hook",
    "Inhibition",
    "Late",
    "LowReference",
    "Saturation",
    "SwappedSample",
    "WeakLamp",
    "outer_wells",
    "swapped",
]
