"""The simulator against closed forms, its own truth, and the format's independent description.

What reads the files here is written here: `_Java` decodes the object stream, `_ini` the
calibrations, `_tokens` the multicomponent text.
"""

from __future__ import annotations

import dataclasses
import io
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from primers import load_panel
from qpcr.errors import InputError
from qpcr.simulate import (
    Conditions,
    PlateSpec,
    ReactionSpec,
    SimulatedRun,
    TargetSpec,
    WellSpec,
    demo_plate,
    eds_bytes,
    simulate_plate,
    write_eds,
)
from qpcr.simulate.java import multicomponent_object
from qpcr.simulate.multicomponent import (
    Multicomponent,
    java_number,
    multicomponent_text,
)
from qpcr.simulate.pcr import amplify

ROOT = "apldbio/sds/"
CALIBRATIONS = "APLDBIO\\SDS\\CALIBRATIONS/"
FAM = TargetSpec("T")
EXACT = dataclasses.replace(
    Conditions.unbiased(), efficiency_sd=0, capacity_sd=0, reference_drift=0, drift_sd=0
)


def _plate(copies: list[float], **changes: Any) -> PlateSpec:
    """One FAM/TAMRA reaction a well, from A1 on."""
    wells = tuple(WellSpec(i, f"s{i}", (ReactionSpec("T", mean),)) for i, mean in enumerate(copies))
    return PlateSpec(**{"name": "test", "targets": (FAM,), "wells": wells, **changes})


def _screen() -> PlateSpec:
    """Nine patients of the demonstration, standards, its NTC, and a column without any mix."""
    whole = demo_plate()
    wells = [well for well in whole.wells if well.well % 12 < 9]
    wells += [
        dataclasses.replace(well, well=well.well - 1)
        for well in whole.wells
        if well.sample == "NTC"
    ]
    for row in range(8):
        standard = ReactionSpec("RNase P", 10.0 ** (7 - row), "STANDARD", 10.0 ** (7 - row))
        wells.append(WellSpec(row * 12 + 9, f"Standard {row}", (standard,)))
    return dataclasses.replace(whole, wells=tuple(wells))


@pytest.fixture(scope="module")
def screen() -> SimulatedRun:
    return simulate_plate(_screen(), seed=1)


@pytest.fixture(scope="module")
def archive(screen: SimulatedRun) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(eds_bytes(screen)))


# Same seed, same file ----------------------------------------------------------------------


def test_same_seed_gives_the_same_bytes(tmp_path: Path, screen: SimulatedRun) -> None:
    write_eds(screen, tmp_path / "a.eds")
    write_eds(simulate_plate(_screen(), seed=1), tmp_path / "b.eds")
    assert (tmp_path / "a.eds").read_bytes() == (tmp_path / "b.eds").read_bytes()
    assert eds_bytes(simulate_plate(_screen(), seed=2)) != eds_bytes(screen)


def test_noise_changes_the_counts_and_nothing_that_came_before(screen: SimulatedRun) -> None:
    loud = simulate_plate(dataclasses.replace(_screen(), noise=3.0), seed=1)
    np.testing.assert_array_equal(loud.truth.rn, screen.truth.rn)
    np.testing.assert_array_equal(loud.uniformity, screen.uniformity)
    assert (loud.counts != screen.counts).mean() > 0.5


# Amplification -----------------------------------------------------------------------------


def test_templates_are_poisson() -> None:
    drawn = np.concatenate(
        [
            simulate_plate(_plate([5.0] * 384, rows=16, columns=24, cycles=1), s).truth.copies
            for s in range(10)
        ]
    )
    n = len(drawn)
    assert abs(drawn.mean() - 5) < 4 * np.sqrt(5 / n)
    # The variance of a Poisson sample variance is (μ + 2μ²)/n to first order.
    assert abs(drawn.var(ddof=1) - 5) < 4 * np.sqrt((5 + 2 * 25) / n)


def _grow(copies: int, reactions: int, cycles: int, efficiency: float, seed: int) -> np.ndarray:
    """Growth without saturation or plateau."""
    return amplify(
        np.full(reactions, copies),
        np.full(reactions, efficiency),
        np.full(reactions, 1e300),
        np.zeros(reactions, int),
        np.arange(reactions),
        cycles,
        1e300,
        0.0,
        [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(reactions)],
    )


