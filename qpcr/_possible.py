"""What can be made of a run, and what is missing for the rest: said by ``qpcr inspect``."""

from __future__ import annotations

from qpcr.instrument import rules_for
from qpcr.run import Run, Task

MIN_LEVELS = 3
"""Different quantities that a standard curve needs."""


def possible(run: Run) -> list[tuple[str, tuple[str, ...]]]:
    """Kinds of analysis, each with what is missing for it (nothing: it can be made).

    Parameters
    ----------
    run
        As it was read.

    Returns
    -------
    list
        From the deepest layer of the data to the least.
    """
    rn = any(one.rn is not None for one in run.results.values())
    drn = any(one.drn is not None for one in run.results.values())
    dyes = bool(run.signals) or (run.raw is not None and run.calibration is not None)
    levels = {r.quantity for r in run.reactions if r.task is Task.STANDARD and r.quantity}
    fluorescence = dyes or rn or drn
    said = any(one.determined is not None for one in run.results.values())
    thresholds = any(one.value is not None for one in run.settings.thresholds.values())
    rules = rules_for(run.provenance.software)
    computed = rules is not None and rules.threshold is not None
    kinds = {
        "dye signals from raw fluorescence": {
            "raw fluorescence": run.raw is not None,
            "optical calibration": run.calibration is not None,
        },
        "checks of the passive reference": {
            "dye signals": dyes,
            "a passive reference": run.passive_reference is not None,
        },
        "Ct from the whole curve": {"Rn, ΔRn or dye signals": fluorescence},
        "the baseline drawn anew": {"Rn or dye signals": dyes or rn},
        "Ct by the instrument's rule": {
            "Rn, ΔRn or dye signals": fluorescence,
            "software whose rules are known": rules is not None,
            "recorded thresholds, or a known rule for them": thresholds or computed,
        },
        "comparison with the instrument's Ct": {
            "Rn, ΔRn or dye signals": fluorescence,
            "results of the instrument": said,
        },
        "standard curves": {
            "Ct or fluorescence": fluorescence or said,
            f"standards of at least {MIN_LEVELS} quantities": len(levels) >= MIN_LEVELS,
        },
        "results by sample": {
            "sample names": any(reaction.sample for reaction in run.reactions),
            "fluorescence": fluorescence,
        },
    }
    return [
        (kind, tuple(name for name, there in needs.items() if not there))
        for kind, needs in kinds.items()
    ]
