"""What is asked for every run of a batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from primers import Panel
from qpcr.document import plain_value
from qpcr.record import Record, versions
from qpcr.samples import NamePattern
from qpcr.settings import FitSettings, Settings

if TYPE_CHECKING:
    from qpcr.calls import Release
    from qpcr.reagents import ReagentLots
    from qpcr.run import Run
    from qpcr.samples import Identity


@dataclass(frozen=True, eq=False)
class Order:
    """What is asked for every run of a batch; it can be sent to another process.

    Attributes
    ----------
    settings, fit_settings, panel, identities, release, method, copies, lots
        As :func:`qpcr.pipeline.analyze` takes them.
    run_name
        Which run of a file that holds several; ``None``: every one.
    out
        Folder of the results, a folder a file (and run) in it; ``None``: nothing is written.
    lang
        Of the report.
    store, user, reason
        Where runs are kept, who keeps them, and why again; no store: they are not kept.
    resume
        Leave runs alone that are finished.
    """

    settings: Settings = field(default_factory=Settings)
    fit_settings: FitSettings = field(default_factory=FitSettings)
    panel: Panel | None = None
    identities: Sequence[Identity] | NamePattern | None = None
    release: Release | None = None
    method: str | None = None
    copies: bool = False
    lots: ReagentLots | None = None
    run_name: str | None = None
    out: Path | None = None
    lang: str = "en"
    store: Path | None = None
    user: str | None = None
    reason: str | None = None
    resume: bool = False

    def record_of(self, run: Run) -> Record:
        """Analyze a run.

        Raises
        ------
        InputError
            As :func:`qpcr.pipeline.analyze` does.
        """
        from qpcr.pipeline import analyze

        return analyze(
            run,
            self.settings,
            self.fit_settings,
            panel=self.panel,
            identities=self.identities,
            release=self.release,
            method=self.method,
            copies=self.copies,
            lots=self.lots,
        )

    def mark(self) -> str:
        """SHA-256 of everything that decides what the results of a run are, versions included.

        The name of the run is not part of it: whichever way a run was chosen, it is the same.
        """
        who = self.identities
        kept = self.store is not None
        asked = {
            "versions": versions(),
            "settings": self.settings,
            "fit_settings": self.fit_settings,
            "panel": None if self.panel is None else replace(self.panel, file=None),
            "identities": None if isinstance(who, NamePattern) or who is None else list(who),
            "pattern": who.pattern if isinstance(who, NamePattern) else None,
            "release": self.release,
            "lang": self.lang,
            "method": self.method,
            "copies": self.copies,
            "lots": self.lots,
            "store": str(self.store.absolute()) if self.store is not None else None,
            "user": self.user if kept else None,
            "reason": self.reason if kept else None,
        }
        text = json.dumps(plain_value(asked), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
