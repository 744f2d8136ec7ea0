"""The XML members of a simulated ``.eds``: experiment, plate, thermal protocol, analysis settings.

Only elements that mean something here are written. No instrument has analyzed a simulated run:
thresholds and baselines are the plate's defaults with both automatic flags set, and no window
of a well is recorded.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qpcr.simulate.spec import PlateSpec, TargetSpec, WellSpec

MARK = "SIMULATED"
STARTED_MS = 946_684_800_000
"""Run start, ms since 1970 UTC: the first moment of 2000, so obvious that nobody takes it for
the time of a run."""

_COLOURS = (-16776961, -65536, -16744448, -8388480, -23296, -16744320)
_DEFAULTS = "AnalysisProtocol.DEFAULT_SETTINGS"


@dataclass(frozen=True, slots=True)
class Step:
    """A step: °C, seconds, and whether fluorescence is read."""

    celsius: float
    seconds: int
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the thermal protocol."""

    flag: str
    repetitions: int
    steps: tuple[Step, ...]


def protocol(cycles: int) -> tuple[Stage, ...]:
    """Return the usual two-step protocol: 50 °C, 95 °C, then 95/60 °C read at 60 °C."""
    return (
        Stage("PRE_CYCLING", 1, (Step(50, 120),)),
        Stage("PRE_CYCLING", 1, (Step(95, 600),)),
        Stage("CYCLING", cycles, (Step(95, 15), Step(60, 60, reads=True))),
    )


def ended_ms(cycles: int) -> int:
    """Run end: the holds of the protocol after the start, ramps left out."""
    stages = protocol(cycles)
    return STARTED_MS + 1000 * sum(s.repetitions * sum(t.seconds for t in s.steps) for s in stages)


def experiment_xml(spec: PlateSpec) -> bytes:
    """``experiment.xml``."""
    root = ET.Element("Experiment")
    ended = str(ended_ms(spec.cycles))
    _texts(
        root,
        Name=f"{MARK} {spec.name}".strip(),
        Description=f"{MARK}: made by a computer, measured by no instrument",
        Operator=MARK,
        RunState="COMPLETE",
        FinalAnalysisCompleted="false",
        ModifiedTime=ended,
        RunStartTime=str(STARTED_MS),
        RunEndTime=ended,
        FileName=f"{MARK.lower()}.eds",
    )
    kind = ET.SubElement(root, "Type")
    _texts(kind, Id="Std", Name="Quantitation - Standard Curve")
    _texts(ET.SubElement(kind, "Chemistry"), Name="TaqMan", ID="TAQMAN")
    for name, colour in _colours(well.sample for well in _in_order(spec)).items():
        sample = ET.SubElement(root, "Samples")
        _texts(sample, Name=name, Color=str(colour), Concentration="100.0")
    for target in spec.targets:
        _detector(ET.SubElement(root, "Detectors"), spec, target)
    _texts(
        root,
        ChemistryType="TAQMAN",
        TCProtocolMode="Standard",
        DNATemplateType="WET_DNA",
        InstrumentTypeId="sds7500",
    )
    return _document(root)


def plate_xml(spec: PlateSpec) -> bytes:
    """``plate_setup.xml``."""
    root = ET.Element("Plate")
    _texts(root, Name="", BarCode="", Description=MARK)
    _texts(root, Rows=str(spec.rows), Columns=str(spec.columns))
    size = f"{spec.rows}x{spec.columns}"
    _texts(
        ET.SubElement(root, "PlateKind"),
        Name=f"{spec.size}-Well Plate ({size})",
        Type=f"TYPE_{size.upper()}",
        RowCount=str(spec.rows),
        ColumnCount=str(spec.columns),
    )
    wells = _in_order(spec)
    colours = _colours(well.sample for well in wells)

    def sample(item: ET.Element, well: WellSpec) -> None:
        name = well.sample or ""
        _texts(ET.SubElement(item, "Sample"), Name=name, Color=str(colours[name]))

    def tasks(item: ET.Element, well: WellSpec) -> None:
        _detector_tasks(item, spec, well)

    _feature(root, "marker-task", (), sample)
    _feature(root, "sample", (well for well in wells if well.sample), sample)
    _feature(root, "detector-task", (well for well in wells if well.reactions), tasks)
    omitted = {well.well for well in wells if well.omitted}
    states = ET.SubElement(root, "Wells")
    for index in range(spec.size):
        state = ET.SubElement(states, "Well")
        _texts(state, Index=str(index), IsOmit=str(index in omitted).lower())
    _texts(root, MultiZoneEnabled="false")
    if spec.passive_reference:
        _texts(root, PassiveReferenceDye=spec.passive_reference)
    return _document(root)


