"""The panel loader: what it accepts, and every refusal with its place."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from primers import PanelError, load_panel, new_panel, panel_names
from primers.loader import parse_panel

MINIMAL = """
format = 1
[panel]
name = "mini"
version = "1"
title = "A synthetic panel"
[sources.here]
evidence = "unverified"
citation = "made for a test"
[oligos]
F = { role = "forward", sequence = "ACGTACGTACGTACGTAC", binds = "left", source = "here" }
R1 = { role = "reverse", sequence = "TTGCATTGCATTGCATTG", binds = "right", source = "here" }
R2 = { role = "reverse", sequence = "CCGATCCGATCCGATCCG", binds = "right", source = "here" }
GF = { role = "forward", undisclosed = "bought", binds = "gene", source = "here" }
GR = { role = "reverse", undisclosed = "bought", binds = "gene", source = "here" }
[assays.one]
forward = "F"
reverse = "R1"
product = "Δ4-7"
role = "target"
functional_class = "dominant negative"
deleted_exons = [4, 7]
source = "here"
[[assays.one.amplicons]]
bp = [100, 120]
source = "here"
[[assays.one.hgvs]]
assembly = "GRCh38"
description = "NC_000007.14(NM_006060.6):c.(1_2)_(3_4)del"
source = "here"
[assays.two]
forward = "F"
reverse = "R2"
product = "Δ4-8"
role = "target"
functional_class = "loss of function"
source = "here"
[assays.gene]
forward = "GF"
reverse = "GR"
product = "GENE"
role = "reference"
source = "here"
[[reactions]]
name = "well 1"
oligos = ["F", "R1"]
source = "here"
[[reactions.channels]]
target = "T1"
aliases = ["T one"]
reporter = "FAM"
quencher = "TAMRA"
reads = ["one"]
reports = "Δ4-7"
[[reactions]]
name = "well 2"
oligos = ["F", "R2"]
source = "here"
[[reactions.channels]]
target = "T2"
reporter = "FAM"
quencher = "TAMRA"
reads = ["two"]
reports = "Δ4-8"
cq_below = 38
[[reactions]]
name = "well 3"
oligos = ["GF", "GR"]
source = "here"
[[reactions.channels]]
target = "GENE"
reporter = "VIC"
quencher = "NFQ"
reads = ["gene"]
reports = "GENE"
[cutoffs]
cq_below = 36.0
source = "here"
[layout]
replicates = 2
passive_reference = "ROX"
source = "here"
[[layout.controls]]
kind = "ntc"
minimum = 1
source = "here"
[[layout.controls]]
kind = "positive"
minimum = 1
source = "here"
[qc.replicates]
largest = 0.28
names = "some text"
both = [1, 2.5]
source = "here"
"""


def replaced(*pairs: tuple[str, str]) -> bytes:
    """Return the minimal panel with texts replaced; each must be there."""
    text = MINIMAL
    for old, new in pairs:
        if old not in text:
            raise AssertionError(f"{old!r} is not in the minimal panel")
        text = text.replace(old, new, 1)
    return text.encode()


def refusal(*pairs: tuple[str, str]) -> PanelError:
    with pytest.raises(PanelError) as caught:
        parse_panel(replaced(*pairs), Path("mini.toml"))
    error = caught.value
    assert error.file == "mini.toml"
    for fact in (error.place, error.expected, error.found, error.remedy):
        assert fact is None or fact in str(error)
    return error


def test_the_minimal_panel_is_read() -> None:
    panel = parse_panel(MINIMAL.encode())
    assert panel.assay("one").amplicons[0].high_bp == 120
    assert panel.oligo("GF").sequence is None
    assert [c.cq_below for r in panel.reactions for c in r.channels] == [36.0, 38.0, 36.0]
    assert [c.role for r in panel.reactions for c in r.channels] == [
        "target",
        "target",
        "reference",
    ]
    assert [c.expect for c in panel.layout.controls] == ["not amplified", "amplified"]
    assert panel.qc[0].limit("largest") == 0.28
    assert panel.qc[0].limit("both") == (1.0, 2.5)
    assert panel.qc[0].limit("absent") is None
    assert pickle.loads(pickle.dumps(panel)) == panel


def test_target_names_are_found_whatever_their_case_and_spaces() -> None:
    panel = parse_panel(MINIMAL.encode())
    for name in ("T1", " t1 ", "Tone", "t ONE"):
        found = panel.find_channel(name)
        assert found is not None
        assert (found[0].name, found[1].reports) == ("well 1", "Δ4-7")
    assert panel.find_channel("T3") is None


TYPOS = [
    ('title = "A', 'titel = "A', "panel.title", "'titel'"),
    ("[qc.replicates]", "[qcs.replicates]", "qcs", "did you mean 'qc'?"),
    ("[layout]\n", "[layuot]\n", "layout", "layuot"),
    ('binds = "left"', 'bind = "left"', "oligos.F.binds", "'bind'"),
    ("deleted_exons", "deleted_exon", "assays.one.deleted_exon", "did you mean 'deleted_exons'?"),
    ("[[assays.one.hgvs]]", "[[assays.one.hgsv]]", "assays.one.hgsv", "did you mean 'hgvs'?"),
    ("aliases", "alias", "reactions[0].channels[0].alias", "did you mean 'aliases'?"),
    ("cq_below = 38", "cq_bellow = 38", "reactions[1].channels[0].cq_bellow", "'cq_below'?"),
    ("replicates = 2", "replicate = 2", "layout.replicates", None),
    ("cq_below = 36.0", "cq_belwo = 36.0", "cutoffs.cq_below", None),
    ('reports = "GENE"', 'report = "GENE"', "reactions[2].channels[0].reports", "'report'"),
    ('evidence = "', 'evidense = "', "sources.here.evidence", "'evidense'"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), TYPOS)
def test_a_typo_in_a_key(old: str, new: str, place: str, words: str | None) -> None:
    # [layout] names its controls too: the array moves with it.
    pairs = [(old, new)]
    if "layuot" in new:
        pairs += [("[[layout.controls]]", "[[layuot.controls]]")] * 2
    error = refusal(*pairs)
    assert error.place == place
    assert error.expected
    if words is not None:
        assert words in str(error)


VALUES = [
    ("format = 1", "format = 2", "format", "1"),
    ("ACGTACGTACGTACGTAC", "ACGTACGTACGUACGTAC", "oligos.F.sequence", "'U'"),
    ("ACGTACGTACGTACGTAC", "ACGTNCGTACGTACGTAC", "oligos.F.sequence", "base 5"),
    ("ACGTACGTACGTACGTAC", "acgt", "oligos.F.sequence", "capitals"),
    ("ACGTACGTACGTACGTAC", " ", "oligos.F.sequence", "empty"),
    ('undisclosed = "bought", ', "", "oligos.GF.sequence", "either a sequence or"),
    ('"FAM"', '"FAN"', "reactions[0].channels[0].reporter", "did you mean 'FAM'?"),
    ('"NFQ"', '"NFX"', "reactions[2].channels[0].quencher", "did you mean 'NFQ'?"),
    ('"ROX"', '"R0X"', "layout.passive_reference", "did you mean 'ROX'?"),
    ('"unverified"', '"rumour"', "sources.here.evidence", "study, computed, literature"),
    ('source = "here"', 'source = "there"', "oligos.F.source", "one of here"),
    ('"dominant negative"', '"gain"', "assays.one.functional_class", "loss of function"),
    ('role = "forward"', 'role = "foward"', "oligos.F.role", "did you mean 'forward'?"),
    ("cq_below = 36.0", "cq_below = -3", "cutoffs.cq_below", "from 1 to 100"),
    ("cq_below = 36.0", "cq_below = nan", "cutoffs.cq_below", "nan"),
    ("cq_below = 36.0", 'cq_below = "36"', "cutoffs.cq_below", "'36'"),
    ("cq_below = 36.0", "cq_below = true", "cutoffs.cq_below", "True"),
    ("cq_below = 36.0", "cq_below = 36.0\ngrey_cq = 1", "cutoffs.grey_source", "missing"),
    ("replicates = 2", "replicates = 2.5", "layout.replicates", "whole number"),
    ("replicates = 2", "replicates = 0", "layout.replicates", "from 1 to 96"),
    ("minimum = 1", "minimum = 0", "layout.controls[0].minimum", "from 1 to 384"),
    ("[100, 120]", "[120, 100]", "assays.one.amplicons[0].bp", "in order"),
    ("[100, 120]", "[100]", "assays.one.amplicons[0].bp", "[first, last]"),
    ("[4, 7]", "[4, 7.0]", "assays.one.deleted_exons", "whole"),
    ('"GRCh38"', '"hg38"', "assays.one.hgvs[0].assembly", "GRCh37, GRCh38"),
    ("NC_000007.14(NM_006060.6):c.", "chr7:g.", "assays.one.hgvs[0].description", "NC_000007"),
    ("largest = 0.28", "largest = inf", "qc.replicates.largest", "inf"),
    ("largest = 0.28", "largest = {}", "qc.replicates.largest", "not a limit"),
    ('reads = ["one"]', "reads = []", "reactions[0].channels[0].reads", "a list of texts"),
    ('["F", "R1"]', '["F", "F", "R1"]', "reactions[0].oligos", "twice"),
    ('["F", "R1"]', '"F"', "reactions[0].oligos", "a list of texts"),
    ('name = "well 1"', "name = 1", "reactions[0].name", "text"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), VALUES)
def test_a_wrong_value(old: str, new: str, place: str, words: str) -> None:
    error = refusal((old, new))
    assert error.place == place
    assert words.strip("'?") in str(error)


NTC_TWICE = """[[layout.controls]]
kind = "ntc"
minimum = 2
source = "here"
[[layout.controls]]
"""

COHERENCE = [
    # One channel of one well with two meanings.
    (
        [('["F", "R1"]', '["F", "R1", "R2"]'), ('reads = ["one"]', 'reads = ["one", "two"]')],
        "reactions[0].channels[0].reads",
        "different meanings",
    ),
    # The same well declared pooled must not name a deletion.
    (
        [
            ('["F", "R1"]', '["F", "R1", "R2"]\npooled = true'),
            ('reads = ["one"]', 'reads = ["one", "two"]'),
        ],
        "reactions[0].channels[0].reports",
        "'some deletion'",
    ),
    # Pooled and modest, but without the panel that names what it finds.
    (
        [
            ('["F", "R1"]', '["F", "R1", "R2"]\npooled = true'),
            ('reads = ["one"]', 'reads = ["one", "two"]'),
            ('reports = "Δ4-7"', 'reports = "some deletion"'),
        ],
        "reflex",
        "must say which panel",
    ),
    ([('reports = "Δ4-7"', 'reports = "Δ4-8"')], "reactions[0].channels[0].reports", "'Δ4-7'"),
    ([('["F", "R1"]', '["F", "R1", "R2"]')], "reactions[0].channels", "not read: two"),
    ([('["F", "R1"]', '["F", "R2"]')], "reactions[0].channels[0].reads", "not both in this well"),
    ([('["F", "R1"]', '["F", "R3"]')], "reactions[0].oligos", "one of F, R1, R2, GF, GR"),
    ([('reads = ["one"]', 'reads = ["onne"]')], "reactions[0].channels[0].reads", "'one'?"),
    (
        [('reads = ["one"]', 'reads = ["one", "gene"]')],
        "reactions[0].channels[0].reads",
        "different roles",
    ),
    ([('forward = "F"', 'forward = "X"')], "assays.one.forward", "does not define"),
    ([('forward = "F"', 'forward = "R1"')], "assays.one.forward", "not a forward primer"),
    ([('name = "well 2"', 'name = "well 1"')], "reactions[1].name", "one name"),
    ([('target = "T2"', 'target = "t ONE"')], "reactions[1].channels[0].target", "one target name"),
    ([('kind = "ntc"', 'kind = "negative"')], "layout.controls", 'kind = "ntc"'),
    ([('kind = "positive"', 'kind = "no_enzyme"')], "layout.controls", 'kind = "positive"'),
    ([('kind = "ntc"', 'kind = "positive"')], "layout.controls", "ntc"),
    (
        [("[[layout.controls]]\n", NTC_TWICE)],
        "layout.controls",
        "stated twice",
    ),
    (
        [
            ('role = "reference"', 'role = "control"'),
        ],
        "reactions",
        "no reaction reads a reference gene",
    ),
    ([('"VIC"', '"ROX"')], "reactions[2].channels[0].reporter", "the passive reference"),
    ([('"FAM"', '"NED"')], "reactions[0].channels[0].reporter", "a quencher that glows"),
]


@pytest.mark.parametrize(("pairs", "place", "words"), COHERENCE)
def test_parts_that_do_not_fit(pairs: list[tuple[str, str]], place: str, words: str) -> None:
    error = refusal(*pairs)
    assert error.place == place
    assert words in str(error)


def second_channel(reporter: str, reads: str, reports: str) -> tuple[str, str]:
    """Give well 1 a second channel, behind its first one."""
    first = 'reads = ["one"]\nreports = "Δ4-7"\n'
    more = f"""[[reactions.channels]]