@pytest.mark.parametrize("efficiency", [0.5, 0.9, 1.0])
def test_early_cycles_are_a_branching_process(efficiency: float) -> None:
    """Moments of a Galton-Watson process whose molecules double with probability E."""
    reactions, cycles, growth = 20_000, 8, 1 + efficiency
    last = _grow(1, reactions, cycles, efficiency, 3)[:, -1]
    mean = growth**cycles
    variance = efficiency * (1 - efficiency) * growth ** (cycles - 1) * (mean - 1) / (growth - 1)
    assert last.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / reactions) + 1e-9)
    assert last.var() == pytest.approx(variance, rel=0.06, abs=1e-9)


def test_many_molecules_grow_as_their_mean() -> None:
    product = _grow(1_000_000, 3, 10, 0.9, 0)
    np.testing.assert_allclose(product, [1e6 * 1.9 ** np.arange(11)] * 3, rtol=1e-12)


def test_growth_slows_and_stays_below_capacity(screen: SimulatedRun) -> None:
    truth, conditions = screen.truth, screen.spec.conditions
    assert (np.diff(truth.product, axis=1) >= 0).all()
    assert truth.product.max() < conditions.capacity * np.exp(5 * conditions.capacity_sd)
    none = truth.copies == 0
    assert none.sum() > 30
    assert (truth.product[none] == 0).all()
    np.testing.assert_array_equal(truth.rn[none], truth.baseline[none])
    plenty = truth.copies > 1e5
    ratio = truth.product[plenty, 1:] / truth.product[plenty, :-1]
    assert (np.diff(ratio, axis=1) < 0).all()


@pytest.mark.parametrize("efficiency", [0.7, 0.9, 1.0])
def test_slope_of_true_ct_is_that_of_the_efficiency(efficiency: float) -> None:
    copies = [10.0**k for k in (5, 5.5, 6, 6.5, 7, 7.5, 8)]
    target = dataclasses.replace(FAM, efficiency=efficiency)
    spec = _plate(copies, conditions=EXACT, targets=(target,), cycles=60)
    truth = simulate_plate(spec, seed=4).truth
    cq = np.array(truth.cq(0.4), dtype=float)
    slope = np.polyfit(np.log10(truth.copies), cq, 1)[0]
    assert slope == pytest.approx(-1 / np.log10(1 + efficiency), rel=1e-3)


def test_true_ct_of_exponential_growth_is_exact() -> None:
    """With neither saturation nor plateau N₀((1+E)^Ct − 1)·span/capacity = threshold."""
    conditions = dataclasses.replace(EXACT, capacity=1e16, saturation=1e300)
    target = dataclasses.replace(FAM, efficiency=0.9, span_rn=7e4)
    spec = _plate([1e6, 3e6, 1e7], targets=(target,), conditions=conditions, cycles=40)
    truth = simulate_plate(spec, seed=5).truth
    made = 0.3 * 1e16 / 7e4
    expected = np.log1p(made / truth.copies) / np.log(1.9)
    np.testing.assert_allclose(np.array(truth.cq(0.3), float), expected, atol=2e-3)


def test_template_that_is_not_copied_gives_no_light() -> None:
    dead = dataclasses.replace(FAM, efficiency=0)
    truth = simulate_plate(_plate([1e10], targets=(dead,), conditions=EXACT), 1).truth
    assert truth.copies[0] > 9e9
    np.testing.assert_array_equal(truth.rn, truth.baseline)


def test_true_ct_is_none_where_the_curve_does_not_cross(screen: SimulatedRun) -> None:
    cq = screen.truth.cq(0.5)
    assert all(
        (value is None) == (not (drn > 0.5).any())
        for value, drn in zip(cq, screen.truth.drn, strict=True)
    )
    assert None in cq
    assert screen.truth.cq(1e9) == (None,) * len(cq)


def test_magnitudes_are_those_of_the_bench() -> None:
    """10,000 copies come at 24-25 and a single copy at 37-39 for thresholds seen in practice."""
    many = np.array(simulate_plate(_plate([1e4] * 96), 6).truth.cq(0.7), float)
    assert 24 < np.median(many) < 25
    few = simulate_plate(_plate([1.0] * 96), 7).truth
    single = np.array(few.cq(0.7), dtype=object)[few.copies == 1].astype(float)
    assert len(single) > 20
    assert 37 < np.median(single) < 39


