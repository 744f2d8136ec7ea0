"""The tables of a panel file, one function each: TOML in, values of `primers.panel` out."""

from __future__ import annotations

from typing import Any, Literal

from primers._tables import Table, listed, suggestion
from primers.errors import SequenceError
from primers.panel import (
    QUENCHERS,
    REPORTER_FILTERS,
    Amplicon,
    Assay,
    Channel,
    Chemistry,
    Control,
    ControlKind,
    Cutoffs,
    Exon,
    FunctionalClass,
    Hgvs,
    Layout,
    Limit,
    Oligo,
    OligoForm,
    Panel,
    QcRule,
    ReactionDefinition,
    Role,
    Transcript,
)
from primers.sequence import check_bases
from primers.source import Evidence, Reflex, Source, Statement

FORMAT = 1
"""Version of the panel format that is read."""

_MAX_CYCLES = 100


class Sources:
    """The sources of a panel, looked up by the `source` key of any table."""

    def __init__(self, tables: list[tuple[str, Table]]) -> None:
        self.by_name: dict[str, Source] = {}
        for name, table in tables:
            self.by_name[name] = Source(
                name=name,
                evidence=table.choice("evidence", Evidence),
                citation=table.text("citation"),
                doi=table.opt_text("doi"),
                zh=table.opt_text("zh"),
            )
            table.finish()

    def of(self, table: Table, key: str = "source") -> Source:
        """Return the source a table names."""
        source: Source = self.by_name[table.choice(key, tuple(self.by_name))]
        return source


def read_panel(top: Table) -> Panel:
    """Read the whole file, table by table."""
    version = top.whole("format", 1, 1_000_000)
    if version != FORMAT:
        raise top.error(
            "a panel format that is not read",
            "format",
            expected=str(FORMAT),
            found=str(version),
            remedy="use a newer version of this software, or write the panel anew",
        )
    head = top.table("panel")
    sources = Sources(top.named("sources"))
    cutoffs = _cutoffs(top.table("cutoffs"), sources)
    assays = tuple(_assay(name, table, sources) for name, table in top.named("assays"))
    panel = Panel(
        name=head.text("name"),
        version=head.text("version"),
        title=head.text("title"),
        zh=head.opt_text("zh"),
        oligos=tuple(_oligo(name, table, sources) for name, table in top.named("oligos")),
        assays=assays,
        reactions=tuple(
            _reaction(table, sources, cutoffs, assays) for table in top.array("reactions")
        ),
        cutoffs=cutoffs,
        layout=_layout(top.table("layout"), sources),
        qc=tuple(_qc(name, table, sources) for name, table in top.named("qc", optional=True)),
        sources=tuple(sources.by_name.values()),
        chemistry=_chemistry(top.opt_table("chemistry"), sources),
        transcript=_transcript(top.opt_table("transcript"), sources),
        limitations=_statements(top.array("limitations", optional=True), sources),
        notes=_statements(top.array("notes", optional=True), sources),
        reflex=_reflex(top.opt_table("reflex"), sources),
        file=None if top.file is None else str(top.file),
    )
    head.finish()
    top.finish()
    return panel


def _bases(table: Table, key: str, text: str) -> str:
    """Return a sequence, or refuse it at its place in the file."""
    try:
        return check_bases(text)
    except SequenceError as error:
        raise table.error(error.problem, key, expected=error.expected, found=error.found) from error


def _oligo(name: str, table: Table, sources: Sources) -> Oligo:
    sequence = table.opt_text("sequence")
    undisclosed = table.opt_text("undisclosed")
    if (sequence is None) == (undisclosed is None):
        raise table.error(
            "an oligo has either a sequence or the reason why it is not published",
            "sequence",
            expected="exactly one of the keys sequence, undisclosed",
        )
    forms = []
    for form in table.array("other_forms", optional=True):
        forms.append(
            OligoForm(
                label=form.text("label"),
                sequence=_bases(form, "sequence", form.text("sequence")),
                reason=form.text("reason"),
                source=sources.of(form),
            )
        )
        form.finish()
    oligo = Oligo(
        name=name,
        role=table.choice("role", ("forward", "reverse", "probe")),
        sequence=None if sequence is None else _bases(table, "sequence", sequence),
        binds=table.text("binds"),
        source=sources.of(table),
        undisclosed=undisclosed,
        note=table.opt_text("note"),
        other_forms=tuple(forms),
    )
    table.finish()
    return oligo


