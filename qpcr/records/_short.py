"""A record in short: its digests, what the index keeps of it, and what it says of patients."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from qpcr.records._codec import Packer
from qpcr.records._hdf import printable
from qpcr.records.event import Change, Kind, canonical

if TYPE_CHECKING:
    from qpcr.calls import Call
    from qpcr.record import Record


def digest(value: Any) -> str:
    """SHA-256 of a value of the pipeline."""
    packer = Packer()
    tree = packer.pack(value)
    made = hashlib.sha256(canonical(tree).encode())
    for name, array in packer.arrays().items():
        made.update(name.encode() + array.dtype.str.encode() + array.tobytes())
    return made.hexdigest()


def digests(record: Record) -> dict[str, str]:
    """What makes an analysis the same as another: file, how it was analyzed, panel.

    How: settings, who the samples are, releases, version of this software, and what was called. So
    a call that comes out otherwise is never taken for one that is there already. The method of
    quantities counts where there are any: digests of runs without stay what they were.
    """
    calls = [(one.sample, one.outcome, one.deletions, one.released) for one in record.calls]
    how: tuple[Any, ...] = (
        record.settings,
        record.fit_settings,
        dict(sorted(record.identities.items())),
        record.versions.get("ikaros-qpcr"),
        calls,
    )
    if record.quantification is not None:
        how = (*how, record.quantification.how)
    return {
        "source_sha256": record.run.provenance.sha256,
        "settings_sha256": digest(how),
        "panel_sha256": digest(record.panel),
    }


def short(record: Record, made: dict[str, str], revision_of: str | None) -> dict[str, Any]:
    """What the index keeps of a run, as plain values; `made` are its digests."""
    source, panel = record.run.provenance, record.panel
    experiment = experiment_of(record)
    key = canonical([*sorted(made.items()), experiment, revision_of])
    called = {one.sample: one for one in record.calls}
    names = dict.fromkeys(r.sample for r in record.run.reactions if r.sample)
    started = None if source.started is None else source.started.isoformat()
    created = record.created.isoformat()
    return {
        **made,
        "run_id": "r" + hashlib.sha256(key.encode()).hexdigest()[:20],
        "revision_of": revision_of,
        "file": printable(source.file),
        "day": (started or created)[:10],
        "started": started,
        "created": created,
        "experiment": experiment,
        "instrument": None if source.instrument is None else printable(source.instrument),
        "panel": None if panel is None else panel.name,
        "panel_version": None if panel is None else str(panel.version),
        "reactions": len(record.run.reactions),
        "invalid": record.invalid,
        "samples": [_sample(name, called.get(name)) for name in names],
    }


def experiment_of(record: Record) -> str | None:
    """Name of the run or experiment: tells the runs of one file apart."""
    name = record.run.provenance.experiment
    return None if name is None else printable(name)


def _sample(name: str, call: Call | None) -> dict[str, str | None]:
    return {
        "sample": printable(name),
        "outcome": None if call is None else str(call.outcome),
        "deletions": canonical([] if call is None else list(call.deletions)),
    }


def changes_of(record: Record, run: dict[str, Any]) -> list[Change]:
    """What a record says of patients: a result for every sample that has an identity."""
    called = {one.sample: one for one in record.calls}
    made = []
    for sample, who in record.identities.items():
        rows = [i for i, r in enumerate(record.run.reactions) if r.sample == sample]
        if not rows:
            continue
        call = called.get(sample)
        told = {
            "run": run["run_id"],
            "sample": printable(sample),
            "reactions": rows,
            "outcome": None if call is None else str(call.outcome),
            "deletions": [] if call is None else list(call.deletions),
            "classes": [] if call is None else list(call.classes),
            "panel": run["panel"],
            "panel_version": run["panel_version"],
            "specimen": who.specimen,
            "timepoint": who.timepoint,
            "revision_of": run["revision_of"],
        }
        origin = {"source": _visible(run["file"])[:4000], "run": run["run_id"]}
        path = path_of(run["run_id"], sample)
        made.append(Change(who.patient, Kind.RESULT, path, told, **origin))
        key = _visible(" / ".join(part for part in (who.timepoint, who.specimen) if part))
        if key:
            taken = {"timepoint": who.timepoint, "specimen": who.specimen}
            made.append(Change(who.patient, Kind.SPECIMEN, key, taken, **origin))
    return made


def path_of(run_id: str, sample: str) -> str:
    """Name of a sample's result in events."""
    return f"{run_id}/{_visible(sample)}"


def _visible(text: str) -> str:
    """A name without control characters, which events cannot hold."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in printable(text))
