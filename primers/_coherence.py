"""Whether the parts of a panel fit together: what a single value cannot show.

Every rule raises a `PanelError` with the key path of the part that breaks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from primers._tables import listed, suggestion
from primers.errors import PanelError
from primers.panel import (
    REPORTER_FILTERS,
    SOME_DELETION,
    Assay,
    Channel,
    Panel,
    ReactionDefinition,
)

_CHROMOSOME = re.compile(r"NC_\d{6}\.\d+(\(NM_\d+\.\d+\))?:[cg]\.\S+")


def _refuse(panel: Panel, problem: str, place: str, **facts: str | None) -> PanelError:
    return PanelError(problem, file=panel.file, place=place, **facts)


def check_coherence(panel: Panel) -> None:
    """Check a panel as a whole.

    Raises
    ------
    PanelError
        If names do not resolve or are used twice, a channel could mean two things, dyes share a
        filter, a product is read by no channel, or a control is missing.
    """
    _check_assays(panel)
    for index, reaction in enumerate(panel.reactions):
        place = f"reactions[{index}]"
        _check_well(panel, reaction, place)
        for number, channel in enumerate(reaction.channels):
            _check_meaning(panel, reaction, channel, f"{place}.channels[{number}]")
        _check_dyes(panel, reaction, place)
    _check_names(panel)
    _check_controls(panel)
    if any(reaction.pooled for reaction in panel.reactions) and panel.reflex is None:
        raise _refuse(
            panel,
            "a pooled panel must say which panel names what it finds",
            "reflex",
            expected="a table [reflex] with panel, text and source",
        )


def _unknown(panel: Panel, place: str, kind: str, name: str, known: Iterable[str]) -> PanelError:
    known = tuple(known)
    return _refuse(
        panel,
        f"{kind} that the panel does not define",
        place,
        expected="one of " + listed(known),
        found=repr(name),
        remedy=suggestion(name, known),
    )


def _check_assays(panel: Panel) -> None:
    """Primers exist and point the right way; exons exist; HGVS has the accepted form."""
    roles = {oligo.name: oligo.role for oligo in panel.oligos}
    exons = {exon.number for exon in panel.transcript.exons} if panel.transcript else None
    for assay in panel.assays:
        place = f"assays.{assay.name}"
        for key, name in (("forward", assay.forward), ("reverse", assay.reverse)):
            if name not in roles:
                raise _unknown(panel, f"{place}.{key}", "an oligo", name, roles)
            if roles[name] != key:
                raise _refuse(
                    panel,
                    f"{name} is not a {key} primer",
                    f"{place}.{key}",
                    expected="one of " + listed(n for n, role in roles.items() if role == key),
                    found=f"{name}, a {roles[name]} oligo",
                )
        if assay.deleted_exons and exons is not None:
            first, last = assay.deleted_exons
            if not exons.issuperset(range(max(1, first - 1), last + 1)):
                raise _refuse(
                    panel,
                    "exons that the transcript does not have",
                    f"{place}.deleted_exons",
                    expected="exons of " + listed(str(number) for number in sorted(exons)),
                    found=f"[{first}, {last}]",
                )
        for index, hgvs in enumerate(assay.hgvs):
            if not _CHROMOSOME.fullmatch(hgvs.description):
                raise _refuse(
                    panel,
                    "not an HGVS description on a chromosome",
                    f"{place}.hgvs[{index}].description",
                    expected="such as NC_000007.14(NM_006060.6):c.…",
                    found=hgvs.description,
                )


def _in_well(panel: Panel, reaction: ReactionDefinition) -> list[Assay]:
    """Return the assays whose primers are both in a well."""
    return [a for a in panel.assays if {a.forward, a.reverse} <= set(reaction.oligos)]


def _check_well(panel: Panel, reaction: ReactionDefinition, place: str) -> None:
    """Oligos exist; every product of the well is read by exactly one of its channels."""
    known = [oligo.name for oligo in panel.oligos]
    for name in reaction.oligos:
        if name not in known:
            raise _unknown(panel, f"{place}.oligos", "an oligo", name, known)
    present = [assay.name for assay in _in_well(panel, reaction)]
    read = [name for channel in reaction.channels for name in channel.reads]
    for number, channel in enumerate(reaction.channels):
        for name in channel.reads:
            if name not in present:
                raise _refuse(
                    panel,
                    f"the primers of {name} are not both in this well",
                    f"{place}.channels[{number}].reads",
                    expected="one of " + listed(present),
                    found=repr(name),
                )
            if read.count(name) > 1:
                raise _refuse(
                    panel,
                    f"{name} is read by two channels of one well",
                    f"{place}.channels[{number}].reads",
                    expected="each assay in one channel",
                )
    unread = [name for name in present if name not in read]
    if unread:
        raise _refuse(
            panel,
            "primers of this well make a product that no channel reads",
            f"{place}.channels",
            expected="every assay of the well among the reads of one channel",
            found="not read: " + listed(unread),
        )


def _check_meaning(
    panel: Panel, reaction: ReactionDefinition, channel: Channel, place: str
) -> None:
    """A channel means one product, or in a pooled well some deletion and no more."""
    products = dict.fromkeys(panel.assay(name).product for name in channel.reads)
    pooled = reaction.pooled and channel.role == "target"
    if len(products) > 1 and not pooled:
        raise _refuse(
            panel,
            "one channel of one well reads products with different meanings",
            f"{place}.reads",
            expected="assays of one product, or pooled = true in this reaction",
            found=listed(products),
            remedy=f"give each product its own well or dye, or pool them and report"
            f" {SOME_DELETION!r}",
        )
    expected = SOME_DELETION if pooled else next(iter(products))
    if channel.reports != expected:
        raise _refuse(
            panel,
            "a channel reports what it cannot know"
            if pooled
            else "a channel reports something else than the product it reads",
            f"{place}.reports",
            expected=repr(expected),
            found=repr(channel.reports),
        )


def _check_dyes(panel: Panel, reaction: ReactionDefinition, place: str) -> None:
    """Reporters of one well and the passive reference are seen in different filters."""
    taken = {}
    passive = panel.layout.passive_reference
    if passive is not None:
        taken[REPORTER_FILTERS[passive]] = f"{passive}, the passive reference"
    quenchers = {channel.quencher for channel in reaction.channels}
    for number, channel in enumerate(reaction.channels):
        window = REPORTER_FILTERS[channel.reporter]
        glowing = next((q for q in quenchers if REPORTER_FILTERS.get(q) == window), None)
        other = taken.get(window) or (f"{glowing}, a quencher that glows" if glowing else None)
        if other:
            raise _refuse(
                panel,
                "two dyes of one well shine in the same filter",
                f"{place}.channels[{number}].reporter",
                expected="a reporter in another filter of the ABI 7500 than " + other,
                found=f"{channel.reporter}, filter {window}",
            )
        taken[window] = channel.reporter


def _check_names(panel: Panel) -> None:
    """No two wells, and no two targets of a plate, have one name."""
    wells: set[str] = set()
    for index, reaction in enumerate(panel.reactions):
        if reaction.name in wells:
            raise _refuse(
                panel,
                "two reactions have one name",
                f"reactions[{index}].name",
                found=repr(reaction.name),
            )
        wells.add(reaction.name)
        for number, channel in enumerate(reaction.channels):
            for name in (channel.target, *channel.aliases):
                found = panel.find_channel(name)
                if found is not None and found[1] is not channel:
                    raise _refuse(
                        panel,
                        "two channels answer to one target name",
                        f"reactions[{index}].channels[{number}].target",
                        found=repr(name),
                    )


def _check_controls(panel: Panel) -> None:
    """A run can only be released with its controls, so a panel must ask for them."""
    kinds = [control.kind for control in panel.layout.controls]
    for kind in ("ntc", "positive"):
        if kind not in kinds:
            raise _refuse(
                panel,
                "a control is missing",
                "layout.controls",
                expected=f'a [[layout.controls]] of kind = "{kind}" (ntc and positive at least)',
                found=listed(kinds),
            )
    doubled = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if doubled is not None:
        raise _refuse(
            panel, "a kind of control is stated twice", "layout.controls", found=repr(doubled)
        )
    patterns = [pattern for control in panel.layout.controls for pattern in control.samples]
    doubled_name = next((p for p in patterns if patterns.count(p) > 1), None)
    if doubled_name is not None:
        raise _refuse(
            panel,
            "one sample name means two kinds of control",
            "layout.controls",
            found=repr(doubled_name),
        )
    blank = next((p for p in patterns if not p.strip("*? ")), None)
    if blank is not None:
        raise _refuse(
            panel,
            "a sample name pattern that every sample fits",
            "layout.controls",
            expected="a pattern with at least one letter or digit",
            found=repr(blank),
        )
    roles = {channel.role for reaction in panel.reactions for channel in reaction.channels}
    if "target" in roles and "reference" not in roles:
        raise _refuse(
            panel,
            "a control is missing: no reaction reads a reference gene",
            "reactions",
            expected='a channel that reads an assay of role = "reference"',
            remedy="without a reference gene no sample can be called negative",
        )
