"""Lamp and LED as files tell of them, and the light level that stands for them elsewhere."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from eds_files import written
from hypothesis import given
from hypothesis import strategies as st
from quantstudio_files import small_v1, small_v2

from qpcr.formats import read_run
from qpcr.formats._light import _from_log, _tables, _Told
from qpcr.inspection import facts
from qpcr.light_level import flicker, light_level
from qpcr.light_source import LightSource
from qpcr.records import Store
from qpcr.report import render

ROOT = "apldbio/sds/"
RNASEP = "abi7500/rnasep_standard_curve_7500fast_v2.3.eds"


def image(lamp="90", heat="54.5", time="10", name="IMAGe+"):
    return (
        f"Debug 1.0 Start XML:{name} S01.tiff {{'exposure': '{time}', 'excitationColor': 'x5', "
        f"'lampTemperature': '{heat}', 'lamp': '{lamp}', 'emissionColor': 'm6'}}\n"
    )


def test_quantstudio_log_tells_of_the_lamp(tmp_path):
    log = image() + image(heat="53.5", time="660") + image(heat="55.0") + "Info nothing\n"
    light = read_run(written(tmp_path, small_v1({f"{ROOT}messages.log": log.encode()}))).light
    assert (light.settings, light.setting) == ((90.0,), 90.0)
    assert light.temperature_celsius == 54.5
    assert (light.temperature_low, light.temperature_high) == (53.5, 55.0)
    assert light.exposures == {"x5-m6": (10.0, 660.0)}
    assert light.source == f"{ROOT}messages.log"
    assert light.reason is None
    assert light.hours is None


def test_a_setting_that_changed_is_no_single_setting(tmp_path):
    log = image() + image(lamp="80")
    light = read_run(written(tmp_path, small_v1({f"{ROOT}messages.log": log.encode()}))).light
    assert light.settings == (80.0, 90.0)
    assert light.setting is None


def quant(hours: str, exposure: str = "450") -> bytes:
    return (
        f"[instrument]\nblockid\tlamphours\tsn\n18\t{hours}\t1\n\n"
        f"[conditions]\nExcitationColor\tEmissionColor\tExposure\nx1\tm1\t{exposure}\n\n"
    ).encode()


def test_lamp_hours_and_exposures_come_from_tables_where_they_are_stated(tmp_path):
    members = {f"run/quant/S0{i}.quant": quant(h) for i, h in enumerate(("*", "812.5"))}
    light = read_run(written(tmp_path, small_v2(members))).light
    assert light.hours == 812.5
    assert light.exposures == {"x1-m1": (450.0,)}
    assert light.source == "run/quant/*.quant"
    unstated = small_v2({"run/quant/S00.quant": quant("*", "*")})
    light = read_run(written(tmp_path, unstated)).light
    assert light.hours is None
    assert "says nothing" in light.reason


def test_a_log_that_cannot_be_read_stops_nothing_and_is_said(tmp_path):
    path = written(tmp_path, small_v1({f"{ROOT}messages.log": image().encode() * 50}))
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(f"{ROOT}messages.log")
    data = bytearray(path.read_bytes())
    data[entry.header_offset + 60 + len(entry.filename)] ^= 0xFF
    run = read_run(written(tmp_path, bytes(data), "damaged.eds"))
    assert "cannot be read" in run.light.reason
    assert run.light.temperature_celsius is None
    assert len(run.reactions) == 3


@given(st.text(max_size=300), st.text(max_size=60))
def test_no_text_breaks_the_reader_of_logs(text, inside):
    for one in (text, image(lamp=inside, time=inside), f"Scanner Properties: -LEDonTime={inside}"):
        told = _Told()
        _from_log(one, told)
        assert all(np.isfinite([*told.settings, *told.temperatures]))
    _tables(f"[instrument]\n{text}\n{inside}")


@pytest.mark.parametrize(
    ("file", "setting", "low", "high"),
    [("test.eds", 90.0, 54.3145, 54.5666), ("mid-run.eds", 90.0, 52.0281, 52.0281)],
)
def test_real_quantstudio_files(data_dir, file, setting, low, high):
    path = data_dir / "quantstudio" / file
    light = read_run(path).light
    assert light.setting == setting
    assert (light.temperature_low, light.temperature_high) == (low, high)
    log = zipfile.ZipFile(path).read(f"{ROOT}messages.log").decode()
    heats = [one.split("'")[0] for one in log.split("'lampTemperature': '")[1:]]
    assert light.temperature_celsius == pytest.approx(np.median(np.array(heats, float)), rel=1e-12)


def test_a_run_that_goes_on_tells_the_same_in_its_lists_of_exposures(data_dir, tmp_path):
    whole = data_dir / "quantstudio" / "mid-run.eds"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "x.eds", "w") as target:
        for name in source.namelist():
            if not name.endswith("messages.log"):
                target.writestr(name, source.read(name))
    light = read_run(tmp_path / "x.eds").light
    assert light.source == f"{ROOT}quant/*.xml"
    assert light.setting == 90.0
    assert light.exposures["x3-m5"] == (40.0, 660.0)


def test_real_stepone_file(data_dir):
    run = read_run(data_dir / "stepone" / "steponeplus_v2.3_native_with_results.eds")
    assert (run.light.on_time, run.light.on_time_total) == (330.0, 11049642.0)
    assert run.light.setting is None
    level = light_level(run)
    assert level.filter == "RED"
    below = run.raw[:, 2:10, 3] - run.calibration.background[:, 3][:, None]
    used = sorted({one.well for one in run.reactions if not one.omitted})
    assert level.counts == pytest.approx(np.median(np.median(below[used], axis=1)))


def test_the_7500_says_nothing_and_its_level_stands_for_the_lamp(data_dir):
    run = read_run(data_dir / RNASEP)
    assert run.light.settings == ()
    assert run.light.reason == "The file says nothing about its lamp or LED."
    level = light_level(run)
    assert (level.dye, level.filter, level.first_cycle, level.last_cycle) == ("ROX", "4", 3, 10)
    assert level.counts == pytest.approx(514_363.5)
    assert 0 <= level.flicker_percent < 0.1
    said = dict(facts(run))
    assert "514,364 counts of ROX in its own filter 4" in said["light level"]
    assert "stands for the lamp" in said["light level"]


def test_quantstudio_s_calibration_tells_the_filter_of_rox(data_dir, tmp_path):
    (file,) = (data_dir / "quantstudio").glob("PER123RHV*.eds")
    run = read_run(file)
    assert run.own_filters == {"ROX": "X4_M4"}
    assert "calibrations/puredye.ini, most of it" in run.unread
    level = light_level(run)
    assert (level.filter, level.wells) == ("X4_M4", 210)
    place = run.filters.index("X4_M4")
    used = sorted({one.well for one in run.reactions if not one.omitted})
    early = run.raw[used][:, 2:10, place]
    assert level.counts == pytest.approx(np.median(np.median(early, axis=1)))
    assert 0 < level.flicker_percent < 1
    # the instrument's own word, in a file that has it
    text = zipfile.ZipFile(data_dir / "quantstudio" / "test.eds").read(
        f"{ROOT}calibrations/puredye.ini"
    )
    assert b"QCPeakChannel=x4-m4" in text[text.index(b"[ROX]") :]
    assert read_run(data_dir / "quantstudio" / "test.eds").own_filters == {"ROX": "x4-m4"}


@pytest.mark.parametrize(
    ("text", "own", "note"),
    [
        ("[ROX]\nx1-m1=<<eof\n0.1,0.2\neof\nx4-m4=<<eof\n0.9,1\neof\n", {"ROX": "X4_M4"}, 0),
        ("[ROX]\nx1-m1=<<eof\n0.1,0.2\neof\nx4-m4=<<eof\n0.9,nan\neof\n", {}, 0),
        ("[ROX]\nx4-m4=<<eof\n0.9,?\neof\n", {}, 0),
        ("[FAM]\nx1-m1=<<eof\n1\neof\n", {}, 0),
        ("[ROX]\nx4-m4=<<eof\n0.9", {}, 1),
    ],
)
def test_calibrations_that_do_not_tell_the_filter(tmp_path, text, own, note):
    run = read_run(written(tmp_path, small_v2({"calibrations/puredye.ini": text.encode()})))
    assert run.own_filters == own
    assert sum("calibration of the dyes cannot be read" in one for one in run.notes) == note
    assert (light_level(run).counts is not None) == bool(own)


def test_exports_of_the_7500_know_the_filter_of_rox(data_dir):
    (file,) = (data_dir / "abi7500").glob("qpcr1068*.xls")
    level = light_level(read_run(file))
    assert (level.filter, level.wells) == ("4", 64)
    assert level.counts > 1e5


@pytest.mark.parametrize(("common", "own"), [(0.0, 0.004), (0.001, 0.002), (0.01, 0.003)])
def test_flicker_is_what_was_put_in(common, own):
    random = np.random.default_rng(7)
    squares = []
    for _ in range(60):
        bend = 0.01 * np.linspace(0, 1, 40) ** 2  # a slow drift that is no flicker
        shared = common * random.standard_normal(40) + bend
        wells = own * random.standard_normal((24, 40)) + random.normal(10, 0.3, (24, 1))
        squares.append(flicker(np.exp(shared + wells)) ** 2)
    assert np.sqrt(np.mean(squares)) == pytest.approx(100 * common, rel=0.1, abs=0.05)


def test_level_scales_with_the_lamp_and_forgets_nothing(data_dir):
    run = read_run(data_dir / RNASEP)
    darker = replace(run, raw=run.raw * 0.8)
    assert light_level(darker).counts == pytest.approx(0.8 * light_level(run).counts)
    assert light_level(darker).flicker_percent == pytest.approx(light_level(run).flicker_percent)
    raw = np.array(run.raw)
    raw[0], raw[30, 3:20] = np.nan, np.nan  # a well, and readings of another
    assert light_level(replace(run, raw=raw)).counts == pytest.approx(514_000, rel=0.01)


def test_no_level_has_a_reason(data_dir):
    run = read_run(data_dir / RNASEP)
    for changed, match in (
        (replace(run, raw=None, filters=()), "no raw fluorescence"),
        (replace(run, passive_reference=None), "no passive reference"),
        (replace(run, passive_reference="MUSTANG"), "which filter is that of MUSTANG"),
        (replace(run, raw=run.raw * np.nan), "No well has 3 readings"),
    ):
        level = light_level(changed)
        assert level.counts is None
        assert match in level.reason
        assert level.told() == (level.reason,)
    few = replace(run, reactions=run.reactions[:2])
    assert light_level(few).counts is not None
    assert light_level(few).flicker_percent is None


def test_level_is_kept_and_reported(called_record, tmp_path):
    level = called_record.light_level
    assert level == light_level(called_record.run)
    assert level.counts > 0
    store = Store.init(tmp_path / "store")
    kept = store.record(store.commit(called_record).run_id)
    assert kept.light_level == level
    assert kept.run.light == called_record.run.light == LightSource(reason=kept.run.light.reason)
    english, chinese = (render(called_record, lang) for lang in ("en", "zh"))
    assert f"{level.counts:,.0f} counts, filter 4; flicker" in english
    assert "光强水平（代表光源）" in chinese
    assert "says nothing about its lamp" not in english, "what is not known takes no room"
    unseen = replace(called_record, light_level=None)  # of a version that did not look
    assert f"{level.counts:,.0f} counts" in render(unseen)


def test_run_json_has_both(called_record):
    from qpcr.document import to_json

    told = json.loads(to_json(called_record))
    assert told["light_level"]["filter"] == called_record.light_level.filter
    assert told["run"]["light"]["settings"] == []


def test_few_wells_without_flicker_show_none():
    random = np.random.default_rng(0)
    for count in (3, 8, 15):
        assert flicker(1e4 * np.exp(random.normal(0, 0.003, (count, 38)))) is None
    seen = [flicker(1e4 * np.exp(random.normal(0, 0.003, (16, 38)))) for _ in range(200)]
    assert np.sqrt(np.mean(np.square(seen))) < 0.035
