# ruff: noqa: E402 - it prints; threads are limited before NumPy is imported
"""Findings and calls against the truth of simulated plates: faults found, alarms, calls, copies.

    python tests/benchmarks/bench_calls.py [--plates N] [--seed S]

All plates are simulated. The panel is ``ikzf1``; every other plate of a kind has duplicates
instead of the single wells that the panel asks for, since some faults only show between
replicates. A faulty plate has one kind of fault, so that none hides another. Everything is printed;
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
from qpcr.calls import Answer, Call, Outcome
from qpcr.errors import InputError
from qpcr.findings import Finding, Severity
from qpcr.pipeline import analyze
from qpcr.rehearsal import wells_of
from qpcr.settings import FitSettings
from qpcr.simulate import (
    Clone,
    PatientSpec,
    PlateSpec,
    TrueReaction,
    patient_plates,
    plant_faults,
    random_patients,
    simulate_plate,
    true_reactions,
    write_eds,
)
from qpcr.simulate.faults import Contamination, Saturation

CLEAN, SPLASH, CEILING = "clean", "contamination", "saturation, all wells"

RULES: Mapping[str, tuple[str, ...]] = {
    "swapped sample": (),  # two whole samples: nothing on the plate contradicts it
    SPLASH: ("neighbour_contamination", "ntc_amplified"),
    "dropout": ("reference_gene", "replicates", "no_amplification"),
    "failed positive control": ("positive_control",),
    "contaminated NTC": ("ntc_amplified",),
    "inhibition": ("reference_gene", "replicates"),
    "late": ("reference_gene", "replicates"),
    "edge effect": ("reference_gene", "replicates"),
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

COPIES = (5, 10, 50, 500)
LOST = {"failed positive control", "contaminated NTC"}
"""Faults after which no sample of the run may be called."""

COLUMNS = (
    "right", "rest open", "some missing", "wrong name", "not detected", "inconclusive", "invalid",
)  # fmt: skip
"""What a call can be; "rest open" names some of the deletions and asks for repeats."""


@dataclass(frozen=True)
class Named:
    """A finding, and the wells it names; none: the plate as a whole."""

    finding: Finding
    wells: frozenset[int]

    @property
    def grave(self) -> bool:
        """A person has to look, at least."""
        return self.finding.severity.grade >= Severity.WARNING.grade

    def names(self, wells: frozenset[int]) -> bool:
        """Say whether it names one of some wells."""
        return not self.wells or bool(self.wells & wells)


@dataclass(frozen=True)
class Seen:
    """One plate: what was planted, what is true, and what was found and called."""

    kind: str
    seed: int
    replicates: int
    struck: frozenset[int]
    truth: Mapping[tuple[int, str], TrueReaction]
    findings: tuple[Named, ...]
    calls: tuple[Call, ...]
    well_of: tuple[int, ...]

    def true_of(self, sample: str) -> list[TrueReaction]:
        """Truth of every reaction that a sample is labelled with."""
        return [one for one in self.truth.values() if one.sample == sample]


# Plates ------------------------------------------------------------------------------------


def screen(panel: Panel, seed: int, replicates: int) -> PlateSpec:
    """Lay out a full plate of invented patients."""
    kinds = wells_of(panel)
    count = (96 - 2 * len(kinds) * replicates) // (len(kinds) * replicates)
    patients = random_patients(count, kinds, seed)
    return patient_plates(patients, kinds, name=panel.title, replicates=replicates)[0]


def planted(plate: PlateSpec, kind: str, seed: int) -> PlateSpec | None:
    """Plant a fault; ``None``: these patients leave no place for it."""
    if kind == CLEAN:
        return plate
    if kind == SPLASH:
        return splashed(plate, seed)
    if kind == CEILING:
        return replace(plate, faults=(Saturation(None),))
    try:
        return plant_faults(plate, [kind], seed)
    except InputError:
        return None


def splashed(plate: PlateSpec, seed: int) -> PlateSpec | None:
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


def sparse(panel: Panel, copies: int, first: int) -> PlateSpec:
    """Lay out patients with one deletion each, so many mean copies a well, all pairs in turn."""
    kinds = wells_of(panel)
    pairs = [read for kind in kinds for channel in kind for read in channel.reads]
    count = 96 // len(kinds) - 2
    patients = [
        PatientSpec(
            f"P-{number:03d}",
            (Clone(deletion, copies / 75_000, (pair,)),),
            blasts=1.0,
            input_copies=150_000,
        )
        for number in range(first, first + count)
        for pair, deletion in [pairs[number % len(pairs)]]
    ]
    return patient_plates(patients, kinds, name=panel.title, replicates=1)[0]


def watch(panel: Panel, plate: PlateSpec, kind: str, seed: int, replicates: int) -> Seen:
    """Simulate a plate, analyze its file, and keep what is compared."""
    simulated = simulate_plate(plate, seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "simulated.eds"
        write_eds(simulated, file)
        record = analyze(file, fit_settings=FitSettings(polish=False), panel=panel)
    well_of = tuple(reaction.well for reaction in record.run.reactions)
    truth = {(one.well, one.target): one for one in true_reactions(simulated)}
    findings = (
        Named(one, frozenset(well_of[row] for row in one.reactions)) for one in record.findings
    )
    struck = frozenset(one.well for one in truth.values() if one.faults)
    return Seen(
        kind, seed, replicates, struck, truth, tuple(findings), record.calls, well_of
    )  # fmt: skip


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


# Truth against calls -----------------------------------------------------------------------


def truth_of(seen: Seen, sample: str, panel: Panel) -> tuple[str, frozenset[str]]:
    """Say what is true of a sample, and its deletions, in the words of the confusion table."""
    rows = seen.true_of(sample)
    carried = frozenset(name for one in rows for name in one.deletions)
    references, held = [], set()
    for one in rows:
        channel = panel.find_channel(one.target)
        if channel is None:
            continue
        if channel[1].role == "reference":
            references.append(one.copies)
        elif one.copies:
            held.add(channel[1].reports)
    if seen.kind in LOST:
        return "control spoilt", carried
    if any("swapped sample" in one.faults for one in rows):
        return "swapped", carried
    if not any(references) and not held:
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


def bad(truth: str, column: str) -> bool:
    """Say whether a call is wrong without any doubt shown."""
    if truth in ("DNA lost", "control spoilt"):
        return column not in ("inconclusive", "invalid")
    missed = column in ("some missing", "not detected") and truth != "none"
    return missed or column == "wrong name"


def false_names(seen: Seen, panel: Panel) -> Iterator[tuple[Call, str, bool]]:
    """Yield calls with a deletion that the patient does not have, and whether a struck well did."""
    for call in seen.calls:
        _, carried = truth_of(seen, call.sample, panel)
        for name in frozenset(call.deletions) - carried:
            wells = [
                seen.well_of[one.reaction]
                for one in call.evidence
                if one.product == name and one.answer is Answer.POSITIVE
            ]
            yield call, name, bool(wells) and all(well in seen.struck for well in wells)


# Tables ------------------------------------------------------------------------------------


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with a title."""
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[k]) for row in texts) for k in range(len(head))]
    print(f"\n{title}")
    for row in texts:
        pairs = enumerate(zip(row, widths, strict=True))
        cells = (cell.rjust(width) if k else cell.ljust(width) for k, (cell, width) in pairs)
        print("  " + "  ".join(cells))


