"""The items of the MIQE checklist that a run's own record can state.

MIQE: Bustin et al. 2009, Clin. Chem. 55:611, doi:10.1373/clinchem.2008.112797, table 1. Items about
the sample, its storage, extraction and DNA quality stand in no instrument file; the page says so.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qpcr._lists import listed
from qpcr.report._standards import PlateQuantities, line_text
from qpcr.report.language import Language
from qpcr.run import Task

if TYPE_CHECKING:
    from qpcr.record import Record

Item = tuple[str, str]
"""Name of the item, and what the record states."""


def miqe(record: Record, tongue: Language, quantities: PlateQuantities) -> list[Item]:
    """What the record states, item by item; an item it does not state says so."""
    t = tongue.texts
    analysis = _analysis(record, tongue, quantities)
    stated = {**_assay(record, tongue), **_run(record, tongue), **analysis}
    return [(t[f"miqe_{name}"], value or t["not_stated"]) for name, value in stated.items()]


def _assay(record: Record, tongue: Language) -> dict[str, str | None]:
    """Targets, oligos, dyes."""
    panel, run = record.panel, record.run
    dyes = {target.name: target.reporter for target in run.targets.values()}
    oligos = None
    if panel is not None:
        oligos = "; ".join(f"{one.name} {one.sequence or '–'}" for one in panel.oligos)
    return {
        "targets": "; ".join(f"{name} ({dye})" for name, dye in dyes.items()) or None,
        "panel": None if panel is None else f"{panel.name} {panel.version}",
        "oligos": oligos,
        "chemistry": run.provenance.chemistry,
        "passive": run.passive_reference or tongue.texts["none"],
    }


def _run(record: Record, tongue: Language) -> dict[str, str | None]:
    """Instrument, cycles, controls, replicates."""
    run, t = record.run, tongue.texts
    source = run.provenance
    ntc = [row for row, one in enumerate(run.reactions) if one.task is Task.NTC]
    cqs = [record.fits[row].cq for row in ntc]
    shown = [t["no_ct"] if cq is None else f"{cq:.2f}" for cq in cqs]
    pairs = Counter((one.sample, one.target) for one in run.reactions if one.sample)
    replicates = sorted(set(pairs.values()))
    return {
        "instrument": " ".join(x for x in (source.instrument, source.instrument_serial) if x)
        or None,
        "cycles": str(len(run.cycles)),
        "ntc": tongue.say(listed(shown, 8)) if shown else None,
        "replicates": "–".join(str(n) for n in (replicates[0], replicates[-1]))
        if replicates and replicates[0] != replicates[-1]
        else "".join(str(n) for n in replicates[:1]) or None,
    }


def _analysis(
    record: Record, tongue: Language, quantities: PlateQuantities
) -> dict[str, str | None]:
    """Software, how Cq was found, standard curves."""
    t = tongue.texts
    package = record.versions.get("ikaros-qpcr", "")
    lines = [line_text(one, curve, t) for one, curve in quantities.drawn]
    return {
        "software": " · ".join(
            x for x in (record.run.provenance.software, f"ikaros-qpcr {package}".strip()) if x
        ),
        "cq_method": t["miqe_cq_value"].format(model=record.fit_settings.model),
        "standards": " ".join(lines) or None,
        "spread": t["miqe_spread_value"],
    }
