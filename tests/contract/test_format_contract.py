"""What every file format must do, for every format that is found."""

from __future__ import annotations

import pytest
from eds_files import small_eds, written
from export_files import (
    HEAD_7500,
    HEAD_QS,
    HEAD_SDS1,
    as_xlsx,
    plain_rows,
    result_text,
    synthetic,
    tables_7500,
    tables_cfx,
    tables_qs,
    tables_sds1,
)
from quantstudio_files import small_v1, small_v2
from rdml_files import small_rdml

from qpcr._registry import find
from qpcr.errors import InputError
from qpcr.formats import Format, Probe, formats, read_run

SAMPLES = {
    "eds7500": (small_eds, "plate.eds"),
    "quantstudio1": (small_v1, "plate.eds"),
    "quantstudio2": (small_v2, "plate.eds"),
    "rdml": (small_rdml, "plate.rdml"),
    "sds2_export": (lambda: as_xlsx(tables_7500(synthetic()), HEAD_7500), "export.xlsx"),
    "sds1_export": (lambda: as_xlsx(tables_sds1(synthetic(6, 1)), HEAD_SDS1), "old.xlsx"),
    "cfx_export": (lambda: as_xlsx(tables_cfx(synthetic()), {}), "cfx.xlsx"),
    "analysis_result": (lambda: result_text(synthetic()).encode(), "analysis_result.txt"),
    "plain_table": (
        lambda: as_xlsx({"x": plain_rows(synthetic(), ["a", "b", "c"])}, {}),
        "curves.xlsx",
    ),
    "quantstudio_export": (lambda: as_xlsx(tables_qs(synthetic()), HEAD_QS), "results.xlsx"),
}
"""A small file of each format, made here; a new format adds its own."""


@pytest.mark.parametrize("name", formats())
def test_it_states_what_it_is(name):
    one = formats()[name]
    assert isinstance(one, Format)
    assert one.name == name
    assert one.describes
    assert name in SAMPLES, "add a small file of the format to SAMPLES"


@pytest.mark.parametrize("name", formats())
def test_it_claims_its_own_files_and_no_others(tmp_path, name):
    for other, (make, file) in SAMPLES.items():
        path = written(tmp_path, make(), file)
        assert formats()[name].sniff(Probe.of(path)) is (name == other)


@pytest.mark.parametrize("name", formats())
def test_what_it_reads_says_where_it_comes_from(tmp_path, name):
    make, file = SAMPLES[name]
    data = make()
    run = read_run(written(tmp_path, data, file))
    assert run.provenance.reader == name
    assert run.provenance.file == file
    assert len(run.provenance.sha256) == 64
    assert run.provenance.size == len(data)
    assert run.reactions
    for array in (run.cycles, run.raw):
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1


@pytest.mark.parametrize("part", [k / 40 for k in range(1, 40)])
@pytest.mark.parametrize("name", formats())
def test_cut_short_anywhere_it_is_refused(tmp_path, name, part):
    make, file = SAMPLES[name]
    data = make()
    with pytest.raises(InputError):
        read_run(written(tmp_path, data[: int(len(data) * part)], file))


def test_the_finder_asks_for_the_constant():
    with pytest.raises(AttributeError, match="must state NOTHING"):
        find("qpcr.formats", "NOTHING")