def _assay(name: str, table: Table, sources: Sources) -> Assay:
    amplicons = []
    for item in table.array("amplicons", optional=True):
        low, high = item.span("bp")
        amplicons.append(
            Amplicon(
                low_bp=low,
                high_bp=high,
                source=sources.of(item),
                junctions=item.opt_whole("junctions", 1, 1_000_000),
                note=item.opt_text("note"),
            )
        )
        item.finish()
    hgvs = []
    for item in table.array("hgvs", optional=True):
        hgvs.append(
            Hgvs(
                assembly=item.choice("assembly", ("GRCh37", "GRCh38")),
                description=item.text("description"),
                source=sources.of(item),
            )
        )
        item.finish()
    role = table.choice("role", Role)
    target = role == "target"
    assay = Assay(
        name=name,
        forward=table.text("forward"),
        reverse=table.text("reverse"),
        product=table.text("product"),
        role=role,
        source=sources.of(table),
        functional_class=table.choice("functional_class", FunctionalClass) if target else None,
        deleted_exons=table.opt_span("deleted_exons") if target else None,
        hgvs=tuple(hgvs),
        amplicons=tuple(amplicons),
        note=table.opt_text("note"),
    )
    table.finish()
    return assay


def _reaction(
    table: Table, sources: Sources, cutoffs: Cutoffs, assays: tuple[Assay, ...]
) -> ReactionDefinition:
    roles: dict[str, Role] = {assay.name: assay.role for assay in assays}
    channels = tuple(_channel(item, sources, cutoffs, roles) for item in table.array("channels"))
    reaction = ReactionDefinition(
        name=table.text("name"),
        oligos=table.texts("oligos"),
        channels=channels,
        pooled=table.flag("pooled", default=False),
        source=sources.of(table),
        note=table.opt_text("note"),
    )
    table.finish()
    return reaction


def _channel(table: Table, sources: Sources, cutoffs: Cutoffs, roles: dict[str, Role]) -> Channel:
    reads = table.texts("reads")
    for name in reads:
        if name not in roles:
            raise table.error(
                "an assay that the panel does not define",
                "reads",
                expected="one of " + listed(roles),
                found=repr(name),
                remedy=suggestion(name, roles),
            )
    found = {roles[name] for name in reads}
    if len(found) > 1:
        raise table.error(
            "one channel reads assays of different roles",
            "reads",
            expected="all target, all reference or all control",
            found=listed(sorted(found)),
        )
    own = table.opt_number("cq_below", 1, _MAX_CYCLES)
    threshold, threshold_source = _threshold(table, sources)
    channel = Channel(
        target=table.text("target"),
        reporter=table.choice("reporter", tuple(REPORTER_FILTERS)),
        quencher=table.choice("quencher", QUENCHERS),
        reads=reads,
        reports=table.text("reports"),
        role=found.pop(),
        cq_below=cutoffs.cq_below if own is None else own,
        aliases=table.texts("aliases", optional=True),
        threshold=threshold,
        threshold_source=threshold_source,
    )
    table.finish()
    return channel


def _threshold(table: Table, sources: Sources) -> tuple[float | None, Source | None]:
    """Read a fixed threshold and where it comes from: both, or neither."""
    threshold = table.opt_positive("threshold")
    source = sources.of(table, "threshold_source") if "threshold_source" in table.values else None
    if threshold is not None and source is None:
        raise table.error(
            "a threshold without the source that says who found it, and how",
            "threshold_source",
            expected='the name of a table [sources.NAME], of evidence "validated" once the '
            "laboratory has validated it",
        )
    if source is not None and threshold is None:
        raise table.error(
            "the source of a threshold that is not there",
            "threshold_source",
            expected="a key threshold beside it",
        )
    return threshold, source


