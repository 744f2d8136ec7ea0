"""Small synthetic QuantStudio files, of both versions, written by hand."""

from __future__ import annotations

import json

from eds_files import packed
from rdml_files import rise

WELLS = {0: ("S1", 24.0), 1: ("S2", 28.0), 13: ("NTC", 90.0)}
CYCLES = 40
FILTERS = ("X1_M1", "X4_M4")
ROX = 2000.0


def reporter(middle: float) -> list[float]:
    return [rise(cycle, middle) * ROX for cycle in range(1, CYCLES + 1)]


def point(cycle: int) -> dict[str, int]:
    return {"stage": 2, "step": 2, "cycle": cycle, "point": 1}


def parts(cqs: tuple[float, float, float] = (22.5, 26.5, -1.0)) -> dict[str, object]:
    """Members of a version 2 file as Python values."""
    rn = {well: [v / ROX for v in reporter(middle)] for well, (_, middle) in WELLS.items()}
    return {
        "summary.json": {"name": "synthetic", "instrumentType": "QS7", "runStatus": "COMPLETED"},
        "setup/plate_setup.json": {
            "blockType": "BLOCK_96W_FAST",
            "passiveReference": "ROX",
            "targets": [{"name": "T", "reporter": "FAM", "quencher": "NFQ-MGB"}],
            "wells": [
                {
                    "index": well,
                    "sampleName": name,
                    "targetAssignments": [
                        {"targetName": "T", "task": "NTC" if name == "NTC" else "STANDARD",
                         "quantity": 100.0}
                    ],
                }
                for well, (name, _) in WELLS.items()
            ],
        },
        "setup/run_method.json": {
            "stages": [
                {"type": "HOLD", "repeat": 1,
                 "steps": [{"ramp": {"temperature": 95.0}, "hold": {"duration": 60}}]},
                {"repeat": CYCLES,
                 "steps": [{"ramp": {"temperature": 60.0},
                            "hold": {"duration": 30, "collectionProfile": {}}}]},
            ]
        },
        "run/run_summary.json": {"instrumentId": "QS7", "startTime": 1600000000000},
        "run/filter_data.json": [
            {
                "collectionPoint": point(cycle),
                "filterData": [
                    {"filterSet": name, "wellFluorescences": [float(w + cycle) for w in range(96)]}
                    for name in FILTERS
                ],
            }
            for cycle in range(1, CYCLES + 1)
        ],
        "primary/multicomponent_data.json": {
            "collectionPoints": [point(cycle) for cycle in range(1, CYCLES + 1)],
            "wellData": [
                {
                    "wellIndex": well,
                    "dyeData": [
                        {"dyeName": "FAM", "fluorescences": reporter(middle)},
                        {"dyeName": "ROX", "fluorescences": [ROX] * CYCLES},
                    ],
                }
                for well, (_, middle) in WELLS.items()
            ],
        },
        "primary/analysis_setting.json": {
            "cqAnalysisStageNumber": 2,
            "cqAnalysisStepNumber": 2,
            "defaultCtSetting": {"autoThreshold": True, "autoBaseline": True},
        },
        "primary/analysis_result.json": {
            "wellResults": [
                {
                    "wellIndex": well,
                    "reactionResults": [
                        {
                            "targetName": "T",
                            "omitted": well == 1,
                            "amplificationResult": {
                                "rn": rn[well], "deltaRn": [v - 0.5 for v in rn[well]], "cq": cq,
                                "ctThreshold": 0.2, "ctBaselineStart": 3, "ctBaselineEnd": 15,
                                "ampStatus": "AMP" if cq > 0 else "NO_AMP",
                                "flags": [] if cq > 0 else ["NOAMP", "EXPFAIL"],
                            },
                        }
                    ],
                }
                for well, cq in zip(WELLS, cqs, strict=True)
            ]
        },
    }  # fmt: skip


