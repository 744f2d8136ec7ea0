"""What an export says of each reaction: setup, results, thresholds and baselines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from qpcr._lists import listed
from qpcr.errors import InputError
from qpcr.formats._cells import Comma, ct_of, flag, is_formula_error, key, number, plain
from qpcr.formats._columns import flag_columns
from qpcr.formats._export_wells import Wells
from qpcr.formats._sections import Document, Row, Section
from qpcr.run import BaselineWindow, Reaction, Target, Task, ThresholdSetting, well_name
from qpcr.said import say

UNNAMED = "target"
MAX_REACTIONS = 20_000
MIN_COUNT = 25
"""Fewest cycles that a Ct is taken to be the number of."""
_NO_DYE = {"", "none", "null", "na", "n/a"}
_TASKS = {
    Task.UNKNOWN: "unknown unkn target sample 未知 未知样本 样本 样品 待测",
    Task.STANDARD: "standard std standards 标准品 标准 标准样本",
    Task.NTC: "ntc notemplatecontrol 阴性无模板 无模板对照 空白",
    Task.POSITIVE_CONTROL: "positive positivecontrol pc posctrl poscontrol 阳性 阳性对照",
    Task.NEGATIVE_CONTROL: "negative negativecontrol nac nrt negctrl negcontrol 阴性 阴性对照",
}
TASKS = {spelling: task for task, text in _TASKS.items() for spelling in text.split()}


@dataclass(eq=False)
class Draft:
    """One reaction, as far as the tables have told it."""

    sample: str | None = None
    task: Task | None = None
    reporter: str | None = None
    quencher: str | None = None
    quantity: float | None = None
    omitted: bool = False
    cq: float | None = None
    determined: bool | None = None
    threshold: float | None = None
    automatic_threshold: bool | None = None
    window: BaselineWindow | None = None
    blank: bool = False
    """Its Ct is an empty cell."""
    flags: tuple[str, ...] = ()
    listed_in: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Plate:
    """Reactions by (well, target), in the order of the file, and samples of wells without one."""

    wells: Wells
    comma: Comma
    drafts: dict[tuple[int, str], Draft] = field(default_factory=dict)
    samples: dict[int, str] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def draft(self, well: int, target: str) -> Draft:
        """The reaction, made if it is new.

        Raises
        ------
        InputError
            More reactions than any plate holds.
        """
        if len(self.drafts) >= MAX_REACTIONS and (well, target) not in self.drafts:
            raise InputError(
                "the export lists more reactions than any plate holds",
                expected=f"at most {MAX_REACTIONS:,}",
            )
        return self.drafts.setdefault((well, target), Draft())

    def targets_of(self, well: int) -> list[str]:
        """Targets of one well."""
        return [target for index, target in self.drafts if index == well]


def plate_of(document: Document, wells: Wells, comma: Comma, notes: list[str]) -> Plate:
    """Read every table that lists reactions; where several tell one thing, the first counts.

    Raises
    ------
    InputError
        One table lists a reaction twice with different contents, or a cell is unreadable.
    """
    plate = Plate(wells, comma, errors=list(document.errors))
    for section in (*document.of("setup"), *document.of("results")):
        seen: dict[tuple[int, str], Row] = {}
        for line, row in section.rows:
            _read_row(plate, section, line, row, seen, notes)
    _note_words(plate, notes)
    return plate


def _read_row(
    plate: Plate, section: Section, line: int, row: Row, seen: dict[tuple[int, str], Row],
    notes: list[str],
) -> None:  # fmt: skip
    """One line of a setup or results table."""
    well = plate.wells.of(section, line, row)
    if well is None:
        if sum(bool(plain(cell)) for cell in row) > 2 and len(notes) < 100:
            notes.append(
                say("{place} names no well and was passed over.", place=section.place(line))
            )
        return
    cells = {name: row[at] for name, at in section.columns.items() if at < len(row)}
    sample = plain(cells.get("sample", "")) or None
    if sample is not None:
        plate.samples.setdefault(well, sample)
    target = plain(cells.get("target", ""))
    if not target:
        said = any(plain(cells.get(name, "")) for name in ("cq", "reporter"))
        if not said:
            return
        target = plain(cells.get("reporter", "")) or UNNAMED
    key_ = (well, target)
    if key_ in seen:
        if [plain(cell) for cell in seen[key_]] != [plain(cell) for cell in row]:
            raise InputError(
                "a reaction is listed twice with different contents",
                place=f"{section.place(line)}, well {well_name(well, plate.wells.columns)}, "
                f"target {target!r}",
                remedy="the file holds two runs or was edited; export it again",
            )
        return
    seen[key_] = row
    draft = plate.draft(well, target)
    draft.listed_in.add(section.kind)
    _fill(plate, draft, section, line, cells)
    raised = [
        name for name, at in flag_columns(section.head).items() if at < len(row) and flag(row[at])
    ]
    draft.flags = tuple(dict.fromkeys((*draft.flags, *raised)))


def _fill(plate: Plate, draft: Draft, section: Section, line: int, cells: dict[str, Any]) -> None:
    """Take over what a line says and no line before it has said."""
    draft.sample = draft.sample or plain(cells.get("sample", "")) or None
    word = plain(cells.get("task", ""))
    if draft.task is None and word:
        draft.task = task_of(word)
    draft.reporter = draft.reporter or _dye(cells.get("reporter"))
    draft.quencher = draft.quencher or _dye(cells.get("quencher"))
    draft.omitted = draft.omitted or flag(cells.get("omit", "")) is True
    if draft.quantity is None:
        draft.quantity = _value(plate, section, line, cells, "quantity")
    if section.kind != "results":
        return
    if draft.determined is None:
        draft.cq, draft.determined = _ct(plate, section, line, cells)
        draft.blank = plain(cells.get("cq", "")) == ""
    if draft.threshold is None:
        draft.threshold = _value(plate, section, line, cells, "threshold")
        draft.automatic_threshold = flag(cells.get("auto_threshold", ""))
    start = _value(plate, section, line, cells, "baseline_start")
    stop = _value(plate, section, line, cells, "baseline_stop")
    if draft.window is None and start is not None and stop is not None and 1 <= start <= stop:
        automatic = flag(cells.get("auto_baseline", ""))
        draft.window = BaselineWindow(int(start), int(stop), automatic)


def _value(
    plate: Plate, section: Section, line: int, cells: dict[str, Any], name: str
) -> float | None:
    cell = cells.get(name, "")
    if cell == "":
        return None
    if is_formula_error(cell):
        plate.errors.append(section.place(line, name))
    return number(cell, plate.comma, section.place(line, name))


def _ct(
    plate: Plate, section: Section, line: int, cells: dict[str, Any]
) -> tuple[float | None, bool | None]:
    cell = cells.get("cq", "")
    if is_formula_error(cell):
        plate.errors.append(section.place(line, "cq"))
    cq, determined = ct_of(cell, plate.comma, section.place(line, "cq"))
    if determined is False and isinstance(cell, str):
        plate.words[cell.strip()] += 1
    return cq, determined


def _dye(cell: Any) -> str | None:
    text = plain(cell if cell is not None else "")
    return None if text.casefold() in _NO_DYE else text


def task_of(word: str) -> Task:
    """Task by its spelling; Bio-Rad numbers its contents (``Unkn-01``)."""
    text = key(word).rstrip("0123456789")
    return TASKS.get(text, Task.OTHER)


def _note_words(plate: Plate, notes: list[str]) -> None:
    if plate.words:
        words = ", ".join(f"{word!r} ({count})" for word, count in plate.words.items())
        notes.append(say("No Ct was determined where the file says {words}.", words=words))
    if plate.errors:
        notes.append(
            say("A formula could not be computed in {places}; nothing is taken from there.",
                places=listed(plate.errors))
        )  # fmt: skip


def settle_undetermined(plate: Plate, cycles: int | None, notes: list[str]) -> None:
    """Understand the ways of saying that no Ct was determined without a word for it.

    A Ct that is the number of cycles, or more; without curves that number is the largest Ct, where
    it is a whole number that several reactions share. An empty cell, where the file uses neither a
    word nor the number; where it does, an empty cell says nothing.
    """
    drafts = [draft for draft in plate.drafts.values() if "results" in draft.listed_in]
    values = [draft.cq for draft in drafts if draft.cq is not None]
    top = max(values, default=0.0)
    if cycles is None and top.is_integer() and top >= MIN_COUNT and values.count(top) > 1:
        cycles = int(top)
    late = [] if cycles is None else [d for d in drafts if d.cq is not None and d.cq >= cycles]
    for draft in late:
        draft.cq, draft.determined = None, False
    if late:
        notes.append(
            say("{count} Ct of {cycles} or more, the number of cycles, mean that none was "
                "determined.", count=len(late), cycles=cycles)
        )  # fmt: skip
    blank = [draft for draft in drafts if draft.blank and draft.determined is None]
    if values and blank and not late and not plate.words and not plate.errors:
        for draft in blank:
            draft.determined = False
        notes.append(
            say("The Ct of {count} reactions is left empty: none was determined.", count=len(blank))
        )


def reactions_of(plate: Plate, notes: list[str]) -> tuple[tuple[Reaction, ...], dict[str, Target]]:
    """Reactions in well order, and targets."""
    targets: dict[str, Target] = {}
    reactions = []
    for (well, name), draft in sorted(plate.drafts.items(), key=lambda item: item[0][0]):
        reporter = draft.reporter or "unknown"
        target = targets.setdefault(name, Target(name, reporter, draft.quencher))
        if target.reporter == "unknown" != reporter:
            targets[name] = Target(name, reporter, draft.quencher)
        task = draft.task or Task.UNKNOWN
        reactions.append(
            Reaction(
                well, well_name(well, plate.wells.columns), draft.sample or plate.samples.get(well),
                name, task, reporter, draft.quencher,
                draft.quantity if task is Task.STANDARD else None, draft.omitted,
            )
        )  # fmt: skip
    several = sorted({r.target for r in reactions if r.reporter != targets[r.target].reporter})
    if several:
        notes.append(say("Several reporters are set up for {targets}.", targets=listed(several)))
    return tuple(reactions), targets


def thresholds_of(plate: Plate, notes: list[str]) -> dict[str, ThresholdSetting]:
    """Thresholds by target; where reactions of one target differ, the most frequent."""
    found: dict[str, Counter[tuple[float, bool | None]]] = {}
    for (_, target), draft in plate.drafts.items():
        if draft.threshold is not None:
            pair = (draft.threshold, draft.automatic_threshold)
            found.setdefault(target, Counter())[pair] += 1
    for target, counts in found.items():
        values = sorted({value for value, _ in counts})
        if len(values) > 1 and values[-1] - values[0] > 1e-6 * abs(values[-1]):
            notes.append(
                say("{target} has several thresholds in the file, {values}; the most frequent "
                    "is taken as recorded.", target=target,
                    values=listed([f"{value:g}" for value in values]))
            )  # fmt: skip
    return {target: ThresholdSetting(*c.most_common(1)[0][0]) for target, c in found.items()}
