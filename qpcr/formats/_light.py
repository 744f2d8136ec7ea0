"""Lamp and LED in ``.eds`` files: what logs and lists of exposures say of them.

``messages.log``: QuantStudio (version 1) writes ``… XML:IMAGe+ NAME {'exposure': '10', 'lamp':
'90', 'lampTemperature': '54.5', 'excitationColor': 'x5', …}`` with each exposure, StepOne once
``Scanner Properties: … -LEDOnTimeTotal=… -LEDonTime=…``. During a run QuantStudio keeps the same in
attributes of ``quant/*.xml``. ``quant/*.quant`` (both versions) has tables under ``[instrument]``
(``lamphours``) and ``[conditions]`` (``Exposure``); ``*`` means: not stated.

None of this is needed to read a run, so nothing of it stops one: a log that cannot be read is said.
It is to be read last, so that a large log never takes the place of readings.
"""

from __future__ import annotations

import math
import re
import statistics
from dataclasses import dataclass, field

from qpcr.errors import InputError
from qpcr.formats._archive import Archive
from qpcr.light_source import LightSource
from qpcr.said import say

MAX_EXPOSURES = 32
"""Different exposure times of one pair of filters that are kept; instruments use two."""
MAX_PAIRS = 64
MAX_QUANTS = 400
"""Members with exposures that are looked at."""
_PAIR = re.compile(r"'(\w{1,40})': '([^'\n]{0,80})'")
_ATTRIBUTE = re.compile(r'(\w{1,40})="([^"\n]{0,80})"')
_SCANNER = re.compile(r"-(LEDOnTimeTotal|LEDonTime)=(\d{1,12})\b")
_IMAGE = re.compile(r"<image [^>]{1,4000}>")


@dataclass
class _Told:
    """Everything that was said, as it is found."""

    settings: set[float] = field(default_factory=set)
    temperatures: list[float] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)
    on_time: float | None = None
    on_time_total: float | None = None
    exposures: dict[str, set[float]] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)

    def exposure(self, values: dict[str, str]) -> bool:
        """Note one exposure; whether it said anything."""
        lamp, heat = (_number(values.get(name)) for name in ("lamp", "lampTemperature"))
        time = _number(values.get("exposure"))
        if lamp is not None and len(self.settings) < MAX_EXPOSURES:
            self.settings.add(lamp)
        if heat is not None:
            self.temperatures.append(heat)
        pair = f"{values.get('excitationColor')}-{values.get('emissionColor')}"
        if time is not None and re.fullmatch(r"[xX]\d-[mM]\d", pair):
            known = self.exposures.setdefault(pair.lower(), set())
            if len(known) < MAX_EXPOSURES and len(self.exposures) <= MAX_PAIRS:
                known.add(time)
        return lamp is not None or heat is not None or time is not None


def read_light(archive: Archive, root: str, quant: str) -> tuple[LightSource, tuple[str, ...]]:
    """Read what a file says about its light source.

    Parameters
    ----------
    archive
        The file.
    root
        Folder with ``messages.log``.
    quant
        Folder with a member an exposure.

    Returns
    -------
    LightSource
        With a reason where the file says nothing.
    tuple of str
        Members of which only this was read.
    """
    told, partly, broken = _Told(), [], ""
    log = f"{root}messages.log"
    try:
        if log in archive:
            if _from_log(archive.read(log).decode("utf-8", "replace"), told):
                told.sources.append(log)
            partly.append(log)
        if not told.exposures:
            _from_images(archive, quant, told)
        if not told.exposures or not told.hours:
            _from_quants(archive, quant, told)
    except InputError as error:
        broken = error.problem
    return _made(told, broken), tuple(partly)


def _made(told: _Told, broken: str) -> LightSource:
    if not told.sources:
        return LightSource(
            reason=say("The file's log cannot be read ({problem}): it may say more of the lamp.",
                       problem=broken)
            if broken
            else say("The file says nothing about its lamp or LED.")
        )  # fmt: skip
    heat = told.temperatures
    return LightSource(
        settings=tuple(sorted(told.settings)),
        temperature_celsius=statistics.median(heat) if heat else None,
        temperature_low=min(heat, default=None),
        temperature_high=max(heat, default=None),
        hours=max(told.hours, default=None),
        on_time=told.on_time,
        on_time_total=told.on_time_total,
        exposures={pair: tuple(sorted(one)) for pair, one in sorted(told.exposures.items())},
        source=", ".join(told.sources),
        reason=None,
    )


def _from_log(text: str, told: _Told) -> bool:
    """Look through a log; whether it says anything."""
    found = False
    for line in text.splitlines():
        if "XML:IMAGe" in line:
            found |= told.exposure(dict(_PAIR.findall(line[:4000])))
        elif "Scanner Properties:" in line:
            values = {name: _number(value) for name, value in _SCANNER.findall(line[:4000])}
            told.on_time = values.get("LEDonTime")
            told.on_time_total = values.get("LEDOnTimeTotal")
            found |= bool(values)
    return found


def _from_images(archive: Archive, folder: str, told: _Told) -> None:
    """Look through the lists of exposures that are kept while a run goes on."""
    found = False
    for member in _members(archive, folder, ".xml"):
        for image in _IMAGE.findall(archive.read(member).decode("utf-8", "replace")):
            found |= told.exposure(dict(_ATTRIBUTE.findall(image)))
    if found:
        told.sources.append(f"{folder}*.xml")


def _from_quants(archive: Archive, folder: str, told: _Told) -> None:
    """Look through the tables of the exposures."""
    found = False
    for member in _members(archive, folder, ".quant"):
        tables = _tables(archive.read(member).decode("utf-8", "replace"))
        hours = _number(tables.get("instrument", {}).get("lamphours"))
        if hours is not None:
            told.hours.append(hours)
            found = True
        said = tables.get("conditions", {})
        one = {
            "exposure": said.get("Exposure", ""),
            "excitationColor": said.get("ExcitationColor", ""),
            "emissionColor": said.get("EmissionColor", ""),
        }
        before = len(told.exposures)
        told.exposure(one)
        found |= len(told.exposures) > before
    if found:
        told.sources.append(f"{folder}*.quant")


def _members(archive: Archive, folder: str, end: str) -> list[str]:
    names = [n for n in archive.members if n.startswith(folder) and n.endswith(end)]
    return sorted(names)[:MAX_QUANTS]


def _tables(text: str) -> dict[str, dict[str, str]]:
    """Sections whose first line names columns and whose second has values, by their name."""
    lines = text.splitlines()[:40]
    found: dict[str, dict[str, str]] = {}
    for at, line in enumerate(lines[:-2]):
        if line.startswith("[") and line.endswith("]"):
            heads, values = (lines[at + k].split("\t") for k in (1, 2))
            if len(heads) == len(values):
                found[line[1:-1]] = dict(zip(heads, values, strict=True))
    return found


def _number(text: str | None) -> float | None:
    """A number that a lamp can have, or ``None``."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value < 1e12 else None