def show_recall(plates: Sequence[Seen], panel: Panel) -> None:
    """Print what was found of every planted fault, and which rules spoke elsewhere."""
    rows = []
    for kind, meant in RULES.items():
        mine = [one for one in plates if one.kind == kind]
        cells: list[object] = [kind]
        for times in (1, 2):
            some = [one for one in mine if one.replicates == times]
            hits = sum(any(f.finding.rule in meant for f in hitting(one)) for one in some)
            cells.append(f"{hits}/{len(some)}" if meant else f"-/{len(some)}")
        cells.append(f"{sum(bool(hitting(one)) for one in mine)}/{len(mine)}")
        cells.append(sum(len([f for f in one.findings if f.grave]) for one in mine)
                     - sum(len(hitting(one)) for one in mine))  # fmt: skip
        cells.append(sum(len(list(wrong(one, panel))) for one in mine))
        rows.append(cells)
    table(
        "1. Faults found, a fault kind a plate (simulated). By its rules: plates with a warning or "
        "graver\n   of a rule meant for it that names a struck well; any: of any rule; elsewhere: "
        "findings that name\n   no struck well; wrong: calls that are wrong without any doubt",
        ("fault", "rules, single", "rules, duplicate", "any", "elsewhere", "wrong"),
        rows,
    )
    print("\n   Findings that name a struck well:")
    for kind in RULES:
        who = Counter(f.finding.rule for one in plates if one.kind == kind for f in hitting(one))
        print(f"   {kind}: {', '.join(f'{rule} {n}' for rule, n in who.most_common()) or 'none'}")


def hitting(seen: Seen) -> list[Named]:
    """Findings, warnings at least, that name a struck well."""
    return [one for one in seen.findings if one.grave and one.names(seen.struck)]


def wrong(seen: Seen, panel: Panel) -> Iterator[str]:
    """Describe the calls of a plate that are wrong without doubt."""
    for call in seen.calls:
        truth, carried = truth_of(seen, call.sample, panel)
        column = column_of(call, carried)
        if bad(truth, column):
            yield (
                f"{call.sample}: truth {truth} ({', '.join(sorted(carried)) or '-'}), "
                f"called {call.outcome} ({', '.join(call.deletions) or '-'})"
            )


