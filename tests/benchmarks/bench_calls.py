# ruff: noqa: E402 - it prints; threads are limited before NumPy is imported
"""Findings and calls against the truth of simulated plates: faults found, alarms, calls, copies.

    python tests/benchmarks/bench_calls.py [--plates N] [--seed S]

All plates are simulated. The panel is ``ikzf1``; every other plate of a kind has duplicates
instead of the single wells that the panel asks for, since some faults only show between
replicates. Every plate comes with a sheet of the patients' true results, as of an earlier run. A
faulty plate has one kind of fault, so that none hides another. Everything is printed;
nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
from scipy.stats import binomtest

from primers import Panel, load_panel
from qpcr import simulate
from qpcr.calls import Answer, Call, Outcome
from qpcr.errors import InputError
from qpcr.findings import Finding, Severity
from qpcr.pipeline import analyze
from qpcr.rehearsal import wells_of
from qpcr.samples import Identity
from qpcr.settings import FitSettings
from qpcr.simulate.faults import Contamination, Saturation

CLEAN, SPLASH, CEILING = "clean", "contamination", "saturation, all wells"

RULES: Mapping[str, tuple[str, ...]] = {
    "swapped sample": ("unexpected_result",),  # two whole samples: only a sheet can tell
    SPLASH: ("neighbour_contamination", "ntc_amplified"),
    "dropout": ("reference_gene", "replicates", "no_amplification"),
    "failed positive control": ("positive_control",),
    "contaminated NTC": ("ntc_amplified",),
    "inhibition": ("reference_gene", "replicates"),
    "late": ("reference_gene", "replicates"),
    "edge effect": ("edge_effect", "reference_gene", "replicates"),
    "bubble": ("passive_reference", "proper_curve"),
    "evaporation": ("passive_reference",),
    "low passive reference": ("passive_reference",),
    "drift": ("baseline", "proper_curve"),
    "hook": ("proper_curve",),
    "crosstalk": ("unmixing_residual", "crosstalk"),
    "weak lamp": ("passive_reference",),
    "saturation": ("saturation",),
    CEILING: ("saturation",),  # as detectors are: the same ceiling for every well
}
"""The rules that are meant to find each fault."""
KINDS = (*RULES, *(name for name in simulate.FAULT_NAMES if name not in RULES))

COPIES = (5, 10, 50, 500)
LOST = {"failed positive control", "contaminated NTC"}
"""Faults after which no sample of the run may be called."""

NAMED = ("right", "rest open", "some missing", "wrong name")
COLUMNS = (*NAMED, "not detected", "inconclusive", "invalid")
"""What a call can be; "rest open" names some of the deletions and asks for repeats."""


@dataclass(frozen=True)
class Seen:
    """One plate: what was planted, what is true, and what was found and called."""

    kind: str
    seed: int
    replicates: int
    truth: tuple[simulate.TrueReaction, ...]
    findings: tuple[Finding, ...]
    calls: tuple[Call, ...]
    well_of: tuple[int, ...]

    def struck(self) -> frozenset[int]:
        """Wells with a fault."""
        return frozenset(one.well for one in self.truth if one.faults)

    def grave(self) -> list[Finding]:
        """Findings that a person has to look at, at least."""
        return [f for f in self.findings if f.severity.grade >= Severity.WARNING.grade]

    def hits(self) -> list[Finding]:
        """Those of them that name a struck well, or the whole plate."""
        struck = self.struck()
        return [
            one
            for one in self.grave()
            if not one.reactions or struck & {self.well_of[row] for row in one.reactions}
        ]


def screen(panel: Panel, seed: int, replicates: int) -> simulate.PlateSpec:
    """Lay out a full plate of invented patients."""
    kinds = wells_of(panel)
    count = (96 - 2 * len(kinds) * replicates) // (len(kinds) * replicates)
    patients = simulate.random_patients(count, kinds, seed)
    return simulate.patient_plates(patients, kinds, name=panel.title, replicates=replicates)[0]


def planted(plate: simulate.PlateSpec, kind: str, seed: int) -> simulate.PlateSpec | None:
    """Plant a fault; ``None``: these patients leave no place for it."""
    if kind == CLEAN:
        return plate
    if kind == SPLASH:
        return splashed(plate, seed)
    if kind == CEILING:
        return replace(plate, faults=(Saturation(None),))
    try:
        return simulate.plant_faults(plate, [kind], seed)
    except InputError:
        return None


def splashed(plate: simulate.PlateSpec, seed: int) -> simulate.PlateSpec | None:
    """Carry 0.1 to 1 % of a strong well into one of its eight neighbours that holds nothing.

    ``plant_faults`` knows four neighbours; seven kinds of well, eight to a column, put the wells
    of one target side by side on diagonals only.
    """
    rng = np.random.default_rng(seed)
    held = {
        divmod(well.well, plate.columns): (well.well, {r.target: r.copies for r in well.reactions})
        for well in plate.wells
    }
    pairs = [
        (well, source)
        for (row, column), (well, here) in held.items()
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        for source, there in [held.get((row + down, column + right), (well, {}))]
        if any(here[target] == 0 and there.get(target, 0) >= 20_000 for target in here)
    ]
    if not pairs:
        return None
    well, source = pairs[int(rng.integers(len(pairs)))]
    fault = Contamination((well,), source, round(float(rng.uniform(0.001, 0.01)), 3))
    return replace(plate, faults=(fault,))


def sparse(panel: Panel, copies: int, first: int) -> simulate.PlateSpec:
    """Lay out patients with one deletion each, so many mean copies a well, all pairs in turn."""
    kinds = wells_of(panel)
    pairs = [read for kind in kinds for channel in kind for read in channel.reads]
    count = 96 // len(kinds) - 2
    patients = [
        simulate.PatientSpec(f"P-{number:03d}", (clone,), blasts=1.0, input_copies=150_000)
        for number in range(first, first + count)
        for pair, deletion in [pairs[number % len(pairs)]]
        for clone in [simulate.Clone(deletion, copies / 75_000, (pair,))]
    ]
    return simulate.patient_plates(patients, kinds, name=panel.title, replicates=1)[0]


def sheet(truth: Iterable[simulate.TrueReaction]) -> list[Identity]:
    """Make a sample sheet that knows each patient's earlier result."""
    carried = {one.sample: one.deletions for one in truth if one.sample}
    return [
        Identity(name, name, expected=" + ".join(deletions) or "none")
        for name, deletions in carried.items()
    ]


