"""The checklist as a file: a table for a spreadsheet (csv), or for a supplement (md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from qpcr.frames import plain
from qpcr.miqe import Answer, Status

HEADS = ("section", "item", "importance", "status", "answer")


def as_csv(answers: Sequence[Answer]) -> str:
    """One row an item; a text that looks like a formula gets a quote before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for one in answers:
        item, said = one.item, plain(" | ".join(one.text)) or ""
        writer.writerow((item.section, item.text, item.importance, str(one.status), said))
    return text.getvalue()


def as_markdown(answers: Sequence[Answer], title: str) -> str:
    """One table a section; what the laboratory must add is marked."""
    lines = [f"# MIQE checklist: {_escaped(title)}", "", summary(answers), ""]
    section = None
    for one in answers:
        if one.item.section != section:
            section = one.item.section
            lines += ["", f"## {section}", "", "| item | importance | status | answer |",
                      "|---|---|---|---|"]  # fmt: skip
        open_ = one.status in (Status.MISSING, Status.PARTLY)
        status = f"**{one.status}**" if open_ else str(one.status)
        said = "<br>".join(_escaped(text) for text in one.text)
        lines.append(f"| {one.item.text} | {one.item.importance} | {status} | {said} |")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Keep what a file names from becoming a table, a tag or a link."""
    quoted = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in ("\\", "|", "[", "]", "`", "*", "_"):
        quoted = quoted.replace(sign, f"\\{sign}")
    return " ".join(quoted.split())


def summary(answers: Sequence[Answer]) -> str:
    """How many items are answered, in one sentence."""
    missing = [one for one in answers if one.status is Status.MISSING]
    partly = sum(one.status is Status.PARTLY for one in answers)
    essential = sum(one.item.miqe2009 == "essential" for one in missing)
    done = len(answers) - len(missing) - partly
    return (
        f"Of {len(answers)} items {done} are answered by the run and its panel, and {partly} in "
        f"part; the laboratory must add {len(missing)}, of which {essential} are essential by "
        "MIQE 2009."
    )
