"""Everything needed to defend one result: the run, what was computed from it, how, with what."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from primers import Panel
from qpcr._frozen import FrozenMap
from qpcr.curves import Curves
from qpcr.findings import Finding, Severity
from qpcr.light_level import LightLevel
from qpcr.lots import Lot
from qpcr.run import Run
from qpcr.settings import FitSettings, Settings
from qpcr.shapes import Shape

if TYPE_CHECKING:
    from qpcr.calls import Call
    from qpcr.fits import Fits
    from qpcr.quantification import Quantification
    from qpcr.samples import Identity

_PACKAGES = ("ikaros-qpcr", "numpy", "scipy", "lmfit")


def versions() -> dict[str, str]:
    """Versions of this software and of what it computes with."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


@dataclass(frozen=True, eq=False)
class Record:
    """One analyzed run.

    Attributes
    ----------
    run
        What was read.
    curves, fits, shapes
        What was computed, a row a reaction in each.
    settings, fit_settings
        How.
    findings
        What the quality rules saw, the gravest first.
    panel
        Whose definitions were used, or ``None``: then there are no calls.
    calls
        One a sample.
    identities
        Who the samples are, by name, where a sheet or a pattern said so.
    versions
        Of this software and of the libraries that computed.
    created
        When, UTC.
    light_level
        How much light reached the detector, a stand-in for the lamp; ``None`` in records of
        versions that did not look.
    quantification
        Cq, efficiency and quantity by the method that was asked for, or ``None``; nothing else
        rests on it.
    lots
        Lots of the reagents, in order of their names, as far as they were known at the time; the
        store may know better since (:meth:`qpcr.records.Store.lots`).
    """

    run: Run
    curves: Curves
    fits: Fits
    shapes: tuple[Shape, ...]
    settings: Settings
    fit_settings: FitSettings
    findings: tuple[Finding, ...] = ()
    panel: Panel | None = None
    calls: tuple[Call, ...] = ()
    identities: Mapping[str, Identity] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=versions)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    light_level: LightLevel | None = None
    quantification: Quantification | None = field(
        default=None, metadata={"omitted_when_none": True}
    )
    lots: tuple[Lot, ...] = ()

    def __post_init__(self) -> None:
        for name in ("versions", "identities"):
            object.__setattr__(self, name, FrozenMap(getattr(self, name)))
        lengths = {len(self.curves), len(self.fits), len(self.shapes), len(self.run.reactions)}
        if self.quantification is not None:
            lengths.add(len(self.quantification))
        if len(lengths) > 1:
            raise ValueError("run, curves, fits, shapes and quantities: one row a reaction each")

    @property
    def invalid(self) -> bool:
        """A finding says that the run must not be used."""
        return any(finding.severity is Severity.RUN for finding in self.findings)
