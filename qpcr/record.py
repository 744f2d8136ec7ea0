"""Everything needed to defend one result: the run, what was computed from it, how, with what."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from qpcr._frozen import FrozenMap
from qpcr.curves import Curves
from qpcr.run import Run
from qpcr.settings import FitSettings, Settings

if TYPE_CHECKING:
    from qpcr.fits import Fits

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
    curves, fits
        What was computed, a row a reaction in both.
    settings, fit_settings
        How.
    versions
        Of this software and of the libraries that computed.
    created
        When, UTC.
    """

    run: Run
    curves: Curves
    fits: Fits
    settings: Settings
    fit_settings: FitSettings
    versions: Mapping[str, str] = field(default_factory=versions)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        object.__setattr__(self, "versions", FrozenMap(self.versions))
        if not len(self.curves) == len(self.fits) == len(self.run.reactions):
            raise ValueError("run, curves and fits must have one row a reaction")