def small_v2(changed: dict[str, object] | None = None) -> bytes:
    """A version 2 file; `changed` members are put in, ``None`` leaves one out."""
    members = {**parts(), **(changed or {})}
    manifest = b"Implementation-Title: qPCR File API\nImplementation-Version: 2.1.0\n"
    return packed(
        {
            "Manifest.mf": manifest,
            **{
                name: value if isinstance(value, bytes) else json.dumps(value).encode()
                for name, value in members.items()
                if value is not None
            },
        }
    )


def _feature(kind: str, inside: dict[int, str]) -> str:
    values = "".join(
        f"<FeatureValue><Index>{w}</Index><FeatureItem>{x}</FeatureItem></FeatureValue>"
        for w, x in inside.items()
    )
    return f"<FeatureMap><Feature><Id>{kind}</Id></Feature>{values}</FeatureMap>"


def v1_parts() -> dict[str, bytes]:
    """Members of a version 1 file."""
    task = (
        "<DetectorTaskList><DetectorTask><Task>UNKNOWN</Task><Detector><Name>T</Name>"
        "<Reporter>FAM</Reporter></Detector></DetectorTask></DetectorTaskList>"
    )
    samples = {w: f"<Sample><Name>{name}</Name></Sample>" for w, (name, _) in WELLS.items()}
    plate = (
        "<Plate><Rows>8</Rows><Columns>12</Columns>"
        + _feature("sample", samples)
        + _feature("detector-task", dict.fromkeys(WELLS, task))
        + "<PassiveReferenceDye>ROX</PassiveReferenceDye></Plate>"
    )
    protocol = (
        "<TCProtocol><TCStage><StageFlag>CYCLING</StageFlag>"
        f"<NumOfRepetitions>{CYCLES}</NumOfRepetitions><TCStep><CollectionFlag>1</CollectionFlag>"
        "<Temperature>60.0</Temperature><HoldTime>60</HoldTime></TCStep></TCStage></TCProtocol>"
    )
    points = ", ".join(f"[Stg:1 Cyc:{c} Stp:1 Pt:1]" for c in range(1, CYCLES + 1))
    dyes = "".join(
        f'<DyeData WellIndex="{w}"><DyeList>[FAM, ROX]</DyeList></DyeData>' for w in WELLS
    )
    signals = "".join(
        f'<SignalData WellIndex="{w}"><CycleData>{reporter(m)}</CycleData>'
        f"<CycleData>{[ROX] * CYCLES}</CycleData></SignalData>"
        for w, (_, m) in WELLS.items()
    )
    multi = (
        f"<MulticomponentData><CollectionPoints>[{points}]</CollectionPoints>{dyes}{signals}"
        "</MulticomponentData>"
    )
    filters = "".join(
        f"<PlatePointData><Stage>1</Stage><Cycle>{c}</Cycle><Step>1</Step><Point>1</Point>"
        + "".join(
            f"<PlateData><WellData>{' '.join(str(w + c) for w in range(96))}</WellData>"
            f"<Attribute><key>FILTER_SET</key><value>{name}</value></Attribute></PlateData>"
            for name in ("x1-m1", "x4-m4")
        )
        + "</PlatePointData>"
        for c in range(1, CYCLES + 1)
    )
    root = "apldbio/sds/"
    return {
        f"{root}Manifest.mf": b"Implementation-Title: QuantStudio 3 and 5 Software\n"
        b"Implementation-Version: 1.5.1\n",
        f"{root}experiment.xml": b"<Experiment><Name>synthetic</Name><RunState>COMPLETE</RunState>"
        b"</Experiment>",
        f"{root}plate_setup.xml": plate.encode(),
        f"{root}tcprotocol.xml": protocol.encode(),
        f"{root}multicomponentdata.xml": multi.encode(),
        f"{root}filterdata.xml": f"<PlatePointDataCollection>{filters}</PlatePointDataCollection>"
        .encode(),
    }  # fmt: skip


def small_v1(changed: dict[str, bytes | None] | None = None) -> bytes:
    """A version 1 file; `changed` members are put in, ``None`` leaves one out."""
    members = {**v1_parts(), **(changed or {})}
    return packed({name: value for name, value in members.items() if value is not None})
