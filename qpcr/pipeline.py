"""The whole pipeline on one screen: file → run → curves → fits → record."""

from __future__ import annotations

from pathlib import Path

from qpcr import curves
from qpcr.formats import read_run
from qpcr.record import Record
from qpcr.run import Run
from qpcr.settings import FitSettings, Settings


def analyze(
    source: Path | str | Run,
    settings: Settings | None = None,
    fit_settings: FitSettings | None = None,
) -> Record:
    """Analyze one run.

    Parameters
    ----------
    source
        An instrument's file, or a run that was read already.
    settings
        How baselines and thresholds are chosen.
    fit_settings
        How curves are fitted.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        The file cannot be read, or the run cannot be analyzed.
    """
    from qpcr.fits import fit_curves  # costs start-up time

    run = source if isinstance(source, Run) else read_run(source)
    settings = settings or Settings()
    chosen = fit_settings or FitSettings()
    made = curves.from_run(run, settings)
    fits = fit_curves(made, model=chosen.model, baseline=chosen.baseline, polish=chosen.polish)
    return Record(run, made, fits, settings, chosen)
