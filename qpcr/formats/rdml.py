"""RDML 1.0 to 1.4: the format for exchange between qPCR programs.

A zip container with one XML file (``rdml_data.xml``; some programs name it otherwise), or that XML
file alone. ``dye``, ``target``, ``sample`` and ``thermalCyclingConditions`` are described once and
referred to by id; ``experiment/run/react/data`` holds a target in a well: ``cq``, ``excl``, the
amplification curve (``adp``: cycle and fluorescence) and the melting curve (``mdp``, not read).
See rdml.org and doi:10.1093/nar/gkp056.

RDML asks for fluorescence without baseline correction, but says neither whether it is divided by
a passive reference nor what software really did: both are said in notes. A file may hold many
runs; each is read by its name. Runs that are the channels of one plate are put together.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from qpcr._lists import listed
from qpcr.errors import InputError, UnsupportedError
from qpcr.formats import Format, Probe, RunIn
from qpcr.formats._archive import parse_xml
from qpcr.formats._eds_text import shortened
from qpcr.formats._rdml_data import Readings, read_reacts, results_of
from qpcr.formats._rdml_plate import Grid, read_grid
from qpcr.formats._rdml_runs import NamedRun, Separate, chosen_runs, runs_of, separate_runs
from qpcr.formats._rdml_setup import read_protocol, read_samples, read_targets
from qpcr.formats._rdml_text import by_identity, children, prose, reference, word
from qpcr.run import AnalysisSettings, Provenance, Run, ThresholdSetting
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

READER = "rdml"
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
DOCUMENT = "ikaros-qpcr"
"""Id of the documentation in which this software says what RDML has no word for."""
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*:)?rdml[\s>]")


def sniff(probe: Probe) -> bool:
    """Recognise RDML by the name of its member, or the root element of its XML."""
    if probe.archive is None:
        start = probe.head[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
        return start[:1] == b"<" and _ROOT.search(start) is not None
    return _member(probe) is not None


def _member(probe: Probe) -> str | None:
    archive = probe.archive
    if archive is None:
        return None
    if "rdml_data.xml" in archive:
        return "rdml_data.xml"
    if probe.path.suffix.lower() not in (".rdml", ".rdm", ".zip"):
        return None
    single = [name for name in archive.members if "/" not in name and name.endswith(".xml")]
    if len(single) == 1 and (
        len(archive.members) == 1 or _ROOT.search(archive.read(single[0])[:4096])
    ):
        return single[0]
    return None


def read(probe: Probe) -> Run:
    """Read a file.

    Raises
    ------
    InputError
        Damaged, contradictory, or with several runs of which none was named.
    UnsupportedError
        Another version.
    """
    root, version, unread = _document(probe)
    notes: list[str] = []
    runs = chosen_runs(runs_of(root), probe.wanted, notes, unread)
    return _run(root, version, runs, _source(probe), notes, unread)


def several(probe: Probe) -> list[RunIn]:
    """List the runs of a file, which is read and parsed once.

    Raises
    ------
    InputError
        Damaged, contradictory in what all runs share, or without a run.
    UnsupportedError
        Another version.
    """
    root, version, unread = _document(probe)
    source = _source(probe)
    return [
        RunIn(
            probe.path,
            one.name,
            partial(_separate, root, version, one, source, unread),
        )
        for one in separate_runs(runs_of(root))
    ]


def _separate(
    root: _Element, version: str, one: Separate, source: Provenance, unread: list[str]
) -> Run:
    return _run(root, version, one.runs, source, [*one.notes], [*unread, *one.unread])


def _document(probe: Probe) -> tuple[_Element, str, list[str]]:
    """Root element, version, and the members of the container that are not read."""
    member = _member(probe)
    if probe.archive is not None and member is not None:
        root = probe.archive.xml(member)
        unread = list(probe.archive.unread())
    else:
        root, unread = parse_xml(probe.data), []
    if str(root.tag).rpartition("}")[2] != "rdml":
        raise InputError(
            "this is no RDML", expected="a root element rdml", found=str(root.tag)[:80]
        )
    version = root.get("version")
    if version not in VERSIONS:
        raise UnsupportedError(
            "this version of RDML is not read",
            expected=", ".join(VERSIONS),
            found=repr(version)[:40],
        )
    return root, version, unread


def _source(probe: Probe) -> Provenance:
    return Provenance(probe.path.name, probe.sha256, probe.size, READER)


FORMAT = Format(READER, "RDML 1.0 to 1.4", sniff, read, several)


def _run(
    root: _Element,
    version: str,
    runs: list[NamedRun],
    source: Provenance,
    notes: list[str],
    unread: list[str],
) -> Run:
    targets, samples = read_targets(root, notes), read_samples(root, notes)
    found = Readings()
    node = runs[0].node
    grid = Grid(1, 1, {})
    for one in runs:
        grid = read_grid(one.node, notes)
        read_reacts(one.node, grid, samples, targets, found)
    if not found.reactions:
        raise InputError("the run holds no reaction", place=runs[0].name)
    found.reactions.sort(key=lambda reaction: reaction.well)  # stable: targets keep their order
    count, results = results_of(found, notes)
    unread += [f"{what} ({number})" for what, number in sorted(found.passed.items())]
    ours = _ours(root, node)
    _remarks(node, found, ours, notes)
    protocols = by_identity(root, "thermalCyclingConditions")
    protocol = protocols.pop(reference(node, "thermalCyclingConditions") or "", None)
    unread += [f"thermal protocol {name} (the run does not name it)" for name in protocols]
    used = {reaction.target for reaction in found.reactions}
    return Run(
        _provenance(root, node, runs[0], version, source),
        grid.rows,
        grid.columns,
        tuple(found.reactions),
        {name: target for name, target in targets.items() if name in used},
        ours.get("passive reference"),
        np.arange(1, count + 1),
        results=results,
        settings=_settings(node, found, ours),
        protocol=read_protocol(protocol, count, notes, unread),
        notes=tuple(dict.fromkeys(notes)),
        unread=tuple(unread),
    )


def _ours(root: _Element, node: _Element) -> dict[str, str]:
    """What this software wrote beside the data, if it wrote the file: ``name: value`` lines."""
    if not any(one.get("id") == DOCUMENT for one in children(node, "documentation")):
        return {}
    for one in children(root, "documentation"):
        if one.get("id") == DOCUMENT:
            text = one.findtext("{*}text") or ""
            pairs = (line.partition(": ") for line in text[:65_536].splitlines())
            return {key.strip(): shortened(value) for key, _, value in pairs if value.strip()}
    return {}


def _remarks(node: _Element, found: Readings, ours: dict[str, str], notes: list[str]) -> None:
    """Say what RDML leaves open about the fluorescence, and what was excluded."""
    method = prose(node, "backgroundDeterminationMethod")
    if not ours:
        notes.append(
            say("RDML does not say whether its fluorescence is divided by a passive reference; it "
                "is taken as it is.")
        )  # fmt: skip
    if method and not ours:
        notes.append(
            say("The file names a method for the background ({method}): its fluorescence may be "
                "corrected for a baseline already.", method=method)
        )  # fmt: skip
    if found.excluded:
        reasons = {reason for reason in found.excluded.values() if reason}
        notes.append(
            say("{count} reactions are excluded in the file ({reasons}) and count as omitted.",
                count=len(found.excluded), reasons=listed(sorted(reasons)) or "no reason given")
        )  # fmt: skip
    if units := sorted(found.units):
        notes.append(say("Quantities are in RDML's unit {unit}.", unit=", ".join(units)))
    if (date := word(node, "runDate")) and _moment(date) is None:
        notes.append(
            say("The run is dated {date}, in a time zone the file does not name.", date=date)
        )


def _settings(node: _Element, found: Readings, ours: dict[str, str]) -> AnalysisSettings:
    methods = {
        "background": prose(node, "backgroundDeterminationMethod"),
        "Cq method": prose(node, "cqDetectionMethod"),
        "quantity unit": ", ".join(sorted(found.units)) or None,
    }
    automatic = {"automated": True, "manual": False}.get((methods["Cq method"] or "").split(" ")[0])
    thresholds = {
        name: ThresholdSetting(next(iter(levels)), automatic)
        for name, levels in found.levels.items()
        if ours and len(levels) == 1  # others may mean a level above or below the baseline
    }
    return AnalysisSettings(thresholds, other={k: v for k, v in methods.items() if v})


def _provenance(
    root: _Element, node: _Element, run: NamedRun, version: str, source: Provenance
) -> Provenance:
    name = prose(node, "dataCollectionSoftware/name")
    number = prose(node, "dataCollectionSoftware/version")
    software = " ".join(filter(None, (name, number))) or None
    if number and re.match(r"[A-Za-z]{4}.* v?\d", number):
        software = number  # "StepOne™ Software v2.3" stands there in whole
    found = re.search(r"\d+(\.\d+)+", number or "")
    person = by_identity(root, "experimenter").get(reference(node, "experimenter") or "")
    names = [] if person is None else [prose(person, "firstName"), prose(person, "lastName")]
    return Provenance(
        source.file,
        source.sha256,
        source.size,
        READER,
        instrument=prose(node, "instrument"),
        software=software,
        software_version=found[0] if found else number,
        experiment=run.name,
        experiment_type=f"RDML {version}",
        operator=" ".join(filter(None, names)) or None,
        comment=prose(node, "description"),
        started=_moment(word(node, "runDate")),
    )


def _moment(value: str | None) -> datetime | None:
    """A moment in UTC, or ``None`` where the file names none, or no time zone."""
    try:
        moment = datetime.fromisoformat(value or "")
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
