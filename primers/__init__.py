"""Oligos, assays and panels; primer thermodynamics; in-silico PCR.

Panels are TOML files (``primers/FORMAT.md``); `load_panel` reads one by name or path. The
package knows neither `qpcr` nor `calibration`.
"""

from primers.check import CheckLimits, check_panel
from primers.errors import PanelError, PrimersError, SequenceError, UnknownPanelError
from primers.fasta import Reference, read_fasta
from primers.finding import Kind, PanelFinding
from primers.fixing import fix_thresholds
from primers.loader import load_panel, new_panel, panel_names
from primers.panel import Assay, Channel, Oligo, Panel, ReactionDefinition
from primers.pcr import Product, in_silico_pcr
from primers.sites import Binding
from primers.structures import dimer, hairpin
from primers.thermo import Solution, tm_celsius
from primers.thresholds import check_thresholds

__all__ = [
    "Assay",
    "Binding",
    "Channel",
    "CheckLimits",
    "Kind",
    "Oligo",
    "Panel",
    "PanelError",
    "PanelFinding",
    "PrimersError",
    "Product",
    "ReactionDefinition",
    "Reference",
    "SequenceError",
    "Solution",
    "UnknownPanelError",
    "check_panel",
    "check_thresholds",
    "dimer",
    "fix_thresholds",
    "hairpin",
    "in_silico_pcr",
    "load_panel",
    "new_panel",
    "panel_names",
    "read_fasta",
    "tm_celsius",
]