def watch(panel: Panel, plate: simulate.PlateSpec, kind: str, seed: int, replicates: int) -> Seen:
    """Simulate a plate, analyze its file, and keep what is compared."""
    simulated = simulate.simulate_plate(plate, seed)
    truth = simulate.true_reactions(simulated)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "simulated.eds"
        simulate.write_eds(simulated, file)
        record = analyze(
            file, fit_settings=FitSettings(polish=False), panel=panel, identities=sheet(truth)
        )
    wells = tuple(r.well for r in record.run.reactions)
    return Seen(kind, seed, replicates, truth, record.findings, record.calls, wells)


def watched(panel: Panel, kind: str, count: int, seed: int) -> Iterator[Seen]:
    """Make so many plates with a kind of fault."""
    for number in range(count):
        # Duplicates never lie beside wells of another patient with the same target.
        replicates = 1 if kind == SPLASH else 1 + number % 2
        for again in range(50):
            mine = seed + 100 * number + again
            plate = planted(screen(panel, mine, replicates), kind, mine)
            if plate is not None:
                yield watch(panel, plate, kind, mine, replicates)
                break


def truth_of(seen: Seen, sample: str, panel: Panel) -> tuple[str, frozenset[str]]:
    """Say what is true of a sample, and its deletions, in the words of the confusion table."""
    rows = [one for one in seen.truth if one.sample == sample]
    carried = frozenset(name for one in rows for name in one.deletions)
    reports = {c.target: c.reports for kind in panel.reactions for c in kind.channels}
    held = {reports[one.target] for one in rows if one.copies}
    if seen.kind in LOST:
        return "control spoilt", carried
    if any("swapped sample" in one.faults for one in rows):
        return "swapped", carried
    if not held:
        return "DNA lost", carried
    if carried - held:
        return "deletion's DNA lost", carried
    return ("none", "one deletion", "mixed")[min(len(carried), 2)], carried


def column_of(call: Call, carried: frozenset[str]) -> str:
    """Column of the confusion table that a call belongs to."""
    named = frozenset(call.deletions)
    if call.outcome is not Outcome.DETECTED:
        return str(call.outcome)
    if named - carried:
        return "wrong name"
    if named == carried:
        return "right"
    return "rest open" if call.recommendations else "some missing"


