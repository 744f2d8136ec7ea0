"""A simulated 7500 plate whose truth is known: template → product → dyes → filters → counts.

``write_eds(simulate_plate(demo_plate(), seed=1), "demo.eds")`` writes a file of the instrument's
own format that says of itself that it is simulated. The same specification and seed give the
same bytes (with the same numpy and zlib). Nothing here uses the code that reads files or undoes
the optics, so that the two can be held against each other.

The pipeline: :mod:`~qpcr.simulate.spec` (what is on the plate), :mod:`~qpcr.simulate.pcr`
(amplification), :mod:`~qpcr.simulate.plate` (dyes in the wells), :mod:`~qpcr.simulate.optics`
(what the instrument sees), :mod:`~qpcr.simulate.eds` (the file).
"""

from qpcr.simulate.demo import demo_plate
from qpcr.simulate.eds import eds_bytes, write_eds
from qpcr.simulate.plate import simulate_plate
from qpcr.simulate.run import SimulatedRun, Truth
from qpcr.simulate.spec import Conditions, PlateSpec, ReactionSpec, TargetSpec, WellSpec

__all__ = [
    "Conditions",
    "PlateSpec",
    "ReactionSpec",
    "SimulatedRun",
    "TargetSpec",
    "Truth",
    "WellSpec",
    "demo_plate",
    "eds_bytes",
    "simulate_plate",
    "write_eds",
]