def _cutoffs(table: Table, sources: Sources) -> Cutoffs:
    grey = table.opt_number("grey_cq", 0, _MAX_CYCLES)
    cutoffs = Cutoffs(
        cq_below=table.number("cq_below", 1, _MAX_CYCLES),
        proper_curve=table.flag("proper_curve", default=True),
        source=sources.of(table),
        grey_cq=grey,
        grey_source=None if grey is None else sources.of(table, "grey_source"),
    )
    table.finish()
    return cutoffs


def _layout(table: Table, sources: Sources) -> Layout:
    controls = []
    for item in table.array("controls", optional=True):
        kind: ControlKind = item.choice("kind", ControlKind)
        expect: Literal["amplified", "not amplified"] = (
            "amplified" if kind == "positive" else "not amplified"
        )
        controls.append(
            Control(
                kind,
                item.whole("minimum", 1, 384),
                expect,
                sources.of(item),
                item.texts("samples", optional=True),
            )
        )
        item.finish()
    passive = table.choice("passive_reference", (*REPORTER_FILTERS, "none"))
    layout = Layout(
        replicates=table.whole("replicates", 1, 96),
        passive_reference=None if passive == "none" else passive,
        controls=tuple(controls),
        source=sources.of(table),
    )
    table.finish()
    return layout


def _qc(name: str, table: Table, sources: Sources) -> QcRule:
    """Read a rule. Which limits it has is the rule's own business: only their types are checked."""
    source = sources.of(table)
    limits = tuple((key, _limit(table, key, value)) for key, value in table.rest().items())
    return QcRule(name, limits, source)


def _limit(table: Table, key: str, value: Any) -> Limit:
    """Return a limit: text, a flag, a finite number, or a list of numbers."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        number = table.number(key, -1e300, 1e300)
        return value if isinstance(value, int) else number
    if isinstance(value, list) and all(type(v) in (int, float) for v in value):
        return tuple(float(v) for v in value)
    raise table.error(
        "not a limit", key, expected="text, true or false, a number, or a list of numbers",
        found=repr(value)[:60],
    )  # fmt: skip


def _chemistry(table: Table | None, sources: Sources) -> Chemistry | None:
    if table is None:
        return None
    chemistry = Chemistry(
        sodium_millimolar=table.number("sodium_millimolar", 0, 1000),
        magnesium_millimolar=table.number("magnesium_millimolar", 0, 100),
        dntp_millimolar=table.number("dntp_millimolar", 0, 100),
        oligo_nanomolar=table.number("oligo_nanomolar", 1, 100_000),
        source=sources.of(table),
    )
    table.finish()
    return chemistry


def _transcript(table: Table | None, sources: Sources) -> Transcript | None:
    if table is None:
        return None
    exons = []
    for item in table.array("exons"):
        exons.append(Exon(item.whole("number", 1, 1000), item.span("grch38"), item.span("grch37")))
        item.finish()
    transcript = Transcript(
        gene=table.text("gene"),
        refseq=table.text("refseq"),
        ensembl=table.text("ensembl"),
        hgnc=table.text("hgnc"),
        exons=tuple(exons),
        source=sources.of(table),
    )
    table.finish()
    return transcript


def _reflex(table: Table | None, sources: Sources) -> Reflex | None:
    if table is None:
        return None
    reflex = Reflex(
        table.text("panel"), table.text("text"), sources.of(table), table.opt_text("zh")
    )
    table.finish()
    return reflex


def _statements(tables: list[Table], sources: Sources) -> tuple[Statement, ...]:
    statements = []
    for table in tables:
        statements.append(Statement(table.text("text"), sources.of(table), table.opt_text("zh")))
        table.finish()
    return tuple(statements)
