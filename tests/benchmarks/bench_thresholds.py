# ruff: noqa: E402 - it prints; threads are limited before NumPy is imported
"""Calls with and without fixed thresholds, for every panel that comes with the software.

    python tests/benchmarks/bench_thresholds.py [--learn N] [--plates N] [--seed S] [--faults]

All plates are simulated. Thresholds are proposed from `learn` plates and judged on `plates` others,
each analyzed twice: as the panel is, and with the proposals fixed. A call is *right* (all that the
panel can report of the patient's deletions and nothing else, or that there is none), *part* (some
of it), *false* (a deletion that is not there, or "not detected" where one is), or *not callable*
(inconclusive or invalid). With ``--faults`` the plates judged have one fault each, in turn; then
"not callable" is often the right answer, and swapped samples are left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from bench_calls import CLEAN, KINDS, planted, screen, table, truth_of, watch

from primers import Panel, fix_thresholds, load_panel, panel_names
from primers.loader import parse_panel
from qpcr import simulate
from qpcr.calls import Call, Outcome
from qpcr.threshold_evidence import basis_of
from qpcr.threshold_proposal import Proposal, propose_thresholds
from qpcr.threshold_sheet import COLUMNS, citation_of, proposal_rows

RESULTS = ("right", "part", "false", "not callable")


def learnt(panel: Panel, count: int, seed: int) -> tuple[tuple[Proposal, ...], Panel]:
    """Proposals from so many plates, every other one in duplicate, and the panel with them."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.eds" for number in range(count)]
        for number, file in enumerate(files):
            plate = screen(panel, seed + number, 1 + number % 2)
            simulate.write_eds(simulate.simulate_plate(plate, seed + number), file)
        basis = basis_of(files, panel)
    proposals = propose_thresholds(basis, panel)
    values = {one.target: one.threshold for one in proposals if one.threshold is not None}
    text = fix_thresholds(panel.name, values, citation_of(basis), name=f"{panel.name}-fixed")
    return proposals, parse_panel(text.encode())


def bare(panel: Panel) -> Panel:
    """The panel without any fixed threshold."""
    free = {"threshold": None, "threshold_source": None}
    return replace(
        panel,
        reactions=tuple(
            replace(one, channels=tuple(replace(c, **free) for c in one.channels))  # type: ignore[arg-type]
            for one in panel.reactions
        ),
    )


def plates(panel: Panel, count: int, seed: int, faults: bool) -> Iterator[tuple[str, int, int]]:
    """Kind, seed and replicates of plates to be judged."""
    for number in range(count):
        kind = KINDS[number % len(KINDS)] if faults else CLEAN
        yield kind, seed + number, 1 + (number % 2 if faults else 0)


def judged(panel: Panel, count: int, seed: int, faults: bool) -> Counter[str]:
    """Calls of the plates by :data:`RESULTS`."""
    found: Counter[str] = Counter()
    for kind, mine, replicates in plates(panel, count, seed, faults):
        plate = planted(screen(panel, mine, replicates), kind, mine)
        if plate is None:
            continue
        seen = watch(panel, plate, kind, mine, replicates)
        for call in seen.calls:
            truth, carried = truth_of(seen, call.sample, panel)
            if truth == "swapped":  # the wells are right of another patient: only a sheet can tell
                continue
            column = column_of(call, carried, panel)
            found[column] += 1
            if column == "false":
                what = " + ".join(sorted(carried)) or "none"
                print(f"   {panel.name} {kind} {mine}: {call.sample}, {what}")
                print("     " + "\n     ".join(call.chain()))
    return found


def column_of(call: Call, carried: frozenset[str], panel: Panel) -> str:
    """One of :data:`RESULTS`."""
    product = {assay.name: assay.product for assay in panel.assays}
    true = frozenset(
        channel.reports
        for channel in panel.channels()
        if channel.role == "target" and carried & {product[name] for name in channel.reads}
    )
    named = frozenset(call.deletions)
    if call.outcome in (Outcome.INCONCLUSIVE, Outcome.INVALID):
        return "not callable"
    if named - true or (true and not named):
        return "false"
    return "right" if named == true else "part"


def main() -> None:
    """Learn, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--learn", type=int, default=8)
    parser.add_argument("--plates", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--panel", action="append", choices=panel_names())
    asked = parser.parse_args()
    rows = []
    for name in asked.panel or panel_names():
        panel = bare(load_panel(name))
        proposals, fixed = learnt(panel, asked.learn, 100_000 * asked.seed)
        table(f"Proposals for {name} (simulated)", tuple(COLUMNS), proposal_rows(proposals))
        kinds = [("each plate its own", panel), ("fixed by the proposals", fixed)]
        if bare(load_panel(name)) != load_panel(name):
            kinds.append(("as the panel has them", load_panel(name)))
        for words, one in kinds:
            got = judged(one, asked.plates, 100_000 * asked.seed + 50_000, asked.faults)
            rows.append((name, words, got.total(), *(got[column] for column in RESULTS)))
    table("Calls (simulated)", ("panel", "thresholds", "calls", *RESULTS), rows)


if __name__ == "__main__":
    main()