def protocol_xml(spec: PlateSpec) -> bytes:
    """``tcprotocol.xml``."""
    root = ET.Element("TCProtocol")
    _texts(root, ProtocolName=MARK, UserName=MARK, SampleVolume="25.0", RunMode="Standard")
    _texts(root, CoverTemperature="105.0")
    for stage in protocol(spec.cycles):
        element = ET.SubElement(root, "TCStage")
        _texts(element, StageFlag=stage.flag, NumOfRepetitions=str(stage.repetitions))
        _texts(element, StartingCycle="1", AutoDeltaEnabled="false")
        for step in stage.steps:
            _texts(
                ET.SubElement(element, "TCStep"),
                CollectionFlag=str(int(step.reads)),
                RampRate="100.0",
                Temperature=str(float(step.celsius)),
                HoldTime=str(step.seconds),
            )
    return _document(root)


def analysis_xml(spec: PlateSpec) -> bytes:
    """``analysis_protocol.xml``: defaults of the plate, of its wells, and of each target."""
    root = ET.Element("JaxbAnalysisProtocol")
    _texts(root, Name="unnamed")
    window: dict[str, bool | int | float | str] = {"BaselineStart": 3, "BaselineStop": 15}
    automatic = {"Threshold": 0.2, "AutoCt": True, "AutoBaseline": True, **window}
    _settings(root, "IDetectorSettings", {"ObjectName": _DEFAULTS, **automatic})
    wells = {"ObjectName": _DEFAULTS, **window, "UseDetectorDefaults": False}
    _settings(root, "IWellSettings", wells)
    for target in spec.targets:
        _settings(root, "IDetectorSettings", {"ObjectName": target.name, **automatic})
    return _document(root)


def _in_order(spec: PlateSpec) -> list[WellSpec]:
    return sorted(spec.wells, key=lambda well: well.well)


def _colours(names: Iterable[str | None]) -> dict[str, int]:
    """Give each name a colour (signed 32-bit ARGB), in order of appearance."""
    distinct = dict.fromkeys(name for name in names if name)
    return {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(distinct)}


def _detector(element: ET.Element, spec: PlateSpec, target: TargetSpec) -> None:
    colour = _COLOURS[spec.targets.index(target) % len(_COLOURS)]
    quencher = target.quencher or "None"
    _texts(element, Name=target.name, Reporter=target.reporter, Quencher=quencher)
    _texts(element, Color=str(colour))


def _detector_tasks(item: ET.Element, spec: PlateSpec, well: WellSpec) -> None:
    by_name = {target.name: target for target in spec.targets}
    tasks = ET.SubElement(item, "DetectorTaskList")
    for reaction in well.reactions:
        task = ET.SubElement(tasks, "DetectorTask")
        quantity = 1.0 if reaction.quantity is None else float(reaction.quantity)
        _texts(task, Task=reaction.task, Concentration=repr(quantity))
        _detector(ET.SubElement(task, "Detector"), spec, by_name[reaction.target])


def _feature(
    root: ET.Element,
    kind: str,
    wells: Iterable[WellSpec],
    fill: Callable[[ET.Element, WellSpec], None],
) -> None:
    """One ``FeatureMap``: what `fill` says about each well."""
    feature_map = ET.SubElement(root, "FeatureMap")
    _texts(ET.SubElement(feature_map, "Feature"), Id=kind, Name=kind)
    for well in wells:
        value = ET.SubElement(feature_map, "FeatureValue")
        _texts(value, Index=str(well.well))
        fill(ET.SubElement(value, "FeatureItem"), well)


def _settings(root: ET.Element, kind: str, values: dict[str, bool | int | float | str]) -> None:
    """One ``JaxbAnalysisSettings`` with typed values."""
    element = ET.SubElement(root, "JaxbAnalysisSettings")
    _texts(element, Type=f"com.apldbio.sds.platform.analysis.{kind}")
    words = {bool: ("Boolean", "Boolean"), int: ("Integer", "Int"), float: ("Double", "Double")}
    for name, value in values.items():
        kind_word, tag = words.get(type(value), ("String", "String"))
        setting = ET.SubElement(element, "JaxbSettingValue")
        _texts(setting, Name=name)
        item = ET.SubElement(setting, "JaxbValueItem", type=kind_word)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        _texts(item, **{f"{tag}Value": text})


def _texts(parent: ET.Element, **texts: str) -> None:
    """Append one child with text for each keyword, in order."""
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text


def _document(root: ET.Element) -> bytes:
    ET.indent(root, "    ")
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return (head + ET.tostring(root, encoding="unicode") + "\n").encode()
