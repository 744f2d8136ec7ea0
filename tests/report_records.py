"""Synthetic records for the tests of reports: curves of known shape, made without a reader."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qpcr import FitSettings, Settings, analyze
from qpcr.record import Record
from qpcr.run import (
    DyeSignals,
    InstrumentResult,
    Provenance,
    Reaction,
    Run,
    Target,
    Task,
    well_name,
)

DYES = ("FAM", "VIC", "NED", "CY5")
ATTACKS = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=2</script>",
    '"><img src=x onerror="window.pwned=3">',
    "<svg/onload=window.pwned=4>",
    '<a href="javascript:window.pwned=5">x</a>',
    "<!--<script>window.pwned=6//",
    "{{ 7 * 7 }}{% raw %}",
    "';window.pwned=7;//",
    "</title></style><script>window.pwned=8</script>",
    "\u2028window.pwned=9\u2029",
    "&lt;b&gt; %{x} $e^x$ ${window.pwned=10}",
    "=cmd|'/C calc'!A0",
    "]]><script>window.pwned=11</script>",
    "样品一 阳性对照",
)
"""Names that try to become markup, script, template, formula; and one that only wants to live."""


def synthetic_run(
    rows: int = 8,
    columns: int = 12,
    *,
    used: int | None = None,
    targets: tuple[str, ...] = ("ALB",),
    samples: tuple[str | None, ...] = ("s1", "s2", None),
    reference: str | None = "ROX",
    results: bool = True,
    raw: bool = True,
    cycles: int = 40,
    seed: int = 5,
) -> Run:
    """A plate of logistic curves; every seventh well of a target does not amplify."""
    rng = np.random.default_rng(seed)
    used = rows * columns if used is None else used
    axis = np.arange(1, cycles + 1)
    reactions, signals, stored = [], {}, {}
    for well in range(used):
        measured = {}
        for place, target in enumerate(targets):
            middle = 22.0 + (well * 7 + place * 3) % 13
            height = 0.0 if (well + place) % 7 == 6 else 3.0
            rn = 0.8 + height / (1 + np.exp(-(axis - middle) / 1.4)) + rng.normal(0, 0.004, cycles)
            measured[DYES[place]] = rn * 90_000.0
            task = Task.NTC if height == 0 else Task.UNKNOWN
            name = well_name(well, columns)
            sample = samples[well % len(samples)]
            reactions.append(Reaction(well, name, sample, target, task, DYES[place]))
            if results:
                # where the noise-free curve reaches 0.2 above its foot
                cq = middle - 1.4 * np.log(height / 0.2 - 1) if height else None
                stored[well, target] = InstrumentResult(well, target, cq, cq is not None)
        if reference is not None:
            measured[reference] = np.full(cycles, 90_000.0)
        signals[well] = DyeSignals(
            tuple(measured), np.array(list(measured.values()), dtype=np.float32)
        )
    counts = rng.integers(10_000, 900_000, (rows * columns, cycles, 5)).astype(float)
    return Run(
        provenance=Provenance(
            "plate <1>.eds", "ab" * 32, 1234, "test", "7500", software="7500 Software v2.3",
            experiment="An experiment", operator="Dr. Ångström", simulated=True,
        ),
        rows=rows,
        columns=columns,
        reactions=tuple(reactions),
        targets={name: Target(name, DYES[place]) for place, name in enumerate(targets)},
        passive_reference=reference,
        cycles=axis,
        filters=("1", "2", "3", "4", "5") if raw else (),
        raw=counts if raw else None,
        raw_source="images" if raw else None,
        signals=signals,
        results=stored,
        unread=("a/<b>.xml",),
    )  # fmt: skip


def synthetic_record(run: Run | None = None, *, polish: bool = False) -> Record:
    """The run analyzed with thresholds of 0.2."""
    run = synthetic_run() if run is None else run
    return analyze(run, Settings(threshold=0.2), FitSettings(polish=polish))


def hostile_record() -> Record:
    """A plate on which everything that can be named has a name that attacks."""
    run = synthetic_run(used=28, targets=ATTACKS[:2], samples=ATTACKS)
    source = replace(
        run.provenance,
        file=ATTACKS[8] + ".eds",
        experiment=ATTACKS[0],
        operator=ATTACKS[2],
        comment=ATTACKS[3],
        instrument=ATTACKS[4],
        software="7500 Software v2.3 " + ATTACKS[5],
        barcode=ATTACKS[6],
        run_state=ATTACKS[7],
    )
    reactions = tuple(replace(r, quencher=ATTACKS[1]) for r in run.reactions)
    return synthetic_record(
        replace(run, provenance=source, reactions=reactions, notes=ATTACKS, unread=ATTACKS)
    )
