"""The whole pipeline on one screen: file → run → curves → fits → findings → calls → record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from primers import Panel
from qpcr import curves
from qpcr.errors import InputError
from qpcr.formats import read_run
from qpcr.record import Record
from qpcr.run import Run
from qpcr.settings import FitSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpcr.calls import Release
    from qpcr.reagents import ReagentLots
    from qpcr.samples import Identity, NamePattern


def analyze(
    source: Path | str | Run,
    settings: Settings | None = None,
    fit_settings: FitSettings | None = None,
    *,
    panel: Panel | None = None,
    identities: Sequence[Identity] | NamePattern | None = None,
    release: Release | None = None,
    run_name: str | None = None,
    method: str | None = None,
    copies: bool = False,
    lots: ReagentLots | None = None,
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
    panel
        What the targets mean and which rules the run must pass; without one, only general rules
        are applied and nothing is called.
    identities
        Who the samples are; names that nobody or several match become findings, and so
        do calls that contradict what is expected of a sample.
    release
        A person's decision to use the run although its controls failed.
    run_name
        Which run to read, where the file holds several (RDML).
    method
        Cq method for quantities, one of :func:`qpcr.methods.methods`; nothing else rests on it:
        calls stay with the instrument's rule, their cut-offs were set with it.
    copies
        The quantities of standards are copies in the reaction; see
        :func:`qpcr.quantification.quantified`.
    lots
        What is known of the lots of its reagents, beside what its file says.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        A release without a panel, person or reason; the file cannot be read, the run cannot be
        analyzed, its lots contradict each other, or there is no such method.
    """
    # The parts that compute load SciPy and more: only when they are needed.
    from qpcr.deciding import decide
    from qpcr.expected import contradictions
    from qpcr.findings import gravest_first
    from qpcr.fits import fit_curves
    from qpcr.light_level import light_level
    from qpcr.qc import evaluate, plate_of
    from qpcr.quantification import check_method, quantified
    from qpcr.reagents import ReagentLots, expired
    from qpcr.samples import match_samples
    from qpcr.shapes import classify
    from qpcr.threshold_origin import threshold_findings

    if method is not None:
        check_method(method)
    if release is not None and panel is None:
        raise InputError("a release is of calls, and without a panel there are none")
    run = source if isinstance(source, Run) else read_run(source, run_name)
    used = (lots or ReagentLots()).of(run)
    settings = settings or Settings()
    chosen = fit_settings or FitSettings()
    made = curves.from_run(run, settings, panel)
    fits = fit_curves(made, model=chosen.model, baseline=chosen.baseline, polish=chosen.polish)
    shapes = classify(made)
    plate = plate_of(run, made, fits, shapes, panel)
    found = (*evaluate(plate), *threshold_findings(plate), *expired(used, run))
    findings = gravest_first(found)
    known: dict[str, Identity] = {}
    if identities is not None:
        known, strangers = match_samples(plate, identities)
        findings = (*findings, *strangers)
    calls = () if panel is None else decide(plate, findings, release)
    if panel is not None:
        findings = (*findings, *contradictions(calls, known, panel))
    return Record(
        run,
        made,
        fits,
        shapes,
        settings,
        chosen,
        findings,
        panel,
        calls,
        known,
        light_level=light_level(run),
        quantification=None if method is None else quantified(made, fits, method, copies),
        lots=used,
    )
