"""A panel's text with fixed thresholds written into it: everything else stays, comments too.

TOML has no writer that keeps comments, so lines are put in and taken out; the result is read again
and must be the same panel but for its thresholds, name and version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from primers._tables import listed
from primers.errors import PanelError
from primers.loader import panel_text, parse_panel
from primers.panel import Channel, Panel, ReactionDefinition
from primers.source import Source

_CHANNEL = re.compile(r"\s*\[\[\s*reactions\s*\.\s*channels\s*\]\]")
_PANEL = re.compile(r"\s*\[\s*panel\s*\]")
_TABLE = re.compile(r"\s*\[")
_OLD = re.compile(r"\s*(threshold|threshold_source)\s*=")
_HEAD = re.compile(r"\s*(name|version)\s*=")


def fix_thresholds(
    name_or_path: str | Path,
    thresholds: Mapping[str, float],
    citation: str,
    *,
    name: str | None = None,
    evidence: str = "unverified",
) -> str:
    """Text of a copy of a panel that fixes these thresholds.

    Parameters
    ----------
    name_or_path
        Of the panel, as :func:`primers.load_panel` takes it.
    thresholds
        ΔRn by target name of the panel. Channels that are not named stay as they are.
    citation
        Where the numbers come from.
    name
        Of the copy; ``None``: the panel's. Its version is the next one.
    evidence
        Of their source.

    Raises
    ------
    PanelError
        No such panel or target, a threshold that cannot be one, or a file that is written in a way
        in which lines cannot be put in; then nothing is lost, and the message says what to add.
    """
    text = panel_text(name_or_path)
    old = parse_panel(text.encode("utf-8"), None)
    targets = [channel.target for channel in old.channels()]
    unknown = [target for target in thresholds if target not in targets]
    if unknown:
        raise PanelError(
            "a threshold for a target that the panel does not have",
            file=str(name_or_path),
            expected="one of " + listed(targets),
            found=repr(unknown[0]),
        )
    taken = {one.name for one in old.sources}
    key = next(k for n in range(1, 1000) if (k := f"thresholds_{n}") not in taken)
    source = Source(key, evidence, citation)  # type: ignore[arg-type]
    wanted = _wanted(old, thresholds, source, name)
    made = _edited(text, wanted, source)
    try:
        read = parse_panel(made.encode("utf-8"), None)
    except PanelError:
        read = None
    if read != wanted:
        told = (f"{target}: threshold = {value!r}" for target, value in thresholds.items())
        raise PanelError(
            "the panel file is written in a way in which thresholds cannot be put in",
            file=str(name_or_path),
            expected="[panel] and [[reactions.channels]] as tables of their own, one key a line",
            remedy=f"add them by hand, each with its threshold_source: {'; '.join(told)}",
        )
    return made


def _wanted(old: Panel, thresholds: Mapping[str, float], source: Source, name: str | None) -> Panel:
    """The panel that shall come out."""

    def channel(one: Channel) -> Channel:
        if one.target not in thresholds:
            return one
        value = float(thresholds[one.target])
        return replace(one, threshold=value, threshold_source=source)

    def reaction(one: ReactionDefinition) -> ReactionDefinition:
        return replace(one, channels=tuple(channel(c) for c in one.channels))

    return replace(
        old,
        name=old.name if name is None else name,
        version=next_version(old.version),
        reactions=tuple(reaction(one) for one in old.reactions),
        sources=(*old.sources, source),
    )


def next_version(version: str) -> str:
    """The version after: its last number is one more; ``.1`` is added where it ends on none."""
    found = re.fullmatch(r"(.*?)(\d+)", version, re.DOTALL)
    return f"{version}.1" if found is None else f"{found[1]}{int(found[2]) + 1}"


def _edited(text: str, wanted: Panel, source: Source) -> str:
    """Put the lines in, channel by channel in the order of the file."""
    channels = iter(wanted.channels())
    head = {"name": wanted.name, "version": wanted.version}
    fixing = in_head = False
    lines: list[str] = []
    for line in text.rstrip("\n").split("\n"):
        if _TABLE.match(line):
            in_head, fixing = _PANEL.match(line) is not None, False
        if _CHANNEL.match(line):
            channel = next(channels, None)
            fixing = channel is not None and channel.threshold_source == source
            lines.append(line)
            if channel is not None and fixing:
                lines.append(f"threshold = {channel.threshold!r}")
                lines.append(f'threshold_source = "{source.name}"')
            continue
        found = _HEAD.match(line) if in_head else None
        if found is not None:
            lines.append(f"{found[1]} = {json.dumps(head[found[1]], ensure_ascii=False)}")
        elif not (fixing and _OLD.match(line)):
            lines.append(line)
    lines += [
        "",
        f"[sources.{source.name}]",
        f'evidence = "{source.evidence}"',
        f"citation = {json.dumps(source.citation, ensure_ascii=False)}",
    ]
    return "\n".join(lines) + "\n"