def bad(truth: str, column: str, carried: frozenset[str]) -> bool:
    """Say whether a call is wrong without any doubt shown."""
    if truth in ("DNA lost", "control spoilt"):
        return column not in ("inconclusive", "invalid")
    missed = column in ("some missing", "not detected")
    return column == "wrong name" or (missed and bool(carried))


def false_names(seen: Seen, panel: Panel) -> Iterator[tuple[Call, str, bool]]:
    """Yield calls with a deletion that the patient does not have, and whether a struck well did."""
    for call in seen.calls:
        _, carried = truth_of(seen, call.sample, panel)
        for name in frozenset(call.deletions) - carried:
            shown = [e for e in call.evidence if e.product == name and e.answer is Answer.POSITIVE]
            wells = {seen.well_of[one.reaction] for one in shown}
            yield call, name, bool(wells) and wells <= seen.struck()


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with a title."""
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[k]) for row in texts) for k in range(len(head))]
    print(f"\n{title}")
    for row in texts:
        pairs = enumerate(zip(row, widths, strict=True))
        cells = (cell.rjust(width) if k else cell.ljust(width) for k, (cell, width) in pairs)
        print("  " + "  ".join(cells))


def listed(counts: Counter[str]) -> str:
    """Names and how often, the most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"


def show_recall(plates: Sequence[Seen], panel: Panel) -> None:
    """Print what was found of every planted fault, and which rules found it."""
    rows, spoke = [], []
    for kind in KINDS:
        meant, mine = RULES.get(kind, ()), [one for one in plates if one.kind == kind]
        cells: list[object] = [kind]
        for times in (1, 2):
            some = [one for one in mine if one.replicates == times]
            found = sum(any(f.rule in meant for f in one.hits()) for one in some)
            cells.append(f"{found if meant else '-'}/{len(some)}")
        cells.append(f"{sum(bool(one.hits()) for one in mine)}/{len(mine)}")
        cells.append(sum(len(one.grave()) - len(one.hits()) for one in mine))
        rows.append([*cells, sum(len(list(wrong(one, panel))) for one in mine)])
        spoke.append(f"   {kind}: {listed(Counter(f.rule for one in mine for f in one.hits()))}")
    table(
        "1. Faults found, a fault kind a plate (simulated). By its rules: plates with a warning or "
        "graver\n   of a rule meant for it that names a struck well; any: of any rule; elsewhere: "
        "findings that name\n   no struck well; wrong: calls that are wrong without any doubt",
        ("fault", "rules, single", "rules, duplicate", "any", "elsewhere", "wrong"),
        rows,
    )
    print("\n   Findings that name a struck well:", *spoke, sep="\n")


def wrong(seen: Seen, panel: Panel) -> Iterator[str]:
    """Describe the calls of a plate that are wrong without doubt."""
    for call in seen.calls:
        truth, carried = truth_of(seen, call.sample, panel)
        column = column_of(call, carried)
        if bad(truth, column, carried):
            told = [", ".join(sorted(names)) or "-" for names in (carried, call.deletions)]
            yield f"{call.sample}: truth {truth} ({told[0]}), called {call.outcome} ({told[1]})"


def show_misses(plates: Sequence[Seen], panel: Panel) -> None:
    """Print every fault that no rule meant for it found, and every call that is wrong."""
    print("\n   Missed by the rules meant for it (plate seed, replicates, wells, targets, others):")
    for one in plates:
        hits, meant = one.hits(), RULES.get(one.kind, ())
        if not meant or any(f.rule in meant for f in hits):
            continue
        struck = [t for t in one.truth if t.faults]
        where = ", ".join(f"{t.well_name} {t.sample} {t.target}" for t in struck[:2])
        more = f" and {len(struck) - 2} more" if len(struck) > 2 else ""
        others = listed(Counter(f.rule for f in hits))
        print(f"   {one.kind}: {one.seed}, {one.replicates}, {where}{more}; {others}")
    print("\n   Wrong calls (swapped samples left out, whose wells answer for another patient):")
    for one in plates:
        for text in wrong(one, panel):
            if "truth swapped" not in text:
                print(f"   {one.kind}: {one.seed}, {one.replicates}, {text}")


