"""The sheet of a panel says everything that its file says."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources

import pytest
from click.testing import CliRunner

from cli import main
from primers import load_panel, panel_names
from primers.panel import QcRule
from qpcr.errors import InputError
from qpcr.panel_sheet import panel_sheet

SAID_OTHERWISE = {"format", "role", "kind", "proper_curve", "pooled", "source", "grey_source", "zh"}
"""Keys whose values are words of the format, which the sheet says in its own, or in Chinese."""


def values(table, key=""):
    """Texts and numbers of a TOML file, and the names of its tables."""
    if isinstance(table, dict):
        for name, value in table.items():
            if isinstance(value, dict) and key in ("oligos", "sources", "qc", "assays"):
                yield name
            if name not in SAID_OTHERWISE:
                yield from values(value, name)
    elif isinstance(table, list):
        for one in table:
            yield from values(one, key)
    else:
        yield f"{table:g}" if isinstance(table, float) else str(table)


@pytest.mark.parametrize("name", panel_names())
def test_nothing_of_the_file_is_left_out(name):
    text = resources.files("primers").joinpath("panels", f"{name}.toml").read_text("utf-8")
    panel = load_panel(name)
    told = "\n".join(
        " | ".join(row) for section in panel_sheet(panel) for row in (section.heads, *section.rows)
    )
    told += f"\n{panel.name} {panel.version} {panel.title}"
    missing = [value for value in values(tomllib.loads(text)) if value not in told]
    assert not missing


def test_every_row_has_a_text_for_every_head_and_a_source_that_exists():
    for name in panel_names():
        panel = load_panel(name)
        for section in panel_sheet(panel):
            for row in section.rows:
                assert len(row) == len(section.heads)
                if section.title != "Sources":
                    numbers = row[-1].split(", ")
                    assert all(1 <= int(n.strip("[]")) <= len(panel.sources) for n in numbers)


def row_of(panel, title, first):
    (section,) = (one for one in panel_sheet(panel) if one.title == title)
    (row,) = (row for row in section.rows if row[0] == first)
    return dict(zip(section.heads, row, strict=True))


def test_what_a_reaction_means():
    panel = load_panel("ikzf1")
    row = row_of(panel, "Reactions", "F.4 × R-7")
    assert (row["Oligos"], row["Dye"], row["Ct below"]) == ("F.4 + R-7", "FAM / TAMRA", "36")
    assert "Δ4-7" in row["Means"]
    assert row_of(panel, "Reactions", "reference gene")["Ct below"] == "35"
    assert row_of(panel, "Products", "F.4/R-7")["Class"] == "dominant negative"


def test_limits_are_the_panels_and_else_the_rules():
    limits = row_of(load_panel("ikzf1"), "Quality rules", "positive_control")["Limits"]
    assert limits == "earliest_cq 15, latest_cq 35"
    limits = row_of(load_panel("ikzf1"), "Quality rules", "reference_gene")["Limits"]
    assert "latest_cq 32, cycles_after_median 3.5 (default)" in limits


def test_a_rule_that_does_not_exist_is_refused():
    panel = load_panel("ikzf1")
    wrong = replace(panel, qc=(QcRule("late", (), panel.sources[0]),))
    with pytest.raises(InputError, match="does not exist"):
        panel_sheet(wrong)


def test_the_command():
    done = CliRunner().invoke(main, ["panel", "show", "ikzf1"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "GTCTCGGCATACAGGGAAGA" in done.output
    assert "NC_000007.14(NM_006060.6):c.(160+1_161-1)_(850+1_851-1)del" in done.output