target = "T1b"
reporter = "{reporter}"
quencher = "NFQ"
reads = ["{reads}"]
reports = "{reports}"
"""
    return first, first + more


def test_two_dyes_of_one_well() -> None:
    both = ('["F", "R1"]', '["F", "R1", "R2"]')
    panel = parse_panel(replaced(both, second_channel("CY5", "two", "Δ4-8")))
    assert [c.reports for c in panel.reactions[0].channels] == ["Δ4-7", "Δ4-8"]
    error = refusal(both, second_channel("SYBR", "two", "Δ4-8"))
    assert error.place == "reactions[0].channels[1].reporter"
    assert "FAM" in str(error)
    error = refusal(second_channel("CY5", "one", "Δ4-7"))
    assert "two channels of one well" in str(error)


def test_exons_must_exist() -> None:
    transcript = """
[transcript]
gene = "G"
refseq = "NM_1.1"
ensembl = "ENST1"
hgnc = "HGNC:1"
source = "here"
exons = [
    { number = 3, grch38 = [100, 199], grch37 = [1100, 1199] },
    { number = 4, grch38 = [300, 399], grch37 = [1300, 1399] },
    { number = 5, grch38 = [500, 599], grch37 = [1500, 1599] },
    { number = 6, grch38 = [700, 799], grch37 = [1700, 1799] },
    { number = 7, grch38 = [900, 999], grch37 = [1900, 1999] },
]
"""
    panel = parse_panel((MINIMAL + transcript).encode())
    assert panel.deletion_bounds("one", "GRCh38") == (200, 300, 999, None)
    assert panel.deletion_bounds("two", "GRCh37") is None
    shorter = replaced(("[4, 7]", "[4, 6]")) + transcript.encode()
    assert parse_panel(shorter).deletion_bounds("one", "GRCh37") == (1200, 1300, 1799, 1899)
    with pytest.raises(PanelError, match="exons that the transcript does not have") as caught:
        parse_panel(replaced(("[4, 7]", "[4, 8]")) + transcript.encode())
    assert caught.value.place == "assays.one.deleted_exons"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"format = ", "not TOML"),
        (b"format = 1\nformat = 1", "not TOML"),
        (b"", "a key is missing"),
        (b"x" * (1024 * 1024 + 1), "too large"),
    ],
)
def test_what_is_no_panel_file(data: bytes, words: str) -> None:
    with pytest.raises(PanelError, match=words) as caught:
        parse_panel(data, Path("p.toml"))
    assert "p.toml" in str(caught.value)


@given(st.integers(0, len(MINIMAL.encode()) - 1))
def test_a_panel_cut_short_is_refused_or_whole(length: int) -> None:
    """Nothing but a `PanelError` may come out; what is read may lack the optional rules only."""
    try:
        panel = parse_panel(MINIMAL.encode()[:length])
    except PanelError:
        return
    assert len(panel.layout.controls) == 2


def test_windows_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_panel(path).name == load_panel(str(path)).name == "mini"


def test_a_missing_file_and_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(PanelError, match="cannot be opened"):
        load_panel(tmp_path / "none.toml")
    with pytest.raises(PanelError) as caught:
        load_panel("ikzf-1")
    assert "did you mean 'ikzf1'?" in str(caught.value)
    assert "rnasep" in str(caught.value)


def test_a_new_panel_is_a_copy_with_another_name() -> None:
    for like in panel_names():
        made = parse_panel(new_panel("ours-2026", like).encode())
        assert made.name == "ours-2026"
        assert made.oligos == load_panel(like).oligos
    with pytest.raises(PanelError, match="no panel"):
        new_panel("ours", "nothing")