def show_misses(plates: Sequence[Seen], panel: Panel) -> None:
    """Print every fault that no rule meant for it found, and every call that is wrong."""
    print("\n   Missed by the rules meant for it (plate seed, replicates, wells, targets, others):")
    for one in plates:
        hits = hitting(one)
        meant = RULES.get(one.kind, ())
        if not meant or any(f.finding.rule in meant for f in hits):
            continue
        struck = [t for t in one.truth.values() if t.faults]
        where = ", ".join(f"{t.well_name} {t.sample} {t.target}" for t in struck[:2])
        more = f" and {len(struck) - 2} more" if len(struck) > 2 else ""
        others = ", ".join(sorted({f.finding.rule for f in hits})) or "none"
        print(f"   {one.kind}: {one.seed}, {one.replicates}, {where}{more}; {others}")
    print("\n   Wrong calls (swapped samples left out, whose wells answer for another patient):")
    for one in plates:
        for text in wrong(one, panel):
            if "truth swapped" not in text:
                print(f"   {one.kind}: {one.seed}, {one.replicates}, {text}")


def show_alarms(plates: Sequence[Seen]) -> None:
    """Print the findings of plates without fault."""
    found = [(one, f.finding) for one in plates for f in one.findings]
    noisy = len({one.seed for one, _ in found})
    counts = Counter((f.rule, str(f.severity)) for _, f in found)
    rows = [(rule, severity, count) for (rule, severity), count in counts.most_common()]
    table(
        f"2. Plates without fault (simulated): {len(plates)}, with any finding {noisy}, findings "
        f"{len(found)}",
        ("rule", "severity", "findings"),
        rows,
    )
    for one, finding in found:
        print(f"   {one.seed}, {one.replicates}: {finding.rule}, {finding.message}")


def show_confusion(title: str, plates: Sequence[Seen], panel: Panel) -> None:
    """Print truth against calls, a sample a count."""
    counts: dict[str, Counter[str]] = {}
    for one in plates:
        for call in one.calls:
            truth, carried = truth_of(one, call.sample, panel)
            counts.setdefault(truth, Counter())[column_of(call, carried)] += 1
    order = sorted(counts, key=lambda truth: -sum(counts[truth].values()))
    table(
        title, ("truth", *COLUMNS), [(t, *(counts[t][c] for c in COLUMNS)) for t in order]
    )  # fmt: skip


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
    told = ", ".join(f"{kind} {count}" for kind, count in struck.most_common()) or "none"
    print(f"   False named deletions from struck wells: {told}")


def show_copies(plates: Mapping[int, Sequence[Seen]], panel: Panel) -> None:
    """Print how many patients with few copies were named, with Clopper-Pearson intervals."""
    rows = []
    for copies, some in plates.items():
        counts: Counter[str] = Counter()
        empty = 0
        for one in some:
            for call in one.calls:
                truth, carried = truth_of(one, call.sample, panel)
                counts[column_of(call, carried)] += 1
                empty += truth == "deletion's DNA lost"
        total = counts.total()
        interval = binomtest(counts["right"], total).proportion_ci(0.95) if total else (0, 1)
        share = f"{counts['right'] / max(total, 1):.1%} ({interval[0]:.1%} to {interval[1]:.1%})"
        rows.append((copies, total, empty, share, *(counts[c] for c in COLUMNS)))
    table(
        "4. Patients with one deletion by mean copies a well, one well (simulated); empty: wells "
        "that no\n   molecule reached",
        ("copies", "patients", "empty", "named (95 % interval)", *COLUMNS),
        rows,
    )
    found = [
        (one.seed, f.finding) for some in plates.values() for one in some for f in one.findings
    ]
    counts = Counter((finding.rule, str(finding.severity)) for _, finding in found)
    told = (f"{rule} ({severity}) {count}" for (rule, severity), count in counts.most_common())
    print(f"\n   Findings of these plates: {', '.join(told) or 'none'}")
    for seed, finding in found:
        if finding.rule not in ("late_cq", "cq_methods_disagree"):
            print(f"   {seed}: {finding.message}")


def main() -> None:
    """Make the plates, and print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--plates", type=int, default=200, help="clean and faulty plates together")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    panel, begin = load_panel("ikzf1"), time.perf_counter()
    base = 1_000_000 * asked.seed
    each = max(round(0.68 * asked.plates / len(RULES)), 1)
    spare = max(asked.plates - each * len(RULES), 1)
    clean = list(watched(panel, CLEAN, spare, base))
    faulty = [
        one
        for place, kind in enumerate(RULES, 1)
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
    show_alarms(clean)
    show_confusion("3a. Calls on plates without fault (simulated)", clean, panel)
    show_confusion("3b. Calls on plates with a fault (simulated)", faulty, panel)
    show_false_names([*clean, *faulty, *(one for some in few.values() for one in some)], panel)
    show_copies(few, panel)
    count = len(clean) + len(faulty) + len(COPIES) * times
    print(f"\n{count} plates in {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
