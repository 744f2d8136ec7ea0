"""A simulated 7500 plate whose truth is known: template → product → dyes → filters → counts.

``write_eds(simulate_plate(demo_plate(), seed=1), "demo.eds")`` writes a file of the instrument's
own format that says of itself that it is simulated; ``write_truth`` writes what is true beside it.
The same specification and seed give the same bytes (with the same numpy and zlib). Nothing here
uses the code that reads files or undoes the optics, so that the two can be held against each other.

The pipeline: :mod:`~qpcr.simulate.spec` (what is on the plate), :mod:`~qpcr.simulate.pcr`
(amplification), :mod:`~qpcr.simulate.plate` (dyes in the wells), :mod:`~qpcr.simulate.optics`
(what the instrument sees), :mod:`~qpcr.simulate.eds` (the file). Before it:
:mod:`~qpcr.simulate.cohort` (invented patients), :mod:`~qpcr.simulate.screen` (patients to wells),
:mod:`~qpcr.simulate.faults` and :mod:`~qpcr.simulate.plant` (what goes wrong, and where).
"""

from qpcr.simulate.cohort import random_patients
from qpcr.simulate.demo import demo_plate
from qpcr.simulate.eds import eds_bytes, write_eds
from qpcr.simulate.fault import Fault
from qpcr.simulate.patient import Clone, PatientSpec
from qpcr.simulate.plant import FAULT_NAMES, plant_faults
from qpcr.simulate.plate import simulate_plate
from qpcr.simulate.run import SimulatedRun, Truth
from qpcr.simulate.screen import ChannelSpec, Controls, patient_plates
from qpcr.simulate.spec import Conditions, PlateSpec, ReactionSpec, TargetSpec, WellSpec
from qpcr.simulate.truth import TrueReaction, true_reactions, write_truth

__all__ = [
    "FAULT_NAMES",
    "ChannelSpec",
    "Clone",
    "Conditions",
    "Controls",
    "Fault",
    "PatientSpec",
    "PlateSpec",
    "ReactionSpec",
    "SimulatedRun",
    "TargetSpec",
    "TrueReaction",
    "Truth",
    "WellSpec",
    "demo_plate",
    "eds_bytes",
    "patient_plates",
    "plant_faults",
    "random_patients",
    "simulate_plate",
    "true_reactions",
    "write_eds",
    "write_truth",
]
