"""Whether a panel fixes the thresholds at which its Cq are read, and who says that they are right.

A cut-off in cycles holds for the threshold it was validated with: at twice the threshold every
curve that doubles comes one cycle later. A threshold that the instrument computes anew on every
plate also follows whatever is on that plate, in a multiplex the bleed-through of other dyes.
"""

from __future__ import annotations

from collections.abc import Iterator

from primers.finding import Kind, PanelFinding
from primers.panel import Panel


def check_thresholds(panel: Panel) -> Iterator[PanelFinding]:
    """Yield which channels have no fixed threshold, and which have one nobody has validated.

    Parameters
    ----------
    panel
        A loaded panel.

    Yields
    ------
    PanelFinding
        One warning for all channels without a threshold, one for those whose threshold is of
        unverified evidence; the latter's values are the thresholds (ΔRn).
    """
    free = [one.target for one in panel.channels() if one.threshold is None]
    if free:
        yield PanelFinding(
            Kind.THRESHOLD_FREE,
            "warning",
            panel.name,
            f"no fixed threshold for {', '.join(free)}: every plate has its own, though the cut-off"
            " holds for one; qpcr panel thresholds proposes some from your own runs",
        )
    doubtful = [
        (one.target, one.threshold)
        for one in panel.channels()
        if one.threshold is not None
        and (one.threshold_source is None or one.threshold_source.evidence == "unverified")
    ]
    if doubtful:
        told = ", ".join(f"{target} {threshold:g}" for target, threshold in doubtful)
        yield PanelFinding(
            Kind.THRESHOLD_UNVALIDATED,
            "warning",
            panel.name,
            f"thresholds that nobody has validated: {told}; verify them and the cut-off with your"
            " own dilution series, then name that validation as their threshold_source",
            tuple(threshold for _, threshold in doubtful),
        )