def test_competition_slows_the_rarer_target_of_a_well() -> None:
    rare, common = ReactionSpec("rare", 100), ReactionSpec("common", 1e6)
    targets = (TargetSpec("rare", "FAM", None), TargetSpec("common", "VIC", None))
    cq = []
    for competition in (0.0, 0.2):
        conditions = dataclasses.replace(EXACT, competition=competition)
        wells = (WellSpec(0, "s", (rare, common)),)
        spec = PlateSpec("two", targets, wells, conditions=conditions)
        cq.append(np.array(simulate_plate(spec, 8).truth.cq(0.5), float)[0])
    assert cq[1] > cq[0] + 0.5


# Optics ------------------------------------------------------------------------------------


def _recovered(run: SimulatedRun, well: int) -> tuple[np.ndarray, np.ndarray]:
    """Dye signals (D, C) from the counts by a pseudo-inverse of our own, and that inverse."""
    light = run.counts[well] * run.uniformity[well].astype(float)
    spectra = np.stack([run.pure_dyes[dye][well] for dye in run.dyes[well]]).astype(float)
    inverse = np.linalg.solve(spectra @ spectra.T, spectra)
    return inverse @ light.T, inverse


def test_without_noise_the_dyes_come_back() -> None:
    run = simulate_plate(_plate([1e4] * 96, conditions=EXACT, noise=0), 9)
    for well, dyes in run.dyes.items():
        signal, inverse = _recovered(run, well)
        # A count is rounded by at most a half; a clamped one would be worse.
        bound = 0.5 * (abs(inverse) * run.uniformity[well]).sum(axis=1)
        for row, dye in enumerate(dyes):
            assert abs(signal[row] - run.truth.signals[dye][well]).max() < bound[row]


def test_noise_is_shot_and_read_noise_and_no_more() -> None:
    conditions = dataclasses.replace(EXACT, lamp_noise=0)
    run = simulate_plate(_plate([0.0] * 96, conditions=conditions), 10)
    scores = []
    for well, dyes in run.dyes.items():
        signal, inverse = _recovered(run, well)
        variance = conditions.shot_noise * run.counts[well] + conditions.read_noise_counts**2
        gain = np.square(inverse * run.uniformity[well])
        fam = dyes.index("FAM")
        sd = np.sqrt(variance @ gain[fam])
        scores.append((signal[fam] - run.truth.signals["FAM"][well]) / sd)
    z = np.array(scores)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * z.size))


def test_noise_grows_with_its_factor() -> None:
    sds = []
    for noise in (1.0, 4.0):
        run = simulate_plate(_plate([0.0] * 24, conditions=EXACT, noise=noise), 11)
        sds.append(np.std(np.diff(run.counts[:24, :, 0], 2, axis=1)))
    assert sds[1] / sds[0] == pytest.approx(4, rel=0.05)


def test_calibration_is_what_the_format_asks_for(screen: SimulatedRun) -> None:
    uniformity = screen.uniformity.reshape(8, 12, 5)
    corners = uniformity[[0, 0, -1, -1], [0, -1, 0, -1]].mean()
    assert uniformity[3:5, 5:7].mean() < 1 < corners
    for values in screen.pure_dyes.values():
        assert (values.max(axis=1) == 1).all()
        assert (values >= 0).all()
        assert values.std(axis=0).max() > 0


def test_empty_wells_hold_stray_light_only(screen: SimulatedRun) -> None:
    empty = sorted(set(range(96)) - set(screen.dyes))
    assert empty == list(range(11, 96, 12))
    assert screen.counts[empty].max() < 40_000 < screen.counts[sorted(screen.dyes), :, 0].max()
    assert (screen.counts >= 0).all()
    assert (screen.counts[empty] == 0).any()


# The container -----------------------------------------------------------------------------