def show_alarms(title: str, plates: Sequence[Seen], expected: Iterable[str] = ()) -> None:
    """Print the findings of plates without fault, those that were not expected in full."""
    found = [(one, finding) for one in plates for finding in one.findings]
    told = listed(Counter(f"{finding.rule} ({finding.severity})" for _, finding in found))
    noisy = len({one.seed for one, _ in found})
    print(f"\n{title}: {len(plates)}, with any finding {noisy}; findings: {told}")
    for one, finding in found:
        if finding.rule not in expected:
            print(f"   {one.seed}, {one.replicates}: {finding.rule}: {finding.message}")


def tally(plates: Sequence[Seen], panel: Panel) -> dict[str, Counter[str]]:
    """Count the samples of plates by truth and call."""
    counts: dict[str, Counter[str]] = {}
    for one in plates:
        for call in one.calls:
            truth, carried = truth_of(one, call.sample, panel)
            counts.setdefault(truth, Counter())[column_of(call, carried)] += 1
    return counts


def show_confusion(title: str, plates: Sequence[Seen], panel: Panel) -> None:
    """Print truth against calls, a sample a count."""
    counts = sorted(tally(plates, panel).items(), key=lambda item: -item[1].total())
    table(title, ("truth", *COLUMNS), [(t, *(row[c] for c in COLUMNS)) for t, row in counts])


def show_false_names(plates: Sequence[Seen], panel: Panel) -> None:
    """Print the deletions named that the patient does not have, those of clean wells in full."""
    found = [(one, *item) for one in plates for item in false_names(one, panel)]
    struck = Counter(one.kind for one, _, _, spoilt in found if spoilt)
    clean = [item for item in found if not item[3]]
    print(f"\n   False named deletions from clean wells: {len(clean)} (must be 0)")
    for one, call, name, _ in clean:
        print(f"   {one.kind}, plate {one.seed}, {one.replicates}: {call.sample} called {name}")
        for line in call.chain():
            print(f"     {line}")
    print(f"   False named deletions from struck wells: {listed(struck)}")


def show_copies(plates: Mapping[int, Sequence[Seen]], panel: Panel) -> None:
    """Print how many patients with few copies were named, with Clopper-Pearson intervals."""
    rows = []
    for copies, some in plates.items():
        by_truth = tally(some, panel)
        counts = sum(by_truth.values(), Counter[str]())
        total, empty = counts.total(), by_truth.get("deletion's DNA lost", Counter[str]()).total()
        interval = binomtest(counts["right"], total).proportion_ci(0.95)
        share = f"{counts['right'] / total:.1%} ({interval[0]:.1%} to {interval[1]:.1%})"
        rows.append((copies, total, empty, share, *(counts[c] for c in COLUMNS)))
    table(
        "4. Patients with one deletion by mean copies a well, one well (simulated); empty: wells "
        "that no\n   molecule reached",
        ("copies", "patients", "empty", "named (95 % interval)", *COLUMNS),
        rows,
    )


def main() -> None:
    """Make the plates, and print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--plates", type=int, default=200, help="clean and faulty plates together")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    panel, begin = load_panel("ikzf1"), time.perf_counter()
    base = 1_000_000 * asked.seed
    each = max(round(0.68 * asked.plates / len(KINDS)), 1)
    spare = max(asked.plates - each * len(KINDS), 1)
    clean = list(watched(panel, CLEAN, spare, base))
    faulty = [
        one
        for place, kind in enumerate(KINDS, 1)
        for one in watched(panel, kind, each, base + 10_000 * place)
    ]
    times = max(asked.plates // 40, 1)
    few = {
        copies: [
            watch(panel, sparse(panel, copies, 1 + 11 * n), CLEAN, base + 10_000 * level + n, 1)
            for n in range(times)
        ]
        for level, copies in enumerate(COPIES, 50)
    }
    show_recall(faulty, panel)
    show_misses(faulty, panel)
    show_alarms("2. Plates without fault (simulated)", clean)
    show_confusion("3a. Calls on plates without fault (simulated)", clean, panel)
    show_confusion("3b. Calls on plates with a fault (simulated)", faulty, panel)
    scarce = [one for some in few.values() for one in some]
    every = [*clean, *faulty, *scarce]
    show_false_names(every, panel)
    show_copies(few, panel)
    expected = ("late_cq", "cq_methods_disagree", "unexpected_result")
    show_alarms("   Plates of table 4", scarce, expected)
    print(f"\n{len(every)} plates in {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
