"""``analysis_protocol.xml`` of SDS 2.x ``.eds`` files: thresholds, baselines, quality rules.

A baseline is recorded twice: for the target (``IDetectorSettings``) and for each well
(``IWellSettings``). ``UseDetectorDefaults`` says that a well follows its target; the well's own
window is then what the automatic algorithm wrote back, and means nothing once the target's
``AutoBaseline`` is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qpcr._lists import listed
from qpcr.errors import InputError
from qpcr.formats._eds_text import clean_name, flag, real, text
from qpcr.run import AnalysisSettings, BaselineWindow, Reaction, ThresholdSetting
from qpcr.said import say

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_WELLS = 384
MAX_CYCLES = 2_000
MAX_NAMED = 5
MAX_THRESHOLD = 1e12
"""Signals are counts below this, so no curve can cross more."""
DEFAULTS = "AnalysisProtocol.DEFAULT_SETTINGS"

Values = dict[str, str]


def read_settings(
    root: _Element, reactions: Sequence[Reaction], notes: list[str]
) -> AnalysisSettings:
    """Read the settings.

    Parameters
    ----------
    root
        The member's root.
    reactions
        Those of the plate: only they can make an impossible baseline an error.
    notes
        Sentences for people are added to it.

    Raises
    ------
    InputError
        A reaction of the plate has a baseline outside any run.
    """
    detectors: dict[str, Values] = {}
    wells: list[Values] = []
    for settings in root.iterfind("JaxbAnalysisSettings"):
        kind = (text(settings, "Type") or "").rpartition(".")[2]
        values = _values(settings)
        name = values.get("ObjectName")
        if not name or name == DEFAULTS:
            continue
        if kind == "IDetectorSettings":
            if detectors.setdefault(name, values) != values:
                notes.append(
                    say(
                        "Settings of target {target!r} are recorded twice; the last are used.",
                        target=name,
                    )
                )
                detectors[name] = values
        elif kind == "IWellSettings":
            wells.append(values)
    baselines = _baselines(wells, detectors, reactions, notes)
    on_plate = {reaction.target for reaction in reactions}
    strangers = sorted((detectors.keys() | {name for _, name in baselines}) - on_plate)
    if strangers:
        notes.append(
            say(
                "Settings are recorded for targets that are not on the plate: {targets}.",
                targets=_listed(strangers),
            )
        )
    thresholds = {name: _threshold(name, values, notes) for name, values in detectors.items()}
    return AnalysisSettings(thresholds, baselines, _rules(root))


def note_windows_beyond(
    settings: AnalysisSettings, reactions: Sequence[Reaction], count: int, notes: list[str]
) -> None:
    """Note the windows set by hand that end after the last of `count` cycles."""
    beyond = [
        f"{one.well_name}, {one.target}"
        for one in reactions
        if (window := settings.baselines.get((one.well, one.target))) is not None
        and window.automatic is False
        and window.stop > count
    ]
    if beyond:
        notes.append(
            say(
                "Baselines set by hand end after the last cycle ({count}) and are computed "
                "instead: {reactions}.",
                count=count,
                reactions=_listed(beyond),
            )
        )


def _values(settings: _Element) -> Values:
    found = {}
    for value in settings.iterfind("JaxbSettingValue"):
        name = text(value, "Name")
        content = next((c.text for item in value.iterfind("JaxbValueItem") for c in item), None)
        if name is not None and content is not None:
            found[name] = clean_name(content)
    return found


def _rules(root: _Element) -> dict[str, str]:
    """Enabled quality rules, to show."""
    rules: dict[str, str] = {}
    for rule in root.iterfind("AnalysisSetting"):
        values = {
            text(value, "Name"): next((c.text for c in value if str(c.tag).endswith("Value")), "")
            for value in rule.iterfind("SettingValue")
        }
        if values.get("enabled") == "true":
            rules[text(rule, "Type") or "?"] = values.get("criteria") or ""
    return rules


def _threshold(name: str, values: Values, notes: list[str]) -> ThresholdSetting:
    """Threshold of a target; one that no curve can cross has no value."""
    automatic, word = flag(values.get("AutoCt")), values.get("Threshold")
    value = real(word)
    usable = value is not None and 0 < value < MAX_THRESHOLD
    if not usable and (automatic is False or value is not None):
        notes.append(
            say(
                "The threshold recorded for target {target!r} ({found}) is not a possible "
                "positive number and is not used.",
                target=name,
                found=word[:24] if word else say("nothing"),
            )
        )
    return ThresholdSetting(value if usable else None, automatic)


def _baselines(
    wells: Sequence[Values],
    detectors: dict[str, Values],
    reactions: Sequence[Reaction],
    notes: list[str],
) -> dict[tuple[int, str], BaselineWindow]:
    in_use = {(reaction.well, reaction.target): reaction.well_name for reaction in reactions}
    found: dict[tuple[int, str], BaselineWindow] = {}
    own: dict[tuple[int, str], Values] = {}
    foreign: list[str] = []
    unusable: list[str] = []
    for values in wells:
        name, well = values["ObjectName"], _whole(values.get("WellIndex"))
        key = None if well is None else (well, name)
        if key in in_use:
            own[key] = values
        elif key and 0 <= key[0] < MAX_WELLS and (window := _window(values)) is not None:
            found[key] = window
        else:
            foreign.append(f"well index {values.get('WellIndex', '?')[:20]}, {name}")
    for (well, name), well_name in in_use.items():
        chosen = _deciding(own.get((well, name)), detectors.get(name))
        if chosen is None:
            continue
        window = _window(chosen)
        if window is not None:
            found[well, name] = window
            continue
        if not _void(chosen):
            raise InputError(
                "an impossible baseline is recorded",
                place=f"well {well_name}, target {name!r}",
                expected=f"cycles from 1 to {MAX_CYCLES}",
                found=f"cycles {chosen['BaselineStart'][:20]} to {chosen['BaselineStop'][:20]}",
            )
        unusable.append(f"{well_name}, {name}")
    if foreign:
        notes.append(
            say(
                "Impossible baselines recorded for wells or targets that are not in use are "
                "ignored: {reactions}.",
                reactions=_listed(foreign),
            )
        )
    if unusable:
        notes.append(
            say(
                "Recorded baselines that hold no cycle are computed instead: {reactions}.",
                reactions=_listed(unusable),
            )
        )
    return found


def _deciding(own: Values | None, detector: Values | None) -> Values | None:
    """Settings that decide a reaction's baseline: those of its target, or its well's own."""
    if detector is not None and flag(detector.get("AutoBaseline")) is False:
        if own is None:
            return detector
        follows = flag(own.get("UseDetectorDefaults"))
        if follows or (follows is None and flag(own.get("AutoBaseline")) is None):
            return detector
    return own


def _window(values: Values) -> BaselineWindow | None:
    start, stop = _whole(values.get("BaselineStart")), _whole(values.get("BaselineStop"))
    if start is None or stop is None or not 1 <= start <= stop <= MAX_CYCLES:
        return None
    return BaselineWindow(start, stop, flag(values.get("AutoBaseline")))


def _void(values: Values) -> bool:
    """Whether a window is not stated, or holds no cycle (0 to 0, or the ends swapped)."""
    words = values.get("BaselineStart"), values.get("BaselineStop")
    start, stop = (_whole(word) for word in words)
    if not words[0] or not words[1]:
        return True
    return start is not None and stop is not None and (start == stop == 0 or start > stop)


def _whole(value: str | None) -> int | None:
    """Whole number of at most six digits, or ``None``."""
    number = real(value)
    return int(number) if number is not None and number % 1 == 0 and abs(number) < 1e6 else None


def _listed(items: Sequence[str]) -> str:
    return listed(items, MAX_NAMED, "; ")
