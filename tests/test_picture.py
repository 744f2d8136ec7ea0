"""Pictures for papers: what they show, as which files, and that names stay names."""

from __future__ import annotations

import warnings
from dataclasses import replace

import lxml.etree
import numpy as np
import pytest
from click.testing import CliRunner
from eds_files import small_eds, written
from report_records import ATTACKS, synthetic_record, synthetic_run

from cli import main
from qpcr.errors import InputError
from qpcr.report import _picture_parts as parts
from qpcr.report._standards import standards
from qpcr.report.language import preferred
from qpcr.report.picture import ENDINGS, KINDS, draw, write_picture
from qpcr.run import Task

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def record():
    run = synthetic_run(used=24, targets=("ALB", "Δ4-7"))
    reactions = tuple(
        replace(one, task=Task.STANDARD, quantity=10.0 ** (5 - one.well % 4))
        if one.target == "ALB"
        else one
        for one in run.reactions
    )
    return synthetic_record(replace(run, reactions=reactions))


def texts(path):
    tree = lxml.etree.parse(path)
    return ["".join(one.itertext()).strip() for one in tree.iter(f"{SVG}text")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_kind_is_written_as_every_file(record, tmp_path, kind, ending):
    path = write_picture(draw(record, kind), tmp_path / "new" / f"picture{ending}")
    head = path.read_bytes()[:1000]
    signs = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    assert signs[ending] in head
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_curves_are_those_of_the_record(record):
    (ax,) = draw(record, "curves").axes
    drawn = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 40]
    expected = [record.curves.drn[row] for row, one in enumerate(record.curves.reactions)
                if one.target == "ALB"]  # fmt: skip
    for given, wanted in zip(drawn, expected, strict=False):
        np.testing.assert_array_equal(given, wanted)
    assert len(drawn) == len(record.curves)
    levels = {float(line.get_ydata()[0]) for line in ax.lines if len(line.get_ydata()) == 2}
    assert levels == {0.2}
    (log,) = draw(record, "curves", log=True).axes
    assert log.get_yscale() == "log"


def test_only_what_is_asked_for_is_drawn(record):
    (ax,) = draw(record, "curves", targets=["ALB"], samples=["s1"]).axes
    asked = [one for one in record.curves.reactions if (one.target, one.sample) == ("ALB", "s1")]
    assert len([line for line in ax.lines if len(line.get_ydata()) == 40]) == len(asked)
    for wrong in ({"targets": ["ALP"]}, {"samples": ["s9"]}):
        with pytest.raises(InputError, match="not on the plate"):
            draw(record, "curves", **wrong)


def test_the_plate_says_every_ct(record, tmp_path):
    said = texts(write_picture(draw(record, "plate"), tmp_path / "plate.svg"))
    cqs = sorted(f"{fit.cq:.1f}" for fit in record.fits if fit.cq is not None)
    numbers = sorted(text for text in said if "." in text)
    assert [one for one in numbers if one in cqs] == cqs
    assert {"A", "H", "12", "ALB", "Δ4-7", "SIMULATED"} <= set(said)
    one = draw(synthetic_record(synthetic_run(used=8)), "plate")
    assert len([ax for ax in one.axes if ax.get_aspect() == 1.0]) == 1


def test_the_standard_curve_is_the_line_of_the_numbers(record, tmp_path):
    figure = draw(record, "standard", "zh")
    ((line, curve),) = standards(record).drawn
    points, fitted = figure.axes[0].lines
    assert list(points.get_ydata()) == [record.fits[row].cq for row in line.rows]
    expected = curve.intercept + curve.slope * np.log10(fitted.get_xdata())
    np.testing.assert_allclose(fitted.get_ydata(), expected)
    said = " ".join(texts(write_picture(figure, tmp_path / "s.svg")))
    assert f"斜率 {curve.slope:.3f}" in said
    bare = synthetic_record(synthetic_run(used=4))
    with pytest.raises(InputError, match="no standards"):
        draw(bare, "standard")


def test_long_legends_are_broken_behind_commas_and_lose_nothing():
    text = "a: slope -3.680, r² 0.9921, efficiency 87.0% (81.1% to 93.7%), over 625 to 10,000."
    made = parts.folded(text)
    assert made.split("\n")[1].startswith("efficiency")
    assert " ".join(made.split("\n")) == text
    assert "10,000" in made
    chinese = "甲：斜率 -3.680，r² 0.9921，扩增效率 87.0%（81.1% 至 93.7%），范围 625 至 10,000。"
    assert parts.folded(chinese).replace("\n", "") == chinese
    assert parts.folded(chinese).count("\n") == 1


def test_the_same_run_gives_the_same_file(record, tmp_path):
    first, second = (
        write_picture(draw(record, "curves"), tmp_path / name).read_bytes()
        for name in ("a.svg", "b.svg")
    )
    assert first == second


def test_names_are_no_formulas_and_no_markup(tmp_path):
    odd = (*ATTACKS, "$\\frac{1}{$", "_hidden", "$x$", "a\nb")
    for start in range(0, len(odd), 4):
        run = synthetic_run(used=8, targets=odd[start : start + 4], raw=False)
        record = synthetic_record(run)
        for kind in ("curves", "plate") if start == 0 else ("curves",):
            with warnings.catch_warnings():
                # a machine without Chinese fonts draws boxes, and matplotlib says so
                warnings.filterwarnings("ignore", message="Glyph")
                path = write_picture(draw(record, kind), tmp_path / "odd.svg")
            said = " ".join(texts(path))
            tree = lxml.etree.parse(path)
            assert not list(tree.iter(f"{SVG}script"))
            for name in odd[start : start + 4]:
                shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
                assert shown in " ".join(said.split())


def test_other_endings_and_places_are_refused(record, tmp_path):
    figure = draw(record, "curves")
    with pytest.raises(InputError, match="not written"):
        write_picture(figure, tmp_path / "picture.bmp")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_picture(figure, tmp_path / "file" / "picture.svg")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_the_command_draws_and_says_what_is_wrong(tmp_path):
    file = written(tmp_path, small_eds())
    out = tmp_path / "out.png"
    done = CliRunner().invoke(main, ["plot", str(file), "--out", str(out), "--lang", "zh"])
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\x89PNG")
    done = CliRunner().invoke(main, ["plot", str(file), "--out", str(tmp_path / "x.gif")])
    assert done.exit_code == 3
    assert ".svg, .png, .pdf" in done.output


def test_a_run_of_a_store_is_drawn_as_it_was_filed(tmp_path):
    from qpcr import Settings, analyze
    from qpcr.records import Store

    record = analyze(written(tmp_path, small_eds()), Settings(threshold=0.123))
    store = Store.init(tmp_path / "store")
    store.commit(record, user="tester")
    (kept,) = store.runs()
    out = tmp_path / "kept.svg"
    done = CliRunner().invoke(
        main, ["plot", kept.run_id, "--store", str(tmp_path / "store"), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    (ax,) = draw(record, "curves").axes
    assert 0.123 in {float(line.get_ydata()[0]) for line in ax.lines}
    write_picture(draw(record, "curves", preferred()), tmp_path / "fresh.svg")
    assert out.read_bytes() == (tmp_path / "fresh.svg").read_bytes()
