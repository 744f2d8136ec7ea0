"""From invented patients to tables and pages: the study's numbers, languages, hostile names."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import lxml.etree
import lxml.html
import numpy as np
import pytest
from click.testing import CliRunner

import cli
from qpcr.cohort.analysis import analyze_cohort
from qpcr.cohort.numbers import csv_texts
from qpcr.cohort.page import report_page
from qpcr.cohort.publish import write_cohort
from qpcr.cohort.study import load_study
from qpcr.cohort.subjects import Cohort, Subject, from_table
from qpcr.report.step_chart import StepLine, step_chart
from qpcr.simulate.study_cohort import COUNTS, DELETIONS, SIZES, cohort_csv, invent_cohort

STUDY = load_study("ikzf1-ball")
TODAY = date(2026, 1, 1)
FEATURE = {
    "WBC>=30": "wbc", "LDH>=600": "ldh", "CD20+": "cd20", "MRD1>1%": "mrd1", "MRD2>0.1%": "mrd2",
    "MRD3>0.01%": "mrd3", "CR1": "cr1", "Ph+": "ph", "male": "male", "relapse": "relapse",
    "death": "death",
}  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("cohort") / "synthetic-patients.csv"
    path.write_text(cohort_csv(invent_cohort(seed=1)), "utf-8")
    return path


@pytest.fixture(scope="module")
def analysis(table):
    return analyze_cohort(from_table(table, today=TODAY), STUDY)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_printed_statistic_is_reproduced_but_the_faults_in_print(analysis, data_dir):
    with (data_dir / "ikzf1" / "study_tables.csv").open(newline="", encoding="utf-8") as stream:
        printed = list(csv.DictReader(stream))
    by = {"1": analysis.baselines[1], "2": analysis.baselines[0]}
    names = {"not_deleted": "no", "deleted": "yes"}
    unlike = set()
    for row in printed:
        lines = {one.name: one for one in by[row["table"]].lines}
        line = lines[FEATURE[row["factor"]]]
        cell = line.cells[by[row["table"]].groups.index(names.get(row["group"], row["group"]))]
        assert (cell.have, cell.known) == (int(row["n"]), int(row["total"]))
        decimals = len(row["printed_statistic"].partition(".")[2])
        if abs(line.statistic - float(row["printed_statistic"])) > 0.51 * 10**-decimals:
            unlike.add((row["table"], row["factor"], "statistic"))
        p = row["printed_p"]
        same = line.p < 0.001 if p == "<0.001" else abs(line.p - float(p)) <= 0.00051
        if not same:
            unlike.add((row["table"], row["factor"], "p"))
    assert unlike == {
        ("1", "MRD3>0.01%", "statistic"), ("1", "MRD3>0.01%", "p"), ("1", "LDH>=600", "p"),
    }  # fmt: skip


def test_age_has_the_printed_means_and_f(analysis):
    by_group, by_status = (one.lines[0] for one in analysis.baselines)
    told = [(round(one.mean, 1), round(one.sd, 1)) for one in by_group.cells]
    assert told == [(32.3, 8.3), (29.7, 6.3), (33.2, 8.7), (30.1, 7.9)]
    assert (round(by_group.statistic, 3), round(by_group.p, 3)) == (1.654, 0.180)
    assert (round(by_status.statistic, 3), round(by_status.p, 3)) == (0.268, 0.605)


@pytest.mark.parametrize("seed", range(1, 8))
def test_invented_patients_have_the_study_s_margins_and_dates_that_can_be(tmp_path, seed):
    path = tmp_path / "synthetic.csv"
    path.write_text(cohort_csv(invent_cohort(seed)), "utf-8")
    cohort = from_table(path, today=TODAY)
    assert cohort.synthetic
    assert len(cohort.subjects) == 142
    assert cohort.exclusions == ()
    found = analyze_cohort(cohort, STUDY, survival=False)
    assert found.baselines[0].sizes == SIZES
    assert dict(found.frequencies.types) == DELETIONS
    lines = {one.name: one for one in found.baselines[0].lines}
    for name, counts in COUNTS.items():
        assert tuple(one.have for one in lines[name].cells) == counts
    for values in (one.values for one in cohort.subjects):
        assert values["last_follow_up"] <= STUDY.censor


def test_same_seed_same_patients():
    assert cohort_csv(invent_cohort(3)) == cohort_csv(invent_cohort(3))
    assert cohort_csv(invent_cohort(3)) != cohort_csv(invent_cohort(4))


def test_events_counted_agree_with_the_table(analysis):
    os = next(one for one in analysis.endpoints if one.name == "OS")
    assert [arm.events for arm in os.groups.arms] == list(COUNTS["death"])
    cir = next(one for one in analysis.endpoints if one.name == "CIR")
    assert [arm.events for arm in cir.groups.arms] == list(COUNTS["relapse"])
    assert cir.groups.incidence


def test_csv_says_every_number_and_that_it_is_synthetic(analysis):
    texts = csv_texts(analysis)
    assert all(name.startswith("synthetic-") for name in texts)
    rates = rows(texts["synthetic-rates.csv"])
    for one in analysis.endpoints:
        mine = [r for r in rates if r["endpoint"] == one.name and r["by"] == "group"]
        assert [float(r["rate"]) for r in mine] == [arm.rate for arm in one.groups.arms]
    cox = rows(texts["synthetic-cox.csv"])
    models = [r for r in cox if r["endpoint"] == "OS" and r["model"] == "all factors"]
    assert [r["factor"] for r in models] == list(STUDY.factors)
    assert all(float(r["low"]) < float(r["hr"]) < float(r["high"]) for r in models)
    assert float(models[0]["events_per_factor"]) == pytest.approx(45 / 12)
    assert "unreliable" in models[0]["warnings"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_says_all_in_its_language_and_needs_nothing_else(analysis, lang):
    page = report_page(analysis, lang)
    tree = lxml.html.fromstring(page)
    assert tree.get("lang") == lang
    assert not tree.xpath("//script|//link[@href!='data:,']|//img|//iframe")
    assert not re.search(r"(src|href)=[\"']?https?:", page)
    words = " ".join(tree.itertext())
    (banner,) = tree.xpath("//p[@class='banner']")
    assert ("SYNTHETIC" if lang == "en" else "模拟患者") in banner.text
    for wanted in ("8.760", "14.702", "0.033", "24", "0.017"):
        assert wanted in words
    assert ("immortal time" if lang == "en" else "永生时间") in words
    assert len(tree.xpath("//*[local-name()='svg']")) == 8
    if lang == "zh":
        assert "Log-rank test" not in words
        assert "Patients" not in words


def test_hostile_ids_and_columns_are_only_text(tmp_path):
    attack = "<script>alert(1)</script>"
    path = tmp_path / "patients.csv"
    path.write_text(
        f"patient,{attack},diagnosis date,death\n{attack},1,2018-01-01,no\n"
        "=1+1,1,2018-01-01,no\nx,1,2018-01-01,no\n".replace(",no", ",no,").replace(
            "death", "death,last follow up"
        )
        + "y,1,2018-01-01,no,2019-01-01\n",
        "utf-8",
    )
    found = analyze_cohort(from_table(path, today=TODAY), STUDY)
    page = report_page(found, "en")
    assert attack not in page
    assert "&lt;script&gt;" in page
    assert "\n'=1+1," in csv_texts(found)["exclusions.csv"]


def test_one_patient_or_none_known_makes_tables_not_errors():
    start = {"diagnosis_date": date(2018, 1, 1), "last_follow_up": date(2019, 1, 1)}
    found = analyze_cohort(Cohort((Subject("a", start),)), STUDY)
    page = report_page(found, "zh")
    assert "没有可比较的两组" in page
    assert found.frequencies.unknown == 1
    assert found.baselines[0].nowhere == 1


def test_the_chart_is_xml_that_escapes_and_counts_those_at_risk():
    times = np.array([1.0, 2.0, 4.0])
    line = StepLine("<b>&", 1.0, times, np.array([0.8, 0.8, 0.4]), np.full(3, np.nan),
                    np.full(3, np.nan), np.array([5.0, 4.0, 2.0]))  # fmt: skip
    assert [line.risk_at(t) for t in (0, 1, 1.5, 4, 4.1)] == [5, 5, 4, 2, 0]
    drawn = lxml.etree.fromstring(step_chart("a < b", [line], "m", "%", "n", "").encode())
    points = drawn.find("{*}polyline").get("points").split()
    assert points[0].split(",")[1] == "34.0"
    assert float(points[-1].split(",")[1]) == pytest.approx(34 + 300 * 0.6, abs=0.06)
    assert step_chart("nobody", [], "m", "%", "n", "").startswith("<svg")


def test_commands_write_all_or_say_why(table, tmp_path):
    runner = CliRunner()
    for command, names in (
        ("tables", {"characteristics.csv", "deletions.csv", "exclusions.csv"}),
        ("survival", {"rates.csv", "cox.csv", "OS-groups.svg", "CIR-landmark.svg"}),
        ("report", {"report.html", "tests.csv", "curves.csv"}),
    ):
        out = tmp_path / command
        done = runner.invoke(
            cli.main, ["cohort", command, "--table", str(table), "--out", str(out), "--lang", "en"]
        )
        assert done.exit_code == 0, done.output
        assert "142 patients take part, 0 are left out" in done.output
        assert {f"synthetic-{name}" for name in names} <= {one.name for one in out.iterdir()}
    done = runner.invoke(cli.main, ["cohort", "report", "--out", str(tmp_path / "x")])
    assert done.exit_code == 2
    assert "--store" in done.output


def test_from_plates_to_tables(tmp_path):
    from qpcr.cohort.subjects import from_store
    from qpcr.cohort_rehearsal import rehearse_cohort
    from qpcr.errors import InputError
    from qpcr.records import Store

    made = rehearse_cohort(tmp_path, tested=6)
    cohort = from_store(Store.open(made.store))
    assert cohort.synthetic
    assert len(cohort.subjects) == 142
    own = [one for one in cohort.subjects if one.from_results]
    assert sorted(one.id for one in own) == list(made.tested)
    truth = {one.name: one.deletion for one in invent_cohort(1)}
    assert {one.id: one.values.get("ikzf1_deletion") for one in own} == {
        name: truth[name] for name in made.tested
    }
    found = analyze_cohort(cohort, STUDY, survival=False)
    assert found.baselines[0].sizes == SIZES
    assert dict(found.frequencies.types) == DELETIONS
    signed = from_store(Store.open(made.store), signed_only=True)
    assert sum("ikzf1" not in one.values for one in signed.subjects) == 6
    paths = write_cohort(found, tmp_path / "out", "en", page=False)
    assert all(path.name.startswith("synthetic-") for path in paths)
    with pytest.raises(InputError, match="exists already"):
        rehearse_cohort(tmp_path)