def test_members_and_times_are_fixed(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    expected = ["Manifest.mf", "experiment.xml", "plate_setup.xml", "tcprotocol.xml"]
    expected += ["analysis_protocol.xml", "images/temperatures.txt", "post-roi.dat"]
    expected += ["multicomponent_data.txt", "messages.log"]
    assert {ROOT + name for name in expected} <= set(names)
    assert "apldbio/sds/analysis_result.txt" not in names
    raw = {info.orig_filename for info in archive.infolist()}
    assert {f"{CALIBRATIONS}{n}.ini" for n in ("background", "uniformity", "puredye")} <= raw
    assert {info.date_time for info in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_sizes_are_those_of_an_honest_archive() -> None:
    """Readers refuse members that unpack to far more than they hold."""
    whole = demo_plate()
    for spec in (whole, dataclasses.replace(whole, wells=whole.wells[:1])):
        packed = zipfile.ZipFile(io.BytesIO(eds_bytes(simulate_plate(spec, 1))))
        large = [info for info in packed.infolist() if info.file_size > 65_536]
        assert large
        assert max(info.file_size / info.compress_size for info in large) < 100


def test_it_says_that_it_is_simulated(archive: zipfile.ZipFile) -> None:
    manifest = archive.read(ROOT + "Manifest.mf").decode()
    lines = dict(line.split(": ", 1) for line in manifest.split("\r\n") if line)
    assert lines["Simulated"] == "true"
    assert lines["Implementation-Version"] == "7500 Software v2.3"
    experiment = ET.fromstring(archive.read(ROOT + "experiment.xml"))
    for tag in ("Name", "Description", "Operator"):
        assert "SIMULATED" in (experiment.findtext(tag) or "")
    for name in ("background", "uniformity", "puredye"):
        head = _ini(_read(archive, f"{CALIBRATIONS}{name}.ini").decode())
        assert "SIMULATED" in head["instrument"]["id"]


def _read(archive: zipfile.ZipFile, original: str) -> bytes:
    """Read a member by the name that is really stored, backslashes and all."""
    (info,) = [info for info in archive.infolist() if info.orig_filename == original]
    return archive.read(info)


def test_images_hold_the_counts(screen: SimulatedRun, archive: zipfile.ZipFile) -> None:
    pattern = re.compile(r"images/stage3-cycle(\d{3})-point(\d+)-([1-5])\.tiff$")
    found = {}
    for name in archive.namelist():
        if match := pattern.search(name):
            data = archive.read(name)
            assert len(data) == 768
            assert int(match[1]) == int(match[2])
            found[int(match[2]), int(match[3])] = struct.unpack(">96q", data)
    assert len(found) == 45 * 5
    for (reading, number), values in found.items():
        np.testing.assert_array_equal(values, screen.counts[:, reading - 1, number - 1])


def test_temperatures_repeat_for_the_filters(
    screen: SimulatedRun, archive: zipfile.ZipFile
) -> None:
    lines = archive.read(ROOT + "images/temperatures.txt").decode().split("\r\n")
    assert lines[0].startswith("#")
    values = dict(line.split("=") for line in lines[1:] if line)
    assert list(map(int, values)) == list(range(45 * 5))
    for key, text in values.items():
        column = np.array(text.split(","), dtype=np.float32)
        np.testing.assert_array_equal(column, screen.temperatures[:, int(key) // 5])


def test_xml_describes_the_plate(screen: SimulatedRun, archive: zipfile.ZipFile) -> None:
    plate = ET.fromstring(archive.read(ROOT + "plate_setup.xml"))
    assert (plate.findtext("Rows"), plate.findtext("Columns")) == ("8", "12")
    assert plate.findtext("PassiveReferenceDye") == "ROX"
    maps = {m.findtext("Feature/Id"): m for m in plate.findall("FeatureMap")}
    samples = {
        int(v.findtext("Index") or -1): v.findtext("FeatureItem/Sample/Name")
        for v in maps["sample"].findall("FeatureValue")
    }
    assert samples == {well.well: well.sample for well in screen.spec.wells}
    for value in maps["detector-task"].findall("FeatureValue"):
        index = int(value.findtext("Index") or -1)
        (reaction,) = next(w for w in screen.spec.wells if w.well == index).reactions
        (task,) = value.findall("FeatureItem/DetectorTaskList/DetectorTask")
        assert task.findtext("Task") == reaction.task
        assert task.findtext("Detector/Name") == reaction.target
        assert float(task.findtext("Concentration") or "nan") == (reaction.quantity or 1.0)
    assert len(plate.findall("Wells/Well")) == 96


def test_xml_describes_protocol_and_settings(archive: zipfile.ZipFile) -> None:
    protocol = ET.fromstring(archive.read(ROOT + "tcprotocol.xml"))
    readings = sum(
        int(stage.findtext("NumOfRepetitions") or 0)
        * sum(step.findtext("CollectionFlag") == "1" for step in stage.findall("TCStep"))
        for stage in protocol.findall("TCStage")
    )
    assert readings == 45
    analysis = ET.fromstring(archive.read(ROOT + "analysis_protocol.xml"))
    values: list[Mapping[str | None, str | None]] = [
        {s.findtext("Name"): s.findtext("JaxbValueItem/*") for s in e.findall("JaxbSettingValue")}
        for e in analysis.findall("JaxbAnalysisSettings")
    ]
    targets = [v for v in values if v["ObjectName"] in {t.name for t in demo_plate().targets}]
    assert len(targets) == 7
    assert {(v["AutoCt"], v["AutoBaseline"]) for v in targets} == {("true", "true")}
    assert not any("WellIndex" in v for v in values)


def test_several_targets_a_well_and_no_passive_reference() -> None:
    targets = (TargetSpec("a", "FAM", "TAMRA"), TargetSpec("b & <c>", "VIC", "NFQ-MGB"))
    pair = (ReactionSpec("a", 1e4), ReactionSpec("b & <c>", 1e3, "STANDARD", 1e3))
    spec = PlateSpec("x", targets, (WellSpec(3, None, pair),), 4, 6, 30, passive_reference=None)
    run = simulate_plate(spec, 12)
    assert run.dyes[3] == ("FAM", "TAMRA", "VIC")
    assert run.truth.signals["ROX"].max() == 0
    np.testing.assert_array_equal(run.truth.rn[1], run.truth.signals["VIC"][3])
    packed = zipfile.ZipFile(io.BytesIO(eds_bytes(run)))
    plate = ET.fromstring(packed.read(ROOT + "plate_setup.xml"))
    assert plate.find("PassiveReferenceDye") is None
    names = plate.findall("FeatureMap/FeatureValue/FeatureItem/DetectorTaskList/DetectorTask")
    assert [task.findtext("Detector/Name") for task in names] == ["a", "b & <c>"]
    assert len(packed.read(ROOT + "images/stage3-cycle030-point30-5.tiff")) == 8 * 24


def _ini(text: str) -> dict[str, dict[str, Any]]:
    """Sections of a calibration; blocks become arrays."""
    sections: dict[str, dict[str, Any]] = {}
    lines = iter(text.split("\r\n"))
    for line in lines:
        if line.startswith("["):
            current = sections.setdefault(line[1:-1], {})
        elif line.endswith("=<<eof"):
            rows = list(iter(lambda: next(lines), "eof"))
            current[line[:-6]] = np.array([row.split(",") for row in rows], dtype=np.float32)
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current[key] = value
    return sections


def test_calibration_text_gives_the_floats_back(
    screen: SimulatedRun, archive: zipfile.ZipFile
) -> None:
    dyes = _ini(_read(archive, CALIBRATIONS + "puredye.ini").decode())
    assert dyes["puredyes"]["dyes"].split(",") == sorted(screen.pure_dyes)
    uniformity = _ini(_read(archive, CALIBRATIONS + "uniformity.ini").decode())["uniformity"]
    background = _ini(_read(archive, CALIBRATIONS + "background.ini").decode())["background"]
    for f in range(5):
        key = str(f + 1)
        np.testing.assert_array_equal(uniformity[key].ravel(), screen.uniformity[:, f])
        assert background[key].shape == (8, 24)
        for name, values in screen.pure_dyes.items():
            np.testing.assert_array_equal(dyes[name][key].ravel(), values[:, f])


# Multicomponent data -----------------------------------------------------------------------


class _Java:
    """A small decoder of object streams: enough for this format, no more."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 4
        self.handles: list[Any] = []
        self.root = self.content()
        assert self.at == len(data)

    def take(self, form: str) -> Any:
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def text(self) -> str:
        length = self.take("H")
        self.at += length
        return self.data[self.at - length : self.at].decode("ascii")

    def new(self, value: Any) -> Any:
        self.handles.append(value)
        return value

    def description(self) -> Any:
        token = self.take("B")
        if token == 0x70:
            return None
        if token == 0x71:
            return self.handles[self.take("I") - 0x7E0000]
        assert token == 0x72
        made = self.new({"name": self.text(), "uid": self.take("Q"), "fields": []})
        self.take("B")
        for _ in range(self.take("H")):
            kind, name = chr(self.take("B")), self.text()
            made["fields"].append((name, kind))
            if kind == "[":
                self.content()
        assert self.take("B") == 0x78
        made["parent"] = self.description()
        return made

    def content(self) -> Any:
        token = self.take("B")
        if token == 0x70:
            return None
        if token == 0x71:
            return self.handles[self.take("I") - 0x7E0000]
        if token == 0x74:
            return self.new(self.text())
        kind = self.description()
        place = len(self.handles)
        self.new(None)
        if token == 0x7E:
            self.handles[place] = self.content()
        elif token == 0x75:
            self.handles[place] = self.array(kind["name"][1], self.take("i"))
        else:
            assert token == 0x73
            self.handles[place] = self.fields(kind)
        return self.handles[place]

    def array(self, kind: str, length: int) -> Any:
        if kind in "FZ":
            form = {"F": ">f4", "Z": "?"}[kind]
            size = np.dtype(form).itemsize * length
            self.at += size
            return np.frombuffer(self.data[self.at - size : self.at], form)
        return [self.content() for _ in range(length)]

    def fields(self, kind: Any) -> dict[str, Any]:
        values = {} if kind["parent"] is None else self.fields(kind["parent"])
        for name, form in kind["fields"]:
            values[name] = self.content() if form == "[" else self.take({"I": "i", "Z": "?"}[form])
        return values


def test_java_object_holds_the_optical_chain(
    screen: SimulatedRun, archive: zipfile.ZipFile
) -> None:
    data = archive.read(ROOT + "post-roi.dat")
    assert data[:4] == bytes.fromhex("ACED0005")
    found = _Java(data).root
    assert found["mTCStageFlags"] == ["CYCLING"] * 45
    np.testing.assert_array_equal(np.array(found["mRawData"]), screen.counts)
    np.testing.assert_array_equal(np.array(found["mSampleTemperatures"]), screen.temperatures)
    for well in range(96):
        assert tuple(found["mDyeList"][well]) == screen.dyes.get(well, ())
        if well not in screen.dyes:
            assert found["mPureDyeMatrix"][well] is None
            assert found["mSignalData"][well] == []
            assert not np.any(found["mse"][well])
            continue
        counts = screen.counts[well].astype(np.float32)
        uniform = counts * screen.uniformity[well]
        np.testing.assert_array_equal(np.array(found["mSubtractedRawData"][well]), uniform)
        spectra = np.array(found["mPureDyeMatrix"][well])
        np.testing.assert_array_equal(
            spectra, np.transpose(found["mTransposedPureSpectraMatrix"][well])
        )
        signal, inverse = _recovered(screen, well)
        np.testing.assert_allclose(found["mPseudoInverseMatrix"][well], inverse, atol=1e-6)
        np.testing.assert_allclose(found["mSignalData"][well], signal, rtol=3e-6, atol=0.2)
        misfit = uniform - signal.T @ spectra
        residual = np.sqrt((misfit**2).sum(axis=1) / (5 - len(spectra)))
        np.testing.assert_allclose(found["mse"][well], residual, rtol=1e-3)


def _tokens(text: str) -> dict[tuple[int, int, str], tuple[str, str, list[str]]]:
    """Records of the multicomponent text by (well, reading, dye); fillers are skipped."""
    tokens = [token for token in re.split(r"[\t\r\n]+", text.split("\r\n", 3)[3]) if token]
    records, at = {}, 0
    while at < len(tokens):
        well, reading, third = tokens[at : at + 3]
        if re.match(r"-?\d", third):
            at += 3
            continue
        records[int(well), int(reading), third] = (
            tokens[at + 3],
            tokens[at + 4],
            tokens[at + 5 : at + 10],
        )
        at += 10
    return records


def test_text_says_what_the_object_says(screen: SimulatedRun, archive: zipfile.ZipFile) -> None:
    found = _Java(archive.read(ROOT + "post-roi.dat")).root
    text = archive.read(ROOT + "multicomponent_data.txt").decode()
    records = _tokens(text)
    assert len(records) == 45 * sum(map(len, screen.dyes.values()))
    for (well, reading, dye), (error, signal, spectrum) in records.items():
        row = found["mDyeList"][well].index(dye)
        assert np.float32(error) == found["mse"][well][reading]
        assert np.float32(signal) == found["mSignalData"][well][row][reading]
        np.testing.assert_array_equal(
            np.array(spectrum, np.float32), found["mPureDyeMatrix"][well][row]
        )
    empty = "\t".join(["95", "44", "0.0"]) + "\t"
    assert text.endswith(empty * 5)


def test_real_multicomponent_data_come_out_byte_for_byte(data_dir: Path) -> None:
    """What an instrument stored, decoded here and written by our writer, is the same file."""
    with zipfile.ZipFile(data_dir / "abi7500" / "rnasep_standard_curve_7500fast_v2.3.eds") as real:
        stream = real.read(ROOT + "post-roi.dat")
        text = real.read(ROOT + "multicomponent_data.txt").decode()
    found = _Java(stream).root

    def wells(name: str) -> tuple[Any, ...]:
        return tuple(None if v is None else np.array(v, np.float32) for v in found[name])

    data = Multicomponent(
        temperatures=np.array(found["mSampleTemperatures"], np.float32),
        stages=tuple(found["mTCStageFlags"]),
        dyes=tuple(map(tuple, found["mDyeList"])),
        raw=np.array(found["mRawData"], np.float32),
        uniform=np.array(found["mSubtractedRawData"], np.float32),
        spectra=wells("mPureDyeMatrix"),
        inverse=wells("mPseudoInverseMatrix"),
        signal=wells("mSignalData"),
        residual=np.array(found["mse"], np.float32),
        singular_values=np.array(found["mSVD"], np.float32),
    )
    assert multicomponent_object(data) == stream
    assert multicomponent_text(data, text.split("\r\n", 1)[0]) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (-301.0, "-301.0"),
        (1e-3, "0.001"),
        (1e-4, "1.0E-4"),
        (6.2392984e-4, "6.2392984E-4"),
        (842270.7, "842270.7"),
        (1e7, "1.0E7"),
        (12345678.0, "1.2345678E7"),
    ],
)
def test_numbers_look_as_java_prints_them(value: float, text: str) -> None:
    assert java_number(np.float32(value)) == text


# The demonstration, and what is refused ----------------------------------------------------


def test_demo_is_a_plate_a_technician_knows() -> None:
    run = simulate_plate(demo_plate(), seed=1)
    assert sorted(well.well for well in run.spec.wells) == list(range(96))
    carried = {patient.name: patient.deletions for patient in run.spec.patients}
    single = {deletions[0] for deletions in carried.values() if len(deletions) == 1}
    assert single == {"Δ4-7", "Δ2-7", "Δ2-8", "Δ4-8"}
    assert carried["P-007"] == ("Δ4-7", "Δ2-7")
    assert [name for name, deletions in carried.items() if not deletions] == ["P-002", "P-008"]
    everything = {target.name for target in run.spec.targets}
    for sample in (*carried, "Positive control", "NTC"):
        wells = [well for well in run.spec.wells if well.sample == sample]
        assert len({well.well % 12 for well in wells}) == 1
        assert {r.target for well in wells for r in well.reactions} == everything
    cq = dict(zip(_keys(run), run.truth.cq(0.7), strict=True))
    reference = {key: value for key, value in cq.items() if key[1] == "RNase P"}
    silent = {key[0] for key, value in reference.items() if value is None}
    assert silent == {"P-009", "NTC"}
    assert all(
        v is None for k, v in cq.items() if k[0] in ("P-002", "P-009", "NTC") and k[1] != "RNase P"
    )
    assert 34.5 < (cq["P-010", "F.4 × R-7"] or 0) < 36.5


def _keys(run: SimulatedRun) -> list[tuple[str | None, str]]:
    samples = {well.well: well.sample for well in run.spec.wells}
    places = zip(run.truth.wells.tolist(), run.truth.targets, strict=True)
    return [(samples[well], target) for well, target in places]


def test_demo_has_the_targets_of_its_panel() -> None:
    panel = load_panel("ikzf1")
    channels = [channel for reaction in panel.reactions for channel in reaction.channels]
    assert {(t.name, t.reporter, t.quencher) for t in demo_plate().targets} == {
        (channel.target, channel.reporter, channel.quencher) for channel in channels
    }
    assert demo_plate().passive_reference == panel.layout.passive_reference


def _one_well(*reactions: ReactionSpec) -> PlateSpec:
    return _plate([], wells=(WellSpec(0, "s", reactions),))


def _with_target(**changes: Any) -> PlateSpec:
    return _plate([1], targets=(dataclasses.replace(FAM, **changes),))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: _plate([1], rows=0), "needs rows"),
        (lambda: _plate([1], cycles=0), "needs rows"),
        (lambda: _plate([1], rows=1000, columns=1000), "too large"),
        (lambda: _plate([1], cycles=10**9), "too large"),
        (lambda: _plate([], wells=(WellSpec(0, "s", (), patient="P"),)), "unknown patient"),
        (lambda: _plate([1], noise=-1), "noise"),
        (lambda: _plate([1], noise=float("nan")), "noise"),
        (lambda: _plate([1] * 97), "outside the plate"),
        (lambda: _plate([-1]), "copies"),
        (lambda: _plate([float("nan")]), "copies"),
        (lambda: _plate([1], name="a\nb"), "printed"),
        (lambda: _plate([1], targets=(FAM, FAM)), "target is given twice"),
        (lambda: _plate([1], targets=()), "target the plate does not have"),
        (lambda: _plate([], wells=(WellSpec(0, "s", ()),) * 2), "well is given twice"),
        (lambda: _with_target(efficiency=1.1), "efficiency"),
        (lambda: _with_target(quencher="FAM"), "same dye"),
        (lambda: _one_well(ReactionSpec("T", 1, "PC")), "unknown task"),
        (lambda: _one_well(ReactionSpec("T", 1, "STANDARD")), "have a quantity"),
        (lambda: _one_well(ReactionSpec("T", 1, quantity=1)), "have a quantity"),
        (lambda: _one_well(ReactionSpec("T", 1), ReactionSpec("T", 1)), "given twice"),
        (lambda: simulate_plate(_plate([1]), seed=-1), "seed"),
        (lambda: simulate_plate(_plate([1], passive_reference="X"), 1), "no spectrum"),
        (lambda: simulate_plate(_with_target(reporter="X"), 1), "no spectrum"),
        (lambda: simulate_plate(_plate([1], passive_reference="FAM"), 1), "two parts"),
        (lambda: simulate_plate(_plate([1], passive_reference="TAMRA"), 1), "two parts"),
        (lambda: simulate_plate(_plate([1]), 1).truth.cq(0.0), "threshold"),
    ],
)
def test_contradictions_are_refused(make: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make()


def test_a_well_has_no_more_dyes_than_filters() -> None:
    dyes = ("FAM", "VIC", "NED", "CY5")
    targets = tuple(TargetSpec(dye, dye, None) for dye in dyes)
    well = WellSpec(0, "s", tuple(ReactionSpec(dye, 1e4) for dye in dyes))
    spec = PlateSpec("x", targets, (well,), conditions=EXACT, noise=0)
    run = simulate_plate(spec, 1)
    signal, inverse = _recovered(run, 0)
    bound = 0.5 * (abs(inverse) * run.uniformity[0]).sum(axis=1)
    for row, dye in enumerate(run.dyes[0]):
        assert abs(signal[row] - run.truth.signals[dye][0]).max() < bound[row]
    eds_bytes(run)
    quenched = dataclasses.replace(targets[0], quencher="TAMRA")
    with pytest.raises(InputError, match="too many dyes"):
        simulate_plate(PlateSpec("x", (quenched, *targets[1:]), (well,)), 1)


def test_it_stands_apart_from_what_it_tests() -> None:
    code = (
        "import sys, qpcr.simulate as s; s.eds_bytes(s.simulate_plate(s.demo_plate(), 1));"
        "heavy = {'pandas', 'lmfit', 'plotly', 'scipy', 'calibration', 'qpcr.formats'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
